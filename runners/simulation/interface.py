"""What all devices share: what they simulate, what a run takes and gives, and how its times are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np

from spikeseg.spikes import Shape, Spikes

from ...models.designs import ContinuousDesign, EncoderDesign, LearnerDesign, SelfBuilding
from ...models.geometry import kernel_order

# Strict floating point, so that every backend gives the same bits; the C++ standard is the one that Brian2 itself uses.
COMPILER_FLAGS = ["-O3", "-march=native", "-fno-fast-math", "-ffp-contract=off", "-w"]

CONNECTION = "SPIKESEG_CONNECTION"  # the environment variable that tells a program the number of its socket

Design = EncoderDesign | ContinuousDesign | LearnerDesign | SelfBuilding
"""A model as plain data, which pickle can send to another process; `models.building.build` builds it with Brian2.

Its ``repr`` names all that the model depends on: a compiled program belongs to it.
"""


@dataclass(frozen=True)
class Result:
    """Spikes per recorded layer, and the state at the end of the run, flat arrays by name."""

    spikes: dict[str, Spikes]
    state: dict[str, np.ndarray]


class Simulator(Protocol):
    """Runs one model as often as asked; every run starts from the model's initial state."""

    steps: int
    ticks: int

    def run(self, stimuli: Spikes, state: Mapping[str, np.ndarray]) -> Result:
        """Present `stimuli` one after the other, with these values of the model's state variables.

        Raises
        ------
        SpikeSegError
            The simulation could not run to its end.
        """
        ...


class Times(NamedTuple):
    """Timing of the stimuli: the same fields as in `Model`, which cannot be imported without Brian2.

    Attributes
    ----------
    steps, ticks
        Steps per stimulus, and ticks per step.
    dt
        Duration of a step in seconds.
    spare
        Steps from the end of a stimulus to the onset of the next one; may be negative.
    """

    steps: int
    ticks: int
    dt: float
    spare: int

    @property
    def period(self) -> int:
        """Steps from one stimulus to the next."""
        return self.steps + self.spare


class Order(NamedTuple):
    """Where the weights of a kernel lie in a model: element ``of[k]`` of the flat kernel at position k.

    Attributes
    ----------
    of, back
        The permutation and its inverse, (weights,) int.
    """

    of: np.ndarray
    back: np.ndarray

    @classmethod
    def of_kernel(cls, shape: Sequence[int]) -> Order:
        """The order of a kernel of a shape in a model, see `kernel_order`."""
        order = kernel_order(tuple(shape))
        return cls(order, np.argsort(order))


def recorded_spikes(shape: Shape, stimuli: int, neuron: np.ndarray, t: np.ndarray, times: Times, delay: int) -> Spikes:
    """Turn a monitor's times into stimuli and steps; within a step, ticks after the first belong to the next.

    Parameters
    ----------
    neuron, t
        Flat indices in `shape`, and times in seconds, which never fall; (n,) each.
    delay
        Steps by which they are late. What comes after a stimulus' last step is left out.
    """
    begins, inside, stimulus, step = _ticks(stimuli, times, delay)
    edges = np.searchsorted(t, begins)
    count = np.diff(edges)
    neuron = neuron[edges[0] : edges[-1]][np.repeat(inside, count)]  # a copy: lets go of what came with it
    count = count[inside]
    return Spikes.collect(shape, stimuli, np.repeat(stimulus, count), np.repeat(step, count), neuron)


@lru_cache(maxsize=16)
def _ticks(stimuli: int, times: Times, delay: int) -> tuple[np.ndarray, ...]:
    """When ticks begin and the last one ends, in seconds; which are part of a stimulus; of these, stimulus and step."""
    ticks = times.ticks
    period = times.period * ticks
    begins = (np.arange(stimuli * period + 1) + (delay * ticks - 0.5)) * (times.dt / ticks)
    stimulus, tick = np.divmod(np.arange(stimuli * period, dtype=np.int32), period)
    inside = tick < times.steps * ticks
    return begins, inside, stimulus[inside], -(-tick[inside] // ticks)
