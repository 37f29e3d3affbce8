"""Bytes of the formats that event cameras and their programs write: ATIS, DAT, EVT 2.0 and 3.0, AEDAT 4.

They are simpler than what a camera sends (EVT 3.0 without its vectors), and are read by any reader of the format.
"""

from __future__ import annotations

import struct

import numpy as np

from spikeseg.errors import SpikeSegError

from .formats.records import optional

Columns = dict[str, np.ndarray]
"""Columns x, y, t, p of events, shape (n,) each, sorted by time; p is positive for ON."""

_CLOCK_MARK = 1 << 13  # microseconds; see `formats.atis`
_LATEST = 1 << 32  # microseconds that ATIS and DAT count to, and that take 1 million words of EVT 3.0
_LATEST_EVT2 = 1 << 40  # microseconds
_ROW_OF_MARKS = 240
_SIDE_EVT = 1 << 11  # columns and rows
_SIDE_AEDAT4 = 1 << 15
_PER_PACKET = 10_000  # events
_AEDAT4_EVENT = np.dtype([("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("on", "u1"), ("padding", "u1", 3)])
_LZ4 = 1
# FlatBuffers up to the content of their only vector: where the table is, the identifier, the vtable (its size, that of
# the table, where its fields are; 0: default), the table (the way back to the vtable, the fields), the vector's length.
_EVENTS_TABLE = struct.Struct("<I4sHHH2xiII")  # the events
_HEADER_TABLE = struct.Struct("<I4sHHHHH2xiiII")  # the compression, the place of the table of packets, the streams
_AEDAT4_STREAMS = """<dv version="2.0"><node name="outInfo" path="/mainloop/Recorder/outInfo/">
<node name="0" path="/mainloop/Recorder/outInfo/0/"><attr key="compression" type="string">LZ4</attr>
<attr key="originalModuleName" type="string">recording</attr><attr key="originalOutputName" type="string">events</attr>
<attr key="typeDescription" type="string">Array of events (polarity ON/OFF).</attr>
<attr key="typeIdentifier" type="string">EVTS</attr>
<node name="info" path="/mainloop/Recorder/outInfo/0/info/"><attr key="sizeX" type="int">{columns}</attr>
<attr key="sizeY" type="int">{rows}</attr><attr key="source" type="string">recording</attr></node></node></node></dv>"""


def atis(columns: Columns, size: tuple[int, int], where: str) -> bytes:
    """N-MNIST and N-Caltech101, five bytes an event; marks put the clock on.

    Raises
    ------
    SpikeSegError
        An event is beyond 256 columns or 240 rows, or a time is not in the format's range. So the others, with theirs.
    """
    x, y, t, p = (columns[field].astype(np.int64) for field in "xytp")
    if x.max(initial=0) > 255 or y.max(initial=0) >= _ROW_OF_MARKS:
        raise SpikeSegError(f"{where}: this format has 256 columns and {_ROW_OF_MARKS} rows: cut it with --region")
    _check_times(t, _LATEST, where)
    # A mark puts the clock on; so many of them before each event that the rest of its time has 23 bits.
    marks = np.maximum.accumulate(np.maximum(t - (1 << 23) + _CLOCK_MARK, 0) // _CLOCK_MARK)
    new = np.diff(marks, prepend=0)
    at = np.cumsum(new + 1) - 1  # of each event among events and marks
    packed = np.zeros((len(t) + int(new.sum()), 5), np.uint8)
    packed[:, 1] = _ROW_OF_MARKS
    rest = t - marks * _CLOCK_MARK
    high = (p > 0) << 7 | rest >> 16
    packed[at] = np.stack([x, y, high, rest >> 8 & 0xFF, rest & 0xFF], axis=1)
    return packed.tobytes()


def dat(columns: Columns, size: tuple[int, int], where: str) -> bytes:
    """Prophesee DAT, version 2."""
    x, y, t, p = (columns[field].astype(np.int64) for field in "xytp")
    _check_times(t, _LATEST, where)
    header = f"% Data file containing CD events.\n% Version 2\n% Width {size[1]}\n% Height {size[0]}\n"
    packed = np.stack([t, (p > 0) << 28 | y << 14 | x], axis=1).astype("<u4").tobytes()
    return header.encode() + b"\x0c\x08" + packed


def evt2(columns: Columns, size: tuple[int, int], where: str) -> bytes:
    """Prophesee EVT 2.0: words of 32 bits, for the upper 28 of the time's 34 bits, or for an event."""
    x, y, t, p = _checked_for_evt(columns, size, _LATEST_EVT2, where)
    high, before = _clock(t >> 6, 28, 1 << 26)
    events = (p > 0) << 28 | (t & 0x3F) << 22 | x << 11 | y
    words = np.insert(events, before, 8 << 28 | high).astype("<u4")
    return _evt_header(2, size) + words.tobytes()


def evt3(columns: Columns, size: tuple[int, int], where: str) -> bytes:
    """Prophesee EVT 3.0: words of 16 bits, for the upper and lower 12 bits of the time, for a row, and for an event.

    The upper bits never leave out a number, as those of a camera: faery, evt3 and evlib lose time otherwise.
    """
    x, y, t, p = _checked_for_evt(columns, size, _LATEST, where)
    high, before = _clock(t >> 12, 12, 1)
    words = np.stack([6 << 12 | t & 0xFFF, y, 2 << 12 | (p > 0) << 11 | x], axis=1)
    needed = np.ones(words.shape, bool)
    needed[1:, 0], needed[1:, 1] = t[1:] != t[:-1], y[1:] != y[:-1]
    starts = np.cumsum(needed.sum(axis=1)) - needed.sum(axis=1)  # of each event's words
    packed = np.insert(words[needed], starts[before], 8 << 12 | high).astype("<u2")
    return _evt_header(3, size) + packed.tobytes()


def aedat4(columns: Columns, size: tuple[int, int], where: str) -> bytes:
    """AEDAT 4 with one stream of events, compressed by LZ4, and without a table of packets, which readers make anew."""
    compress = optional("lz4.frame", where).compress
    if max(size) > _SIDE_AEDAT4:
        raise SpikeSegError(f"{where}: this format has {_SIDE_AEDAT4} columns and rows: cut it with --region")
    streams = _AEDAT4_STREAMS.format(rows=size[0], columns=size[1]).encode()
    header = _flatbuffer(_HEADER_TABLE, b"IOHE", 10, 12, 4, 0, 8, 12, _LZ4, 4, len(streams), streams + bytes(4))
    events = np.zeros(len(columns["t"]), _AEDAT4_EVENT)
    events["t"], events["x"], events["y"], events["on"] = (*(columns[field] for field in "txy"), columns["p"] > 0)
    packets = []
    for start in range(0, len(events), _PER_PACKET):
        part = events[start : start + _PER_PACKET]
        packet = compress(_flatbuffer(_EVENTS_TABLE, b"EVTS", 6, 8, 4, 8, 4, len(part), part.tobytes()))
        packets.append(struct.pack("<ii", 0, len(packet)) + packet)
    return b"#!AER-DAT4.0\r\n" + header + b"".join(packets)


def _flatbuffer(table: struct.Struct, identifier: bytes, *places: int | bytes) -> bytes:
    """A FlatBuffer after its size: `places` are those of `table`, and last the vector's content."""
    *numbers, content = places
    vtable_size = int(numbers[0])
    packed = table.pack(8 + (vtable_size + 3) // 4 * 4, identifier, *numbers) + bytes(content)
    return struct.pack("<I", len(packed)) + packed


def _checked_for_evt(columns: Columns, size: tuple[int, int], latest: int, where: str) -> list[np.ndarray]:
    """x, y, t, p as int64, if the formats can hold them."""
    if max(size) > _SIDE_EVT:
        raise SpikeSegError(f"{where}: this format has {_SIDE_EVT} columns and rows: cut it with --region")
    _check_times(columns["t"], latest, where)
    return [columns[field].astype(np.int64) for field in "xytp"]


def _clock(high: np.ndarray, bits: int, step: int) -> tuple[np.ndarray, np.ndarray]:
    """Words for the upper part of the time: their contents, and before which event each comes, both of shape (m,).

    They go up from 0 by `step` at most, so that a reader counts every wrap-around of the `bits`.
    """
    rise = np.diff(high, prepend=0)
    count = -(-rise // step)
    count[:1] = np.maximum(count[:1], 1)
    before = np.repeat(np.arange(len(high)), count)
    number = np.arange(len(before)) - np.repeat(np.cumsum(count) - count, count) + 1  # from 1, of the words of an event
    content = np.minimum((high - rise)[before] + number * step, high[before])
    return content & (1 << bits) - 1, before


def _evt_header(version: int, size: tuple[int, int]) -> bytes:
    rows, columns = size
    form = f"% format EVT{version};height={rows};width={columns}\n% geometry {columns}x{rows}\n"
    return f"% evt {version}.0\n{form}% end\n".encode()


def _check_times(t: np.ndarray, latest: int, where: str) -> None:
    if len(t) and (t[0] < 0 or t[-1] >= latest):
        raise SpikeSegError(f"{where}: this format holds times from 0 to {latest:,} us: give --from-zero")
