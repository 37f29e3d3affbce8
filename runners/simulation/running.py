"""A compiled program that is up: it is asked for one run after the other over a socket."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import numpy as np

from spikeseg.errors import SpikeSegError

from .interface import CONNECTION
from .processes import ending

PATIENCE = 5
"""Seconds in which a program that has nothing to do ends by itself; its processor time is then known to its caller."""


LARGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
"""Lets large arrays have large pages: of a network for 1280 x 720 pixels every spike reaches dozens of small ones."""


class RunningProgram:
    """A program in a process of its own, which ends when this process does.

    Parameters
    ----------
    command
        The program and its arguments.
    directory
        Where it runs.
    advice
        What to do where the program ends without a reason.

    Attributes
    ----------
    state
        What it has been told so far and keeps, by name; for those who ask it.

    Raises
    ------
    SpikeSegError
        The program cannot be started.
    """

    def __init__(self, command: Sequence[str | Path], directory: Path, advice: str):
        self._advice = advice
        with ExitStack() as stack:
            try:
                self._said = stack.enter_context(tempfile.TemporaryFile())
                self._socket, theirs = socket.socketpair()
                stack.enter_context(self._socket)
                with theirs:
                    self._process = subprocess.Popen(
                        command,
                        cwd=directory,
                        env=LARGE_PAGES | os.environ | {CONNECTION: str(theirs.fileno())},
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL,
                        stderr=self._said,
                        pass_fds=[theirs.fileno()],
                        process_group=0,  # Ctrl-C reaches this process alone, which ends the other
                    )
            except PermissionError as error:
                raise SpikeSegError(
                    f"simulation failed: {command[0]} may not be run: set SPIKESEG_CACHE to a directory of another disk"
                ) from error
            except OSError as error:
                raise SpikeSegError(f"simulation failed: {error}; what it says is kept where TMPDIR says") from error
            stack.callback(self._finish)
            self._held = stack.pop_all()
        self._running = False
        self.state: dict[str, np.ndarray] = {}

    def ask(self, inputs: Sequence[np.ndarray]) -> memoryview:
        """Run it with these inputs, one after the other in memory, and return its results in the same way.

        Raises
        ------
        SpikeSegError
            The program has ended, or complained.
        """
        self._running = True
        try:
            self._socket.sendall(np.int64(sum(part.nbytes for part in inputs)).tobytes())
            for part in inputs:
                self._socket.sendall(np.ascontiguousarray(part).data.cast("B") if part.size else b"")
            size = int(np.frombuffer(self._receive(8), np.int64)[0])
            results = self._receive(size)
        except (EOFError, ConnectionError) as error:
            code = self._process.wait()
            raise SpikeSegError(f"simulation failed: {self._complaints() or ending(code, self._advice)}") from error
        self._running = False
        if complaints := self._complaints():
            raise SpikeSegError(f"simulation failed: {complaints}")
        return results

    def _receive(self, size: int) -> memoryview:
        view = np.empty(size, np.uint8).data  # unlike a bytearray, it is not written before
        received = 0
        while received < size:
            some = self._socket.recv_into(view[received:])
            if not some:
                raise EOFError
            received += some
        return view

    def _complaints(self) -> str:
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").splitlines()
        return " ".join(" ".join(line for line in lines if not line.startswith("#")).split())  # GeNN's remarks

    def end(self) -> None:
        """End the process, and a run that it is at."""
        self._held.close()

    def _finish(self) -> None:
        self._socket.close()  # it ends when it finds nobody there
        if not self._running:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(PATIENCE)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
