"""Where events come from: a file, one that is still being written, a pipe, or a camera; and how they are read."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, cast

from spikeseg.errors import SpikeSegError

from .editing import Mask, between, hot_pixels
from .formats import EventStream, Invalid, open_events
from .formats.records import geometry
from .growing import Growing
from .live import CAMERA, open_camera
from .statistics import Statistics

STANDARD_INPUT = "-"


def _option(default: Any, description: str, **settings: Any) -> Any:
    """A field; its metadata are those of an option of the command line."""
    return field(default=default, metadata={"help": description, **settings})


@dataclass(frozen=True)
class Reading:
    """How a recording is read, where its file does not settle it, and what of it.

    Attributes
    ----------
    format, columns, unit, stream, invalid
        As for `open_events`.
    size
        COLUMNSxROWS of the sensor.
    start, end
        Microseconds on the clock of the recording: events before `start`, and from `end` on, are left out.
    mask_hot
        Leave out the events of hot pixels, which a first reading finds, see `hot_pixels`.
    """

    format: str | None = _option(None, "Such as atis, evt3 or text; recognised by default.")
    columns: str | None = _option(None, "Order of the columns, e.g. txyp, where they are not named.")
    unit: str | None = _option(None, "Unit of the times where it is not named: s, ms, us or ns.")
    size: str | None = _option(None, "COLUMNSxROWS of the sensor, where the file does not say.")
    stream: str | None = _option(None, "Which camera or topic, where a file has several.")
    invalid: Invalid = _option(  # noqa: RUF009 - a field
        "error", "Events off the sensor or out of order: drop them, or sort by time."
    )
    start: int | None = _option(None, "Leave out what is before, e.g. 1.5s on its clock.", flag="--from", unit="clock")
    end: int | None = _option(None, "Leave out what is from there on, e.g. 2s.", flag="--to", unit="clock")
    mask_hot: bool = _option(False, "Leave out hot pixels: events 5 deviations above the mean.", flag="--mask-hot")


def open_source(recording: str | Path, reading: Reading | None = None, follow: float = 0) -> EventStream:
    """Open a source of events, a context manager; its packets come as they are read.

    Parameters
    ----------
    recording
        A file, `STANDARD_INPUT`, or `CAMERA` and a serial number.
    follow
        Seconds to wait for more of a file that is still being written; 0: the file is complete.

    Raises
    ------
    SpikeSegError
        The file is missing or of no known format, the size is none, or a source that can be read only once is to be
        sorted, or its hot pixels to be found.
    """
    reading = reading or Reading()
    live = str(recording).startswith(CAMERA)
    once = live or str(recording) == STANDARD_INPUT or bool(follow)
    if once and (reading.mask_hot or reading.invalid == "sort"):
        option = "--mask-hot" if reading.mask_hot else "--invalid sort"
        raise SpikeSegError(f"{option} takes the whole recording: it is for complete files only")
    mask = _find_hot(Path(recording), reading) if reading.mask_hot else None
    sensor = None if reading.size is None else geometry(reading.size, "--size")
    if live:
        events = _open_camera(str(recording), reading, sensor, follow)
    else:
        events = _open_file(recording, reading, sensor, follow)
    if reading.start is not None or reading.end is not None:
        events.edit(between(reading.start, reading.end))
    if mask is not None:
        events.edit(mask)
    return events


def _open_camera(name: str, reading: Reading, sensor: tuple[int, int] | None, follow: float) -> EventStream:
    for_files = {
        "--follow": follow,
        "--format": reading.format,
        "--columns": reading.columns,
        "--unit": reading.unit,
        "--stream": reading.stream,
    }
    if given := next((option for option, value in for_files.items() if value), None):
        raise SpikeSegError(f"{given} is for files, not for {name}: leave it out")
    return open_camera(name.removeprefix(CAMERA), sensor, reading.invalid)


def _open_file(recording: str | Path, reading: Reading, sensor: tuple[int, int] | None, follow: float) -> EventStream:
    source: Path | BinaryIO = Path(recording)
    if str(recording) == STANDARD_INPUT:
        if sys.stdin is None:
            raise SpikeSegError("standard input is closed: give a file instead of -")
        source = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)  # Python cannot end while its buffer waits
    elif follow:
        source = cast(BinaryIO, Growing(Path(recording), follow))
    return open_events(
        source,
        reading.format,
        sensor,
        columns=reading.columns,
        unit=reading.unit,
        stream=reading.stream,
        invalid=reading.invalid,
    )


def require_end(recording: str | Path) -> None:
    """Raise SpikeSegError for a camera, whose events have no end."""
    if str(recording).startswith(CAMERA):
        raise SpikeSegError(f"{recording} has no end: `spikeseg stream` takes it, this is for files")


def scan(recording: str | Path, reading: Reading) -> tuple[EventStream, Statistics]:
    """Read a file to its end. Raises SpikeSegError as `open_source` and `require_end`, or where the file is damaged."""
    require_end(recording)
    statistics = Statistics()
    with open_source(recording, reading) as stream:
        for packet in stream:
            statistics.add(packet)
    return stream, statistics


def _find_hot(recording: Path, reading: Reading) -> Mask:
    if recording.is_fifo():
        raise SpikeSegError(f"--mask-hot takes two readings of {recording}, which can be read only once")
    return Mask(hot_pixels(scan(recording, replace(reading, mask_hot=False))[1]))
