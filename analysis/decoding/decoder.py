"""The decoder: from Conv3 spikes back to the input spikes that caused them (paper, IV.D; docs/model.md, rule 9).

TransConv3 - UnPool2 - TransConv2 - UnPool1 - TransConv1. Nothing is learned: the decoder uses the encoder's kernels.
In every layer, only neurons whose twin in the encoder spiked at the right time (S_m,t in the paper) can become
active. A spike crosses one layer per step, so the paper's t_p is 1 between a layer and the one below.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np

from spikeseg.spikes import SILENT

from ...configs.schema import Config, Gabor, Pool
from ...models.network import TrainedNetwork

Mode = Literal["causal", "exact", "end"]
Neuron = tuple[int, int, int]  # map, row, column

_PATHS = (("conv3", "pool2"), ("pool2", "conv2"), ("conv2", "pool1"), ("pool1", "conv1"), ("conv1", "input"))
_LAYERS = ("conv3", *(below for _, below in _PATHS))
_BLOCK = 1 << 20  # synapses followed at once: this limits memory and fits in the processor's cache


class Decoded(NamedTuple):
    """What a set of Conv3 neurons (the seeds) decodes to.

    Attributes
    ----------
    shapes
        Per layer, ``conv3`` down to ``input``: (C, H, W).
    neurons
        Per layer, flat indices of the recruited neurons, rising, (n,) int.
    values
        How strongly each of them was recruited, (n,) float. A seed has the value 1. In a transposed convolution a
        neuron receives value times weight from every neuron that recruits it; in an un-pooling it receives their
        values. What it receives is added up.
    """

    shapes: dict[str, tuple[int, ...]]
    neurons: dict[str, np.ndarray]
    values: dict[str, np.ndarray]

    @property
    def active(self) -> dict[str, np.ndarray]:
        """Per layer, the recruited neurons, (C, H, W) bool."""
        return {layer: self._map(layer, True) for layer in self.shapes}

    @property
    def value(self) -> dict[str, np.ndarray]:
        """Per layer, how strongly each neuron was recruited, (C, H, W) float; 0 where it was not."""
        return {layer: self._map(layer, self.values[layer]) for layer in self.shapes}

    @property
    def mask(self) -> np.ndarray:
        """The decoded pixels, (H, W) bool: those active in any input channel."""
        return np.any(self._map("input", True), axis=0)

    @property
    def saliency(self) -> np.ndarray:
        """How much each pixel contributed, (H, W) float: the sum over input channels."""
        _, rows, columns = self.shapes["input"]
        pixels = rows * columns
        return _sums(self.neurons["input"] % pixels, self.values["input"], pixels).reshape(rows, columns)

    def _map(self, layer: str, values: np.ndarray | bool) -> np.ndarray:
        found = np.zeros(self.shapes[layer], np.asarray(values).dtype)
        found.ravel()[self.neurons[layer]] = values
        return found


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


def decode(
    network: TrainedNetwork, steps: Mapping[str, np.ndarray], seeds: Sequence[Neuron] | np.ndarray, mode: Mode
) -> Decoded:
    """Follow the spikes of one stimulus from Conv3 neurons back to the input.

    Parameters
    ----------
    network
        A trained network. Synapses count only if their weight is above the thresholds in ``config.decoder``.
    steps
        Per layer, ``input`` to ``conv3``: step of each neuron's spike, `SILENT` without one; (C, H, W) int.
    seeds
        Conv3 neurons to start from: map, row and column of each.
    mode
        Which inputs a neuron that spiked at step t recruits through a transposed convolution: those that spiked at
        step t - 1 or earlier (``causal``), exactly at step t - 1 (``exact``), or at any step (``end``). Un-pooling
        recruits the switch, the inputs that spiked at step t - 1, in all modes.

    Raises
    ------
    ValueError
        A seed did not spike, and the mode is not ``end``.
    """
    first = _seeded(steps["conv3"], seeds, mode)
    neurons, values = {"conv3": first}, {"conv3": np.ones(len(first))}
    for layer, below in _PATHS:
        own = _links(network, layer, below, steps, neurons[layer], mode)
        neurons[below] = own.children
        values[below] = _sums(own.child, values[layer][own.parent] * own.gain, len(own.children))
    return Decoded(_shapes(steps), neurons, values)


def unravel_links(
    network: TrainedNetwork, steps: Mapping[str, np.ndarray], seeds: Sequence[Neuron] | np.ndarray, mode: Mode
) -> dict[str, Links]:
    """Find who recruits whom when several Conv3 neurons are decoded, each as if it were the only seed.

    Which inputs a neuron recruits does not depend on the seed: every link is found once, however many seeds share it.

    Parameters
    ----------
    network, steps, seeds, mode
        See `decode`.

    Returns
    -------
    Per layer, ``conv3`` down to ``conv1``: its links with the layer below.

    Raises
    ------
    ValueError
        A seed did not spike, and the mode is not ``end``.
    """
    parents = _seeded(steps["conv3"], seeds, mode)
    links = {}
    for layer, below in _PATHS:
        links[layer] = _links(network, layer, below, steps, parents, mode)
        parents = links[layer].children
    return links


def _links(
    network: TrainedNetwork, layer: str, below: str, steps: Mapping[str, np.ndarray], parents: np.ndarray, mode: Mode
) -> Links:
    inputs = _Inputs.of(receptive_field(network.config, layer), steps[layer].shape, steps[below])
    parent, target, gain = _join(_hits(network, layer, _Parents.of(parents, steps[layer]), inputs, mode))
    children, child = inputs.hit(target)
    return Links(parents, children, parent, child, gain)


def decode_linked(links: Mapping[str, Links], steps: Mapping[str, np.ndarray], seed: Neuron) -> Decoded:
    """Decode one Conv3 neuron whose links were found by `unravel_links`; it is what `decode` gives."""
    shape = steps["conv3"].shape
    first = np.flatnonzero(links["conv3"].parents == np.ravel_multi_index(seed, shape))
    found: list[tuple[np.ndarray, np.ndarray]] = [(first, np.ones(1))]
    for own in links.values():
        place, value = found[-1]
        full = np.zeros(len(own.parents))
        full[place] = value
        begin, end = np.searchsorted(own.parent, (place[0], place[-1] + 1)) if len(place) else (0, 0)
        parent, child = own.parent[begin:end], own.child[begin:end]
        received = _sums(child, full[parent] * own.gain[begin:end], len(own.children))
        hit = np.flatnonzero(received)
        found.append((hit, received[hit]))
    among = links["conv3"].parents, *(own.children for own in links.values())
    neurons = {layer: one[place] for layer, one, (place, _) in zip(_LAYERS, among, found, strict=True)}
    values = {layer: value for layer, (_, value) in zip(_LAYERS, found, strict=True)}
    return Decoded(_shapes(steps), neurons, values)


def _seeded(steps: np.ndarray, seeds: Sequence[Neuron] | np.ndarray, mode: Mode) -> np.ndarray:
    """Flat indices of the seeds, rising. Raises ValueError for one without a step where the mode needs it."""
    neurons = np.unique(np.ravel_multi_index(tuple(np.reshape(seeds, (-1, 3)).astype(int).T), steps.shape))
    if mode != "end" and (steps.ravel()[neurons] == SILENT).any():
        raise ValueError(f"mode {mode} needs the step of every seed, but one of them did not spike")
    return neurons


def _shapes(steps: Mapping[str, np.ndarray]) -> dict[str, tuple[int, ...]]:
    return {layer: steps[layer].shape for layer in _LAYERS}


def _sums(place: np.ndarray, gain: np.ndarray, places: int) -> np.ndarray:
    return np.bincount(place, gain, places).astype(float, copy=False)  # integers if there is nothing to add


def _weight_threshold(config: Config, layer: str) -> float:
    return config.decoder.gabor_threshold if layer == "conv1" else config.decoder.weight_threshold


class _Parents(NamedTuple):
    """Active neurons of a layer, (n,) each, feature by feature; a hit names them by their place here."""

    feature: np.ndarray
    row: np.ndarray
    column: np.ndarray
    step: np.ndarray

    @classmethod
    def of(cls, neurons: np.ndarray, steps: np.ndarray) -> _Parents:
        feature, row, column = np.unravel_index(neurons, steps.shape)
        return cls(feature, row, column, steps.ravel()[neurons])


class _Synapses(NamedTuple):
    """Synapses of a layer that are followed, feature by feature: channel, row, column and weight, (n,) each.

    Those of feature f begin at ``first[f]``, and there are ``count[f]``.
    """

    first: np.ndarray
    count: np.ndarray
    channel: np.ndarray
    row: np.ndarray
    column: np.ndarray
    weight: np.ndarray

    @classmethod
    def of(cls, kernel: np.ndarray, threshold: float) -> _Synapses:
        """The synapses of a kernel (maps, C, rows, columns) whose weight is above a threshold."""
        feature, channel, row, column = strong = np.nonzero(kernel > threshold)
        count = np.bincount(feature, minlength=len(kernel))
        return cls(np.cumsum(count) - count, count, channel, row, column, kernel[strong])


class _Hits(NamedTuple):
    """Synapses that recruit, (n,) each: place of the parent, flat index of the input, and weight."""

    parent: np.ndarray
    target: np.ndarray
    gain: np.ndarray


class _Inputs(NamedTuple):
    """The layer below, padded so that every receptive field lies inside; flat indices are those of `steps`."""

    field: Field
    steps: np.ndarray  # (C, padded H, padded W)
    shape: tuple[int, ...]  # without padding

    @classmethod
    def of(cls, field: Field, above: tuple[int, ...], steps: np.ndarray) -> _Inputs:
        rows, columns = (
            max(stride * (n - 1) + size, padding + inputs)
            for size, stride, padding, n, inputs in zip(*field, above[1:], steps.shape[1:], strict=True)
        )
        if (rows, columns) == steps.shape[1:]:
            return cls(field, steps, steps.shape)
        padded = np.full((len(steps), rows, columns), SILENT, steps.dtype)
        inputs = cls(field, padded, steps.shape)
        padded[inputs.inside] = steps
        return inputs

    @property
    def inside(self) -> tuple[slice, slice, slice]:
        """Where the layer lies within its padding."""
        (top, left), (_, rows, columns) = self.field.padding, self.shape
        return np.s_[:, top : top + rows, left : left + columns]

    def flat(self, channel: np.ndarray | int, row: np.ndarray, column: np.ndarray) -> np.ndarray:
        _, rows, columns = self.steps.shape
        return (channel * rows + row) * columns + column

    def hit(self, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The inputs that are hit, rising, flat in `shape`, and the place of each target, (n,), among them."""
        active, place = np.zeros(self.steps.size, bool), np.empty(self.steps.size, np.intp)
        active[target] = True
        hit = np.flatnonzero(active)
        place[hit] = np.arange(len(hit))
        channel, row, column = np.unravel_index(hit, self.steps.shape)
        top, left = self.field.padding
        return np.ravel_multi_index((channel, row - top, column - left), self.shape), place[target]


