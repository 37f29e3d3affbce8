"""Write files atomically, and read them with errors of one line."""

from __future__ import annotations

import csv
import errno
import fcntl
import io
import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import numpy as np

from .errors import SpikeSegError

FORMULA = re.compile(r"'*[=+\-@\t\r]")
"""What a spreadsheet takes for the beginning of a formula, or would without the apostrophes before it."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`. On success it replaces `path` atomically; on failure it is removed.

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
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():  # checked before the work, not after it
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        fresh = path.with_name(f".{path.stem}-{secrets.token_hex(4)}{path.suffix}")
        fresh.touch(exist_ok=False)  # with the permissions that the user's umask leaves
        temporary = fresh
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    except OSError as error:
        raise SpikeSegError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


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
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SpikeSegError(f"{path} is missing") from error
    except (OSError, ValueError) as error:
        raise SpikeSegError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(content, dict):
        raise SpikeSegError(f"{path} holds no JSON object")
    return content


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays as a compressed ``.npz``, atomically. Raises SpikeSegError if the file system refuses."""
    packed = io.BytesIO()  # zipped in memory: a ZipFile on a full disk raises again when it is garbage-collected
    np.savez_compressed(packed, **arrays)  # pyright: ignore[reportArgumentType]
    with replacing(path) as temporary:
        temporary.write_bytes(packed.getbuffer())


def read_arrays(path: Path, required: Iterable[str] = ()) -> dict[str, np.ndarray]:
    """Read a file that `write_arrays` wrote.

    Raises
    ------
    SpikeSegError
        The file is missing or damaged, or lacks one of the `required` arrays.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except FileNotFoundError as error:
        raise SpikeSegError(f"{path} is missing") from error
    except Exception as error:  # NumPy, zipfile and zlib raise many types for damaged bytes
        if isinstance(error, (PermissionError, IsADirectoryError)):
            raise SpikeSegError(f"cannot read {path}: {error.strerror}") from error
        reason = " ".join(str(error).split()) or type(error).__name__
        if "allow_pickle" in reason:  # NumPy's advice if the file is not an archive at all
            reason = "it is not an archive of arrays"
        raise SpikeSegError(f"{path} is damaged: {reason}") from error
    for name in required:
        if name not in arrays:
            raise SpikeSegError(f"{path} is damaged: it lacks {name}")
    return arrays
