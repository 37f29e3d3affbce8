"""Which neurons of a layer recruit which of the layer below: the synapses that the decoder follows back."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np

from spikeseg.spikes import SILENT, Stack

from ...configs.schema import Config, Gabor, Pool
from ...models.network import TrainedNetwork

Mode = Literal["causal", "exact", "end"]

_BLOCK = 1 << 20  # synapses followed at once: this limits memory and fits in the processor's cache


class Links(NamedTuple):
    """Which neurons of a layer recruit which of the layer below.

    Attributes
    ----------
    parents, children
        Flat indices of all that recruit, and of all that are recruited; rising, (n,) and (m,) int.
    parent, child
        Of each link, the places of its neurons among those, (links,) int; `parent` rises.
    gain
        What a recruited neuron receives per value of its parent, (links,) float.
    """

    parents: np.ndarray
    children: np.ndarray
    parent: np.ndarray
    child: np.ndarray
    gain: np.ndarray


class Field(NamedTuple):
    """Receptive field of a layer in the layer below; every attribute is a pair (rows, columns).

    Along each axis, neuron n covers `size` inputs, the first of which is ``stride * n - padding``.
    """

    size: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]


def receptive_field(config: Config, layer: str) -> Field:
    """Receptive field of one of ``conv1, pool1, conv2, pool2, conv3``."""
    section = getattr(config, layer)
    if isinstance(section, Pool):
        return Field((section.window, section.window), (section.stride, section.stride), (0, 0))
    if isinstance(section, Gabor):
        return Field((section.kernel, section.kernel), (1, 1), (section.padding, section.padding))
    return Field(section.kernel, (1, 1), section.padding)


class Active(NamedTuple):
    """Neurons of a layer that are decoded: flat indices in the layer's array, rising, and steps; (m,) int each."""

    neurons: np.ndarray
    step: np.ndarray


def links_below(
    network: TrainedNetwork, layer: str, below: str, stack: Stack, parents: Active, mode: Mode
) -> tuple[Links, Active]:
    """Find what neurons of a layer recruit in the layer below.

    Through the strong synapses of a transposed convolution they recruit the inputs that `mode` allows; un-pooling
    recruits the switch, which is every input of the window that spiked one step before.

    Parameters
    ----------
    network, mode
        See `decode`.
    layer, below
        One of ``conv3, pool2, conv2, pool1, conv1``, and the layer from which it gets its spikes.
    stack
        The spikes of some stimuli.
    parents
        The neurons.

    Returns
    -------
    The links, and their children.
    """
    if layer in network.kernels:
        hits = _join(_follow(network, layer, parents, stack.shape(layer), stack[below], mode))
    else:
        hits = _switches(receptive_field(network.config, layer), stack, layer, below, parents)
    children, child = _distinct(hits.target, math.prod(stack.shape(below)))
    step = np.empty(len(children), np.int16)
    step[child] = hits.step
    return Links(parents.neurons, children, hits.parent, child, hits.gain), Active(children, step)


def _weight_threshold(config: Config, layer: str) -> float:
    return config.decoder.gabor_threshold if layer == "conv1" else config.decoder.weight_threshold


class _Synapses(NamedTuple):
    """Synapses of a layer that are followed: channel, row, column and weight, (features, most) each.

    A feature with fewer synapses than others has further ones in their place, on a channel that there is not.
    """

    channel: np.ndarray
    row: np.ndarray
    column: np.ndarray
    weight: np.ndarray

    @classmethod
    def of(cls, kernel: np.ndarray, threshold: float) -> _Synapses:
        """The synapses of a kernel (maps, C, rows, columns) whose weight is above a threshold."""
        feature, channel, row, column = strong = np.nonzero(kernel > threshold)
        count = np.bincount(feature, minlength=len(kernel))
        place = np.arange(len(feature)) - np.repeat(np.cumsum(count) - count, count)

        def by_feature(values: np.ndarray, further: int) -> np.ndarray:
            filled = np.full((len(kernel), count.max(initial=1)), further, values.dtype)
            filled[feature, place] = values
            return filled

        return cls(
            by_feature(channel, kernel.shape[1]),
            by_feature(row, 0),
            by_feature(column, 0),
            by_feature(kernel[strong], 0),
        )


class _Hits(NamedTuple):
    """Synapses that recruit, (n,) each: place of the parent, flat index of the input, its step, and weight."""

    parent: np.ndarray
    target: np.ndarray
    step: np.ndarray
    gain: np.ndarray


def _join(hits: Iterator[_Hits]) -> _Hits:
    none = _Hits(np.zeros(0, int), np.zeros(0, int), np.zeros(0, np.int16), np.zeros(0))
    return _Hits(*map(np.concatenate, zip(none, *hits, strict=True)))


