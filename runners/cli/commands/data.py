"""`spikeseg data`: download datasets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spikeseg.errors import SpikeSegError

from ..console import console

app = typer.Typer(no_args_is_help=True)


@app.callback()
def data() -> None:
    """Download datasets."""


@app.command(epilog="Example: spikeseg data fetch caltech-101 --out data")
def fetch(
    dataset: Annotated[str, typer.Argument(help="Only caltech-101 can be fetched.")],
    out: Annotated[Path, typer.Option("--out", help="Directory for the dataset.")] = Path("data"),
    source: Annotated[str | None, typer.Option(help="Address or file of the archive; the official address by default.")] = None,
) -> None:
    """Download a dataset and verify its checksum; an interrupted download resumes."""
    from ....datasets.fetch import fetch_caltech101
    from ..progress import download

    if dataset != "caltech-101":
        raise SpikeSegError(f"unknown dataset {dataset!r}: only caltech-101 can be fetched")
    with download(console) as progress:
        fetched = fetch_caltech101(out, source, progress)
    console.print(f"{fetched.root}\n{fetched.licence}", soft_wrap=True)
