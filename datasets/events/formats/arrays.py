"""NumPy's files: a structured array with fields x, y, t, p, or an archive of such an array or of four arrays.

Headers are parsed by NumPy and archives opened by zipfile, both a slice of events at a time: the number of events that
a damaged header claims is not believed.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from spikeseg.errors import SpikeSegError

from ..events import LARGEST, pack
from .records import Decoder, Records, printable

_FIELDS = ("x", "y", "t", "p")
_SLICE = 1 << 16  # events that are read at a time

_MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 1 << 16  # bytes
_LARGEST_ROW = 1 << 12  # bytes
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # what the others take in memory has no bound


class Npy(Decoder):
    """A structured array with fields x, y, t (microseconds), p."""

    format = "NumPy npy"

    def __init__(self, where: str):
        super().__init__(where)
        self._head: bytes | None = b""  # None once the header is read
        self._claimed = self._count = 0

    def feed(self, data: bytes) -> Iterator[np.ndarray]:
        """Give the events that `data` completes."""
        if self._head is not None:
            self._head += data
            header = _read_header(self._head, self.where)
            if header is None:
                return
            self._records, self._claimed = Records(_check_fields(header.dtype, self.where)), header.count
            self._head, data = None, self._head[header.length :]
        rows = self._records.whole(data)
        if self._count + len(rows) > self._claimed:
            raise SpikeSegError(f"{self.where} is damaged: it holds more than the {self._claimed} events it claims")
        yield _pack_fields(rows, self.where, self._count)
        self._count += len(rows)

    def finish(self) -> Iterator[np.ndarray]:
        """Nothing waits but an incomplete event."""
        if self._head is not None:
            self.leftover = "a part of a header"
        elif self._count < self._claimed:
            self.leftover = f"{self._count} of the {self._claimed} events it claims"
        yield from ()


class Npz:
    """An archive of one structured array, or of arrays x, y, t, p; and of the sensor's rows and columns as `size`."""

    leftover = ""  # an archive that is cut off has lost its table of contents, and cannot be opened

    def __init__(self, path: Path):
        self._path, self.size = path, None
        with _damage(path), zipfile.ZipFile(path) as archive:
            names = {name.removesuffix(".npy") for name in archive.namelist()}
            self._arrays = _FIELDS if names.issuperset(_FIELDS) else tuple(names - {"size"})
            if "size" in names:
                self.size = _Member(archive, "size", path).size()
        if self._arrays != _FIELDS and len(self._arrays) != 1:
            raise SpikeSegError(f"{path} holds neither arrays x, y, t and p nor one array with these fields")
        self.format = f"NumPy npz, {', '.join(self._arrays)}"

    def packets(self) -> Iterator[np.ndarray]:
        """Give the events, a slice at a time."""
        where = str(self._path)
        with _damage(where), zipfile.ZipFile(self._path) as archive:
            members = [_Member(archive, name, self._path) for name in self._arrays]
            if len(members) == 1:
                _check_fields(members[0].dtype, where)
            count = members[0].count
            if any(member.count != count for member in members):
                raise SpikeSegError(f"{where}: x, y, t and p are not of one length")
            for start in range(0, count, _SLICE):
                rows = [member.rows(min(_SLICE, count - start)) for member in members]
                yield _pack_fields(rows[0] if len(rows) == 1 else dict(zip(_FIELDS, rows, strict=True)), where, start)
            for member in members:
                member.end()


class _Member:
    """An array in an archive, read from its beginning to its end."""

    def __init__(self, archive: zipfile.ZipFile, name: str, path: Path):
        info, self._where = archive.getinfo(f"{name}.npy"), f"{path}: {name}"
        if info.compress_type not in _METHODS:
            raise SpikeSegError(f"{self._where} is compressed in a way that cannot be read: write it with NumPy")
        self._file, self._rest = archive.open(info), b""
        while (header := _read_header(self._rest, self._where)) is None:
            self._rest += self._read(64)
        self.dtype, self.count, length = header
        self._rest = self._rest[length:]

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
        rows, self._rest = np.frombuffer(self._rest, self.dtype, count), self._rest[size:]
        return rows

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
    """Of an array: type and number of its rows, and the bytes of the header itself."""

    dtype: np.dtype
    count: int
    length: int


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
    with _damage(where):
        shape, _, dtype = read[version](io.BytesIO(data[8:length]))
    plain = len(shape) == 1 and 0 <= shape[0] < 1 << 62 and 0 < dtype.itemsize <= _LARGEST_ROW
    if not plain or dtype.hasobject:
        raise SpikeSegError(f"{where} is an array of {printable(f'shape {shape} and type {dtype}')}, not of events")
    return _Header(dtype, shape[0], length)


def _check_fields(dtype: np.dtype, where: str) -> np.dtype:
    """Give `dtype` back if it has fields x, y, t and p. Raises SpikeSegError otherwise."""
    if not set(_FIELDS) <= set(dtype.names or ()):
        raise SpikeSegError(
            f"{where} has no fields x, y, t and p, but {printable(', '.join(dtype.names or ('none',)))}"
        )
    return dtype


def _pack_fields(fields: np.ndarray | Mapping[str, np.ndarray], where: str, first: int) -> np.ndarray:
    """Events out of numbers by field; `first` is the first one's number in the file. Raises SpikeSegError."""
    for field in _FIELDS:
        if fields[field].dtype.kind not in "biuf" or fields[field].ndim != 1:
            raise SpikeSegError(f"{where}: {field} is no array of numbers")
    x, y, t, p = (fields[field] for field in _FIELDS)
    return pack(x, y, t, p, where, first)


@contextmanager
def _damage(where: str | Path) -> Iterator[None]:
    """Whatever damaged bytes lead a library to becomes a SpikeSegError of one line."""
    try:
        yield
    except SpikeSegError:
        raise
    except Exception as error:
        reason = printable(" ".join(str(error).split()), 200) or type(error).__name__
        raise SpikeSegError(f"{where} cannot be read: {reason}") from error
