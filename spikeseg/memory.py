"""Refuse what cannot fit into the memory of this machine, before it is tried; and keep memory for what comes next."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress

from .errors import SpikeSegError

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of mallopt(3)
_KEPT, _LARGE = 2**28, 2**26  # bytes


def require_memory(size: int, what: str) -> None:
    """Raise SpikeSegError if this machine has less memory than `what`, of `size` bytes, takes."""
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if size > there:
        raise SpikeSegError(f"{what} takes {size / 1e9:,.1f} GB of memory, and this machine has {there / 1e9:,.1f} GB")


def keep_freed_memory() -> None:
    """Let this process keep memory that it has freed, up to 256 MB, for its next arrays.

    Else the C library hands it back, and the system makes each page anew: a tenth of the time of a stream. It is for
    commands that do the same again and again; a training would take a fifth more memory. Only glibc is told, by
    `mallopt`, until the process ends, so a library must not do it.
    """
    with suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_TRIM_THRESHOLD, _KEPT)
        mallopt(_MMAP_THRESHOLD, _LARGE)
