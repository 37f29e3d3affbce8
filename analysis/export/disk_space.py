"""Room on the disk, for writers that must not run out of it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def require_free_space(path: Path, size: int) -> None:
    """Try whether so many more bytes can be written where `path` is, before HDF5 does.

    HDF5 does not survive a full disk: it can neither go on nor close its file, and may take the process with it.

    Parameters
    ----------
    path
        What is being written.
    size
        In bytes.

    Raises
    ------
    OSError
        The disk is full, or the user's share of it.
    """
    if hasattr(os, "posix_fallocate"):  # macOS has none
        with tempfile.TemporaryFile(dir=path.parent) as trial:
            os.posix_fallocate(trial.fileno(), 0, size)
