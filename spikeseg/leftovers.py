"""Working directories, and the removal of those whose process was killed before it could."""

from __future__ import annotations

import fcntl
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

NEW, HELD = "new", ".held"  # a file that the process of the directory keeps locked
AT_ONCE = 60  # seconds within which a new directory has one, with a lot to spare


@contextmanager
def held_directory(parent: Path, prefix: str) -> Iterator[Path]:
    """Give a new directory in `parent`, which is removed at the end, by `remove_abandoned` if this process is killed.

    Raises
    ------
    OSError
        The file system refused.
    """
    path = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    try:
        with (path / NEW).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            Path(file.name).rename(path / HELD)  # nobody sees it unlocked
            yield path
    finally:
        _remove(path)


def remove_abandoned(parent: Path, prefix: str) -> None:
    """Remove the directories of `held_directory` in `parent` whose processes are gone."""
    name = re.compile(re.escape(prefix) + "[a-z0-9_]{8}")
    for path in parent.glob(f"{prefix}*"):
        with suppress(OSError):  # of somebody else, in use, or gone
            if name.fullmatch(path.name) and _is_abandoned(path):
                _remove(path)


def _is_abandoned(path: Path) -> bool:
    try:
        with (path / HELD).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    except BlockingIOError:
        return False
    except FileNotFoundError:  # it has just been made, or its process was killed at the very beginning or end
        return time.time() - path.stat().st_mtime > AT_ONCE and {one.name for one in path.iterdir()} <= {NEW}


def _remove(path: Path) -> None:
    """Remove a directory. Its lock is the last to go, so that whoever is killed here leaves it to others."""
    with suppress(OSError):  # a program that outlives its caller still writes there
        for inside in path.iterdir():
            if inside.is_dir() and not inside.is_symlink():
                shutil.rmtree(inside, ignore_errors=True)
            elif inside.name != HELD:
                inside.unlink(missing_ok=True)
        if [inside.name for inside in path.iterdir()] in ([], [HELD]):
            (path / HELD).unlink(missing_ok=True)
            path.rmdir()
