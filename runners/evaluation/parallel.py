"""The same work on many things, in several processes at a time: copies of this one, which end with it."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from itertools import cycle
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, NoReturn, TypeVar

from spikeseg.errors import SpikeSegError

T = TypeVar("T")
R = TypeVar("R")

AHEAD = 2  # tasks that a process has been given and that are not fetched; more results would only fill the memory


def in_processes(work: Callable[[T], R], tasks: Iterable[T], jobs: int) -> Iterator[R]:
    """Do the same work on every task.

    Parameters
    ----------
    work
        What is done with a task. What it changes, other than files, is lost where there are several jobs.
    tasks
        Small, as the results are: both go from process to process.
    jobs
        Number of processes; with 1, the work is done in this one.

    Yields
    ------
    What `work` returns, in the order of the tasks.

    Raises
    ------
    SpikeSegError
        A process was killed. And what `work` raises.
    """
    if jobs == 1:
        yield from map(work, tasks)
        return
    with ExitStack() as stack:
        copies = [stack.enter_context(_Copy(work)) for _ in range(jobs)]
        busy: deque[_Copy] = deque()
        for task, copy in zip(tasks, cycle(copies), strict=False):
            if len(busy) == AHEAD * jobs:
                yield busy.popleft().fetch()
            copy.give(task)
            busy.append(copy)
        while busy:
            yield busy.popleft().fetch()


class _Copy:
    """A copy of this process that works on one task after the other, until this one is gone or is done with it."""

    def __init__(self, work: Callable[[Any], Any]):
        self._connection, theirs = Pipe()
        self._process = os.fork()
        if self._process == 0:
            self._connection.close()
            _serve(theirs, work)
        theirs.close()

    def __enter__(self) -> _Copy:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        with suppress(ProcessLookupError):
            os.kill(self._process, signal.SIGKILL)  # it has nothing to do any more, or nothing that is wanted
        os.waitpid(self._process, 0)

    def give(self, task: Any) -> None:
        self._connection.send(task)

    def fetch(self) -> Any:
        try:
            succeeded, result = self._connection.recv()
        except (EOFError, ConnectionError) as error:
            raise SpikeSegError("a process of --jobs was killed: out of memory? Give fewer jobs") from error
        if not succeeded:
            raise result
        return result


def _serve(connection: Connection, work: Callable[[Any], Any]) -> NoReturn:
    """Work on what comes, and end this process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the other process too, which ends this one
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        while True:
            task = connection.recv()
            try:
                answer = True, work(task)
            except Exception as error:
                answer = False, error
            connection.send(answer)
    finally:
        os._exit(0)  # nothing of what the other process has begun is ended here
