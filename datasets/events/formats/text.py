"""Text: one event a line, its columns in any order, with or without a heading that names them.

Parsed by NumPy. Before the events, in any order, there may be: a line of two numbers, the sensor's columns and rows, as
E2VID's files have it; Metavision's ``%geometry:COLUMNS,ROWS`` and ``%columns:x,y,p,t``; and a heading of names, see
`names`, also as a comment, and as faery writes it, ``t,x@COLUMNS,y@ROWS,on``. Blank lines and other lines that begin
with # or % count for nothing. Commas and semicolons separate like blanks; a polarity may be True or False.
"""

from __future__ import annotations

import re
import warnings
from codecs import BOM_UTF8
from collections.abc import Iterator

import numpy as np

from spikeseg.errors import SpikeSegError

from .layout import Assembler, Layout
from .names import FIELDS, Columns, find_columns
from .records import Decoder, geometry, make

_LONGEST_LINE = 1024  # bytes
_GEOMETRY = re.compile(rb"%\s*geometry\s*[:=\s]\s*(\d+)\s*[,x]\s*(\d+)\s*", re.IGNORECASE)
_NAMED_COLUMNS = re.compile(rb"%\s*columns\s*[:=\s](.*)", re.IGNORECASE | re.DOTALL)
_SIDE = re.compile(r"[xy]@\d+")
_SIZE = re.compile(rb"(\d+)[ \t]+(\d+)\s*")
_METAVISION = Layout("xypt", "us")  # of files with a line %geometry that do not name their columns
_COMMENTS = ("#", "%")
_TRUTH = re.compile(rb"\b(?:(true)|false)\b", re.IGNORECASE)


