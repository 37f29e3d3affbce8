"""The process that builds and runs models: the other end of `processes.Worker`.

It imports Brian2 once and forks for every model. So a model finds Brian2 as it is after its import, with the settings
under which all devices give the same bits, whatever the models before it did.
"""

from __future__ import annotations

import logging
import os
import pickle
import select
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from spikeseg.spikes import Spikes

from .compiling import Backend, compile_model
from .interface import COMPILER_FLAGS, Design, Result, Times
from .runtime import RuntimeSimulator


class Job:
    """What can be asked of a process, for one model."""

    def begin(self, environment: dict[str, str]) -> None:
        """Take over an environment, and set what every device needs to give the same bits."""
        os.environ.clear()
        os.environ.update(environment)
        tempfile.tempdir = None  # TMPDIR may be another one
        configure()

    def compile(self, design: Design, backend: Backend, directory: Path) -> None:
        """See `compiling.compile_model`."""
        from ...models.building import build  # imports Brian2, which happens in a process that serves one model

        compile_model(partial(build, design), backend, directory)

    def open(self, design: Design, target: str) -> Times:
        """Build a model that Brian2 runs itself, with code for "numpy" or "cython"."""
        self._simulator = open_runtime(design, target)
        return self._simulator.times

    def run(self, stimuli: Spikes, state: Mapping[str, np.ndarray]) -> Result:
        """See `Simulator.run`."""
        return self._simulator.run(stimuli, state)

    def end(self) -> None:
        """There will be no more questions."""


def configure() -> None:
    """Set what every device needs to give the same bits; what a user has set in files of Brian2's does not count."""
    from brian2 import prefs

    prefs.reset_to_defaults()
    standard = [flag for flag in prefs.codegen.cpp.extra_compile_args_gcc if flag.startswith("-std=")]
    prefs.codegen.cpp.extra_compile_args_gcc = [*COMPILER_FLAGS, *standard]
    prefs.codegen.loop_invariant_optimisations = False  # they reorder floating point
    prefs.core.default_float_dtype = np.float64
    prefs.logging.std_redirection_to_file = False  # a killed process would leave these files
    if "core.stop_on_keyboard_interrupt" in prefs:
        prefs.core.stop_on_keyboard_interrupt = False  # newer Brian2: programs would end early and call it complete
    # It warns of order dependence, which the event order settles here.
    logging.getLogger("brian2").setLevel(logging.ERROR)


def open_runtime(design: Design, target: str) -> RuntimeSimulator:
    """Build a model in this process; Brian2 generates code for "numpy" or "cython"."""
    from brian2 import prefs

    from ...models.building import build

    prefs.codegen.target = target
    return RuntimeSimulator(build(design))


def main() -> None:
    """Serve the process at the other end of the connection whose number is the first argument."""
    connection = Connection(int(sys.argv[1]))
    os.set_inheritable(connection.fileno(), False)
    import brian2  # noqa: F401

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # else, where the caller ignores it, no child's end is known
    while True:
        try:
            question = connection.recv_bytes()
        except EOFError:
            return
        child = os.fork()
        if not child:
            serve(connection, question)
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code:
            os.kill(os.getpid(), max(-code, 0))  # the other end is to know how it ended
            sys.exit(1)


def serve(connection: Connection, question: bytes) -> None:
    """Answer this question and those that follow, until it was the last one."""
    threading.Thread(target=_end_with, args=(connection,), daemon=True).start()
    job, name = Job(), ""
    while name != "end":
        try:
            name, arguments = pickle.loads(question)
            answer: tuple[bool, Any] = True, getattr(job, name)(*arguments)
        except Exception as error:
            answer = False, _portable(error)
        connection.send(answer)
        if name != "end":
            question = connection.recv_bytes()


def _end_with(connection: Connection) -> None:
    """End this process, the one that waits for it and all that it has started when the other end is closed."""
    closed = select.poll()
    closed.register(connection.fileno(), 0)
    closed.poll()
    os.killpg(0, signal.SIGKILL)


def _portable(error: Exception) -> Exception:
    """An error as the other process can raise it, with a note of where it came from."""
    error.add_note("".join(traceback.format_exception(error)))
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # classes whose instances cannot be copied
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