def _distinct(neurons: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Those of a layer of some size that are named, rising, and the place of each name, (n,), among them."""
    names = np.sort(neurons)
    first = np.ones(len(names), bool)
    np.not_equal(names[1:], names[:-1], out=first[1:])
    distinct = names[first]
    place = np.empty(size, np.int32)  # only those of neurons that are named are written, and read
    place[distinct] = np.arange(len(distinct))
    return distinct, place.take(neurons)


@lru_cache(maxsize=3)
def _strong(network: TrainedNetwork, layer: str) -> _Synapses:
    """Synapses of ``conv1, conv2`` or ``conv3`` that the decoder follows."""
    return _Synapses.of(network.kernels[layer], _weight_threshold(network.config, layer))


def _follow(
    network: TrainedNetwork, layer: str, parents: Active, shape: tuple[int, ...], inputs: np.ndarray, mode: Mode
) -> Iterator[_Hits]:
    """Hits of parents in a layer of a shape through their synapses, in the layer below, whose steps are `inputs`.

    What lies beyond an edge of the layer below is looked up elsewhere, and sorted out among the few that are hit.
    """
    field, synapses = receptive_field(network.config, layer), _strong(network, layer)
    stimulus, map_, row, column = np.unravel_index(parents.neurons, shape)
    _, channels, rows, columns = inputs.shape
    (high, wide), (top, left) = field.stride, field.padding
    row, column = row * high - top, column * wide - left
    corner = (stimulus * channels * rows + row) * columns + column
    offset = (synapses.channel * rows + synapses.row) * columns + synapses.column
    most = offset.shape[1]
    together = max(_BLOCK // most, 1)
    for start in range(0, len(corner), together):
        own = map_[start : start + together]
        target = corner[start : start + together, None] + offset.take(own, axis=0)
        step = inputs.take(target, mode="wrap")
        hit = np.flatnonzero(_allowed(step, parents.step[start : start + together, None], mode))
        parent, synapse = np.divmod(hit, most)
        synapse += most * own.take(parent)
        parent += start
        lies = synapses.channel.take(synapse) < channels
        for first, further, end in (row, synapses.row, rows), (column, synapses.column, columns):
            place = first.take(parent) + further.take(synapse)
            lies &= _unsigned(place) < end
        inside = np.flatnonzero(lies)
        hit = hit.take(inside)
        yield _Hits(parent.take(inside), target.take(hit), step.take(hit), synapses.weight.take(synapse.take(inside)))


def _switches(field: Field, stack: Stack, layer: str, below: str, parents: Active) -> _Hits:
    """Hits of parents in a pooling layer: every spike below is looked up in the windows that it lies in."""
    *_, rows, columns = stack.shape(layer)
    *_, high, wide = stack.shape(below)
    before = np.full(math.prod(stack.shape(layer)) + 1, SILENT, np.int16)  # the step before that of each parent
    before[parents.neurons] = parents.step - 1
    neuron, step = stack.spikes(below)
    image, place = np.divmod(neuron, high * wide)
    image *= rows * columns
    windows = [image + own.take(place) for own in _windows(field, (rows, columns), (high, wide))]
    hit = [np.flatnonzero(before.take(window, mode="clip") == step) for window in windows]
    parent = np.concatenate([window.take(own) for window, own in zip(windows, hit, strict=True)])
    spike = np.concatenate(hit)
    order = np.argsort(parent, kind="stable")
    spike = spike.take(order)
    place = np.searchsorted(parents.neurons, parent.take(order))
    return _Hits(place, neuron.take(spike), step.take(spike), np.ones(len(spike)))


@lru_cache(maxsize=8)
def _windows(field: Field, places: tuple[int, int], inputs: tuple[int, int]) -> list[np.ndarray]:
    """Places of the windows that inputs lie in, (rows * columns,) int; what is none is beyond all of them."""
    along = [_along(*axis) for axis in zip(field.size, field.stride, places, inputs, strict=True)]
    beyond = np.iinfo(np.int32).max
    return [
        np.where((row < 0)[:, None] | (column < 0), beyond, row[:, None] * places[1] + column).ravel()
        for row in along[0]
        for column in along[1]
    ]


def _along(size: int, stride: int, places: int, inputs: int) -> list[np.ndarray]:
    """Which windows inputs lie in along an axis: one after the other, -1 for none."""
    input_ = np.arange(inputs)
    windows = [input_ // stride - further for further in range(-(-size // stride))]
    return [np.where((n >= 0) & (n < places) & (input_ - n * stride < size), n, -1) for n in windows]


def _allowed(below: np.ndarray, above: np.ndarray, mode: Mode) -> np.ndarray:
    """Whether a spike at step `below` may be recruited by one at step `above`, with t_p = 1."""
    match mode:
        case "causal":
            return _unsigned(below) < _unsigned(above)
        case "exact":
            return (below == above - 1) & (above > 0)
        case "end":
            return below != SILENT


def _unsigned(numbers: np.ndarray) -> np.ndarray:
    """The same as unsigned numbers: those below 0, and `SILENT`, become larger than any other."""
    return numbers.view(f"u{numbers.itemsize}")