class Text(Decoder):
    """Lines of numbers; their layout is what a heading or the caller says, or what the first lines show."""

    format = "text"

    def __init__(self, where: str, layout: Layout | None = None):
        super().__init__(where)
        self._said = layout or Layout()  # by the caller
        self._named: str | None = None  # the unit, by a heading
        self._places = [0, 1, 2, 3]  # in a line, of the columns of events
        self._width = 4  # numbers in a line
        self._default = Layout()  # where the caller and a heading say nothing
        self._is_e2vid = False  # which has seconds, with a fraction
        self._assembler: Assembler | None = None  # from the first event on
        self._rest = b""  # an incomplete line
        self._line = 0  # lines before `_rest`

    def feed(self, data: bytes) -> Iterator[np.ndarray]:
        """Give the events that `data` completes."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        for number, line in enumerate((*lines, self._rest), self._line + 1):
            if len(line) > _LONGEST_LINE:
                raise SpikeSegError(f"{self.where}: line {number} is too long to be an event")
        yield self._events(self._parse(lines))

    def finish(self) -> Iterator[np.ndarray]:
        """Give the events that waited for the layout, and that of a last line without a line's end."""
        lines, self._rest = [self._rest], b""
        try:
            columns = self._parse(lines)
        except SpikeSegError:
            if self._assembler is None or not self._assembler.begun:
                raise
            self.leftover, columns = "a part of a line", None
        yield self._events(columns, last=True)

    def _parse(self, lines: list[bytes]) -> list[np.ndarray] | None:
        """The columns of the lines' numbers, or None if no line is an event."""
        before, self._line = self._line, self._line + len(lines)
        if before == 0 and lines:
            lines = [lines[0].removeprefix(BOM_UTF8), *lines[1:]]
        start = 0
        while self._assembler is None and start < len(lines):
            if self._is_heading(lines[start]):
                start += 1
            else:
                layout = Layout(self._said.order or self._default.order, self._said.unit)
                usual = "s" if self._is_e2vid and b"." in lines[start] else self._default.unit
                self._assembler = Assembler(self.where, layout, self._named, usual)
        kept = [line for line in _text(b"\n".join(lines[start:])) if line.strip() and not line.startswith(_COMMENTS)]
        if not kept:
            return None
        columns = _columns(kept)
        if columns is None or len(columns) != self._width:
            raise SpikeSegError(self._complaint(lines[start:], before + start))
        return [columns[place] for place in self._places]

    def _is_heading(self, line: bytes) -> bool:
        """Read a line before the first event; False if it is that event."""
        if match := _GEOMETRY.fullmatch(line) or (_SIZE.fullmatch(line) if self.size is None else None):
            self.size = geometry(f"{match[1].decode()}x{match[2].decode()}", self.where)
            self._default = _METAVISION if line.startswith(b"%") else self._default
            self._is_e2vid = not line.startswith(b"%")
            return True
        comment = line.startswith((b"#", b"%"))
        match = _NAMED_COLUMNS.fullmatch(line)
        names = self._without_sides(_names(match[1] if match else line.lstrip(b"#% ")))
        found = find_columns(names)
        if found is not None:
            self._follow(names, found)
        elif not comment and len(names) >= self._width and not any(map(_is_number, names)):
            if self._said.order is None:
                raise SpikeSegError(
                    f"{self.where}: its heading {line.strip()[:60].decode('latin-1')!r} does not name x, y, t and p: "
                    "name their order, e.g. --columns txyp"
                )
            return True
        return comment or found is not None or not line.strip()

    def _without_sides(self, names: list[str]) -> list[str]:
        """Read the sensor's size out of names in a heading of faery's, which has microseconds."""
        sides = {name[0]: name[2:] for name in names if _SIDE.fullmatch(name)}
        if set(sides) != {"x", "y"}:
            return names
        self.size, self._default = geometry(f"{sides['x']}x{sides['y']}", self.where), Layout(None, "us")
        return [name.partition("@")[0] for name in names]

    def _follow(self, names: list[str], found: Columns) -> None:
        """Read the columns that a heading names."""
        places = [names.index(found.names[field]) for field in FIELDS]
        order = "".join(sorted(FIELDS, key=lambda field: places[FIELDS.index(field)]))
        if self._said.order not in (None, order):
            raise SpikeSegError(
                f"{self.where} names its columns as {' '.join(order)}, not {' '.join(self._said.order)}"
            )
        self._default, self._named = Layout(order, self._default.unit), found.unit
        self._places, self._width = sorted(places), len(names)

    def _complaint(self, lines: list[bytes], before: int) -> str:
        """Name the first line that is no event."""
        numbers = "four numbers" if self._width == 4 else f"{self._width} numbers"
        for number, line in enumerate(lines, before + 1):
            words = " ".join(_text(line)).split()
            good = len(words) in (0, self._width) and all(map(_is_number, words))
            if not line.startswith((b"#", b"%")) and not good:
                return f"{self.where}: line {number} is not {numbers}: {line[:40].decode('latin-1')!r}"
        return f"{self.where}: line {before + 1} or one after it is not {numbers}"

    def _events(self, columns: list[np.ndarray] | None, last: bool = False) -> np.ndarray:
        if self._assembler is None:
            return make(*[()] * 4)
        events = self._assembler.events(columns, last)
        self.format = f"text, {self._assembler.layout}" if self._assembler.layout else "text"
        return events


def _columns(lines: list[str]) -> list[np.ndarray] | None:
    """Columns of numbers, each of them integers where it can be; None where not every line has as many."""
    words = lines[0].split()
    exact = [(str(n), "i8" if re.fullmatch(r"[-+]?\d+", word) else "f8") for n, word in enumerate(words)]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)  # an integer with a point
            table = np.loadtxt(lines, dtype=exact, ndmin=1, comments=None)
        return [table[name] for name, _ in exact]
    except (ValueError, OverflowError, DeprecationWarning):
        pass
    try:
        return list(np.loadtxt(lines, ndmin=2, comments=None).T)
    except ValueError:
        return None


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _names(line: bytes) -> list[str]:
    """The words of a heading; a first one may be empty, as above pandas' index."""
    text = line.decode("utf-8", "replace").strip("\r\n")
    separator = next((mark for mark in ",;\t" if mark in text), None)
    return [name.strip().strip("\"'") for name in text.split(separator)] if text.strip() else []


def _text(data: bytes) -> list[str]:
    for mark in (b",", b";", b"\r"):
        data = data.replace(mark, b" ")
    if any(part in data for part in (b"rue", b"RUE", b"alse", b"ALSE")):
        data = _TRUTH.sub(lambda match: b"1" if match[1] else b"0", data)
    return data.decode("latin-1").split("\n")
