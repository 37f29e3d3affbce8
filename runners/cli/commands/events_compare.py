"""`spikeseg events compare`: the event statistics of two sets of recordings side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spikeseg.errors import SpikeSegError

from ..console import console
from ..tables import comparison_table

if TYPE_CHECKING:
    from ....analysis.measures.event_comparison import EventSummary

_SUFFIXES = (".bin", ".aedat4", ".raw", ".dat", ".npy", ".npz", ".h5", ".hdf5")  # of recordings in a directory


def compare(
    first: Annotated[Path, typer.Argument(help="A recording, or a directory of them.", show_default=False)],
    second: Annotated[Path, typer.Option("--with", help="The recording or directory to compare it with.", show_default=False)],
    out: Annotated[Path | None, typer.Option("--out", help="A figure of both, e.g. events.png.")] = None,
) -> None:
    """Compare two sets of recordings: rates over time, polarity, events per pixel, intervals."""
    from ....analysis.figures.event_comparison import comparison
    from ....analysis.figures.style import check_suffix, save

    if out is not None:
        check_suffix(out)
    names = [path.resolve().name for path in (first, second)]
    if names[0] == names[1]:  # for example a recording and its simulation, with the same name in two directories
        names = [str(path) for path in (first, second)]
    if names[0] == names[1]:
        raise SpikeSegError(f"{first} is compared with itself: give two different ones")
    summaries = {name: _summary(path) for name, path in zip(names, (first, second), strict=True)}
    console.print(comparison_table(summaries))
    if out is not None:
        save(comparison(summaries), out)
        console.print(f"{out}", soft_wrap=True)


def _summary(path: Path) -> EventSummary:
    from ....analysis.measures.event_comparison import summarise
    from ....datasets.events.formats import read_events

    files = [path]
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.suffix.lower() in _SUFFIXES)
        if not files:
            raise SpikeSegError(f"{path} holds no recordings: none of its files ends in {', '.join(_SUFFIXES)}")
    return summarise(read_events(file) for file in files)
