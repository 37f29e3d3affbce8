"""Where events come from: a file, one that is still being written, or standard input."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import BinaryIO, cast

from .formats import EventStream, open_events
from .formats.growing import Growing
from .formats.records import geometry

STANDARD_INPUT = "-"


def open_source(recording: str, follow: float = 0, kind: str | None = None, size: str | None = None) -> EventStream:
    """Open a source of events, a context manager; its packets come as they are read.

    Parameters
    ----------
    recording
        A file, or `STANDARD_INPUT`.
    follow
        Seconds to wait for more of a file that is still being written; 0: the file is complete.
    kind
        Its format, recognised by default.
    size
        COLUMNSxROWS of the sensor, where the file does not say.

    Raises
    ------
    SpikeSegError
        The file is missing or of no known format, or the size is none.
    """
    sensor = None if size is None else geometry(size, "--size")
    if recording == STANDARD_INPUT:
        unbuffered = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)  # Python cannot end while its buffer waits
        return open_events(unbuffered, kind, sensor)
    if follow:
        return open_events(cast(BinaryIO, Growing(Path(recording), follow)), kind, sensor)
    return open_events(Path(recording), kind, sensor)
