"""Spikes of one layer over a set of stimuli: the S_m,t of the paper, in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

SILENT = -1
"""Stands for the step of a neuron that does not spike."""

MOST_STEPS = 2**15 - 1
"""Of a stimulus: a recording keeps the step of a spike in 16 bits."""

LARGEST_STACK = 2**23
"""Neurons of all layers of several stimuli whose steps are in memory at a time."""

LARGEST_LAYER = 2**26
"""Neurons of a layer; 64 maps over the pixels of a sensor of 1280 x 720 are fewer."""


class Shape(NamedTuple):
    """Size of a layer: features (maps), rows and columns.

    The flat index of a neuron is (feature * rows + row) * columns + column.
    """

    features: int
    rows: int
    columns: int

    @property
    def size(self) -> int:
        """Number of neurons."""
        return self.features * self.rows * self.columns


@dataclass(frozen=True)
class Spikes:
    """Spikes of one layer, sorted by (stimulus, step, neuron).

    Attributes
    ----------
    shape
        Size of the layer.
    stimuli
        Number of stimuli, including those without a spike.
    stimulus, step, neuron
        One entry per spike, shape (n,), int32: the stimulus, the step since its onset, and the flat index of the
        neuron in `shape`.
    """

    shape: Shape
    stimuli: int
    stimulus: np.ndarray
    step: np.ndarray
    neuron: np.ndarray

    @classmethod
    def collect(cls, shape: Shape, stimuli: int, stimulus, step, neuron) -> Spikes:
        """Build from unsorted arrays of shape (n,)."""
        stimulus, step, neuron = (np.asarray(a, dtype=np.int32) for a in (stimulus, step, neuron))
        key = stimulus.astype(np.int64)
        key *= 1 + step.max(initial=0)
        key += step
        key *= shape.size
        key += neuron
        if (key[1:] < key[:-1]).any():  # few are not sorted
            order = np.argsort(key, kind="stable")
            stimulus, step, neuron = stimulus[order], step[order], neuron[order]
        return cls(shape, stimuli, stimulus, step, neuron)

    def __len__(self) -> int:
        return len(self.neuron)

    def of(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Steps and neurons of one stimulus, shape (n,) each, sorted by (step, neuron)."""
        ends = np.array([index, index + 1], self.stimulus.dtype)  # with another type NumPy would copy `stimulus`
        start, stop = np.searchsorted(self.stimulus, ends)
        return self.step[start:stop], self.neuron[start:stop]

    def select(self, indices) -> Spikes:
        """The spikes of some stimuli, in the order of `indices` (which may repeat), renumbered from 0."""
        indices = np.asarray(indices)
        starts = np.searchsorted(self.stimulus, indices)
        counts = np.searchsorted(self.stimulus, indices, side="right") - starts
        offsets = np.repeat(starts - np.concatenate(([0], np.cumsum(counts)[:-1])), counts)
        take = np.arange(counts.sum()) + offsets
        number = np.repeat(np.arange(len(indices), dtype=np.int32), counts)
        return Spikes(self.shape, len(indices), number, self.step[take], self.neuron[take])

    def first_steps(self, index: int) -> np.ndarray:
        """Step of each neuron's first spike in a stimulus, `SILENT` where there is none; shape (C, H, W), int16."""
        return self.stack(range(index, index + 1))[0]

    def stack(self, some: range) -> np.ndarray:
        """The `first_steps` of stimuli that follow each other, (n, C, H, W) int16."""
        neuron, step = self.among(some)
        steps = np.full((len(some), *self.shape), SILENT, dtype=np.int16)
        steps.ravel()[neuron[::-1]] = step[::-1]  # the earliest of a stimulus is written last
        return steps

    def among(self, some: range) -> tuple[np.ndarray, np.ndarray]:
        """Neurons and steps of the spikes of stimuli that follow each other, (m,) int64 and int32.

        The neurons are flat indices in what `stack` gives.
        """
        ends = np.array([some.start, some.stop], self.stimulus.dtype)  # with another type NumPy would copy `stimulus`
        start, stop = np.searchsorted(self.stimulus, ends)
        neuron = (self.stimulus[start:stop] - np.int64(some.start)) * self.shape.size + self.neuron[start:stop]
        return neuron, self.step[start:stop]

    @staticmethod
    def join(parts: list[Spikes]) -> Spikes:
        """Concatenate sets of stimuli, which are renumbered."""
        if len(parts) == 1:
            return parts[0]
        offsets = np.cumsum([0] + [part.stimuli for part in parts], dtype=np.int32)  # spikes added to them stay int32
        return Spikes(
            parts[0].shape,
            int(offsets[-1]),
            np.concatenate([p.stimulus + o for p, o in zip(parts, offsets[:-1], strict=True)]),
            np.concatenate([p.step for p in parts]),
            np.concatenate([p.neuron for p in parts]),
        )


