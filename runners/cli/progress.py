"""Progress on the terminal: a bar per stage, with a note such as the convergence, and the remaining time."""

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
    """A `Reporter` and context manager that draws one bar per stage."""

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
            speed_estimate_period=3600,  # seconds; this long, because a point of a sweep may take many minutes
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
        """Begin a stage of `total` units, `done` of which were completed before."""
        self._finish()
        self._task = self._progress.add_task(name, total=total, completed=done, note="")

    def advance(self, done: int, note: str = "") -> None:
        """Set the number of completed units; `note` is shown beside it."""
        if self._task is not None:
            self._progress.update(self._task, completed=done, note=note)

    def _finish(self) -> None:
        """Fill the bar of the current stage, which may have ended before its maximum by convergence."""
        if self._task is not None:
            done = self._progress.tasks[self._task].completed
            self._progress.update(self._task, total=done)


@contextmanager
def download(console: Console) -> Iterator[Callable[[int, int | None], None]]:
    """Draw the progress of a download. Yields a function of the bytes received and the total, None if unknown."""
    with Progress(TextColumn("download"), BarColumn(), DownloadColumn(), TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task("download", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
