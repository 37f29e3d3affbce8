"""NumPy's files: a structured array with fields of x, y, t and p, an array of four numbers an event, or an archive.

An archive (npz) holds one such array, or an array of each. Fields may have other names, see `names`; what names do not
say is found out or asked for, see `layout`. An array of shape (n, 4) or (4, n) is read in either order of its memory.

Headers are parsed by NumPy and archives opened by zipfile, both a slice of events at a time: the number of events that
a damaged header claims is not believed.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from spikeseg.errors import SpikeSegError

from ..events import EVENT, LARGEST
from .layout import Assembler, Layout, microseconds
from .names import FIELDS, find_columns
from .records import Decoder, Records, damage, printable

_SLICE = 1 << 16  # events that are read at a time

_MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 1 << 16  # bytes
_LARGEST_ROW = 1 << 12  # bytes
_LARGEST_BY_COLUMN = 1 << 30  # bytes of an array that has to be read as a whole
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # what the others take in memory has no bound


class Npy(Decoder):
    """A structured array with fields of x, y, t and p, or an array of four numbers an event."""

    format = "NumPy npy"

    def __init__(self, where: str, layout: Layout | None = None, named: str | None = None, usual: str | None = None):
        super().__init__(where)
        self._said = layout or Layout()
        self._named, self._usual = named, usual  # the unit that the source names elsewhere, and that its kind has
        self._head: bytes | None = b""  # None once the header is read
        self._header: _Header
        self._rows: _Rows
        self._bytes: list[bytes] = []  # of an array that is stored column after column
        self._received = 0  # rows

    def feed(self, data: bytes) -> Iterator[np.ndarray]:
        """Give the events that `data` completes."""
        if self._head is not None:
            self._head += data
            header = _read_header(self._head, self.where)
            if header is None:
                return
            self._header, self._rows = header, _Rows(self.where, self._said, header.dtype, self._named, self._usual)
            self._records = Records(header.dtype)
            self._head, data = None, self._head[header.length :]
        if self._header.by_column:
            self._bytes.append(data)
            return
        yield self._events(self._records.whole(data))

    def _events(self, rows: np.ndarray) -> np.ndarray:
        self._received += len(rows)
        if self._received > self._header.count:
            raise SpikeSegError(
                f"{self.where} is damaged: it holds more than the {self._header.count} events it claims"
            )
        events = self._rows.events(rows, self._received == self._header.count)
        self.format = f"NumPy npy{self._rows.told}"
        return events

    def microseconds(self, time: int) -> int:
        """A time in the unit of the array's, once there were events."""
        return self._rows.microseconds(time)

    def finish(self) -> Iterator[np.ndarray]:
        """Nothing waits but an incomplete event, and events whose layout is not known yet."""
        if self._head is not None:
            self.leftover = "a part of a header"
            return
        if self._header.by_column:
            data, self._bytes = b"".join(self._bytes), []
            yield self._events(_by_column(data, self._header, self.where))
        elif self._received < self._header.count:
            self.leftover = f"{self._received} of the {self._header.count} events it claims"
            yield self._rows.events(np.empty(0, self._header.dtype), last=True)


class Npz:
    """An archive of one array as in `Npy`, or of arrays x, y, t, p; and of the sensor's rows and columns as `size`."""

    leftover = ""  # an archive that is cut off has lost its table of contents, and cannot be opened

    def __init__(self, path: Path, layout: Layout | None = None):
        self._path, self.size, self._said = path, None, layout or Layout()
        self._usual: str | None = None  # unit
        with damage(path), zipfile.ZipFile(path) as archive:
            names = {name.removesuffix(".npy") for name in archive.namelist()}
            if "size" in names:
                self.size = _Member(archive, "size", path).size()
                self._usual = "us"  # such an archive is one that `write_recording` wrote
        names.discard("size")
        self._columns = find_columns(sorted(names))
        self._arrays = tuple(self._columns.names.values()) if self._columns else tuple(names)
        if self._columns is None and len(self._arrays) != 1:
            raise SpikeSegError(f"{path} holds neither arrays x, y, t and p nor one array of events")
        self.format = f"NumPy npz, {', '.join(self._arrays)}"

    def packets(self) -> Iterator[np.ndarray]:
        """Give the events, a slice at a time."""
        where = str(self._path)
        with damage(where), zipfile.ZipFile(self._path) as archive:
            members = [_Member(archive, name, self._path) for name in self._arrays]
            count = members[0].count
            if any(member.count != count for member in members):
                raise SpikeSegError(f"{where}: x, y, t and p are not of one length")
            types = [member.dtype for member in members]
            dtype = np.dtype(list(zip(self._arrays, types, strict=True))) if self._columns else types[0]
            reading = _Rows(where, self._said, dtype, usual=self._usual)
            for start in range(0, count, _SLICE if not members[0].by_column else max(count, 1)):
                length = min(_SLICE, count - start) if not members[0].by_column else count
                parts = [member.rows(length) for member in members]
                rows = parts[0]
                if self._columns:
                    rows = np.empty(length, dtype)
                    for name, part in zip(self._arrays, parts, strict=True):
                        rows[name] = part
                yield reading.events(rows, start + length == count)
            for member in members:
                member.end()
        self.format = f"NumPy npz, {', '.join(self._arrays)}{reading.told}"


