"""Which devices work here, and why the others do not."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def problem(device: str) -> str | None:
    """What keeps a device from working, and what to do; None if nothing is known to."""
    return None
