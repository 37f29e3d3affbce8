"""`spikeseg config`: the bundled configurations, learning rules and neuron models, and the meaning of every key."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

import typer

from spikeseg.errors import SpikeSegError
from spikeseg.files import replacing

from ..console import console

app = typer.Typer(no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="A bundled configuration: see `spikeseg config list`.")]


@app.callback()
def config() -> None:
    """Show bundled configurations, learning rules and neuron models, and explain keys."""


@app.command("list", epilog="Example: spikeseg config list")
def list_() -> None:
    """List the bundled configurations, with a line about each."""
    from ....configs.reading import shipped, summary
    from ..tables import configurations_table

    console.print(configurations_table({name: summary(path) for name, path in shipped().items()}))


@app.command(epilog="Example: spikeseg config show dog-caltech")
def show(name: NameArgument) -> None:
    """Print a bundled configuration, with a comment on every key."""
    from ....configs.reading import text

    typer.echo(text(name), nl=False)


@app.command(epilog="Example: spikeseg config copy dog-caltech mine.toml")
def copy(name: NameArgument, to: Annotated[Path, typer.Argument(help="A file that does not exist yet.")]) -> None:
    """Copy a bundled configuration to a file, to change it there."""
    from ....configs.reading import text

    content = text(name)
    if to.exists():
        raise SpikeSegError(f"{to} exists already: choose another name, or remove it first")
    with replacing(to) as temporary:
        temporary.write_text(content, encoding="utf-8")
    console.print(f"{to} written. Change it, then run: spikeseg train {to} --out RUN", soft_wrap=True)


@app.command(epilog="Example: spikeseg config rules pair")
def rules(name: Annotated[str, typer.Argument(help="A bundled rule, to print; all are listed without.")] = "") -> None:
    """List the bundled learning rules, or print one, to go on from."""
    from ....configs.plasticity.rule import RULES

    _show("rule", RULES.bundled(), name)


@app.command(epilog="Example: spikeseg config neurons adaptive")
def neurons(
    name: Annotated[str, typer.Argument(help="A bundled neuron model, to print; all are listed without.")] = "",
) -> None:
    """List the bundled neuron models, or print one, to go on from."""
    from ....configs.neurons.neuron import NEURONS

    _show("neuron model", NEURONS.bundled(), name)


def _show(word: str, texts: Mapping[str, str], name: str) -> None:
    from ....configs.reading import headline
    from ..tables import configurations_table

    if name and name not in texts:
        raise SpikeSegError(f"no bundled {word} {name}: choose from {', '.join(texts)}")
    if name:
        typer.echo(texts[name], nl=False)
    else:
        console.print(configurations_table({one: headline(text) for one, text in texts.items()}))


@app.command(epilog="Example: spikeseg config keys 'conv3.*.a_*'")
def keys(
    pattern: Annotated[str, typer.Argument(help="Part of a key, such as threshold, or a glob: conv3.*.")] = "",
) -> None:
    """Explain the keys of a configuration: type, default, limits, unit and meaning."""
    from ....configs.reference import all_keys
    from ..tables import keys_table

    found = [row for row in all_keys() if pattern in row.key or fnmatchcase(row.key, pattern)]
    if not found:
        raise SpikeSegError(f"no key matches {pattern}: `spikeseg config keys` lists all of them")
    console.print(keys_table(found))
