"""Free space on the disk, for writers that cannot recover when the disk is full."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def require_free_space(path: Path, size: int) -> None:
    """Make sure that `size` more bytes fit on the disk that holds `path`.

    HDF5 does not survive a full disk: it can neither continue nor close its file, and may crash the process.

    Parameters
    ----------
    path
        The file that is being written.
    size
        Space that is still needed, in bytes.

    Raises
    ------
    OSError
        The disk is full, or the user's quota is used up.
    """
    if hasattr(os, "posix_fallocate"):  # not on macOS
        with tempfile.TemporaryFile(dir=path.parent) as trial:
            os.posix_fallocate(trial.fileno(), 0, size)
