"""Which neurons of a layer recruit which of the layer below: the synapses that the decoder follows back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np

from spikeseg.spikes import SILENT

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


def links_below(
    network: TrainedNetwork, layer: str, below: str, steps: Mapping[str, np.ndarray], parents: np.ndarray, mode: Mode
) -> Links:
    """Find what neurons of a layer recruit in the layer below.

    Parameters
    ----------
    network, mode
        See `decode`.
    layer, below
        One of ``conv3, pool2, conv2, pool1, conv1``, and the layer from which it gets its spikes.
    steps
        Of several stimuli, (n, C, H, W) int per layer: flat indices of neurons are those of these arrays.
    parents
        The neurons, rising, (m,) int.
    """
    parent, target, gain = _join(_hits(network, layer, _Parents.of(parents, steps[layer]), steps[below], mode))
    children, child = _distinct(target, steps[below].size)
    return Links(parents, children, parent, child, gain)


def _weight_threshold(config: Config, layer: str) -> float:
    return config.decoder.gabor_threshold if layer == "conv1" else config.decoder.weight_threshold


class _Parents(NamedTuple):
    """Active neurons of a layer, (n,) each, of one stimulus after the other; a hit names them by their place here."""

    stimulus: np.ndarray
    feature: np.ndarray
    row: np.ndarray
    column: np.ndarray
    step: np.ndarray

    @classmethod
    def of(cls, neurons: np.ndarray, steps: np.ndarray) -> _Parents:
        stimulus, feature, row, column = np.unravel_index(neurons, steps.shape)
        return cls(stimulus, feature, row, column, steps.ravel()[neurons])


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
    """Synapses that recruit, (n,) each: place of the parent, flat index of the input, and weight."""

    parent: np.ndarray
    target: np.ndarray
    gain: np.ndarray


def _join(hits: Iterator[_Hits]) -> _Hits:
    none = _Hits(np.zeros(0, int), np.zeros(0, int), np.zeros(0))
    return _Hits(*map(np.concatenate, zip(none, *hits, strict=True)))


def _distinct(neurons: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Those of a layer of some size that are named, rising, and the place of each name, (n,), among them."""
    numbers = neurons.astype(np.min_scalar_type(size))  # those of 16 bits are sorted several times as fast
    order = np.argsort(numbers, kind="stable")
    sorted_ = neurons[order]
    first = np.ones(len(neurons), bool)
    np.not_equal(sorted_[1:], sorted_[:-1], out=first[1:])
    place = np.empty(len(neurons), np.intp)
    place[order] = np.cumsum(first) - 1
    return sorted_[first], place


def _hits(network: TrainedNetwork, layer: str, parents: _Parents, inputs: np.ndarray, mode: Mode) -> Iterator[_Hits]:
    """Everything that neurons of a layer recruit in the layer below, whose steps are `inputs`, (n, C, H, W).

    Through the strong synapses of a transposed convolution they recruit the inputs that `mode` allows; un-pooling
    recruits the switch, which is every input of the window that spiked one step before.
    """
    field = receptive_field(network.config, layer)
    if layer in network.kernels:
        return _follow(parents, parents.stimulus * inputs.shape[1], field, _strong(network, layer), inputs, mode)
    window = _Synapses.of(np.ones((1, 1, *field.size)), 0)
    channel = parents.stimulus * inputs.shape[1] + parents.feature
    return _follow(parents._replace(feature=np.zeros_like(channel)), channel, field, window, inputs, "exact")


@lru_cache(maxsize=3)
def _strong(network: TrainedNetwork, layer: str) -> _Synapses:
    """Synapses of ``conv1, conv2`` or ``conv3`` that the decoder follows."""
    return _Synapses.of(network.kernels[layer], _weight_threshold(network.config, layer))


def _follow(
    parents: _Parents, channel: np.ndarray, field: Field, synapses: _Synapses, inputs: np.ndarray, mode: Mode
) -> Iterator[_Hits]:
    """Hits of parents, (n,), through the synapses of their feature, whose channels count from `channel` of all, (n,).

    What lies beyond an edge of the layer below is looked up elsewhere, and sorted out among the few that are hit.
    """
    _, channels, rows, columns = inputs.shape
    (high, wide), (top, left) = field.stride, field.padding
    row, column = parents.row * high - top, parents.column * wide - left
    corner = (channel * rows + row) * columns + column
    offset = (synapses.channel * rows + synapses.row) * columns + synapses.column
    most = offset.shape[1]
    together = max(_BLOCK // most, 1)
    for start in range(0, len(corner), together):
        feature = parents.feature[start : start + together]
        target = corner[start : start + together, None] + offset.take(feature, axis=0)
        allowed = _allowed(inputs.take(target, mode="wrap"), parents.step[start : start + together, None], mode)
        hit = np.flatnonzero(allowed)
        parent, synapse = np.divmod(hit, most)
        synapse += most * feature.take(parent)
        parent += start
        lies = synapses.channel.take(synapse) < channels
        for first, further, end in (row, synapses.row, rows), (column, synapses.column, columns):
            place = first.take(parent) + further.take(synapse)
            lies &= _unsigned(place) < end
        inside = np.flatnonzero(lies)
        yield _Hits(parent.take(inside), target.take(hit.take(inside)), synapses.weight.take(synapse.take(inside)))


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