class _Rows:
    """Makes events of rows: of a structured array with the fields, or of four numbers each."""

    def __init__(self, where: str, said: Layout, dtype: np.dtype, named: str | None = None, usual: str | None = None):
        self._names: list[str] | None = None
        if dtype.names is None:
            plain = dtype.base.kind in "biuf" and dtype.shape == (4,)
            if not plain:
                raise SpikeSegError(f"{where} has no fields x, y, t and p, but none")
        else:
            columns = find_columns(dtype.names)
            if columns is None:
                raise SpikeSegError(f"{where} has no fields x, y, t and p, but {printable(', '.join(dtype.names))}")
            if said.order is not None:
                raise SpikeSegError(f"{where} names x, y, t and p itself: leave out --columns")
            usual = "us" if dtype == EVENT else usual
            self._names, named = [columns.names[field] for field in FIELDS], named or columns.unit
            for field, name in columns.names.items():
                if dtype[name].kind not in "biuf":
                    raise SpikeSegError(f"{where}: {field} is no array of numbers")
            said = Layout("".join(FIELDS), said.unit)
        self._assembler = Assembler(where, said, named, usual)

    @property
    def told(self) -> str:
        """What was found out, for a person."""
        layout = self._assembler.layout
        if layout is None:
            return ""
        return f", {layout if self._names is None else Layout(None, layout.unit)}"

    def microseconds(self, time: int) -> int:
        """A time in the unit that was found out."""
        layout = self._assembler.layout
        assert layout is not None
        return int(microseconds(np.array([time]), layout.unit or "us")[0])

    def events(self, rows: np.ndarray, last: bool) -> np.ndarray:
        """Events of rows of the type, shape (n,) or (n, 4), see `Assembler`."""
        columns = list(rows.T) if self._names is None else [rows[name] for name in self._names]
        return self._assembler.events(columns, last)


class _Member:
    """An array in an archive, read from its beginning to its end."""

    def __init__(self, archive: zipfile.ZipFile, name: str, path: Path):
        info, self._where = archive.getinfo(f"{name}.npy"), f"{path}: {name}"
        if info.compress_type not in _METHODS:
            raise SpikeSegError(f"{self._where} is compressed in a way that cannot be read: write it with NumPy")
        self._file, self._rest = archive.open(info), b""
        while (header := _read_header(self._rest, self._where)) is None:
            self._rest += self._read(64)
        self.dtype, self.count, self.by_column = header.dtype, header.count, header.by_column
        self._header, self._rest = header, self._rest[header.length :]

    def _read(self, count: int) -> bytes:
        """So many bytes, or fewer at the end of the array, but not none."""
        data = self._file.read(count)
        if not data:
            raise SpikeSegError(f"{self._where} is damaged: it holds less than it claims")
        return data

    def rows(self, count: int) -> np.ndarray:
        """The next rows."""
        size = count * self.dtype.itemsize
        while len(self._rest) < size:
            self._rest += self._read(size - len(self._rest))
        data, self._rest = self._rest[:size], self._rest[size:]
        return _by_column(data, self._header, self._where) if self.by_column else np.frombuffer(data, self.dtype, count)

    def end(self) -> None:
        """Make sure that there is no more; zipfile compares checksums here."""
        if self._rest or self._file.read(1):
            raise SpikeSegError(f"{self._where} is damaged: it holds more than it claims")

    def size(self) -> tuple[int, int]:
        """Two numbers, the sensor's rows and columns."""
        if self.count == 2 and self.dtype.kind in "iu":
            rows, columns = self.rows(2).tolist()
            self.end()
            if 0 < rows <= LARGEST and 0 < columns <= LARGEST:
                return rows, columns
        raise SpikeSegError(f"{self._where} is not the rows and columns of a sensor")


class _Header(NamedTuple):
    """Of an array: type and number of its rows, the bytes of the header itself, and whether it is column by column."""

    dtype: np.dtype
    count: int
    length: int
    by_column: bool = False


def _read_header(data: bytes, where: str) -> _Header | None:
    """The header at the beginning of an array's bytes; None while it is not complete."""
    if not data.startswith(_MAGIC[: len(data)]):
        raise SpikeSegError(f"{where} is no NumPy array")
    version, start = data[6:8], 10 if data[6:7] == b"\x01" else 12
    length = start + int.from_bytes(data[8:start], "little")
    if len(data) >= start and length > _LONGEST_HEADER:
        raise SpikeSegError(f"{where} is damaged: its header claims {length} bytes")
    if len(data) < start or len(data) < length:
        return None
    read = {b"\x01\x00": np.lib.format.read_array_header_1_0, b"\x02\x00": np.lib.format.read_array_header_2_0}
    with damage(where):
        shape, fortran, dtype = read[version](io.BytesIO(data[8:length]))
    header = _rows_of(shape, fortran, dtype, length)
    if header is None or dtype.hasobject:
        raise SpikeSegError(f"{where} is an array of {printable(f'shape {shape} and type {dtype}')}, not of events")
    return header


def _rows_of(shape: tuple[int, ...], fortran: bool, dtype: np.dtype, length: int) -> _Header | None:
    """How an array is read; None if it is neither a row of events nor four numbers for each."""
    if not all(0 <= side < 1 << 62 for side in shape) or not 0 < dtype.itemsize <= _LARGEST_ROW:
        return None
    if len(shape) == 1:
        return _Header(dtype, shape[0], length)
    if len(shape) != 2 or 4 not in shape or dtype.names is not None:
        return None
    count = shape[0] if shape[1] == 4 else shape[1]
    by_column = fortran == (shape[1] == 4)
    if by_column and 4 * count * dtype.itemsize > _LARGEST_BY_COLUMN:
        return None
    return _Header(np.dtype((dtype, (4,))), count, length, by_column)


def _by_column(data: bytes, header: _Header, where: str) -> np.ndarray:
    """The rows of an array that is stored column after column, shape (n, 4)."""
    if len(data) != header.count * header.dtype.itemsize:
        raise SpikeSegError(
            f"{where} is damaged: it holds {len(data)} bytes of {header.count} events, column by column"
        )
    return np.frombuffer(data, header.dtype.base).reshape(4, header.count).T
