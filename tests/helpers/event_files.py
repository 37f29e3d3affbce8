"""Encoders and slow decoders of event files, written from the formats' descriptions and not from the readers."""

from __future__ import annotations

import io
import struct
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import NamedTuple

import numpy as np

from spikeseg.datasets.events.events import EVENT

SIZE = (48, 64)
"""Rows and columns of the sensor in all files that are encoded here."""


class Event(NamedTuple):
    x: int
    y: int
    t: int
    p: int


def as_array(events) -> np.ndarray:
    return np.array([tuple(event) for event in events], EVENT)


def as_events(packets) -> list[Event]:
    return [Event(*event) for packet in packets for event in packet.tolist()]


class Trickle(io.RawIOBase):
    """A stream that gives its bytes in pieces of the sizes given, over and over."""

    name = "trickle"

    def __init__(self, data: bytes, sizes=(1,)):
        self._data, self._sizes, self._turn = data, sizes, 0

    def read1(self, size: int) -> bytes:
        size = min(size, self._sizes[self._turn % len(self._sizes)])
        self._turn += 1
        piece, self._data = self._data[:size], self._data[size:]
        return piece


# ---- Encoders ------------------------------------------------------------------------------------------------------


def atis(events) -> bytes:
    data, clock = b"", 0
    for x, y, t, p in events:
        while t - clock >= 1 << 23:
            data += bytes([0, 240, 0, 0, 0])
            clock += 1 << 13
        data += bytes([x, y]) + ((p > 0) << 23 | t - clock).to_bytes(3, "big")
    return data


RAW_HEADER = "% date 2026-01-01 00:00:00\n% evt {}.0\n% geometry 64x48\n% end\n"


def evt2(events, header: str = RAW_HEADER.format(2)) -> bytes:
    words, high = [0xA0000000], None  # a trigger before everything
    for x, y, t, p in events:
        high = _time_words(words, high, t >> 6, 28, 8 << 28)
        words.append((p > 0) << 28 | (t & 63) << 22 | x << 11 | y)
    return header.encode() + struct.pack(f"<{len(words)}I", *words)


def evt3(events, header: str = RAW_HEADER.format(3), vectors: bool = True) -> bytes:
    words, high, low, row, at = [0xA000], None, None, None, 0
    while at < len(events):
        x, y, t, p = events[at]
        if t >> 12 != high:
            high, low = _time_words(words, high, t >> 12, 12, 8 << 12), None
        if t & 0xFFF != low:
            low = t & 0xFFF
            words.append(6 << 12 | low)
        if y != row:
            row = y
            words.append(y)
        run = _run(events, at) if vectors else 1
        if run == 1:
            words.append(2 << 12 | (p > 0) << 11 | x)
        else:
            words.append(3 << 12 | (p > 0) << 11 | x)
            words += _vector_words([event.x - x for event in events[at : at + run]])
        at += run
    return header.encode() + struct.pack(f"<{len(words)}H", *words)


def evt21(events, header: str = RAW_HEADER.format("2").replace("2.0", "2.1"), swapped: bool = False) -> bytes:
    """Events of one row, time and polarity that follow each other share a word."""
    words, high, at = [0xA << 60], None, 0
    while at < len(events):
        x, y, t, p = events[at]
        times: list[int] = []
        high = _time_words(times, high, t >> 6, 28, 8 << 28)
        words += [word << 32 for word in times]
        run = _run(events, at)
        mask = sum(1 << event.x - x for event in events[at : at + run])
        words.append(((p > 0) << 28 | (t & 63) << 22 | x << 11 | y) << 32 | mask)
        at += run
    if swapped:
        words = [word >> 32 | (word & 0xFFFFFFFF) << 32 for word in words]
    return header.encode() + struct.pack(f"<{len(words)}Q", *words)


def _time_words(words: list[int], before: int | None, now: int, bits: int, kind: int) -> int:
    """The upper half of the time, often enough that no wrap-around is missed, as a camera sends it."""
    high = 0 if before is None else before
    while True:
        high = min(high + (1 << bits - 2), now)
        words.append(kind | high & (1 << bits) - 1)
        if high == now:
            return now


def _run(events, at: int) -> int:
    """How many events from here on fit the vectors after one start."""
    run = 1
    while at + run < len(events):
        before, event = events[at + run - 1], events[at + run]
        if event[1:] != before[1:] or not before.x < event.x < events[at].x + 32:
            break
        run += 1
    return run


def _vector_words(offsets: list[int]) -> list[int]:
    mask = sum(1 << offset for offset in offsets)
    words = [4 << 12 | mask & 0xFFF, 4 << 12 | mask >> 12 & 0xFFF, 5 << 12 | mask >> 24]
    return words if mask >> 12 else words[:1]


def dat(events, header: str = "% Data file containing CD events.\n% Version 2\n% Width 64\n% Height 48\n") -> bytes:
    packed = (struct.pack("<II", t, (p > 0) << 28 | y << 14 | x) for x, y, t, p in events)
    return header.encode() + b"\x0c\x08" + b"".join(packed)


