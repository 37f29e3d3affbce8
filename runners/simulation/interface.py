"""What all devices share: names, what a run takes and gives, the settings under which all give the same bits."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from spikeseg.spikes import Shape, Spikes

# Strict floating point, so that every backend gives the same bits.
COMPILER_FLAGS = ["-O3", "-march=native", "-fno-fast-math", "-ffp-contract=off", "-std=c++11", "-w"]


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


def configure() -> None:
    """Set what every backend needs to give the same bits."""
    from brian2 import prefs

    prefs.codegen.cpp.extra_compile_args_gcc = COMPILER_FLAGS
    prefs.codegen.loop_invariant_optimisations = False  # they reorder floating point
    prefs.core.default_float_dtype = np.float64
    _interrupt_at_once(prefs)
    # It warns of order dependence, which the event order settles here, and logs to a disk that may be full.
    logging.getLogger("brian2").setLevel(logging.ERROR)


def _interrupt_at_once(prefs: Any) -> None:
    """Ctrl-C ends the command, as elsewhere: newer Brian2 would end the run early, and call it complete."""
    if "core.stop_on_keyboard_interrupt" in prefs:
        prefs.core.stop_on_keyboard_interrupt = False  # for programs
    before = getattr(signal.getsignal(signal.SIGINT), "previous_handler", None)
    if before is not None and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, before)


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


def recorded_spikes(shape: Shape, stimuli: int, neuron: np.ndarray, t: np.ndarray, times: Times, delay: int) -> Spikes:
    """Turn a monitor's times into stimuli and steps; within a step, ticks after the first belong to the next.

    Parameters
    ----------
    neuron, t
        Shape (n,); times in seconds.
    delay
        Steps by which they are late. What comes after a stimulus' last step is left out.
    """
    ticks = times.ticks
    tick = np.rint(t * (ticks / times.dt)).astype(np.int64) - delay * ticks
    stimulus, tick = np.divmod(tick, times.period * ticks)
    inside = tick < times.steps * ticks
    return Spikes.collect(shape, stimuli, stimulus[inside], -(-tick[inside] // ticks), neuron[inside])
