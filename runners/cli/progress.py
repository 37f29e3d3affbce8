"""Progress on the terminal: a bar per stage of a training, with convergence and the time that is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class Bars:
    """A `Reporter` that draws one bar per stage; a context manager."""

    def __init__(self, console: Console):
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description:<14}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]:<14}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            speed_estimate_period=3600,  # seconds; a point of a sweep may take many minutes
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._finish()
        self._progress.stop()

    def stage(self, name: str, total: int, done: int = 0) -> None:
        """Begin a stage of `total` units, `done` of which are done."""
        self._finish()
        self._task = self._progress.add_task(name, total=total, completed=done, note="")

    def advance(self, done: int, note: str = "") -> None:
        """So many units of the stage are done."""
        if self._task is not None:
            self._progress.update(self._task, completed=done, note=note)

    def _finish(self) -> None:
        """A stage may end before its maximum, by convergence: its bar is full all the same."""
        if self._task is not None:
            done = self._progress.tasks[self._task].completed
            self._progress.update(self._task, total=done)


@contextmanager
def download(console: Console) -> Iterator[Callable[[int, int | None], None]]:
    """Give a function of (bytes done, bytes in all or None) that draws the progress of a download."""
    with Progress(TextColumn("download"), BarColumn(), DownloadColumn(), TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task("download", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
