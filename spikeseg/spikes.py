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
        key = (stimulus.astype(np.int64) * (1 + step.max(initial=0)) + step) * shape.size + neuron
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
        ends = np.array([some.start, some.stop], self.stimulus.dtype)  # with another type NumPy would copy `stimulus`
        start, stop = np.searchsorted(self.stimulus, ends)
        neuron = (self.stimulus[start:stop] - np.int64(some.start)) * self.shape.size + self.neuron[start:stop]
        steps = np.full((len(some), *self.shape), SILENT, dtype=np.int16)
        steps.ravel()[neuron[::-1]] = self.step[start:stop][::-1]  # the earliest of a stimulus is written last
        return steps

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

    def stacks(self, most: int) -> Iterator[dict[str, np.ndarray]]:
        """Yield the same of at most so many stimuli at a time, (n, C, H, W) int16 per layer; fewer in large layers."""
        neurons = sum(spikes.shape.size for spikes in self.layers.values())
        together = max(min(most, LARGEST_STACK // neurons), 1)
        for start in range(0, len(self), together):
            some = range(start, min(start + together, len(self)))
            yield {name: spikes.stack(some) for name, spikes in self.layers.items()}
