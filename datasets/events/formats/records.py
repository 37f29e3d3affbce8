"""What the decoders of byte streams share."""

from __future__ import annotations

import importlib
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import numpy as np

from spikeseg.errors import SpikeSegError

from ..events import EVENT, LARGEST


class StreamChoiceError(SpikeSegError):
    """A file has several streams of events, and one of them has to be chosen.

    Attributes
    ----------
    streams
        What is known about each, for a person, by its name; may be empty.
    """

    def __init__(self, where: str, streams: Mapping[str, str]):
        listed = ", ".join(f"{name} ({told})" if told else name for name, told in streams.items())
        super().__init__(
            f"{where} has several streams of events: choose one, e.g. --stream {next(iter(streams))}; there are "
            f"{printable(listed, 200)}"
        )
        self.streams = dict(streams)


def choose_stream(streams: Mapping[str, str], wanted: str | None, where: str) -> str:
    """The name of the stream that is wanted, or of the only one, out of `StreamChoiceError.streams`.

    Raises
    ------
    SpikeSegError
        There is none of this name. `StreamChoiceError`: one has to be chosen.
    """
    if wanted is None:
        if len(streams) > 1:
            raise StreamChoiceError(where, streams)
        return next(iter(streams))
    if wanted not in streams:
        raise SpikeSegError(f"{where} has no stream {wanted!r} of events, but {printable(', '.join(streams), 200)}")
    return wanted


class Decoder(ABC):
    """Turns bytes into events, whatever pieces the bytes come in, in constant memory.

    Attributes
    ----------
    where
        What the bytes come from, for messages.
    format
        What the format is, and what was found out about it, for a person.
    size
        Rows and columns of the sensor, as soon as the bytes have named them.
    leftover
        After `finish`: the incomplete end of the bytes, for a person; empty if there is none.
    """

    format = ""

    def __init__(self, where: str):
        self.where = where
        self.size: tuple[int, int] | None = None
        self.leftover = ""

    @abstractmethod
    def feed(self, data: bytes) -> Iterator[np.ndarray]:
        """Give the events, dtype `EVENT`, that `data` completes.

        Raises
        ------
        SpikeSegError
            The bytes are damaged, or of another format.
        """

    @abstractmethod
    def finish(self) -> Iterator[np.ndarray]:
        """Give the events that waited for more bytes than there were, and fill in `leftover`."""


class Records:
    """Cuts bytes into records of a fixed size; an incomplete one waits for its other bytes."""

    def __init__(self, dtype):
        self._dtype = np.dtype(dtype)
        self._rest = b""

    def whole(self, data: bytes) -> np.ndarray:
        """The records that `data` completes."""
        data = self._rest + data
        count = len(data) // self._dtype.itemsize
        self._rest = data[count * self._dtype.itemsize :]
        return np.frombuffer(data, self._dtype, count)

    @property
    def leftover(self) -> str:
        """The bytes that wait, for a person."""
        return f"{len(self._rest)} of the {self._dtype.itemsize} bytes of an event" if self._rest else ""


def make(x, y, t, on) -> np.ndarray:
    """Events, dtype `EVENT`, out of columns, shape (n,) each, that cannot be out of the fields' ranges."""
    events = np.empty(len(t), EVENT)
    events["x"], events["y"], events["t"] = x, y, t
    events["p"] = np.where(on, 1, -1)
    return events


def hold(before, values, changes: np.ndarray) -> np.ndarray:
    """What was last set, at every word of a stream.

    Parameters
    ----------
    before
        What was set before the first word.
    values
        What is set, where `changes`, shape (n,), is true.
    """
    return np.concatenate(([before], values))[np.cumsum(changes)]


def unwrap(times: np.ndarray, before: int, bits: int) -> np.ndarray:
    """Times that never wrap around out of times of so many bits, shape (n,), after the time `before`, or -1."""
    if not len(times):
        return times
    period = 1 << bits
    last = int(times[0]) if before < 0 else before
    falls = np.diff(times, prepend=last % period) <= -period // 2
    return times + (last // period + np.cumsum(falls)) * period


def geometry(text: str, where: str) -> tuple[int, int]:
    """Rows and columns out of ``COLUMNSxROWS``. Raises SpikeSegError where they are none of a sensor."""
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    rows, columns = (int(match[2]), int(match[1])) if match else (0, 0)
    if not (0 < rows <= LARGEST and 0 < columns <= LARGEST):
        raise SpikeSegError(f"{where} names a sensor of {printable(text)!r}: that is no COLUMNSxROWS")
    return rows, columns


def optional(module: str, where: str, extra: str = "events") -> ModuleType:
    """A library that not everyone needs. Raises SpikeSegError, which says which `extra` brings it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise SpikeSegError(f"{where}: reading it needs {module}: pip install 'spikeseg[{extra}]'") from error


@contextmanager
def damage(where: str | Path) -> Iterator[None]:
    """Whatever damaged bytes lead a library to becomes a SpikeSegError of one line."""
    try:
        yield
    except SpikeSegError:
        raise
    except Exception as error:
        reason = printable(" ".join(str(error).split()), 200) or type(error).__name__
        raise SpikeSegError(f"{where} cannot be read: {reason}") from error


def printable(text: str, longest: int = 80) -> str:
    """What a damaged file says, fit for a message of one line."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:longest])
