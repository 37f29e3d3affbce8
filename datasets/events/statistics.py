"""Statistics of a recording of events, added up packet by packet."""

from __future__ import annotations

import numpy as np

from .events import LARGEST

BIN = 1000
"""Microseconds over which events are counted for the peak rate."""

_BUSIEST = 0.01  # fraction of the pixels that are looked at for hot ones


class Statistics:
    """Adds up packets of events; its memory grows with the number of pixels that see events, not with that of events.

    Attributes
    ----------
    events, on
        Number of events, and of ON events.
    first, last
        Times of the first and the last event, microseconds.
    peak
        Most events in one `BIN`; the first bin begins with the first event.
    """

    def __init__(self) -> None:
        self.events = self.on = self.first = self.last = self.peak = 0
        self._bin = self._in_bin = 0  # the last bin, and the number of its events so far
        self._pixels = np.empty(0, np.int64)  # y * LARGEST + x, sorted
        self._counts = np.empty(0, np.int64)

    def add(self, packet: np.ndarray) -> None:
        """Add events, dtype `EVENT`, that are sorted by time and not earlier than those added before."""
        if not len(packet):
            return
        if not self.events:
            self.first = int(packet["t"][0])
        self.events += len(packet)
        self.on += int(np.count_nonzero(packet["p"] > 0))
        self.last = int(packet["t"][-1])
        self._add_times(packet["t"])
        self._add_pixels(packet["y"].astype(np.int64) * LARGEST + packet["x"])

    def _add_times(self, t: np.ndarray) -> None:
        bins, counts = np.unique((t - self.first) // BIN, return_counts=True)
        if bins[0] == self._bin:
            counts[0] += self._in_bin
        self._bin, self._in_bin = int(bins[-1]), int(counts[-1])
        self.peak = max(self.peak, int(counts.max()))

    def _add_pixels(self, keys: np.ndarray) -> None:
        keys, counts = np.unique(keys, return_counts=True)
        self._pixels, place = np.unique(np.concatenate((self._pixels, keys)), return_inverse=True)
        weights = np.concatenate((self._counts, counts))
        self._counts = np.bincount(place, weights).astype(np.int64)

    @property
    def duration(self) -> int:
        """Microseconds from the first event to the last."""
        return self.last - self.first

    @property
    def extent(self) -> tuple[int, int]:
        """Rows and columns of the smallest sensor that has all events; (0, 0) without events."""
        if not self.events:
            return 0, 0
        return int(self._pixels[-1] // LARGEST) + 1, int((self._pixels % LARGEST).max()) + 1

    @property
    def per_pixel(self) -> tuple[np.ndarray, np.ndarray]:
        """Pixels with an event, as y * `LARGEST` + x, sorted, and the events of each; shape (n,) each."""
        return self._pixels, self._counts

    def busiest(self, size: tuple[int, int]) -> tuple[float, int, int]:
        """Measure hot pixels on a sensor of `size` (rows, columns).

        Returns
        -------
        share
            Fraction of the events that come from the busiest hundredth of the pixels.
        pixels
            Number of pixels in that hundredth.
        most
            Number of events of the busiest pixel.
        """
        pixels = max(round(_BUSIEST * size[0] * size[1]), 1)
        counts = np.sort(self._counts)[::-1]
        return float(counts[:pixels].sum() / max(self.events, 1)), pixels, int(counts[0]) if len(counts) else 0
