"""AEDAT 2.0, as jAER writes it, and AEDAT 3.1, as cAER does (iniVation's documentation, "AEDAT File Formats").

Decoded with NumPy: no library on the index reads the two. Where the documentation of AEDAT 2.0 and jAER differ, jAER is
followed, which wrote the files: on a DVS128 a polarity bit of 1 is OFF, and columns count from the right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from spikeseg.errors import SpikeSegError

from .records import Decoder, Records, choose_stream, make, printable, unwrap

_LONGEST_HEADER = 1 << 22  # bytes; jAER may write all preferences into it
_LARGEST_PACKET = 1 << 26  # bytes
_SENSORS = {  # rows and columns, by what is in the camera's name
    "dvs128": (128, 128),
    "davis128": (128, 128),
    "davis208": (192, 208),
    "davis240": (180, 240),
    "davis346": (260, 346),
    "davis640": (480, 640),
}
_LINE = re.compile(rb"#[\t\r\x20-\x7e\x80-\xff]*")
_POLARITY = 1  # type of a packet of AEDAT 3.1
_PACKET = np.dtype(
    [
        ("type", "<i2"),
        ("source", "<i2"),
        ("size", "<i4"),
        ("time_offset", "<i4"),
        ("overflow", "<i4"),
        ("capacity", "<i4"),
        ("number", "<i4"),
        ("valid", "<i4"),
    ]
)
_EVENT = np.dtype([("data", "<u4"), ("t", "<i4")])


class Aedat2(Decoder):
    """AEDAT 2.0 of a DVS128 or a DAVIS: 32 bits of address and 32 of microseconds, highest byte first.

    jAER counts rows from below; here they count from above, and columns from the left, as on its screen. Frames,
    inertial samples and triggers are passed over. A time that falls by more than half of the 32 bits' period has
    wrapped around.
    """

    format = "AEDAT 2.0"

    def __init__(self, where: str):
        super().__init__(where)
        self._header: bytes | None = b""  # None once it is read
        self._records = Records([("address", ">u4"), ("t", ">u4")])
        self._t = -1  # of the last event
        self._before = 0  # microseconds, where the first time is negative

    def feed(self, data: bytes) -> Iterator[np.ndarray]:
        """Give the events that `data` completes."""
        if self._header is not None:
            self._header += data
            start = _header_end(self._header, self.where)
            if start is None:
                return
            text, data = self._header[:start].decode("latin-1"), self._header[start:]
            self._header = None
            self._choose_camera(text)
        yield self._events(self._records.whole(data))

    def _choose_camera(self, header: str) -> None:
        chip = re.search(r"AEChip:\s*(\S+)", header)
        name = chip[1].rpartition(".")[2] if chip else "DVS128"  # jAER has named the camera since 2014
        self.size = next((size for part, size in _SENSORS.items() if part in name.lower()), None)
        if self.size is None:
            raise SpikeSegError(f"{self.where} is of a camera {printable(name)}, which cannot be read in AEDAT 2.0")
        self._davis, self._named = "davis" in name.lower(), chip is not None
        self.format = f"AEDAT 2.0, {name if chip else 'DVS128 (no camera is named)'}"

    def _events(self, records: np.ndarray) -> np.ndarray:
        address, t = records["address"].astype(np.int64), records["t"].astype(np.int64)
        if not self._named and (address >> 16).any():
            raise SpikeSegError(f"{self.where} names no camera (AEChip), and its addresses are not those of a DVS128")
        if len(t):
            self._before = 1 << 32 if self._t < 0 and t[0] >= 1 << 31 else self._before
            t = unwrap(t, self._t, 32)
            self._t = int(t[-1])
        if self._davis:
            events = (address >> 31 == 0) & (address >> 10 & 1 == 0)
            x, y, on = address >> 12 & 0x3FF, address >> 22 & 0x1FF, address >> 11 & 1
        else:
            events = address >> 15 == 0
            x, y, on = address >> 1 & 0x7F, address >> 8 & 0x7F, 1 - (address & 1)
        assert self.size is not None
        rows, columns = self.size
        x, y = (np.where(side >= n, 0xFFFF, n - 1 - side) for side, n in ((x, columns), (y, rows)))  # or off the sensor
        return make(x[events], y[events], t[events] - self._before, on[events])

    def finish(self) -> Iterator[np.ndarray]:
        """Nothing waits but an incomplete event or header."""
        self.leftover = self._records.leftover if self._header is None else "a part of a header"
        yield from ()


class Aedat3(Decoder):
    """The polarity events of AEDAT 3.1 of one camera; invalid events and packets of another type are passed over."""

    format = "AEDAT 3.1"

    def __init__(self, where: str, stream: str | None = None):
        super().__init__(where)
        self._wanted = stream
        self._data = bytearray()
        self._source: int | None = None  # that is read; None for any
        self._begun = False  # the header is read
        self._skip = 0  # bytes left of a packet that is passed over

    def feed(self, data: bytes) -> Iterator[np.ndarray]:
        """Give the events that `data` completes, packet by packet."""
        self._data += data
        if not self._begun and not self._read_header():
            return
        while (packet := self._packet()) is not None:
            yield packet

    def finish(self) -> Iterator[np.ndarray]:
        """Nothing waits but an incomplete packet or header."""
        if not self._begun:
            self.leftover = "a part of a header"
        elif self._data or self._skip:
            self.leftover = "a part of a packet"
        yield from ()

    def _read_header(self) -> bool:
        if not self._data.startswith(b"#!AER-DAT3.1"[: len(self._data)]):
            raise SpikeSegError(f"{self.where} is no AEDAT 3.1 file")
        end = re.search(rb"#!END-HEADER\r?\n", self._data)
        if end is None:
            if len(self._data) > _LONGEST_HEADER:
                raise SpikeSegError(f"{self.where} has too long a header: it is damaged")
            return False
        header = self._data[: end.start()].decode("latin-1")
        del self._data[: end.end()]
        stored = re.search(r"#Format:\s*([^\r\n]*)", header)
        if stored and stored[1].strip() != "RAW":
            raise SpikeSegError(f"{self.where} is stored as {printable(stored[1])}: only RAW can be read")
        sources = {
            number: printable(name.strip()) for number, name in re.findall(r"#Source (\d{1,5}):([^\r\n]*)", header)
        }
        name = ""
        if sources:
            number = choose_stream(sources, self._wanted, self.where)
            name, self._source = sources[number], int(number) if len(sources) > 1 else None
        self.size = next((size for part, size in _SENSORS.items() if part in name.lower()), None)
        self.format = f"AEDAT 3.1, {name}" if name else "AEDAT 3.1"
        self._begun = True
        return True

    def _packet(self) -> np.ndarray | None:
        """Give the events of the next packet if it is complete."""
        while True:
            skipped = min(self._skip, len(self._data))
            del self._data[:skipped]
            self._skip -= skipped
            if self._skip or len(self._data) < _PACKET.itemsize:
                return None
            head = np.frombuffer(bytes(self._data[: _PACKET.itemsize]), _PACKET)[0]
            kind, source, size, offset, overflow, capacity, number, _ = head.tolist()
            length = size * capacity
            if not 0 <= number <= capacity or size <= 0 or overflow < 0 or length > _LARGEST_PACKET:
                raise SpikeSegError(
                    f"{self.where} is damaged: a packet of {number} of {capacity} events of {size} bytes"
                )
            if kind != _POLARITY or self._source not in (None, source):
                self._skip = _PACKET.itemsize + length
                continue
            if (size, offset) != (_EVENT.itemsize, 4):
                raise SpikeSegError(f"{self.where} is damaged: polarity events of {size} bytes, the time at {offset}")
            if len(self._data) < _PACKET.itemsize + length:
                return None
            events = np.frombuffer(bytes(self._data[_PACKET.itemsize :][:length]), _EVENT, number)
            del self._data[: _PACKET.itemsize + length]
            return _polarity_events(events[events["data"] & 1 > 0], overflow)


def _polarity_events(events: np.ndarray, overflow: int) -> np.ndarray:
    """Events of AEDAT 3.1: 15 bits of column, 15 of row from above, the polarity, and whether it is valid."""
    data, t = events["data"], events["t"].astype(np.int64) + (overflow << 31)
    return make(data >> 17 & 0x7FFF, data >> 2 & 0x7FFF, t, data >> 1 & 1)


def _header_end(data: bytes, where: str) -> int | None:
    """Where the lines of a header of AEDAT 2.0 end; None while that is not to be seen."""
    if not data.startswith(b"#!AER-DAT2.0"[: len(data)]):
        raise SpikeSegError(f"{where} is no AEDAT 2.0 file")
    start = 0
    while data.startswith(b"#", start):
        if start > _LONGEST_HEADER:
            raise SpikeSegError(f"{where} has too long a header: it is damaged")
        match = _LINE.match(data, start)
        assert match is not None
        if match.end() == len(data):
            return None
        if data[match.end() : match.end() + 1] != b"\n":
            break  # an event whose first byte is that of #
        start = match.end() + 1
        if b"#End Of ASCII Header" in match[0]:
            return start
    return start if start < len(data) else None
