"""Working directories, and the removal of those whose process was killed before it could."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spikeseg.errors import SpikeSegError
from spikeseg.files import locked

PREFIX = "spikeseg-run-"
HELD = ".held"  # a file that the process of the directory keeps locked


@contextmanager
def run_directory() -> Iterator[Path]:
    """Give a directory for the files of one run, where TMPDIR says. Those of killed processes are removed."""
    _remove_abandoned(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as name:
        new = Path(name, "new")
        with new.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            new.rename(new.with_name(HELD))  # nobody sees it unlocked
            yield Path(name)


def _remove_abandoned(parent: Path) -> None:
    for held in parent.glob(f"{PREFIX}*/{HELD}"):
        with suppress(OSError), held.open("rb") as file:  # of somebody else, in use, or gone
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(held.parent, ignore_errors=True)


def remove_unfinished(programs: Path) -> None:
    """Remove what is left in the cache of programs that a killed process was compiling."""
    for path in programs.glob(f".building-{16 * '?'}"):
        with suppress(SpikeSegError, OSError):  # it is being compiled
            _remove_locked(path)


def _remove_locked(path: Path) -> None:
    with locked(path.with_name(f"{path.name.removeprefix('.building-')}.lock")):
        shutil.rmtree(path)
