"""`spikeseg doctor`: which devices work here."""

from __future__ import annotations

import platform
from importlib.metadata import version

from ..console import console


def doctor() -> None:
    """List the devices that work here, and why the others do not."""
    from ...simulation.devices import DEVICES
    from ...simulation.doctor import problems
    from ..tables import devices_table

    packages = ", ".join(f"{package} {version(package)}" for package in ("spikeseg", "brian2", "numpy"))
    console.print(f"Python {platform.python_version()}, {packages}", soft_wrap=True)
    console.print(devices_table({device: problems(device) for device in DEVICES}))
