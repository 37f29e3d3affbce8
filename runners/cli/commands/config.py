"""`spikeseg config`: the bundled configurations, and what every key of one means."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from spikeseg.errors import SpikeSegError

if TYPE_CHECKING:
    from ....configs.reference import Key

console = Console(markup=False, highlight=False)
config_app = typer.Typer(no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="A bundled configuration: see `spikeseg config list`.")]


@config_app.command("list", epilog="Example: spikeseg config list")
def list_() -> None:
    """List the bundled configurations, a line about each."""
    from ....configs.reading import shipped, summary

    table = Table("name", "what it is")
    table.columns[0].no_wrap = True
    for name, path in shipped().items():
        table.add_row(name, summary(path))
    console.print(table)


@config_app.command(epilog="Example: spikeseg config show dog-caltech")
def show(name: NameArgument) -> None:
    """Print a bundled configuration, with a comment on every key."""
    from ....configs.reading import text

    typer.echo(text(name), nl=False)


@config_app.command(epilog="Example: spikeseg config copy dog-caltech mine.toml")
def copy(name: NameArgument, to: Annotated[Path, typer.Argument(help="A file that does not exist yet.")]) -> None:
    """Copy a bundled configuration to a file, to be changed there."""
    from spikeseg.files import replacing

    from ....configs.reading import text

    content = text(name)
    if to.exists():
        raise SpikeSegError(f"{to} exists already: choose another name, or remove it first")
    with replacing(to) as temporary:
        temporary.write_text(content, encoding="utf-8")
    console.print(f"{to}: change what you like, then: spikeseg train {to} --out RUN", soft_wrap=True)


@config_app.command(epilog="Example: spikeseg config keys 'conv3.*.a_*'")
def keys(
    pattern: Annotated[str, typer.Argument(help="Part of a key, such as threshold, or a glob: conv3.*.")] = "",
) -> None:
    """Explain the keys of a configuration: type, default, limits, unit and meaning."""
    from ....configs.reference import all_keys

    found = [row for row in all_keys() if pattern in row.key or fnmatchcase(row.key, pattern)]
    if not found:
        raise SpikeSegError(f"no key matches {pattern}: `spikeseg config keys` lists all of them")
    console.print(_table(found))


def _table(rows: Iterable[Key]) -> Table:
    table = Table("key", "meaning", show_lines=True)
    table.columns[0].no_wrap = True
    for row in rows:
        table.add_row(row.key, f"{row.meaning}\n{_value(row)}")
    return table


def _value(row: Key) -> str:
    """What a key's value may be, such as ``number: > 0; in ms; default 1.0``."""
    default = row.default if row.default == "required" else f"default {row.default}"
    parts = (f"{row.type}: {row.allowed}" if row.allowed else row.type, row.unit and f"in {row.unit}", default)
    return "; ".join(filter(None, parts))
