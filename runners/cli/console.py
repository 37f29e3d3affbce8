"""The terminal that commands print to."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from spikeseg.names import printable


class Printable(Console):
    """A terminal that escape sequences in the names of files do not reach."""

    def render_str(self, text: str, **options: Any) -> Text:
        """See Rich."""
        return super().render_str(printable(text), **options)


console = Printable(markup=False)  # names of files may contain brackets, which Rich would read as markup
