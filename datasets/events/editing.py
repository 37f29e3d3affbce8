"""Parts of a recording: events of a stretch of time, of a region of the sensor, or of all pixels but the hot ones."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from spikeseg.errors import SpikeSegError

from .events import LARGEST, Recording, describe
from .statistics import Statistics

Edit = Callable[[np.ndarray], np.ndarray]
"""A function of a packet of events that gives a packet back."""

HOT = 5.0
"""Standard deviations; see `hot_pixels`."""


def between(start: int | None, end: int | None) -> Edit:
    """Keep the events from `start` on and before `end`, microseconds; None is no limit. The packets are sorted."""

    def edit(packet: np.ndarray) -> np.ndarray:
        low = 0 if start is None else np.searchsorted(packet["t"], start)
        high = len(packet) if end is None else np.searchsorted(packet["t"], end)
        return packet[low:high]

    return edit


def hot_pixels(statistics: Statistics) -> np.ndarray:
    """Find the pixels that fire without a reason: their events are more than `HOT` deviations above the mean.

    Mean and standard deviation are those of the events of every pixel that has any. The rule is that of the hot pixel
    filter in dvs_tools (C. Scheerlinck, github.com/cedric-scheerlinck/dvs_tools).

    Returns
    -------
    y * `LARGEST` + x of every hot pixel, shape (n,), sorted.
    """
    pixels, counts = statistics.per_pixel
    if not len(counts):
        return pixels
    return pixels[counts > counts.mean() + HOT * counts.std()]


class Mask:
    """An `Edit` that leaves out the events of some pixels, as `hot_pixels` gives them.

    Attributes
    ----------
    pixels
        How many.
    events
        How many of their events were left out so far.
    """

    def __init__(self, pixels: np.ndarray):
        self._keys, self.pixels, self.events = pixels, len(pixels), 0

    def __call__(self, packet: np.ndarray) -> np.ndarray:
        """Give the events of the other pixels."""
        kept = packet[~np.isin(packet["y"].astype(np.int64) * LARGEST + packet["x"], self._keys)]
        self.events += len(packet) - len(kept)
        return kept


class Region(NamedTuple):
    """A part of a sensor, in pixels."""

    columns: int
    rows: int
    left: int
    top: int

    @classmethod
    def read(cls, text: str) -> Region:
        """Read ``COLUMNSxROWS+LEFT+TOP``. Raises SpikeSegError where the text is none."""
        match = re.fullmatch(r"(\d{1,5})x(\d{1,5})\+(\d{1,5})\+(\d{1,5})", text)
        region = cls(*map(int, match.groups())) if match else None
        if region is None or not region.columns or not region.rows:
            raise SpikeSegError(f"{text!r} is no region of a sensor: give COLUMNSxROWS+LEFT+TOP, e.g. 64x48+10+20")
        return region


def cropped(recording: Recording, region: Region) -> Recording:
    """The events of a region, whose upper left pixel is then (0, 0). Raises SpikeSegError: it is not on the sensor."""
    columns, rows, left, top = region
    if left + columns > recording.size[1] or top + rows > recording.size[0]:
        sensor = describe(recording.size)
        raise SpikeSegError(f"a region of {columns}x{rows}+{left}+{top} is not on a sensor of {sensor}")
    x, y = recording.events["x"].astype(np.int64) - left, recording.events["y"].astype(np.int64) - top
    kept = (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
    events = recording.events[kept]  # a copy
    events["x"], events["y"] = x[kept], y[kept]
    return replace(recording, size=(rows, columns), events=events)


def since_first(recording: Recording) -> Recording:
    """The same with times that count from the first event."""
    events = recording.events.copy()
    events["t"] -= events["t"][:1].sum()
    return replace(recording, events=events)
