"""`spikeseg events compare`: the event statistics of two sets of recordings side by side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spikeseg.errors import SpikeSegError

from ....datasets.events.sources import Reading
from ..console import console
from ..options import dataclass_options
from ..tables import comparison_table

if TYPE_CHECKING:
    from ....analysis.measures.event_comparison import EventSummary
    from ....datasets.events.events import Recording

# of recordings in a directory
_SUFFIXES = (".bin", ".aedat", ".aedat4", ".raw", ".dat", ".es", ".bag", ".npy", ".npz", ".h5", ".hdf5")


@dataclass_options(Reading)
def compare(
    first: Annotated[Path, typer.Argument(help="A recording, or a directory of them.", show_default=False)],
    reading: Reading,
    second: Annotated[
        Path, typer.Option("--with", help="The recording or directory to compare it with.", show_default=False)
    ],
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
    summaries = {name: _summary(path, reading) for name, path in zip(names, (first, second), strict=True)}
    console.print(comparison_table(summaries))
    if out is not None:
        save(comparison(summaries), out)
        console.print(f"{out}", soft_wrap=True)


def _summary(path: Path, reading: Reading) -> EventSummary:
    from ....analysis.measures.event_comparison import summarise
    from ....datasets.events.formats.stream import read_stream
    from ....datasets.events.sources import open_source

    files = [path]
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.suffix.lower() in _SUFFIXES)
        if not files:
            raise SpikeSegError(f"{path} holds no recordings: none of its files ends in {', '.join(_SUFFIXES)}")
    left_out: list[str] = []

    def recordings() -> Iterator[Recording]:
        for file in files:
            with open_source(file, reading) as stream:
                yield read_stream(stream)
            left_out.extend(f"{file}: {line}" for line in stream.left_out)

    summary = summarise(recordings())
    for line in left_out:
        console.print(line, soft_wrap=True)
    return summary
