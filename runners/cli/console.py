"""The terminal that commands print to."""

from __future__ import annotations

from rich.console import Console

console = Console(markup=False)  # a file's name may have brackets
