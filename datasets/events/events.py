"""The type of an event, e = [x, y, t, p] (Kirkland et al. 2020, section II.B), and checks of events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from spikeseg.errors import SpikeSegError

EVENT = np.dtype([("x", "<u2"), ("y", "<u2"), ("t", "<i8"), ("p", "i1")])
"""Column, row, microseconds, and polarity: +1 brighter (ON), -1 darker (OFF)."""

_BYTES = np.dtype((np.void, EVENT.itemsize))

Invalid = Literal["error", "drop", "sort"]
"""What becomes of events that are off the sensor or out of order, see `formats.open_events`."""

LARGEST = 16384  # rows or columns of a sensor; no event camera comes near this


@dataclass(frozen=True)
class Recording:
    """Events of one sensor, in the order of their times.

    Attributes
    ----------
    name
        Name of its source, e.g. of its file.
    size
        Rows and columns of the sensor.
    events
        Shape (n,), dtype `EVENT`, sorted by `t`.
    invalid
        Events that were off the sensor or out of order when it was read, and were left out or put in their places.
    """

    name: str
    size: tuple[int, int]
    events: np.ndarray
    invalid: int = 0

    @property
    def duration(self) -> int:
        """Microseconds from the first event to the last; 0 for fewer than two."""
        t = self.events["t"]
        return int(t[-1] - t[0]) if len(t) else 0


@dataclass(frozen=True)
class Buffer:
    """The events of a stretch of time, which a network sees at once.

    Attributes
    ----------
    events
        Shape (n,), dtype `EVENT`, sorted by time, all in [start, start + duration).
    size
        Rows and columns of the sensor.
    start, duration
        Microseconds.
    recording
        Name of the recording that it was cut from.

    Raises
    ------
    SpikeSegError
        An event lies before or after it.
    """

    events: np.ndarray
    size: tuple[int, int]
    start: int
    duration: int
    recording: str = ""

    def __post_init__(self) -> None:
        if not len(self.events):
            return
        first, last = self.events["t"][0], self.events["t"][-1]
        if first < self.start or last >= self.start + self.duration:
            raise SpikeSegError(
                f"a buffer from {self.start} us on, {self.duration} us long, got events from {first} to {last} us"
            )


def join(packets: Iterable[np.ndarray]) -> np.ndarray:
    """Copy packets, dtype `EVENT`, into one: as bytes, ten times as fast as NumPy copies records, field by field."""
    return np.concatenate([np.empty(0, _BYTES), *(packet.view(_BYTES) for packet in packets)]).view(EVENT)


def describe(size: tuple[int, int]) -> str:
    """Write a size (rows, columns) as sensors are described: columns x rows."""
    return f"{size[1]} x {size[0]}"


def pack(x, y, t, p, where: str, first: int = 0) -> np.ndarray:
    """Make events of four columns of numbers, shape (n,) each; in `p`, 0 and -1 both mean OFF.

    Raises
    ------
    SpikeSegError
        A value is no number, not whole, or out of the range of its field. The message names `where`, the number of the
        event, counted from `first`, and the field.
    """
    columns = {"x": x, "y": y, "t": t, "p": p}
    limits = {"x": (0, 65535), "y": (0, 65535), "t": (-(2**62), 2**62), "p": (-1, 1)}
    events = np.empty(len(np.atleast_1d(t)), EVENT)
    for field, values in columns.items():
        values = np.asarray(values)
        low, high = limits[field]
        if not _surely_within(values, low, high):
            good = (values >= low) & (values <= high)  # false for NaN
            if values.dtype.kind == "f":
                good &= values == np.floor(values)
            _refuse(~good, values, field, where, first, "is no whole number that this field can hold")
        events[field] = values if field != "p" else 2 * (values > 0).astype(np.int8) - np.int8(1)
    return events


def _surely_within(values: np.ndarray, low: int, high: int) -> bool:
    """Whether these are whole numbers, all of them within bounds; else each has to be looked at."""
    return values.dtype.kind in "iu" and values.size > 0 and bool(values.min() >= low and values.max() <= high)


def check(events: np.ndarray, size: tuple[int, int], where: str, first: int = 0, after: int | None = None) -> None:
    """Check that events are sorted by time and lie on the sensor.

    Parameters
    ----------
    events
        Shape (n,), dtype `EVENT`.
    size
        Rows and columns of the sensor.
    where, first
        For the message: the file, and the number of the first of these events.
    after
        Time of the event before them, if there was one.

    Raises
    ------
    SpikeSegError
        An event is off the sensor or earlier than the one before it; the message names file, event and field.
    """
    rows, columns = size
    leave_out = "--invalid drop leaves such events out"
    wide, high = f"is off the sensor, {columns} columns wide", f"is off the sensor, {rows} rows high"
    _refuse(events["x"] >= columns, events["x"], "x", where, first, f"{wide}: {leave_out}")
    _refuse(events["y"] >= rows, events["y"], "y", where, first, f"{high}: {leave_out}")
    late = "is earlier than the event before it: sort the events by time, e.g. with --invalid sort"
    _refuse(out_of_order(events["t"], after), events["t"], "t", where, first, late)


def on_sensor(events: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Which events lie on a sensor of `size` (rows, columns); bool, (n,)."""
    return (events["x"] < size[1]) & (events["y"] < size[0])


def out_of_order(t: np.ndarray, after: int | None = None) -> np.ndarray:
    """Which times, (n,), are earlier than any before them, also than `after`; bool, (n,)."""
    t = np.ascontiguousarray(t)
    if (t[1:] >= t[:-1]).all() and (after is None or (t[:1] >= after).all()):  # nearly always, and known much sooner
        return np.zeros(len(t), bool)
    latest = np.maximum.accumulate(t)
    if after is not None:
        latest = np.maximum(latest, after)
    return t < latest


def _refuse(bad: np.ndarray, values: np.ndarray, field: str, where: str, first: int, problem: str) -> None:
    if bad.any():
        index = int(np.argmax(bad))
        raise SpikeSegError(f"{where}: event {first + index}: {field} = {values[index].item()} {problem}")
