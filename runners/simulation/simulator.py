"""The one seam between a model and the machine: `open_simulator(design, device)`, then `run(stimuli, state)`.

Brian2 is never imported in this process. A process of our own (`processes`) runs the network (`numpy`, `cython`), or
compiles it once into a cached program, which copies itself for every run, so that neither order nor chunking of runs
can matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager

import numpy as np

from spikeseg.spikes import Spikes

from .cpp_standalone import CppStandalone
from .devices import PROGRAMS, check_device
from .doctor import require
from .genn import Genn
from .interface import Design, Result, Simulator
from .processes import Worker, working
from .program import ProgramSimulator


@contextmanager
def open_simulator(design: Design, device: str) -> Iterator[Simulator]:
    """Give a simulator of the model that `design` builds.

    Parameters
    ----------
    design
        Its ``build`` is called in another process, which imports its class by name; not at all where a program of an
        equal design (by its ``repr``) was compiled before.
    device
        One of `DEVICES`.

    Raises
    ------
    SpikeSegError
        No such device, or its compiler failed.
    """
    check_device(device)
    if device in PROGRAMS:
        backend = CppStandalone() if device == "cpp_standalone" else Genn(device)
        with closing(ProgramSimulator(design, backend)) as simulator:
            yield simulator
    else:
        require(device)
        with working() as worker:
            yield _WorkerSimulator(worker, design, device)


class _WorkerSimulator:
    """A simulator that is in another process."""

    def __init__(self, worker: Worker, design: Design, target: str):
        self._worker = worker
        times = worker.ask("open", design, target)
        self.steps, self.ticks = times.steps, times.ticks

    def run(self, stimuli: Spikes, state: Mapping[str, np.ndarray]) -> Result:
        """See `Simulator.run`."""
        return self._worker.ask("run", stimuli, dict(state))
