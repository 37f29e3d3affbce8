"""Write files atomically, and read them with errors of one line."""

from __future__ import annotations

import csv
import errno
import fcntl
import io
import json
import math
import os
import re
import stat
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from .errors import SpikeSegError
from .leftovers import held_directory, remove_abandoned

LARGEST_NUMBER = 8  # bytes
LONGEST_REASON = 200  # characters
_KINDS = {"f": "real numbers", "iu": "whole numbers", "U": "text"}

PREFIX = ".spikeseg-"
"""What the names of directories begin with in which files are being written."""

FORMULA = re.compile(r"'*[=+\-@\t\r]")
"""What a spreadsheet takes for the beginning of a formula, or would without the apostrophes before it."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path near `path`. On success it replaces `path` atomically; on failure it is removed.

    What killed processes have left of theirs in that directory is removed.

    Parameters
    ----------
    path
        The file to write. Its directory is created if it does not exist.

    Raises
    ------
    SpikeSegError
        The file system refused (disk full, read-only, no such device).
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():  # checked before the work, not after it
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        _clean(path.parent)
        with held_directory(path.parent, PREFIX) as directory:
            temporary = directory / f".new{path.suffix}"
            temporary.touch()  # with the permissions that the user's umask leaves
            yield temporary
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
            temporary.replace(path)
    except OSError as error:
        raise SpikeSegError(f"cannot write {path}: {error.strerror or error}") from error


@cache
def _clean(directory: Path) -> None:
    """Remove what killed processes were writing in a directory; it is enough to look once."""
    remove_abandoned(directory, PREFIX)


@contextmanager
def locked(path: Path, wait: bool = False) -> Iterator[None]:
    """Hold a lock that keeps other processes out of a directory. The lock of a killed process is released.

    The directory is created if it does not exist; if it is then empty at the end, it is removed again.

    Parameters
    ----------
    path
        The lock file, inside the directory.
    wait
        Wait until no other process holds the lock.

    Raises
    ------
    SpikeSegError
        Another process holds the lock and `wait` is False, or the file system refused.
    """
    path = Path(path)
    fresh = not path.parent.exists()
    try:
        held = _lock(path, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError as error:
        raise SpikeSegError(
            f"{path.parent} is in use by another process: wait until that one has ended, or choose another directory"
        ) from error
    except OSError as error:
        raise SpikeSegError(f"cannot write {path.parent}: {error.strerror or error}") from error
    with held:
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
            if fresh:
                with suppress(OSError):  # it is not empty
                    path.parent.rmdir()


def remove_lock(path: Path) -> None:
    """Remove a lock file that a killed process has left, where that is all that is left to do in its directory."""
    if path.exists():
        with suppress(SpikeSegError), locked(path):  # another process holds it
            pass


def _lock(path: Path, how: int) -> IO[str]:
    """Open and lock the file. If the holder before has removed it in the meantime, try again with a new one."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a")
        try:
            fcntl.flock(file, how)
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        except FileNotFoundError:
            pass
        except OSError:
            file.close()
            raise
        file.close()


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a CSV file atomically: names of columns, then `rows`, for `read_table` and for spreadsheets.

    A text that a spreadsheet would take for a formula begins with an apostrophe in the file. Raises SpikeSegError if
    the file system refuses.
    """
    with (
        replacing(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(_defused(columns))
        writer.writerows(map(_defused, rows))


def read_table(file: IO[str]) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file by name of their column, as `write_table` got them, but as text.

    Raises
    ------
    ValueError
        A row has more cells than there are columns, or fewer.
    """
    rows = csv.DictReader(file)
    for row in rows:
        if None in row or None in row.values():
            raise ValueError(f"line {rows.line_num} has not a cell per column")
        yield {column: cell[1:] if cell[:1] == "'" and FORMULA.match(cell) else cell for column, cell in row.items()}


def _defused(cells: Iterable[Any]) -> list[Any]:
    return [f"'{cell}" if isinstance(cell, str) and FORMULA.match(cell) else cell for cell in cells]


