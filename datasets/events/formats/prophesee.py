"""Prophesee's files: EVT 2.0, 2.1 and 3.0 raw, and DAT, each with a header of ``% keyword value`` lines.

Decoded with NumPy: the libraries on the index read whole files only, and take damaged ones for good; the tests compare
with one of them. The formats: Prophesee's documentation ("Data Encoding Formats", "File Formats"), and for what it
leaves open (wrap-around, words before the first time) the decoders of OpenEB.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator

import numpy as np

from spikeseg.errors import SpikeSegError

from ..events import LARGEST
from .records import Decoder, Records, geometry, hold, make, printable, unwrap

_LONGEST_HEADER = 1 << 16  # bytes
_SENSORS = (  # in a sensor's or plugin's name, rows, columns
    (r"genx320", (320, 320)),
    (r"gen3", (480, 640)),
    (r"gen4|imx636|imx646", (720, 1280)),
)
_BITS = (1 << np.arange(12)).astype(np.uint16)  # of a vector, from left to right
_BITS32 = (1 << np.arange(32)).astype(np.uint32)
_EVENT_TYPES = (0x00, 0x0C)  # of a DAT file: Event2D, EventCD


class _Headed(Decoder):
    """A header of text, then records."""

    def __init__(self, where: str):
        super().__init__(where)
        self._header: bytes | None = b""  # None once it is read

    def feed(self, data: bytes) -> Iterator[np.ndarray]:
        """Give the events that `data` completes."""
        if self._header is not None:
            self._header += data
            fields, start = read_header(self._header) or (None, len(self._header))
            if start > _LONGEST_HEADER:
                raise SpikeSegError(f"{self.where} has too long a header: it is damaged, or of another format")
            if fields is None:
                return
            self.size = _sensor(fields, self.where)
            begun = self.begin(fields, self._header[start:])
            if begun is None:
                return
            self._header, data = None, begun
        yield self.decode(data)

    def finish(self) -> Iterator[np.ndarray]:
        """Nothing waits but an incomplete event or header."""
        self.leftover = self.rest() if self._header is None else "a part of a header"
        yield from ()

    @abstractmethod
    def begin(self, fields: dict[str, str], data: bytes) -> bytes | None:
        """Prepare for what the header announces; give the first bytes of the records, or None if it takes more."""

    @abstractmethod
    def decode(self, data: bytes) -> np.ndarray:
        """Events of bytes after the header."""

    @abstractmethod
    def rest(self) -> str:
        """The bytes after the last record, for a person."""


class Raw(_Headed):
    """EVT 2.0, 2.1 or 3.0: what the header says, or what the caller says where there is none."""

    format = "Prophesee raw"

    def __init__(self, where: str, encoding: str | None = None):
        super().__init__(where)
        self._encoding = encoding

    def begin(self, fields: dict[str, str], data: bytes) -> bytes:
        """Choose the encoding."""
        named = fields.get("format", "").partition(";")[0].upper()
        version = fields.get("evt", "")
        named = named or {"2.0": "EVT2", "2.1": "EVT21", "3.0": "EVT3"}.get(version, version)
        encoding = named or self._encoding
        if encoding not in _WORDS or self._encoding not in (None, encoding):
            wanted = self._encoding or "EVT2, EVT21 or EVT3"
            raise SpikeSegError(
                f"{self.where} is encoded as {printable(encoding or 'its header does not say')}, not as {wanted}"
            )
        order = _options(fields).get("endianness", fields.get("endianness", "little"))
        if order != "little" and (encoding, order) != ("EVT21", "legacy"):
            raise SpikeSegError(f"{self.where} is big-endian: convert it with Prophesee's tools")
        self.format = f"Prophesee {encoding} raw"
        self._words = Evt21(swapped=order == "legacy") if encoding == "EVT21" else _WORDS[encoding]()
        self._records = Records(self._words.word)
        return data

    def decode(self, data: bytes) -> np.ndarray:
        """Events of bytes after the header."""
        return self._words.events(self._records.whole(data))

    def rest(self) -> str:
        """The bytes after the last word."""
        return self._records.leftover


class Evt2:
    """EVT 2.0: words of 32 bits, the upper 28 of 34 bits of time in words of their own.

    Events before the first word of time have none, and are left out. A time that falls by more than half of the
    34 bits' period has wrapped around.
    """

    word = "<u4"

    def __init__(self):
        self._high = -1  # no word of time yet

    def events(self, words: np.ndarray) -> np.ndarray:
        """Events of words, shape (n,)."""
        kind = words >> 28
        sets = kind == 8
        high = hold(self._high, unwrap((words[sets] & 0xFFFFFFF).astype(np.int64), self._high, 28), sets)
        self._high = int(high[-1]) if len(high) else self._high
        changes = (kind < 2) & (high >= 0)
        words, kind, high = words[changes], kind[changes], high[changes]
        return make(words >> 11 & 0x7FF, words & 0x7FF, high << 6 | words >> 22 & 0x3F, kind)


class Evt21:
    """EVT 2.1: as EVT 2.0, but words of 64 bits, and the lower half of an event says which of 32 pixels it is of.

    The sensors of one generation send the upper half of a word first, which headers call ``endianness=legacy``:
    `swapped`.
    """

    word = "<u8"

    def __init__(self, swapped: bool = False):
        self._high = -1  # no word of time yet
        self._swapped = swapped

    def events(self, words: np.ndarray) -> np.ndarray:
        """Events of words, shape (n,)."""
        upper, mask = words >> np.uint64(32), words & np.uint64(0xFFFFFFFF)
        if self._swapped:
            upper, mask = mask, upper
        upper = upper.astype(np.int64)
        kind = upper >> 28
        sets = kind == 8
        high = hold(self._high, unwrap(upper[sets] & 0xFFFFFFF, self._high, 28), sets)
        self._high = int(high[-1]) if len(high) else self._high
        changes = (kind < 2) & (high >= 0)
        upper, mask, kind, high = upper[changes], mask[changes].astype(np.uint32), kind[changes], high[changes]
        at, bit = np.nonzero(mask[:, None] & _BITS32)
        x = (upper >> 11 & 0x7FF)[at] + bit
        return make(x, (upper & 0x7FF)[at], (high << 6 | upper >> 22 & 0x3F)[at], kind[at])


class Evt3:
    """EVT 3.0: words of 16 bits that set the row, time, or start of a vector, or are events relative to those.

    Events before the first word of time or row have none, and are left out. A time that falls by more than half of
    the 24 bits' period has wrapped around.
    """

    word = "<u2"

    def __init__(self):
        self._high = self._y = self._on = -1  # not set yet
        self._low = self._start = 0

    def events(self, words: np.ndarray) -> np.ndarray:
        """Events of words, shape (n,)."""
        if not len(words):
            return make(*[words] * 4)
        kind, content = words >> 12, (words & 0xFFF).astype(np.int64)
        t = self._time(kind, content)
        rows = kind <= 1  # kind 1 is the row of events that are no change of contrast
        y = hold(self._y, np.where(kind == 0, content & 0x7FF, -1)[rows], rows)
        starts = kind == 3
        on = hold(self._on, content[starts] >> 11, starts)
        ahead = 12 * np.cumsum(kind == 4) + 8 * np.cumsum(kind == 5)  # a vector moves its start on
        run = np.concatenate(([0], ahead[:-1]))
        start = hold(self._start, (content & 0x7FF)[starts] - run[starts], starts)
        self._y, self._on, self._start = int(y[-1]), int(on[-1]), int(start[-1] + ahead[-1])

        vector = (kind == 4) | (kind == 5)
        known = (t >= 0) & (y >= 0)
        vectors = np.flatnonzero(vector & known & (on >= 0))
        bits = np.where(kind[vectors] == 4, words[vectors], words[vectors] & 0xFF)
        which, bit = np.nonzero(bits[:, None] & _BITS)
        counts = (known & (kind == 2)).astype(np.int8)
        counts[vectors] = np.bincount(which, minlength=len(vectors))
        at = np.repeat(np.arange(len(words)), counts)
        vector, content = vector[at], content[at]
        x, polarity = content & 0x7FF, content >> 11
        x[vector] = np.minimum((start + run)[at[vector]] + bit, LARGEST)  # a wider one would not fit the field
        polarity[vector] = on[at[vector]]
        return make(x, y[at], t[at], polarity)

    def _time(self, kind: np.ndarray, content: np.ndarray) -> np.ndarray:
        """Microseconds at every word; negative where no time is set yet. A new upper half sets the lower to 0."""
        sets = kind == 8
        high = hold(self._high, unwrap(content[sets], self._high, 12), sets)
        restarts = high != np.concatenate(([self._high], high[:-1]))
        sets = restarts | (kind == 6)
        low = hold(self._low, np.where(restarts, 0, content)[sets], sets)
        self._high, self._low = int(high[-1]), int(low[-1])
        return high << 12 | low


_WORDS = {"EVT2": Evt2, "EVT21": Evt21, "EVT3": Evt3}


class Dat(_Headed):
    """DAT, version 2: 32 bits of microseconds, which wrap around; then 14 of column, 14 of row, 1 of polarity.

    A file without a header has nothing but events, as Prophesee's own toolbox for the automotive datasets reads it.
    """

    format = "Prophesee DAT"

    def __init__(self, where: str):
        super().__init__(where)
        self._records = Records([("t", "<u4"), ("xyp", "<u4")])
        self._t = -1  # of the last event

    def begin(self, fields: dict[str, str], data: bytes) -> bytes | None:
        """Check what the header says, and the two bytes after it: the events' type and size."""
        if not fields:
            self.format = f"{self.format} without a header"
            return data
        if fields.get("version") != "2":
            raise SpikeSegError(f"{self.where} is no DAT file of version 2, the only one that can be read")
        if len(data) < 2:
            return None
        if data[0] not in _EVENT_TYPES or data[1] != 8:
            raise SpikeSegError(f"{self.where} holds events of type {data[0]}, {data[1]} bytes each, not of contrast")
        return data[2:]

    def decode(self, data: bytes) -> np.ndarray:
        """Events of bytes after the header."""
        records = self._records.whole(data)
        if (records["xyp"] >> 29).any():
            raise SpikeSegError(f"{self.where} is no DAT file, or damaged: an event has bits that none has")
        packed, t = records["xyp"], unwrap(records["t"].astype(np.int64), self._t, 32)
        self._t = int(t[-1]) if len(t) else self._t
        return make(packed & 0x3FFF, packed >> 14 & 0x3FFF, t, packed >> 28 & 1)

    def rest(self) -> str:
        """The bytes after the last event."""
        return self._records.leftover


