"""Text: one event a line, ``t x y p`` or ``x y t p``, in seconds or microseconds.

Parsed by NumPy. A first line of two numbers is the sensor's columns and rows, as E2VID's files have it; one of four
words is a heading. Blank lines and lines that begin with # count for nothing, commas separate like blanks.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from spikeseg.errors import SpikeSegError

from ..events import LARGEST, pack
from .records import Decoder, geometry, make

_SAMPLE = 1000  # lines that the layout is found out from
_LONGEST_LINE = 1024  # bytes


class Layout(NamedTuple):
    """Where the time is in a line, and in what unit; x and y are the other two of the first three columns."""

    time: int
    seconds: bool

    def __str__(self) -> str:
        order = "x y t p" if self.time else "t x y p"
        return f"{order}, {'seconds' if self.seconds else 'microseconds'}"


class Text(Decoder):
    """Lines of four numbers; the layout is what the caller says, or what the first lines show."""

    format = "text"

    def __init__(self, where: str, layout: Layout | None = None):
        super().__init__(where)
        self._layout = layout
        self._rest = b""  # an incomplete line
        self._line = 0  # lines before `_rest`
        self._numbers = np.empty((0, 4))  # of events that wait for the layout
        self._count = 0

    def feed(self, data: bytes) -> Iterator[np.ndarray]:
        """Give the events that `data` completes."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        for number, line in enumerate((*lines, self._rest), self._line + 1):
            if len(line) > _LONGEST_LINE:
                raise SpikeSegError(f"{self.where}: line {number} is too long to be an event")
        yield self._events(self._parse(lines), _SAMPLE)

    def finish(self) -> Iterator[np.ndarray]:
        """Give the events that waited for the layout, and that of a last line without a line's end."""
        lines, self._rest = [self._rest], b""
        try:
            numbers = self._parse(lines)
        except SpikeSegError:
            if not self._count and not len(self._numbers):
                raise
            self.leftover, numbers = "a part of a line", np.empty((0, 4))
        yield self._events(numbers, 1)

    def _parse(self, lines: list[bytes]) -> np.ndarray:
        """The numbers of lines, shape (events, 4)."""
        before, self._line = self._line, self._line + len(lines)
        if before == 0 and lines:
            lines = [self._after_heading(lines[0].removeprefix(BOM_UTF8)), *lines[1:]]
        kept = [line for line in _text(b"\n".join(lines)) if line.strip() and not line.startswith("#")]
        if not kept:
            return np.empty((0, 4))
        try:
            numbers = np.loadtxt(kept, ndmin=2, comments=None)
            if numbers.shape[1] == 4:
                return numbers
        except ValueError:
            pass
        raise SpikeSegError(self._complaint(lines, before))

    def _after_heading(self, line: bytes) -> bytes:
        """The first line; none of it where it names the sensor's size, or the columns."""
        if match := re.fullmatch(rb"(\d+)[ \t]+(\d+)\s*", line):
            self.size = geometry(f"{match[1].decode()}x{match[2].decode()}", self.where)
            return b""
        words = _words(line)
        return b"" if len(words) == 4 and not any(map(_is_number, words)) else line

    def _complaint(self, lines: list[bytes], before: int) -> str:
        """Name the first line that is no event."""
        for number, line in enumerate(lines, before + 1):
            words = _words(line)
            if not line.startswith(b"#") and (len(words) not in (0, 4) or not all(map(_is_number, words))):
                return f"{self.where}: line {number} is not four numbers: {line[:40].decode('latin-1')!r}"
        return f"{self.where}: line {before + 1} or one after it is not four numbers"

    def _events(self, numbers: np.ndarray, enough: int) -> np.ndarray:
        """Events of lines, or none while there are not enough of them to find out the layout."""
        if self._layout is None:
            numbers = self._numbers = np.concatenate((self._numbers, numbers))
            if len(numbers) < enough:
                return make(*[()] * 4)
            self._layout, self._numbers = find_layout(numbers[:_SAMPLE], self.where), np.empty((0, 4))
        self.format = f"text, {self._layout}"
        x, y = (0, 1) if self._layout.time == 2 else (1, 2)
        t = numbers[:, self._layout.time]
        t = np.round(t * 1e6) if self._layout.seconds else t
        events = pack(numbers[:, x], numbers[:, y], t, numbers[:, 3], self.where, self._count)
        self._count += len(events)
        return events


def find_layout(numbers: np.ndarray, where: str) -> Layout:
    """Find out the layout of lines of numbers, shape (n, 4).

    The column of times is the one that no pixel's coordinate can be, or else the one that never falls. Times are
    seconds if one of them is not whole.

    Raises
    ------
    SpikeSegError
        Either of the two columns could be the times, or neither.
    """
    columns = {column: numbers[np.isfinite(numbers[:, column]), column] for column in (0, 2)}
    times = [column for column, values in columns.items() if not _is_coordinate(values)]
    if not times:
        times = [column for column, values in columns.items() if not (values[1:] < values[:-1]).any()]
    if len(times) != 1:
        raise SpikeSegError(f"{where}: the first or the third column could be the times: name the format, e.g. txyp-us")
    values = columns[times[0]]
    return Layout(times[0], bool((values != np.floor(values)).any()))


def _is_coordinate(values: np.ndarray) -> bool:
    return bool(((values == np.floor(values)) & (values >= 0) & (values < LARGEST)).all())


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _words(line: bytes) -> list[str]:
    return " ".join(_text(line)).split()


def _text(data: bytes) -> list[str]:
    return data.replace(b",", b" ").replace(b"\r", b" ").decode("latin-1").split("\n")
