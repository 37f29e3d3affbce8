"""Refuse what cannot fit into the memory of this machine, before it is tried."""

from __future__ import annotations

import os

from .errors import SpikeSegError


def require_memory(size: int, what: str) -> None:
    """Raise SpikeSegError if this machine has less memory than `what`, of `size` bytes, takes."""
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if size > there:
        raise SpikeSegError(f"{what} takes {size / 1e9:,.1f} GB of memory, and this machine has {there / 1e9:,.1f} GB")
