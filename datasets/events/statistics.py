"""What a recording of events is like, added up packet by packet."""

from __future__ import annotations

import numpy as np

from .events import LARGEST

BIN = 1000
"""Microseconds over which the peak rate is taken."""

_BUSIEST = 0.01  # of the pixels: what hot ones are among


class Statistics:
    """Adds up packets of events; what it holds grows with the pixels that see events, not with the events.

    Attributes
    ----------
    events, on
        How many there were, and how many of them ON.
    first, last
        Their first and last time, microseconds.
    peak
        Most events in one `BIN`; the bins begin with the first event.
    """

    def __init__(self) -> None:
        self.events = self.on = self.first = self.last = self.peak = 0
        self._bin = self._in_bin = 0  # the last bin, and its events so far
        self._pixels = np.empty(0, np.int64)  # y * LARGEST + x, sorted
        self._counts = np.empty(0, np.int64)

    def add(self, packet: np.ndarray) -> None:
        """Add events, dtype `EVENT`, that are sorted and not earlier than the ones before."""
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
        """Rows and columns that the events need; (0, 0) if there are none."""
        if not self.events:
            return 0, 0
        return int(self._pixels[-1] // LARGEST) + 1, int((self._pixels % LARGEST).max()) + 1

    @property
    def per_pixel(self) -> tuple[np.ndarray, np.ndarray]:
        """Pixels with an event, as y * `LARGEST` + x, sorted, and the events of each; shape (n,) each."""
        return self._pixels, self._counts

    def busiest(self, size: tuple[int, int]) -> tuple[float, int, int]:
        """Find hot pixels.

        Returns
        -------
        share
            Of the events that the busiest hundredth of the pixels of a sensor of `size` gave.
        pixels
            How many pixels that is.
        most
            Events of the busiest pixel.
        """
        pixels = max(round(_BUSIEST * size[0] * size[1]), 1)
        counts = np.sort(self._counts)[::-1]
        return float(counts[:pixels].sum() / max(self.events, 1)), pixels, int(counts[0]) if len(counts) else 0
