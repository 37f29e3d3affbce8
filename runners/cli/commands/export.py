"""`spikeseg export`: write recorded spikes for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ....analysis.export.exporter import Format
from ..console import console


def export(
    spikes: Annotated[Path, typer.Argument(help="A recording: the .npz of `spikeseg encode`.")],
    out: Annotated[Path, typer.Argument(help="The file to write, ending in .nix (for neo), .nwb, .csv or .parquet.")],
    kind: Annotated[
        Format | None, typer.Option("--format", help="As the suffix of OUT says: neo (.nix), nwb, csv or parquet.")
    ] = None,
    layer: Annotated[list[str] | None, typer.Option(help="Only this layer; may be repeated.")] = None,
    stimuli: Annotated[
        list[str] | None, typer.Option(help="Only these: a name, a number or a range such as 0:10; may be repeated.")
    ] = None,
    silent: Annotated[bool, typer.Option("--silent", help="Include silent neurons.")] = False,
    shift: Annotated[
        int, typer.Option(min=0, help="Steps to add to all times, for simulators that take no spike at 0 ms.")
    ] = 0,
) -> None:
    """Write recorded spikes in a format that other programs read."""
    from spikeseg.excerpt import take_excerpt

    from ....analysis.export.exporter import exporter, format_of
    from ..progress import Bars

    kind = kind or format_of(out)
    run = exporter(kind, out)
    excerpt = take_excerpt(spikes, layer or (), stimuli or (), silent, shift)
    if kind == "neo":
        from ....analysis.export.neo import size_warning

        if warning := size_warning(excerpt):
            console.print(warning, soft_wrap=True)
    with Bars(console) as bars:
        bars.stage("export", excerpt.total)
        run(excerpt, bars.advance)
    what = f"{excerpt.total:,} spikes of {', '.join(excerpt.spikes)} in {len(excerpt.stimuli)} stimuli"
    console.print(f"{out}: {what}, {out.stat().st_size / 1e6:,.1f} MB", soft_wrap=True)