def write_json(path: Path, content: Any) -> None:
    """Write `content` as indented JSON, atomically. Raises SpikeSegError if the file system refuses."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2, sort_keys=False) + "\n", encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object. Raises SpikeSegError, which names the file, if it is missing or holds anything else."""
    try:
        require_regular(path)
        content = parse_json(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SpikeSegError(f"{path} is missing") from error
    except (OSError, ValueError) as error:
        raise SpikeSegError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(content, dict):
        raise SpikeSegError(f"{path} holds no JSON object")
    return content


def parse_json(text: str) -> Any:
    """Parse JSON. Raises ValueError for anything else, numbers that are not finite and deep nesting among it."""
    try:
        return json.loads(text, parse_constant=_no_number)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _no_number(constant: str) -> float:
    raise ValueError(f"{constant} is no number")


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray], compressed: bool = True) -> None:
    """Write arrays as an ``.npz``, atomically. Raises SpikeSegError if the file system refuses."""
    packed = io.BytesIO()  # zipped in memory: a ZipFile on a full disk raises again when it is garbage-collected
    (np.savez_compressed if compressed else np.savez)(packed, **arrays)  # pyright: ignore[reportArgumentType]
    with replacing(path) as temporary:
        temporary.write_bytes(packed.getbuffer())


class Expected(NamedTuple):
    """What an array of a file has to be like; it is looked at before it is read.

    Attributes
    ----------
    kinds
        Of its numbers or letters, as NumPy abbreviates them: ``f``, ``iu`` or ``U``.
    shape
        Its shape; None where any length is right.
    most
        Numbers, or letters, that it may have at most.
    optional
        Whether the file may lack it.
    """

    kinds: str
    shape: tuple[int | None, ...]
    most: int
    optional: bool = False


def read_arrays(path: Path, expected: Mapping[str, Expected | None] | None = None) -> dict[str, np.ndarray]:
    """Read a file that `write_arrays` wrote.

    Parameters
    ----------
    path
        The file.
    expected
        The arrays to read, and what they are like, or None for anything; others are not looked at. All if absent, which
        is only for files that nobody else can have written.

    Raises
    ------
    SpikeSegError
        The file is missing or damaged, or one of the arrays is missing or not what is expected.
    """
    try:
        require_regular(path)
        with zipfile.ZipFile(path) as archive:
            there = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            wanted = dict.fromkeys(there) if expected is None else expected
            found = {name: like for name, like in wanted.items() if name in there or not (like and like.optional)}
            return {name: _read_member(archive, there.get(name), name, like) for name, like in found.items()}
    except SpikeSegError:
        raise
    except FileNotFoundError as error:
        raise SpikeSegError(f"{path} is missing") from error
    except Exception as error:  # NumPy, zipfile and zlib raise many types for damaged bytes
        if isinstance(error, (PermissionError, IsADirectoryError)):
            raise SpikeSegError(f"cannot read {path}: {error.strerror}") from error
        reason = " ".join(str(error).split()) or type(error).__name__
        raise SpikeSegError(f"{path} is damaged: {reason[:LONGEST_REASON]}") from error


def _read_member(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo | None, name: str, expected: Expected | None
) -> np.ndarray:
    """Read an array; ValueError where it is not what is expected, or not of the size that it claims."""
    if info is None:
        raise ValueError(f"it lacks {name}")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name} is compressed in a way that NumPy does not use")
    with archive.open(info) as member:
        version = np.lib.format.read_magic(member)
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        if version not in read:
            raise ValueError(f"{name} has a header of version {version}")
        shape, _, dtype = read[version](member)
        size = math.prod(shape)
        if min(shape, default=0) < 0 or dtype.hasobject or info.file_size != member.tell() + size * dtype.itemsize:
            raise ValueError(f"{name} has not the size that it claims")
        if expected is not None:
            _check(name, shape, dtype, expected)
    with archive.open(info) as member:
        return np.lib.format.read_array(member, allow_pickle=False)


def _check(name: str, shape: tuple[int, ...], dtype: np.dtype, expected: Expected) -> None:
    text = dtype.kind == "U"
    alike = len(shape) == len(expected.shape) and all(
        wanted in (None, length) for length, wanted in zip(shape, expected.shape, strict=True)
    )
    if dtype.kind not in expected.kinds or (dtype.itemsize > LARGEST_NUMBER and not text) or not alike:
        like = " x ".join("any" if length is None else str(length) for length in expected.shape) or "one"
        raise ValueError(f"{name} is {dtype.name[:20]} of shape {shape}, not {_KINDS[expected.kinds]} of shape {like}")
    count = math.prod(shape) * (dtype.itemsize // 4 if text else 1)
    if count > expected.most:
        raise ValueError(f"{name} has {count:,} values, and {expected.most:,} are the most there can be")


def require_regular(path: Path) -> None:
    """Raise SpikeSegError for what one may read forever: a device, a pipe or a socket. OSError where it is missing."""
    mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise SpikeSegError(f"{path} is no file but a device, a pipe or a socket")
