"""Where a result comes from: command, versions, device, data."""

from __future__ import annotations

import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .names import printable
from .version import __version__


def provenance(data: Path | None, device: str) -> dict[str, Any]:
    """Record what produced a result, so that it can be reproduced.

    Parameters
    ----------
    data
        Directory of the dataset, None for a rendered one.
    device
        Where Brian2 simulates.

    Returns
    -------
    Versions, absolute path of the data, device, command line, and the time, in UTC, at which this was called.
    """
    packages = ("brian2", "numpy", "scipy")
    return {
        "version": __version__,
        "data": str(Path(data).resolve()) if data else None,
        "device": device,
        "command": printable(" ".join([Path(sys.argv[0]).name, *sys.argv[1:]])),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in packages},
    }
