"""Experiment configurations: the schema, and the files that come with the package."""

from .geometry import layer_shapes
from .reading import load, shipped, validate
from .schema import Config

__all__ = ["Config", "layer_shapes", "load", "shipped", "validate"]
