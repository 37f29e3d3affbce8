"""Working directories, and the removal of those whose process was killed before it could."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

NEW, HELD = "new", ".held"  # a file that the process of the directory keeps locked


@contextmanager
def held_directory(parent: Path, prefix: str) -> Iterator[Path]:
    """Give a new directory in `parent`, which is removed at the end, by `remove_abandoned` if this process is killed.

    Raises
    ------
    OSError
        The file system refused.
    """
    path, file = _new_directory(parent, prefix)
    try:
        with file:
            yield path
    finally:
        _remove(path)


def _new_directory(parent: Path, prefix: str) -> tuple[Path, IO[str]]:
    """A directory, and its locked file. Whoever takes it for abandoned before the file is locked has us begin again."""
    while True:
        path = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        with suppress(FileNotFoundError), ExitStack() as stack:
            file = stack.enter_context((path / NEW).open("w"))
            fcntl.flock(file, fcntl.LOCK_EX)
            (path / NEW).rename(path / HELD)  # nobody sees it unlocked
            stack.pop_all()
            return path, file


def remove_abandoned(parent: Path, prefix: str) -> None:
    """Remove the directories of `held_directory` in `parent` whose processes are gone."""
    name = re.compile(re.escape(prefix) + "[a-z0-9_]{8}")
    for path in parent.glob(f"{prefix}*"):
        with suppress(OSError):  # in use, or gone
            if name.fullmatch(path.name) and _is_ours(path):
                _remove_abandoned(path)


def _is_ours(path: Path) -> bool:
    """Whether it is a directory of this user, and no link to one."""
    status = path.lstat()
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()


def _remove_abandoned(path: Path) -> None:
    """Remove a directory whose file nobody has locked. Raises OSError if somebody has."""
    if not (path / HELD).exists():  # its process was killed at the very beginning or end, or is about to begin
        (path / NEW).unlink(missing_ok=True)
        path.rmdir()
        return
    with (path / HELD).open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _remove(path)


def _remove(path: Path) -> None:
    """Remove a directory. Its lock is the last to go, so that whoever is killed here leaves it to others."""
    with suppress(OSError):  # another process still writes there
        for inside in path.iterdir():
            if inside.is_dir() and not inside.is_symlink():
                shutil.rmtree(inside, ignore_errors=True)
            elif inside.name != HELD:
                inside.unlink(missing_ok=True)
        if [inside.name for inside in path.iterdir()] in ([], [HELD]):
            (path / HELD).unlink(missing_ok=True)
            path.rmdir()
