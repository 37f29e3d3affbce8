"""N-MNIST and N-Caltech101: 5 bytes an event, without a header (Orchard et al. 2015).

Decoded with NumPy: the libraries that read it (Tonic) take whole files only.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .records import Decoder, Records, make

_OVERFLOW_ROW = 240  # below the ATIS's last row: no event but a mark
_OVERFLOW = 1 << 13  # microseconds by which a mark puts the clock on


class Atis(Decoder):
    """x, y, then bit 23 polarity and 23 bits of microseconds, highest byte first.

    A mark in row 240 puts the clock on for everything after it, as in the dataset's own reader
    (``Read_Ndataset.m``).
    """

    format = "N-MNIST/N-Caltech101 bin"

    def __init__(self, where: str):
        super().__init__(where)
        self._records = Records((np.uint8, 5))
        self._clock = 0

    def feed(self, data: bytes) -> Iterator[np.ndarray]:
        """Give the events that `data` completes."""
        x, y, high, middle, low = self._records.whole(data).astype(np.int64).T
        marks = y == _OVERFLOW_ROW
        clock = self._clock + np.cumsum(marks) * _OVERFLOW
        t = ((high & 0x7F) << 16 | middle << 8 | low) + clock
        self._clock = int(clock[-1]) if len(clock) else self._clock
        yield make(x, y, t, high >> 7)[~marks]

    def finish(self) -> Iterator[np.ndarray]:
        """Nothing waits but an incomplete event."""
        self.leftover = self._records.leftover
        yield from ()
