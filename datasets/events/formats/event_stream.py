"""Event Stream, version 2: DVS and ATIS events (github.com/neuromorphic-paris/event_stream, README).

Decoded with NumPy: the libraries on the index read whole files only. The specification leaves open where rows begin;
the authors' tools count them from below, so that they are turned over here.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spikeseg.errors import SpikeSegError

from ..events import LARGEST
from .records import Decoder, make

_MAGIC = b"Event Stream"
_HEADER = 20  # bytes, with the sensor's size
_TYPES = ("generic events", "DVS events", "ATIS events", "display events", "color events")
_BYTES = 5  # of an event


class EventStreamFile(Decoder):
    """Events with the time since the one before, and bytes that make it longer; threshold crossings are passed over."""

    format = "Event Stream"

    def __init__(self, where: str):
        super().__init__(where)
        self._rest = b""
        self._atis: bool | None = None  # None until the header is read
        self._t = 0

    def feed(self, data: bytes) -> Iterator[np.ndarray]:
        """Give the events that `data` completes."""
        self._rest += data
        if self._atis is None:
            if len(self._rest) < _HEADER:
                return
            self._read_header()
        yield self._events()

    def finish(self) -> Iterator[np.ndarray]:
        """Nothing waits but an incomplete event or header."""
        if self._atis is None:
            self.leftover = "a part of a header"
        elif self._rest:
            self.leftover = f"{len(self._rest)} of the {_BYTES} bytes of an event"
        yield from ()

    def _read_header(self) -> None:
        header, self._rest = self._rest[:_HEADER], self._rest[_HEADER:]
        if not header.startswith(_MAGIC):
            raise SpikeSegError(f"{self.where} is no Event Stream file")
        major, minor, patch, kind = header[12:16]
        if major != 2:
            raise SpikeSegError(
                f"{self.where} is of version {major}.{minor}.{patch} of Event Stream: only 2 can be read"
            )
        named = _TYPES[kind] if kind < len(_TYPES) else f"type {kind}"
        if named not in ("DVS events", "ATIS events"):
            raise SpikeSegError(f"{self.where} holds {named}, not of contrast: only DVS and ATIS events can be read")
        width, height = (int.from_bytes(header[place : place + 2], "little") for place in (16, 18))
        if not (0 < width <= LARGEST and 0 < height <= LARGEST):
            raise SpikeSegError(f"{self.where} is damaged: it names a sensor of {width} x {height}")
        self.size, self._atis = (height, width), named == "ATIS events"
        self.format = f"Event Stream {major}.{minor}.{patch}, {named}"

    def _events(self) -> np.ndarray:
        data = np.frombuffer(self._rest, np.uint8)
        alone = data >= (0xFC if self._atis else 0xFE)  # bytes of time, or of nothing
        starts = _starts(np.where(alone, 1, _BYTES))
        ends = starts + np.where(alone[starts], 1, _BYTES)
        starts = starts[ends <= len(data)]
        done = int(ends[len(starts) - 1]) if len(starts) else 0
        first, events = data[starts].astype(np.int64), ~alone[starts]
        if self._atis:
            step = np.where(events, first >> 2, 63 * (first & 3))
            on, kept = first >> 1 & 1, events & (first & 1 == 0)
        else:
            step = np.where(events, first >> 1, 127 * (first & 1))
            on, kept = first & 1, events
        t = self._t + np.cumsum(step)
        self._t = int(t[-1]) if len(t) else self._t
        at = starts[kept]
        x, y = (data[at + n].astype(np.int64) | data[at + n + 1].astype(np.int64) << 8 for n in (1, 3))
        self._rest = self._rest[done:]
        assert self.size is not None
        return make(x, np.where(y < self.size[0], self.size[0] - 1 - y, 0xFFFF), t[kept], on[kept])


def _starts(lengths: np.ndarray) -> np.ndarray:
    """Where things begin that follow each other from place 0 on, and whose lengths are known at every place, (n,)."""
    n = len(lengths)
    after = np.append(np.minimum(np.arange(n) + lengths, n), n)  # where the next one begins; then the 2nd, the 4th, ...
    starts = np.zeros(1, np.int64)
    while starts[-1] < n:
        starts = np.concatenate((starts, after[starts]))
        after = after[after]
    return starts[starts < n]
