"""The decoder: from Conv3 spikes back to the input spikes that caused them (paper, IV.D; docs/model.md, rule 9).

TransConv3 - UnPool2 - TransConv2 - UnPool1 - TransConv1. Nothing is learned: the decoder uses the encoder's kernels.
In every layer, only neurons whose twin in the encoder spiked at the right time (S_m,t in the paper) can become
active. A spike crosses one layer per step, so the paper's t_p is 1 between a layer and the one below.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from spikeseg.spikes import SILENT, Stack

from ...models.network import TrainedNetwork
from .links import Active, Links, Mode, links_below

Neuron = tuple[int, int, int]  # map, row, column

_PATHS = (("conv3", "pool2"), ("pool2", "conv2"), ("conv2", "pool1"), ("pool1", "conv1"), ("conv1", "input"))
_LAYERS = ("conv3", *(below for _, below in _PATHS))


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
    stack = Stack.of_one(steps)
    first = _seeded(stack["conv3"], 0, seeds, mode)
    (decoded,) = _split(_recruited(network, stack, first, mode), stack, np.zeros(1, int))
    return decoded


def decode_each(network: TrainedNetwork, stack: Stack, seeds: Sequence[Neuron], modes: Sequence[Mode]) -> list[Decoded]:
    """Decode one Conv3 neuron of each of several stimuli: what `decode` gives, in less time.

    Parameters
    ----------
    network
        See `decode`.
    stack
        The spikes of all stimuli.
    seeds, modes
        The neuron of each stimulus, and the mode in which it is decoded.

    Raises
    ------
    ValueError
        See `decode`.
    """
    found: dict[int, Decoded] = {}
    for mode in dict.fromkeys(modes):
        own = np.flatnonzero([other == mode for other in modes])
        first = _seeded(stack["conv3"], own, np.array(seeds)[own], mode)
        found |= zip(own.tolist(), _split(_recruited(network, stack, first, mode), stack, own), strict=True)
    return [found[number] for number in range(len(seeds))]


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
    stack = Stack.of_one(steps)
    parents = _seeded(stack["conv3"], 0, seeds, mode)
    links = {}
    for layer, below in _PATHS:
        links[layer], parents = links_below(network, layer, below, stack, parents, mode)
    return links


def _recruited(
    network: TrainedNetwork, stack: Stack, first: Active, mode: Mode
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Per layer the neurons that `first` ones recruit, and their values."""
    active, values = first, np.ones(len(first.neurons))
    found = {"conv3": (active.neurons, values)}
    for layer, below in _PATHS:
        own, active = links_below(network, layer, below, stack, active, mode)
        values = _sums(own.child, values[own.parent] * own.gain, len(own.children))
        found[below] = own.children, values
    return found


def _split(found: Mapping[str, tuple[np.ndarray, np.ndarray]], stack: Stack, stimuli: np.ndarray) -> Iterator[Decoded]:
    """What was recruited in each of some stimuli."""
    shapes = {layer: stack.shape(layer)[1:] for layer in _LAYERS}
    sizes = {layer: math.prod(shape) for layer, shape in shapes.items()}
    ends = {
        layer: np.searchsorted(neurons, np.add.outer(stimuli, (0, 1)) * sizes[layer]).tolist()
        for layer, (neurons, _) in found.items()
    }
    for place, number in enumerate(stimuli.tolist()):
        own = {layer: slice(*ends[layer][place]) for layer in found}
        neurons = {layer: all_[own[layer]] - number * sizes[layer] for layer, (all_, _) in found.items()}
        yield Decoded(shapes, neurons, {layer: values[own[layer]] for layer, (_, values) in found.items()})


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
    return Decoded({layer: steps[layer].shape for layer in _LAYERS}, neurons, values)


def _seeded(steps: np.ndarray, stimulus: np.ndarray | int, seeds: Sequence[Neuron] | np.ndarray, mode: Mode) -> Active:
    """The seeds of stimuli. Raises ValueError for one without a step where the mode needs it."""
    place = np.reshape(seeds, (-1, 3)).astype(int).T
    neurons = np.unique(np.ravel_multi_index((np.broadcast_to(stimulus, place.shape[1:]), *place), steps.shape))
    step = steps.ravel()[neurons]
    if mode != "end" and (step == SILENT).any():
        raise ValueError(f"mode {mode} needs the step of every seed, but one of them did not spike")
    return Active(neurons, step)


def _sums(place: np.ndarray, gain: np.ndarray, places: int) -> np.ndarray:
    return np.bincount(place, gain, places).astype(float, copy=False)  # integers if there is nothing to add
