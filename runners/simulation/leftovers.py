"""What processes leave that were killed while they ran or compiled a program, and its removal."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spikeseg.errors import SpikeSegError
from spikeseg.files import locked
from spikeseg.leftovers import held_directory, remove_abandoned

PREFIX = "spikeseg-run-"


@contextmanager
def run_directory() -> Iterator[Path]:
    """Give a directory for the files of one run, where TMPDIR says. Those of killed processes are removed."""
    parent = Path(tempfile.gettempdir())
    remove_abandoned(parent, PREFIX)
    with held_directory(parent, PREFIX) as path:
        yield path


def remove_unfinished(programs: Path) -> None:
    """Remove what is left in the cache of programs that a killed process was compiling."""
    for path in programs.glob(f".building-{16 * '?'}"):
        with suppress(SpikeSegError, OSError):  # it is being compiled
            _remove_locked(path)


def _remove_locked(path: Path) -> None:
    with locked(path.with_name(f"{path.name.removeprefix('.building-')}.lock")):
        shutil.rmtree(path)