def _join(hits: Iterator[_Hits]) -> _Hits:
    none = _Hits(np.zeros(0, int), np.zeros(0, int), np.zeros(0))
    return _Hits(*map(np.concatenate, zip(none, *hits, strict=True)))


def _hits(network: TrainedNetwork, layer: str, parents: _Parents, inputs: _Inputs, mode: Mode) -> Iterator[_Hits]:
    """Everything that neurons of a layer recruit in the layer below.

    Through the strong synapses of a transposed convolution they recruit the inputs that `mode` allows; un-pooling
    recruits the switch, which is every input of the window that spiked one step before.
    """
    if layer in network.kernels:
        return _follow(parents, np.zeros_like(parents.feature), _strong(network, layer), inputs, mode)
    window = _Synapses.of(np.ones((1, 1, *inputs.field.size)), 0)
    return _follow(parents._replace(feature=np.zeros_like(parents.feature)), parents.feature, window, inputs, "exact")


@lru_cache(maxsize=3)
def _strong(network: TrainedNetwork, layer: str) -> _Synapses:
    """Synapses of ``conv1, conv2`` or ``conv3`` that the decoder follows."""
    return _Synapses.of(network.kernels[layer], _weight_threshold(network.config, layer))


def _follow(
    parents: _Parents, channel: np.ndarray, synapses: _Synapses, inputs: _Inputs, mode: Mode
) -> Iterator[_Hits]:
    """Hits of parents, (n,), through the synapses of their feature, whose channels count from `channel`, (n,)."""
    rows, columns = inputs.field.stride
    corner = inputs.flat(channel, parents.row * rows, parents.column * columns)
    offset = inputs.flat(synapses.channel, synapses.row, synapses.column)
    first, count = synapses.first[parents.feature], synapses.count[parents.feature]
    ends = np.cumsum(count)
    start = 0
    while start < len(count):
        done = ends[start] - count[start]
        stop = max(start + 1, int(np.searchsorted(ends, done + _BLOCK, side="right")))
        parent = np.repeat(np.arange(start, stop), count[start:stop])
        synapse = np.arange(len(parent)) - np.repeat(ends[start:stop] - count[start:stop] - done, count[start:stop])
        synapse += first[parent]
        target = corner[parent] + offset[synapse]
        hit = np.flatnonzero(_allowed(inputs.steps.take(target), parents.step[parent], mode))
        parent, synapse = parent[hit], synapse[hit]
        yield _Hits(parent, target[hit], synapses.weight[synapse])
        start = stop


def _allowed(below: np.ndarray, above: np.ndarray, mode: Mode) -> np.ndarray:
    """Whether a spike at step `below` may be recruited by one at step `above`, with t_p = 1."""
    match mode:
        case "causal":
            return (below != SILENT) & (below <= above - 1)
        case "exact":
            return (below != SILENT) & (below == above - 1)
        case "end":
            return below != SILENT