AEDAT2 = "#!AER-DAT2.0\r\n# This is a raw AE data file - do not edit\r\n# AEChip: {}\r\n"
DVS128 = "ch.unizh.ini.jaer.chip.retina.DVS128"
DAVIS240 = "eu.seebetter.ini.chips.davis.DAVIS240C"


def aedat2(events, header: str = AEDAT2.format(DVS128)) -> bytes:
    """Of a DVS128, whose columns jAER mirrors and whose rows it counts upwards."""
    data = struct.pack(">II", 1 << 15, events[0].t % (1 << 32) if events else 0)  # a trigger
    for x, y, t, p in events:
        data += struct.pack(">II", (127 - y) << 8 | (127 - x) << 1 | (p < 0), t % (1 << 32))
    return header.encode() + data


def aedat2_davis(events, header: str = AEDAT2.format(DAVIS240)) -> bytes:
    """Of a DAVIS240, with a sample of a frame and a trigger before everything."""
    data = struct.pack(">IIII", 1 << 31 | 5 << 12, 0, 1 << 10, 0)
    for x, y, t, p in events:
        data += struct.pack(">II", (179 - y) << 22 | (239 - x) << 12 | (p > 0) << 11, t % (1 << 32))
    return header.encode() + data


AEDAT3 = "#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DVS128\r\n#Start-Time: 2026-01-01 00:00:00\r\n#!END-HEADER\r\n"


def aedat3(events, header: str = AEDAT3, source: int = 1, per_packet: int = 7) -> bytes:
    """Packets of polarity events, each after one of frames; the last event of a packet is an invalid one."""
    data = b""
    for start in range(0, len(events), per_packet):
        part = events[start : start + per_packet]
        while part:
            overflow = part[0].t >> 31
            here = [event for event in part if event.t >> 31 == overflow]
            part = part[len(here) :]
            packed = [(e.x << 17 | e.y << 2 | (e.p > 0) << 1 | 1, e.t & 0x7FFFFFFF) for e in here]
            packed.append((0xFFFFFFFE, 0))
            data += struct.pack("<hhiiiiii", 2, source, 16, 4, 0, 1, 1, 1) + bytes(16)
            data += struct.pack("<hhiiiiii", 1, source, 8, 4, overflow, len(packed), len(packed), len(here))
            data += b"".join(struct.pack("<Ii", *event) for event in packed)
    return header.encode() + data


def es(events, atis: bool = False, size: tuple[int, int] = SIZE) -> bytes:
    """Event Stream 2.0: times as steps, rows from below; with a reset, and in ATIS's events a threshold crossing."""
    longest, step_bits = (63, 2) if atis else (127, 1)
    data = b"Event Stream" + bytes([2, 0, 0, 2 if atis else 1]) + struct.pack("<HH", size[1], size[0])
    data += bytes([0xFC if atis else 0xFE])
    if atis:
        data += bytes([1, 3, 0, 3, 0])
    before = 0
    for x, y, t, p in events:
        many, rest = divmod(t - before, longest)
        data += _overflows(many, atis)
        data += bytes([rest << step_bits | (p > 0) << atis]) + struct.pack("<HH", x, size[0] - 1 - y)
        before = t
    return data


