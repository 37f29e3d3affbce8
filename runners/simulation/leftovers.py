"""What processes leave that were killed while they compiled a program, and its removal."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from spikeseg.cache import REMOVED
from spikeseg.errors import SpikeSegError
from spikeseg.files import locked, remove_lock

BUILDING = ".building-"  # before the hash of a program, while it is compiled
HASH = 16 * "?"


def remove_unfinished(programs: Path) -> None:
    """Remove what is left in the cache of programs that a killed process was compiling or removing."""
    for path in programs.glob(f"{REMOVED}*"):
        shutil.rmtree(path, ignore_errors=True)
    for path in programs.glob(f"{BUILDING}{HASH}"):
        with suppress(SpikeSegError, OSError), locked(path.with_name(f"{path.name.removeprefix(BUILDING)}.lock")):
            shutil.rmtree(path)
    for path in programs.glob(f"{HASH}.lock"):
        remove_lock(path)
