"""The terminal that commands print to."""

from __future__ import annotations

from rich.console import Console

console = Console(markup=False)  # names of files may contain brackets, which Rich would read as markup
