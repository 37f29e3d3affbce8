"""Tables for the terminal, of which no figure is cut off, and the same as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

PADDING = 2  # columns of the terminal between two columns of a table


def table(header: Sequence[str], rows: Sequence[Sequence[str]], title: str | None = None) -> Table:
    """A table of figures: names in the first column are wrapped where it is narrow, figures never.

    Parameters
    ----------
    header
        Heads of the columns; they are wrapped between words.
    rows
        Cells, which may have several lines.
    title
        Stands above it.
    """
    found = Table(title=title, title_justify="left", box=None, padding=(0, PADDING, 0, 0), header_style="bold")
    for number, head in enumerate(header):
        cells = [row[number] for row in rows]
        if number == 0:
            found.add_column(head, overflow="fold", ratio=1)
        else:
            found.add_column(head, justify="right", width=widest([*head.split(), *cells]))
    for row in rows:
        found.add_row(*row)
    return found


def widest(cells: Sequence[str]) -> int:
    """Length of the longest line of some cells."""
    return max(len(line) for cell in cells for line in cell.split("\n"))


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The same table as Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(cell.replace(chr(10), ' ').strip() for cell in line)} |\n" for line in lines)
