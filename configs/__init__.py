"""Experiment configurations: their schema, and the bundled files."""

from .geometry import layer_shapes
from .reading import load, shipped, validate
from .schema import Config

__all__ = ["Config", "layer_shapes", "load", "shipped", "validate"]
