"""Receptive fields in pixels, for neurons of any layer."""

from __future__ import annotations

from spikeseg.boxes import Box

from ...configs.geometry import layer_shapes
from ...configs.schema import Config
from ...models.network import LAYERS
from ..decoding.links import receptive_field


def receptive_box(config: Config, layer: str, place: tuple[int, int]) -> Box:
    """The receptive field of a neuron, as if no layer had an edge: the place of its projected kernel (see `project`).

    Parameters
    ----------
    layer
        One of ``conv1, pool1, conv2, pool2, conv3``.
    place
        Row and column of the neuron; the features of a layer have the same receptive fields.

    Returns
    -------
    Box
        In input pixels; it may reach beyond the picture.
    """
    top, left = bottom, right = place  # bottom and right are the last row and column inside the field
    for name in reversed(LAYERS[: LAYERS.index(layer) + 1]):
        size, stride, padding = receptive_field(config, name)
        top, left = stride[0] * top - padding[0], stride[1] * left - padding[1]
        bottom = stride[0] * bottom - padding[0] + size[0] - 1
        right = stride[1] * right - padding[1] + size[1] - 1
    return Box(float(top), float(left), float(bottom + 1), float(right + 1))


def pixels_seen(config: Config, layer: str, place: tuple[int, int], size: tuple[int, int] | None = None) -> Box | None:
    """The rectangle of all pixels that are connected to a neuron through the layers below it.

    Parameters
    ----------
    layer, place
        See `receptive_box`.
    size
        Rows and columns of the picture; if None, those of the configuration.

    Returns
    -------
    Box | None
        In input pixels, inside the picture. None for a neuron that is connected to the padding of a layer only.
    """
    shapes = layer_shapes(config, size or config.input.size)
    first, last = list(place), list(place)  # the first and the last row and column inside the rectangle
    for number in range(LAYERS.index(layer), -1, -1):
        field = receptive_field(config, LAYERS[number])
        _, *sizes = shapes[("input", *LAYERS)[number]]
        for axis, (extent, stride, padding, n) in enumerate(zip(*field, sizes, strict=True)):
            first[axis] = max(0, stride * first[axis] - padding)
            last[axis] = min(n - 1, stride * last[axis] - padding + extent - 1)
        if first[0] > last[0] or first[1] > last[1]:
            return None
    return Box(float(first[0]), float(first[1]), float(last[0] + 1), float(last[1] + 1))
