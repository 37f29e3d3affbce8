"""Events packet by packet, from a file or from a stream that goes on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np

from spikeseg.errors import SpikeSegError

from ..events import EVENT, LARGEST, Recording, check, describe
from .aedat import Aedat4
from .arrays import Npy, Npz
from .atis import Atis
from .hdf5 import Hdf5
from .prophesee import Dat, Raw
from .records import Decoder
from .text import Layout, Text

PACKET = 100_000
"""Most events that come at a time."""

_BLOCK = 1 << 16  # bytes that are read at a time

_DECODERS: dict[str, Callable[[str], Decoder]] = {
    "atis": Atis,
    "aedat4": Aedat4,
    "raw": Raw,
    "evt2": partial(Raw, encoding="EVT2"),
    "evt3": partial(Raw, encoding="EVT3"),
    "dat": Dat,
    "text": Text,
    "txyp-s": partial(Text, layout=Layout(0, True)),
    "txyp-us": partial(Text, layout=Layout(0, False)),
    "xytp-s": partial(Text, layout=Layout(2, True)),
    "xytp-us": partial(Text, layout=Layout(2, False)),
    "npy": Npy,
}
_CONTAINERS: dict[str, Callable[[Path], Npz | Hdf5]] = {"npz": Npz, "hdf5": Hdf5}  # read here and there, not through

FORMATS = (*_DECODERS, *_CONTAINERS)
"""Names of the formats."""

_BEGINNING = 16  # bytes that show a format
_SUFFIXES = {
    ".bin": "atis",
    ".aedat4": "aedat4",
    ".dat": "dat",
    ".txt": "text",
    ".csv": "text",
    ".npy": "npy",
    ".npz": "npz",
    ".h5": "hdf5",
    ".hdf5": "hdf5",
}
SUFFIXES = (*_SUFFIXES, ".raw")
"""Of files of events; what a ``.raw`` holds, its first bytes show."""

_BEGINNINGS = (
    (rb"#!AER-DAT4", "aedat4"),
    (rb"% Data file", "dat"),
    (rb"% ", "raw"),
    (rb"\x93NUMPY", "npy"),
    (rb"PK\x03\x04", "npz"),
    (rb"\x89HDF", "hdf5"),
    (rb"[-+.\d#][-+.,\d\s#eE]", "text"),
)


class EventStream:
    """Iterates once over packets of at most `PACKET` events, each checked; a context manager.

    Attributes
    ----------
    name
        The file, or what the stream calls itself.
    size
        Rows and columns of the sensor: what the source names, or what the caller said; None if neither.
    truncated
        After the last packet: the incomplete thing at the end; empty if there is none. All before it has come.
    """

    def __init__(
        self,
        source: Decoder | Npz | Hdf5,
        packets: Iterator[np.ndarray],
        name: str,
        size: tuple[int, int] | None,
        close: Callable[[], None],
    ):
        self.name, self.truncated, self.close = name, "", close
        self._source, self._packets = source, packets
        self._first = next(packets, None)  # what a header says is known from here on
        if size and source.size and size != source.size:
            raise SpikeSegError(f"{name} names a sensor of {describe(source.size)}, not of {describe(size)}")
        self.size = source.size or size

    @property
    def format(self) -> str:
        """What the format is, and what was found out about it, for a person."""
        return self._source.format

    def sensor(self) -> tuple[int, int]:
        """Rows and columns of the sensor. Raises SpikeSegError where neither the source nor the caller named them."""
        if self.size is None:
            raise SpikeSegError(f"{self.name} does not name the sensor's size: give it, e.g. --size 304x240")
        return self.size

    def __enter__(self) -> EventStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[np.ndarray]:
        """Give packets, dtype `EVENT`, none of them empty.

        Raises
        ------
        SpikeSegError
            The source is damaged, an event is off the sensor, or earlier than the one before it.
        """
        count, last = 0, None
        while self._first is not None:
            for start in range(0, len(self._first), PACKET):
                packet = self._first[start : start + PACKET]
                check(packet, self.size or (LARGEST, LARGEST), self.name, count, last)
                count, last = count + len(packet), int(packet["t"][-1])
                yield packet
            self._first = next(self._packets, None)
        self.truncated = self._source.leftover


def open_events(
    source: str | Path | BinaryIO, format: str | None = None, size: tuple[int, int] | None = None
) -> EventStream:
    """Open a file or a binary stream of events.

    Parameters
    ----------
    source
        A file's path, or a binary stream, which is read forward only and whose ``read`` may wait for bytes that are
        still to be written.
    format
        One of `FORMATS`; found out from the suffix and the first bytes by default.
    size
        Rows and columns of the sensor, for formats that do not name them.

    Raises
    ------
    SpikeSegError
        The source cannot be read, is empty, or is damaged at its beginning; its format cannot be told; or it names
        another size.
    """
    if isinstance(source, (str, Path)):
        path, file = Path(source), _open(Path(source))
        name, close = str(path), file.close
    else:
        path, file = None, source
        name, close = str(getattr(source, "name", "the stream")), _leave_open
    try:
        head = _read(file, name)
        while len(head) < _BEGINNING and (more := _read(file, name)):
            head += more
        if not head:
            raise SpikeSegError(f"{name} is empty")
        kind = format or _recognise(head, Path(name).suffix.lower(), name)
        if kind in _DECODERS:
            decoder = _DECODERS[kind](name)
            return EventStream(decoder, _decode(decoder, head, file), name, size, close)
        if kind not in _CONTAINERS:
            raise SpikeSegError(f"unknown format {kind!r} of events: it is one of {', '.join(FORMATS)}")
        if path is None:
            raise SpikeSegError(f"{name}: {kind} is read from a file only, not from a stream")
        container = _CONTAINERS[kind](path)
        return EventStream(container, container.packets(), name, size, close)
    except BaseException:
        close()
        raise


def read_events(path: str | Path, format: str | None = None, size: tuple[int, int] | None = None) -> Recording:
    """Read a whole file; the sensor is as large as the events need where neither file nor caller says.

    Raises
    ------
    SpikeSegError
        As `open_events`; an event is out of order or off the sensor; or the file ends within an event, whose part
        before its end `open_events` gives all the same.
    """
    with open_events(path, format, size) as stream:
        packets = list(stream)
        events = np.concatenate(packets) if packets else np.empty(0, EVENT)
        if stream.truncated:
            raise SpikeSegError(
                f"{path} is cut off after {len(events)} events, with {stream.truncated} at its end: get it again"
            )
        return Recording(stream.name, stream.size or extent(events, stream.name), events)


def extent(events: np.ndarray, where: str) -> tuple[int, int]:
    """The rows and columns that events need. Raises SpikeSegError where there are none."""
    if not len(events):
        raise SpikeSegError(f"{where} holds no events, and does not name the sensor's size")
    return int(events["y"].max()) + 1, int(events["x"].max()) + 1


def _leave_open() -> None:
    """A stream that the caller opened is the caller's to close."""


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise SpikeSegError(f"cannot read {path}: {error.strerror or error}") from error


def _read(file: BinaryIO, name: str) -> bytes:
    """What there is to read, but not too much of it; empty at the end."""
    try:
        read = getattr(file, "read1", None) or file.read
        return read(_BLOCK) or b""
    except OSError as error:
        raise SpikeSegError(f"cannot read {name}: {error.strerror or error}") from error


def _decode(decoder: Decoder, head: bytes, file: BinaryIO) -> Iterator[np.ndarray]:
    while head:
        yield from decoder.feed(head)
        head = _read(file, decoder.where)
    yield from decoder.finish()


def _recognise(head: bytes, suffix: str, name: str) -> str:
    """The format that a suffix or first bytes show."""
    for beginning, kind in _BEGINNINGS:
        if suffix not in _SUFFIXES and re.match(beginning, head):
            return kind
    if suffix not in _SUFFIXES:
        raise SpikeSegError(f"{name}: name its format, one of {', '.join(FORMATS)}")
    return _SUFFIXES[suffix]