def _overflows(many: int, atis: bool) -> bytes:
    if not atis:
        return bytes([0xFF]) * many
    return bytes([0xFF]) * (many // 3) + (bytes([0xFC | many % 3]) if many % 3 else b"")


XML = """<dv version="2.0"><node name="outInfo" path="/mainloop/Recorder/outInfo/">
<node name="1" path="/mainloop/Recorder/outInfo/1/"><attr key="typeIdentifier" type="string">FRME</attr></node>
<node name="0" path="/mainloop/Recorder/outInfo/0/"><attr key="typeIdentifier" type="string">EVTS</attr>
<node name="info" path="/mainloop/Recorder/outInfo/0/info/">
<attr key="sizeX" type="int">64</attr><attr key="sizeY" type="int">48</attr></node></node></node></dv>"""


def aedat4(events, compression: int = 1, table: bool = True, per_packet: int = 7, xml: str = XML) -> bytes:
    """AEDAT 4 with packets of frames between those of events; with a table of packets that says nothing."""
    packets = b""
    for start in range(0, len(events), per_packet):
        for stream, content in ((0, event_packet(events[start : start + per_packet])), (1, bytes(range(50)))):
            content = compress(content, compression)
            packets += struct.pack("<ii", stream, len(content)) + content
    length = len(_io_header(compression, 1, xml))  # every position but -1, which is left out, takes as many bytes
    position = 14 + length + len(packets) if table else -1
    header = _io_header(compression, position, xml)
    return b"#!AER-DAT4.0\r\n" + header + packets + (b"table of packets" if table else b"")


def event_packet(events) -> bytes:
    import flatbuffers

    builder = flatbuffers.Builder(64)
    builder.StartVector(16, len(events), 8)
    for x, y, t, p in reversed(events):
        builder.Prep(8, 16)
        builder.Pad(3)
        builder.PrependBool(p > 0)
        builder.PrependInt16(y)
        builder.PrependInt16(x)
        builder.PrependInt64(t)
    elements = builder.EndVector()
    builder.StartObject(1)
    builder.PrependUOffsetTRelativeSlot(0, elements, 0)
    builder.FinishSizePrefixed(builder.EndObject(), b"EVTS")
    return bytes(builder.Output())


def _io_header(compression: int, position: int, xml: str) -> bytes:
    import flatbuffers

    builder = flatbuffers.Builder(64)
    text = builder.CreateString(xml)
    builder.StartObject(3)
    builder.PrependInt32Slot(0, compression, 0)
    builder.PrependInt64Slot(1, position, -1)
    builder.PrependUOffsetTRelativeSlot(2, text, 0)
    builder.FinishSizePrefixed(builder.EndObject(), b"IOHE")
    return bytes(builder.Output())


def compress(data: bytes, compression: int) -> bytes:
    if compression in (1, 2):
        import lz4.frame

        return lz4.frame.compress(data)
    if compression in (3, 4):
        import zstandard

        return zstandard.ZstdCompressor().compress(data)
    return data


def text(events, order: str = "txyp", seconds: bool = True, first_line: str = "64 48\n") -> bytes:
    lines = [first_line]
    for event in events:
        fields = {"x": event.x, "y": event.y, "t": event.t, "p": max(event.p, 0)}
        if seconds:
            fields["t"] = f"{event.t // 10**6}.{event.t % 10**6:06d}"
        lines.append(" ".join(str(fields[field]) for field in order) + "\n")
    return "".join(lines).encode()


def npy(events) -> bytes:
    packed = io.BytesIO()
    np.save(packed, as_array(events))
    return packed.getvalue()


def npz(events, table: bool = False) -> bytes:
    packed, array = io.BytesIO(), as_array(events)
    columns = {"events": array} if table else {field: array[field] for field in "xytp"}
    np.savez_compressed(packed, size=np.array(SIZE), **columns)  # pyright: ignore[reportArgumentType]
    return packed.getvalue()


def write_hdf5(path: Path, events, layout: str = "events/x") -> Path:
    import h5py

    array = as_array(events)
    with h5py.File(path, "w") as file:
        if layout == "CD/events":
            file["CD/events"] = array
            file.attrs["geometry"] = "64x48"
        else:
            for field in "xytp":
                file.create_dataset(layout[:-1] + field, data=array[field], chunks=(16,), compression="gzip")
    return path


# ---- Slow decoders -------------------------------------------------------------------------------------------------


def decode_atis(data: bytes) -> list[Event]:
    events, clock = [], 0
    for start in range(0, len(data), 5):
        x, y, *rest = data[start : start + 5]
        word = int.from_bytes(bytes(rest), "big")
        if y == 240:
            clock += 8192
        else:
            events.append(Event(x, y, (word & 0x7FFFFF) + clock, 1 if word >> 23 else -1))
    return events


def _after_header(data: bytes) -> bytes:
    while data.startswith(b"%"):
        line, _, data = data.partition(b"\n")
        if line.strip() == b"% end":
            break
    return data


def decode_evt2(data: bytes) -> list[Event]:
    """Without a wrap-around."""
    events, high = [], None
    for (word,) in struct.iter_unpack("<I", _after_header(data)):
        if word >> 28 == 8:
            high = word & 0xFFFFFFF
        elif word >> 28 < 2 and high is not None:
            events.append(Event(word >> 11 & 2047, word & 2047, high * 64 + (word >> 22 & 63), 1 if word >> 28 else -1))
    return events


def decode_evt3(data: bytes) -> list[Event]:
    """Without a wrap-around, for files whose time and row come before the first event."""
    events, high, low, row, start, polarity = [], -1, 0, 0, 0, 0
    for (word,) in struct.iter_unpack("<H", _after_header(data)):
        kind, content = word >> 12, word & 0xFFF
        if kind == 8:
            low = low if content == high else 0
            high = content
        elif kind == 6:
            low = content
        elif kind == 0:
            row = content & 2047
        elif kind == 3:
            start, polarity = content & 2047, content >> 11
        elif kind == 2:
            events.append(Event(content & 2047, row, high * 4096 + low, 1 if content >> 11 else -1))
        elif kind in (4, 5):
            width = 12 if kind == 4 else 8
            for bit in range(width):
                if content >> bit & 1:
                    events.append(Event(start + bit, row, high * 4096 + low, 1 if polarity else -1))
            start += width
    return events


def decode_dat(data: bytes) -> list[Event]:
    records = struct.iter_unpack("<II", _after_header(data)[2:])
    return [Event(word & 16383, word >> 14 & 16383, t, 1 if word >> 28 & 1 else -1) for t, word in records]


def decode_text(data: bytes) -> list[Event]:
    """Of ``t x y p`` in seconds."""
    events = []
    for line in data.decode().splitlines():
        t, x, y, p = line.split()
        microseconds = (Decimal(t) * 10**6).to_integral_value(ROUND_HALF_EVEN)
        events.append(Event(int(x), int(y), int(microseconds), 1 if int(p) else -1))
    return events
