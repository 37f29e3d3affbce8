"""AEDAT 4: packets of FlatBuffers, each compressed (iniVation's documentation, "AEDAT 4.0").

The libraries on the index do not survive damage: `aedat` and `faery` panic or abort, `dv-processing` hangs; and they
read paths only. The few tables of the format are read here, place by place, with lz4 and zstandard underneath.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np

from spikeseg.errors import SpikeSegError

from ..events import LARGEST, describe, pack
from .records import Decoder, choose_stream, optional

_MAGIC = b"#!AER-DAT4.0\r\n"
_LONGEST_HEADER = 1 << 22  # bytes
_LARGEST_PACKET = 1 << 26  # bytes; 10 ms of the fastest camera take 2^25
_PIECE = 1 << 20  # bytes that are decompressed at a time
_COMPRESSIONS = ("none", "LZ4", "LZ4", "Zstandard", "Zstandard")  # of the header's numbers
_EVENT = np.dtype(
    {
        "names": ["t", "x", "y", "on"],
        "formats": ["<i8", "<i2", "<i2", "u1"],
        "offsets": [0, 8, 10, 12],
        "itemsize": 16,
    }
)


class Aedat4(Decoder):
    """The events of one stream of the file; other streams, frames, inertial samples and triggers are passed over.

    A file of two cameras, or of raw and filtered events, has several of them, and `stream`, its number, chooses.
    """

    format = "AEDAT 4"

    def __init__(self, where: str, stream: str | None = None):
        super().__init__(where)
        self._wanted = stream
        self._data = bytearray()
        self._place = 0  # of `_data` in the file
        self._skip = 0  # bytes left of a packet of another stream
        self._end = -1  # where the packets end, if the header says so
        self._streams: set[int] | None = None  # None until the header is read
        self._stream = 0
        self._count = 0
        self._decompress: Callable[[bytes], Iterator[bytes]]

    def feed(self, data: bytes) -> Iterator[np.ndarray]:
        """Give the events that `data` completes, packet by packet."""
        self._data += data
        if self._streams is None and not self._read_header():
            return
        while (packet := self._packet()) is not None:
            yield self._events(packet)

    def finish(self) -> Iterator[np.ndarray]:
        """Nothing waits but an incomplete packet."""
        if self._streams is None:
            self.leftover = "a part of a header"
        elif self._data or self._skip:
            self.leftover = "a part of a packet"
        elif self._place < self._end:
            self.leftover = "no table of packets, which its header announces"
        yield from ()

    def _take(self, count: int) -> bytes:
        taken = bytes(self._data[:count])
        del self._data[:count]
        self._place += len(taken)
        return taken

    def _damaged(self, what: str) -> SpikeSegError:
        return SpikeSegError(f"{self.where} is damaged before byte {self._place}: {what}")

    def _read_header(self) -> bool:
        """Read the header if it is complete."""
        start = len(_MAGIC) + 4
        if not self._data.startswith(_MAGIC[: len(self._data)]):
            raise SpikeSegError(f"{self.where} is no AEDAT 4 file")
        if len(self._data) < start:
            return False
        (length,) = struct.unpack_from("<I", self._data, len(_MAGIC))
        if length > _LONGEST_HEADER:
            raise self._damaged(f"its header claims {length} bytes")
        if len(self._data) < start + length:
            return False
        self._take(start)
        try:
            header = _Table(self._take(length), b"IOHE")
            compression, self._end = header.number(0, "<i", 0), header.number(1, "<q", -1)
            streams = _event_streams(header.text(2))
        except ValueError as error:
            raise self._damaged(f"its header is: {error}") from error
        events = {str(number): stream.told for number, stream in streams.items() if stream.kind == "EVTS"}
        if not events:
            raise SpikeSegError(f"{self.where} has no stream of events")
        if not 0 <= compression < len(_COMPRESSIONS) or -1 != self._end < self._place:
            raise self._damaged("its header says what cannot be")
        self._streams, self._stream = set(streams), int(choose_stream(events, self._wanted, self.where))
        self.size = streams[self._stream].size
        self._decompress = _decompressor(_COMPRESSIONS[compression], self.where)
        self.format = f"AEDAT 4, stream {self._stream}, compression {_COMPRESSIONS[compression]}"
        return True

    def _packet(self) -> bytes | None:
        """Give the next packet of the stream if it is complete."""
        assert self._streams is not None
        while True:
            self._skip -= len(self._take(self._skip))
            if self._end != -1 and self._place >= self._end:
                self._data.clear()  # the table of packets
                return None
            if self._skip or len(self._data) < 8:
                return None
            stream, length = struct.unpack_from("<ii", self._data)
            if stream not in self._streams or length < 0 or -1 != self._end < self._place + 8 + length:
                raise self._damaged(f"a packet of {length} bytes of stream {stream}")
            if stream != self._stream:
                self._skip = 8 + length
            elif length > _LARGEST_PACKET:
                raise self._damaged(f"a packet of {length} bytes")
            elif len(self._data) < 8 + length:
                return None
            else:
                return self._take(8 + length)[8:]

    def _events(self, packet: bytes) -> np.ndarray:
        try:
            content = bytearray()
            for piece in self._decompress(packet):
                content += piece
                if len(content) > _LARGEST_PACKET:
                    raise ValueError(f"more than {_LARGEST_PACKET} bytes")
            table = _Table(bytes(content[4:]), b"EVTS")
            raw = table.vector(0, _EVENT)
        except (ValueError, RuntimeError, EOFError) as error:  # lz4 raises RuntimeError
            raise self._damaged(f"a packet of events: {error}") from error
        events = pack(raw["x"], raw["y"], raw["t"], raw["on"], self.where, self._count)
        self._count += len(events)
        return events


class _Table:
    """The root table of a FlatBuffer: fields at the places that its vtable names, every place checked.

    Its methods raise ValueError where a place is outside.
    """

    def __init__(self, data: bytes, identifier: bytes):
        self._data = data
        if data[4:8] != identifier:
            raise ValueError(f"no {identifier.decode()} table")
        self._start = self._get("<I", 0)
        self._fields = self._start - self._get("<i", self._start)
        self._size = self._get("<H", self._fields)  # of the vtable

    def _get(self, code: str, place: int) -> int:
        if not 0 <= place <= len(self._data) - struct.calcsize(code):
            raise ValueError("a table leads outside")
        return struct.unpack_from(code, self._data, place)[0]

    def _place(self, field: int) -> int:
        """Where a field is; 0 where the table has its default."""
        entry = 4 + 2 * field
        offset = self._get("<H", self._fields + entry) if entry + 2 <= self._size else 0
        return self._start + offset if offset else 0

    def number(self, field: int, code: str, default: int) -> int:
        place = self._place(field)
        return self._get(code, place) if place else default

    def vector(self, field: int, dtype) -> np.ndarray:
        dtype, place = np.dtype(dtype), self._place(field)
        if not place:
            return np.empty(0, dtype)
        start = place + self._get("<I", place)
        count = self._get("<I", start)
        if start + 4 + count * dtype.itemsize > len(self._data):
            raise ValueError("a table leads outside")
        return np.frombuffer(self._data, dtype, count, start + 4)

    def text(self, field: int) -> str:
        return self.vector(field, np.uint8).tobytes().decode()


class _Stream(NamedTuple):
    """Of a stream: the identifier of its packets, rows and columns if it has them, and what it calls itself."""

    kind: str
    size: tuple[int, int] | None
    told: str


def _event_streams(xml: str) -> dict[int, _Stream]:
    """Every stream that a header describes, by its number.

    Raises
    ------
    ValueError
        It is no description of streams.
    """
    try:
        root = ElementTree.fromstring("" if "<!" in xml else xml)  # no entities: they can expand without bound
    except ElementTree.ParseError as error:
        raise ValueError(f"its description of streams: {error}") from error
    streams = {}
    for node in root.iterfind("node[@name='outInfo']/node"):
        size = tuple(int(_attribute(node, f"node[@name='info']/attr[@key='{key}']")) for key in ("sizeY", "sizeX"))
        rows, columns = size
        if size != (0, 0) and not all(0 < side <= LARGEST for side in size):
            raise ValueError(f"a sensor of {columns} x {rows}")
        kind, name = (node.findtext(f"attr[@key='{key}']", "") for key in ("typeIdentifier", "originalOutputName"))
        camera = node.findtext("node[@name='info']/attr[@key='source']", "")
        told = ", ".join(filter(None, (name, camera, describe((rows, columns)) if any(size) else "")))
        streams[int(node.get("name", ""))] = _Stream(kind, (rows, columns) if any(size) else None, told)
    return streams


def _attribute(node: ElementTree.Element, path: str) -> str:
    return node.findtext(path, "0")


def _decompressor(compression: str, where: str) -> Callable[[bytes], Iterator[bytes]]:
    """A function from a compressed packet to the pieces of its content; it raises ValueError or RuntimeError."""
    if compression == "none":
        return lambda packet: iter((packet,))
    if compression == "LZ4":
        return _lz4(optional("lz4.frame", where))
    return _zstandard(optional("zstandard", where))


def _lz4(library) -> Callable[[bytes], Iterator[bytes]]:
    def pieces(packet: bytes) -> Iterator[bytes]:
        frame = library.LZ4FrameDecompressor()
        while not frame.eof:
            piece = frame.decompress(packet, max_length=_PIECE)
            if not piece and not frame.eof:
                raise ValueError("its compressed bytes end too early")
            packet = b""
            yield piece

    return pieces


def _zstandard(library) -> Callable[[bytes], Iterator[bytes]]:
    def pieces(packet: bytes) -> Iterator[bytes]:
        frame = library.ZstdDecompressor(max_window_size=_LARGEST_PACKET).stream_reader(io.BytesIO(packet))
        try:
            while piece := frame.read(_PIECE):
                yield piece
        except library.ZstdError as error:
            raise ValueError(str(error)) from error

    return pieces
