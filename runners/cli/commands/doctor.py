"""`spikeseg doctor`: which devices work here."""

from __future__ import annotations

import platform
from importlib.metadata import version

from rich.console import Console
from rich.table import Table


def doctor() -> None:
    """Say which devices work here, and why the others do not."""
    from ...simulation.doctor import problems
    from ...simulation.interface import DEVICES

    console = Console(markup=False)
    packages = ", ".join(f"{package} {version(package)}" for package in ("spikeseg", "brian2", "numpy"))
    console.print(f"Python {platform.python_version()}, {packages}", soft_wrap=True)
    table = Table("device", "works", "why not")
    for device in DEVICES:
        found = problems(device)
        table.add_row(device, "no" if found else "yes", "\n".join(found))
    console.print(table)
