"""Experiment configurations: the schema, and the files that come with the package."""

from .schema import Config, layer_shapes, load, shipped, validate

__all__ = ["Config", "layer_shapes", "load", "shipped", "validate"]