@dataclass(frozen=True)
class Recorded:
    """The spikes of several layers, stimulus by stimulus. It can be iterated repeatedly, and yields ``{layer: steps}``.

    Attributes
    ----------
    layers
        Spikes by layer.
    """

    layers: Mapping[str, Spikes]

    def __len__(self) -> int:
        return next(iter(self.layers.values())).stimuli

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        """Step of every neuron's spike in a stimulus, `SILENT` without one: (C, H, W) int16 per layer."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        return {name: spikes.first_steps(index) for name, spikes in self.layers.items()}

    def __iter__(self) -> Iterator[dict[str, np.ndarray]]:
        return (self[index] for index in range(len(self)))

    def stacks(self, most: int) -> Iterator[Stack]:
        """Yield at most so many stimuli at a time; fewer in large layers."""
        neurons = sum(spikes.shape.size for spikes in self.layers.values())
        together = max(min(most, LARGEST_STACK // neurons), 1)
        for start in range(0, len(self), together):
            yield Stack(self.layers, range(start, min(start + together, len(self))))


class Stack(Mapping[str, np.ndarray]):
    """Several stimuli that follow each other: the step of every neuron's spike, (n, C, H, W) int16 per layer.

    Such an array is made when a layer is asked for: most neurons are silent, above all in the largest layers.

    Parameters
    ----------
    layers
        Spikes by layer, of neurons that spike at most once.
    some
        The stimuli.
    """

    def __init__(self, layers: Mapping[str, Spikes], some: range):
        self._layers, self._some = layers, some
        self._made: dict[str, np.ndarray] = {}

    @classmethod
    def of_one(cls, steps: Mapping[str, np.ndarray]) -> Stack:
        """One stimulus, of which (C, H, W) arrays are there."""
        stack = cls({}, range(1))
        stack._made = {layer: own[None] for layer, own in steps.items()}
        return stack

    def __getitem__(self, layer: str) -> np.ndarray:
        if layer not in self._made:
            self._made[layer] = self._layers[layer].stack(self._some)
        return self._made[layer]

    def __iter__(self) -> Iterator[str]:
        return iter(self._layers or self._made)

    def __len__(self) -> int:
        return len(self._layers or self._made)

    def shape(self, layer: str) -> tuple[int, ...]:
        """The shape of a layer's array: n, C, H, W."""
        if layer in self._made:
            return self._made[layer].shape
        return len(self._some), *self._layers[layer].shape

    def spikes(self, layer: str) -> tuple[np.ndarray, np.ndarray]:
        """Of a layer's neurons that spike, flat indices in its array, and steps; (m,) int each."""
        if layer in self._layers:
            return self._layers[layer].among(self._some)
        steps = self._made[layer].ravel()
        neuron = np.flatnonzero(steps != SILENT)
        return neuron, steps[neuron]

    def one(self, number: int) -> Mapping[str, np.ndarray]:
        """The arrays of one of the stimuli, (C, H, W) per layer, which are made in the same way."""
        return _One(self, number)


class _One(Mapping[str, np.ndarray]):
    """One stimulus of a stack; see `Stack.one`."""

    def __init__(self, stack: Stack, number: int):
        self._stack, self._number = stack, number

    def __getitem__(self, layer: str) -> np.ndarray:
        return self._stack[layer][self._number]

    def __iter__(self) -> Iterator[str]:
        return iter(self._stack)

    def __len__(self) -> int:
        return len(self._stack)
