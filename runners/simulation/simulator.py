"""The one seam between a model and the machine: `open_simulator(build, device, key)`, then `run(stimuli, state)`.

A runtime simulator runs the network in this process (`numpy`, `cython`). The standalone simulator compiles it once
into a cached program; every run starts that program anew, so that neither order nor chunking of runs can matter.
Brian2 takes seconds to import: it is imported where a network is built or run, and not for a program that is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .devices import PROGRAMS, check_device
from .doctor import require
from .interface import Simulator, configure
from .runtime import RuntimeSimulator

if TYPE_CHECKING:
    from ...models.model import Model


@contextmanager
def open_simulator(build: Callable[[], Model], device: str, key: str) -> Iterator[Simulator]:
    """Give a simulator of the model that `build` makes.

    Parameters
    ----------
    build
        Called at most once; not at all where a program compiled before can be used.
    device
        One of `DEVICES`.
    key
        Names all that `build` depends on; equal keys may share a compiled program.

    Raises
    ------
    SpikeSegError
        No such device, or its compiler failed.
    """
    check_device(device)
    if device in PROGRAMS:
        from .cpp_standalone import CppStandalone
        from .genn import Genn
        from .program import ProgramSimulator

        backend = CppStandalone() if device == "cpp_standalone" else Genn(device)
        yield ProgramSimulator(build, key, backend)
    else:
        if device == "cython":
            require("cython")
        from brian2 import prefs

        configure()
        before = prefs.codegen.target
        prefs.codegen.target = device
        try:
            yield RuntimeSimulator(build())
        finally:
            prefs.codegen.target = before