def read_header(data: bytes) -> tuple[dict[str, str], int] | None:
    """The fields of a header, keywords in lower case, and where it ends; None while its end is not there."""
    fields, start = {}, 0
    while data.startswith((b"% ", b"%\n"), start):
        end = data.find(b"\n", start)
        if end < 0:
            return None
        keyword, _, value = data[start + 1 : end].decode("latin-1").strip().partition(" ")
        start = end + 1
        if keyword == "end":
            return fields, start
        fields[keyword.lower()] = value.strip()
    return None if data[start:] in (b"", b"%") else (fields, start)


def _options(fields: dict[str, str]) -> dict[str, str]:
    """What follows the name of the format: ``EVT3;height=720;width=1280``."""
    return {key: value for key, _, value in (text.partition("=") for text in fields.get("format", "").split(";"))}


def _sensor(fields: dict[str, str], where: str) -> tuple[int, int] | None:
    """Rows and columns out of a header: its geometry, or that of the sensor it names."""
    width, height = ({**_options(fields), **fields}.get(side, "") for side in ("width", "height"))
    named = fields.get("geometry") or (f"{width}x{height}" if width or height else "")
    if named:
        return geometry(named, where)
    generation = fields.get("sensor_generation", fields.get("generation", ""))
    names = f"{fields.get('sensor_name', '')} gen{generation} {fields.get('plugin_name', '')}".lower()
    return next((size for pattern, size in _SENSORS if re.search(pattern, names)), None)
