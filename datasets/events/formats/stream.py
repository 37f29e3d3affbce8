"""Events packet by packet, from a file or from a stream that goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, get_args

import numpy as np

from spikeseg.errors import SpikeSegError

from ..editing import Edit, Mask
from ..events import LARGEST, Invalid, Recording, check, describe, join, on_sensor, out_of_order
from .layout import said_layout
from .recognise import BEGINNING, CONTAINERS, DECODERS, WITH_STREAMS, Container, find_format
from .records import Decoder
from .rosbag import Rosbag

PACKET = 100_000
"""Most events that come at a time."""

_BLOCK = 1 << 16  # bytes that are read at a time


class EventStream:
    """Iterates once over packets of at most `PACKET` events, each checked; a context manager.

    Attributes
    ----------
    name
        The file, or what the stream calls itself.
    truncated
        After the last packet: the incomplete thing at the end; empty if there is none. All before it has come.
    dropped, moved
        Events so far that were left out, and that were put where their times belong; see `open_events`.
    """

    def __init__(
        self,
        source: Decoder | Container,
        packets: Iterator[np.ndarray],
        name: str,
        size: tuple[int, int] | None,
        invalid: Invalid,
        close: Callable[[], None],
    ):
        self.name, self.truncated, self.close = name, "", close
        self.dropped = self.moved = 0
        self._source, self._packets, self._invalid = source, packets, invalid
        self._edits: list[Edit] = []
        self._first = next(packets, None)  # what a header says is known from here on
        if size and source.size and size != source.size:
            raise SpikeSegError(f"{name} names a sensor of {describe(source.size)}, not of {describe(size)}")
        self._size = size

    @property
    def size(self) -> tuple[int, int] | None:
        """Rows and columns of the sensor: what the source names, or what the caller said; None if neither."""
        return self._source.size or self._size

    @property
    def format(self) -> str:
        """What the format is, and what was found out about it, for a person."""
        return self._source.format

    def sensor(self) -> tuple[int, int]:
        """Rows and columns of the sensor. Raises SpikeSegError where neither the source nor the caller named them."""
        if self.size is None:
            raise SpikeSegError(f"{self.name} does not name the sensor's size: give it, e.g. --size 304x240")
        return self.size

    def edit(self, edit: Edit) -> None:
        """Give every packet as `edit` gives it back, from now on."""
        self._edits.append(edit)

    @property
    def left_out(self) -> list[str]:
        """What was left out or changed so far, for a person."""
        told = []
        if self.dropped:
            told.append(f"events off the sensor or out of order, left out: {self.dropped:,}")
        if self.moved:
            told.append(f"events out of order, put in their places: {self.moved:,}")
        for edit in self._edits:
            if isinstance(edit, Mask):
                told.append(f"hot pixels, masked: {edit.pixels:,}, with {edit.events:,} events")
        return told

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
        for received in self._valid():
            for start in range(0, len(received), PACKET):
                packet = received[start : start + PACKET]
                check(packet, self.size or (LARGEST, LARGEST), self.name, count, last)
                count, last = count + len(packet), int(packet["t"][-1])
                for edit in self._edits:
                    packet = edit(packet)
                if len(packet):
                    yield packet
        self.truncated = self._source.leftover

    def _received(self) -> Iterator[np.ndarray]:
        while self._first is not None:
            yield self._first
            self._first = next(self._packets, None)

    def _valid(self) -> Iterator[np.ndarray]:
        """What is received, without what is invalid unless that is to be an error."""
        if self._invalid == "error":
            yield from self._received()
            return
        packets = self._received()
        if self._invalid == "sort":
            packets = iter([join(packets)])
        last = None
        for packet in packets:
            kept = packet[on_sensor(packet, self.size or (LARGEST, LARGEST))]
            late = out_of_order(kept["t"], last)
            if self._invalid == "drop":
                kept = kept[~late]
            else:
                self.moved += int(np.count_nonzero(late))
                kept = kept[np.argsort(kept["t"], kind="stable")]
            self.dropped += len(packet) - len(kept)
            last = int(kept["t"][-1]) if len(kept) else last
            yield kept


def open_events(
    source: str | Path | BinaryIO,
    format: str | None = None,
    size: tuple[int, int] | None = None,
    *,
    columns: str | None = None,
    unit: str | None = None,
    stream: str | None = None,
    invalid: Invalid = "error",
) -> EventStream:
    """Open a file or a binary stream of events.

    Parameters
    ----------
    source
        A file's path, or a binary stream, which is read forward only and whose ``read`` may wait for bytes that are
        still to be written.
    format
        One of `FORMATS`; found out from the suffix and the first bytes by default. An order and a unit, e.g.
        ``xypt-us``, stands for `columns` and `unit`.
    size
        Rows and columns of the sensor, for formats that do not name them.
    columns
        The order of x, y, t and p in text and arrays that do not name them, e.g. ``txyp``.
    unit
        Of the times, ``s``, ``ms``, ``us`` or ``ns``, in text, arrays and HDF5 that do not name it.
    stream
        Which one, where a file has several streams of events.
    invalid
        What becomes of an event that is off the sensor, or earlier than one before it: ``error``, the default, refuses
        the recording there; ``drop`` leaves such events out; ``sort`` sorts by time, which takes the whole recording
        into memory, and leaves out what is off the sensor.

    Raises
    ------
    SpikeSegError
        The source cannot be read, is empty, or is damaged at its beginning; its format cannot be told; or it names
        another size. `StreamChoiceError`: one of them has to be chosen.
    """
    if invalid not in get_args(Invalid):
        raise SpikeSegError(
            f"unknown treatment {invalid!r} of invalid events: it is one of {', '.join(get_args(Invalid))}"
        )
    if isinstance(source, (str, Path)) and (Path(source) / "metadata.yaml").is_file():
        bag = Rosbag(Path(source), stream)
        return EventStream(bag, bag.packets(), str(source), size, invalid, _leave_open)
    if isinstance(source, (str, Path)):
        path, file = Path(source), _open(Path(source))
        name, close = str(path), file.close
    else:
        path, file = None, source
        name, close = str(getattr(source, "name", "the stream")), _leave_open
    try:
        head = _read(file, name)
        while len(head) < BEGINNING and (more := _read(file, name)):
            head += more
        if not head:
            raise SpikeSegError(f"{name} is empty")
        kind, layout = find_format(format, said_layout(columns, unit), head, name)
        if stream is not None and kind not in WITH_STREAMS:
            raise SpikeSegError(f"{name}: {kind} has one stream of events only: leave out --stream {stream}")
        if kind in DECODERS:
            decoder = DECODERS[kind](name, layout, stream)
            return EventStream(decoder, _decode(decoder, head, file), name, size, invalid, close)
        if path is None:
            raise SpikeSegError(f"{name}: {kind} is read from a file only, not from a stream")
        container = CONTAINERS[kind](path, layout, stream)
        return EventStream(container, container.packets(), name, size, invalid, close)
    except BaseException:
        close()
        raise


def read_events(
    path: str | Path,
    format: str | None = None,
    size: tuple[int, int] | None = None,
    *,
    columns: str | None = None,
    unit: str | None = None,
    stream: str | None = None,
    invalid: Invalid = "error",
) -> Recording:
    """Read a whole file; the sensor is as large as the events need where neither file nor caller says.

    Raises
    ------
    SpikeSegError
        As `open_events`; an event is out of order or off the sensor; or the file ends within an event, whose part
        before its end `open_events` gives all the same.
    """
    with open_events(path, format, size, columns=columns, unit=unit, stream=stream, invalid=invalid) as packets:
        return read_stream(packets)


def read_stream(stream: EventStream) -> Recording:
    """Read a whole stream, see `read_events`."""
    events = join(stream)
    if stream.truncated:
        raise SpikeSegError(
            f"{stream.name} is cut off after {len(events)} events, with {stream.truncated} at its end: get it again"
        )
    return Recording(stream.name, stream.size or extent(events, stream.name), events, stream.dropped + stream.moved)


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
