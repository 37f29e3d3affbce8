"""What is written of a stream while it comes: rows that are seen at once, until the stream ends or is ended."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any, Protocol, TypeVar

from spikeseg.errors import SpikeSegError

T = TypeVar("T")


class Timed(Protocol):
    """A summary of a stream that knows how long it took so far, in seconds of wall time."""

    wall_s: float


S = TypeVar("S", bound=Timed)


@contextmanager
def growing_table(path: Path, columns: Sequence[str]) -> Iterator[Callable[[Iterable[Sequence[Any]]], None]]:
    """Open a CSV file with these columns, and yield a function that appends rows.

    Rows are written at once, so that a program that reads the file meanwhile sees whole rows.

    Raises
    ------
    SpikeSegError
        The file system refused.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(columns)

            def add(rows: Iterable[Sequence[Any]]) -> None:
                writer.writerows(rows)
                file.flush()

            yield add
    except OSError as error:
        raise SpikeSegError(f"cannot write {path}: {error.strerror or error}") from error


def write_each(
    answers: Iterable[T], writers: Sequence[Callable[[T], None]], summary: S, progress: Callable[[S], None]
) -> BaseException | None:
    """Hand every answer to all writers, and tell of the summary, which is one of them, after each.

    Returns
    -------
    What ended the stream early, if anything did: Ctrl-C, or the error of a damaged recording.
    """
    start = monotonic()
    try:
        for answer in answers:
            for write in writers:
                write(answer)
            summary.wall_s = monotonic() - start
            progress(summary)
    except (KeyboardInterrupt, SpikeSegError) as error:
        return error
    return None
