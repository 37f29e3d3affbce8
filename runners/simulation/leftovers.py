"""What processes leave that were killed while they ran or compiled a program, and its removal."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spikeseg.cache import REMOVED
from spikeseg.errors import SpikeSegError
from spikeseg.files import locked, remove_lock
from spikeseg.leftovers import held_directory, remove_abandoned

PREFIX = "spikeseg-run-"
BUILDING = ".building-"  # before the hash of a program, while it is compiled
HASH = 16 * "?"


@contextmanager
def run_directory() -> Iterator[Path]:
    """Give a directory for the files of one run, where TMPDIR says. Those of killed processes are removed."""
    parent = Path(tempfile.gettempdir())
    remove_abandoned(parent, PREFIX)
    with held_directory(parent, PREFIX) as path:
        yield path


def remove_unfinished(programs: Path) -> None:
    """Remove what is left in the cache of programs that a killed process was compiling or removing."""
    for path in programs.glob(f"{REMOVED}*"):
        shutil.rmtree(path, ignore_errors=True)
    for path in programs.glob(f"{BUILDING}{HASH}"):
        with suppress(SpikeSegError, OSError), locked(path.with_name(f"{path.name.removeprefix(BUILDING)}.lock")):
            shutil.rmtree(path)
    for path in programs.glob(f"{HASH}.lock"):
        remove_lock(path)
