"""Working directories, and the removal of those whose process was killed before it could."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spikeseg.errors import SpikeSegError
from spikeseg.files import locked

PREFIX = "spikeseg-run-"
NEW, HELD = "new", ".held"  # a file that the process of the directory keeps locked
AT_ONCE = 60  # seconds within which a new directory has one, with a lot to spare


@contextmanager
def run_directory() -> Iterator[Path]:
    """Give a directory for the files of one run, where TMPDIR says. Those of killed processes are removed."""
    _remove_abandoned(Path(tempfile.gettempdir()))
    path = Path(tempfile.mkdtemp(prefix=PREFIX))
    with (path / NEW).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        Path(file.name).rename(path / HELD)  # nobody sees it unlocked
        try:
            yield path
        finally:
            _remove(path)


def _remove_abandoned(parent: Path) -> None:
    for path in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):  # of somebody else, in use, or gone
            try:
                with (path / HELD).open("rb") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    _remove(path)
            except FileNotFoundError:  # it has just been made, or its process was killed at the very beginning or end
                if time.time() - path.stat().st_mtime > AT_ONCE and {one.name for one in path.iterdir()} <= {NEW}:
                    _remove(path)


def _remove(path: Path) -> None:
    """Remove a directory. Its lock is the last to go, so that whoever is killed here leaves it to others."""
    for inside in path.iterdir():
        if inside.is_dir() and not inside.is_symlink():
            shutil.rmtree(inside, ignore_errors=True)
        elif inside.name != HELD:
            inside.unlink(missing_ok=True)
    with suppress(OSError):  # a program that outlives its caller still writes there
        if [inside.name for inside in path.iterdir()] in ([], [HELD]):
            (path / HELD).unlink(missing_ok=True)
            path.rmdir()


def remove_unfinished(programs: Path) -> None:
    """Remove what is left in the cache of programs that a killed process was compiling."""
    for path in programs.glob(f".building-{16 * '?'}"):
        with suppress(SpikeSegError, OSError):  # it is being compiled
            _remove_locked(path)


def _remove_locked(path: Path) -> None:
    with locked(path.with_name(f"{path.name.removeprefix('.building-')}.lock")):
        shutil.rmtree(path)
