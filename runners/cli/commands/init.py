"""`spikeseg init`: a configuration for data of your own."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

import typer

from spikeseg.errors import SpikeSegError
from spikeseg.files import replacing

from ..console import console


def init(
    data: Annotated[Path, typer.Argument(help="Your pictures or recordings, in a folder per class.")],
    out: Annotated[Path | None, typer.Option("--out", help="A new file; DATA's name and .toml by default.")] = None,
    unit: Annotated[
        str | None, typer.Option(help="Unit of the times of recordings that do not name it: s, ms, us or ns.")
    ] = None,
) -> None:
    """Look at your own data, and write a configuration to start from."""
    from ....configs import validate
    from ....datasets.own.starting import starting_configuration
    from ....datasets.own.survey import survey
    from ..tables import survey_table

    out = out or Path(f"{data.resolve().name}.toml")
    if out.exists():
        raise SpikeSegError(f"{out} exists already: choose another --out, or remove it first")
    with console.status("looking at the data"):
        found = survey(data, unit=unit)
    written = starting_configuration(found, out.stem)
    validate(tomllib.loads(written), str(out))
    with replacing(out) as temporary:
        temporary.write_text(written, encoding="utf-8")
    console.print(survey_table(found))
    console.print(f"{out}: now: spikeseg train {out} --data {data} --out RUN", soft_wrap=True)
