"""Processes of our own in which Brian2 is imported: settings, signals and devices of this one stay as they are.

`working` gives a process that builds and runs one model. It is started with a copy of this process's environment and
`sys.path`, in a directory whose Brian2 preferences are ours, and in a process group of its own, so that Ctrl-C reaches
this process alone, which ends the other. The process ends by itself when this one is gone, however that came about.
One idle process is kept for the next model, as importing Brian2 takes seconds; it ends with this one.
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import Pipe
from multiprocessing.spawn import get_executable
from pathlib import Path
from typing import Any

from spikeseg.errors import SpikeSegError

START = "import sys; sys.path[:] = sys.argv[2:]; from spikeseg.runners.simulation.worker import main; main()"
HERE = Path(__file__).parent  # it has a file `brian_preferences`


class Worker:
    """A process that runs `worker.main`, and the connection to it.

    Raises
    ------
    SpikeSegError
        The process cannot be started.
    """

    def __init__(self):
        try:
            self._said = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
            self._connection, theirs = Pipe()
            with theirs:
                self._process = subprocess.Popen(
                    [get_executable(), "-P", "-W", "ignore", "-c", START, str(theirs.fileno()), *_import_path()],
                    cwd=HERE,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=self._said,
                    pass_fds=[theirs.fileno()],
                    process_group=0,
                )
        except OSError as error:
            raise SpikeSegError(f"cannot start a process to simulate in: {error}") from error
        self._asking = threading.Lock()
        self.waiting = False
        """Whether an answer is still to come."""

    def ask(self, question: str, *arguments: Any) -> Any:
        """Call a method of `worker.Job` in the process, and return or raise what it does.

        Raises
        ------
        SpikeSegError
            The process has ended.
        """
        with self._asking:
            try:
                self.waiting = True
                self._connection.send((question, arguments))
                succeeded, answer = self._connection.recv()
                self.waiting = False
            except (EOFError, ConnectionError) as error:
                raise SpikeSegError(f"simulation failed: {self._last_words()}") from error
        if not succeeded:
            raise answer
        return answer

    def _last_words(self) -> str:
        code = self._process.wait()
        self._said.seek(0)
        lines = [line for line in self._said.read().decode(errors="replace").splitlines() if line.strip()]
        return lines[-1] if lines and code > 0 else ending(code, "please report it")

    def end(self) -> None:
        """Kill the process and all that it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._connection.close()
        self._said.close()


def ending(code: int, advice: str) -> str:
    """Why a process that said nothing may have ended."""
    if code >= 0:
        return f"exit code {code} and no message; {advice}"
    name = signal.Signals(-code).name
    return f"ended by {name}: " + {"SIGKILL": "out of memory?", "SIGINT": "interrupted"}.get(name, advice)


_idle: list[Worker] = []
os.register_at_fork(after_in_child=_idle.clear)  # they are its parent's


@contextmanager
def working() -> Iterator[Worker]:
    """Give a process for one model, which knows nothing of those before. Raises SpikeSegError where none starts."""
    worker = _take()
    try:
        worker.ask("begin", dict(os.environ))
        yield worker
    finally:
        if worker.waiting or _idle:
            worker.end()
        else:
            _give_back(worker)


def _take() -> Worker:
    try:
        return _idle.pop()
    except IndexError:
        return Worker()


def _give_back(worker: Worker) -> None:
    try:
        worker.ask("end")
    except BaseException:
        worker.end()
        raise
    _idle.append(worker)


@atexit.register
def end_idle() -> None:
    """End the process that is kept for the next model."""
    while _idle:
        _idle.pop().end()


def _import_path() -> list[str]:
    """`sys.path`, for a process with another working directory."""
    with suppress(FileNotFoundError):  # a working directory that was removed
        return [os.path.abspath(entry) for entry in sys.path]
    return [entry for entry in sys.path if os.path.isabs(entry)]
