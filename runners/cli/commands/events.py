"""`spikeseg events`: statistics and an animation of a recording of an event camera."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spikeseg.errors import SpikeSegError

from ..console import console
from ..options import FormatOption, SizeOption, milliseconds
from ..tables import cut_off, recording_table
from .events_compare import compare

if TYPE_CHECKING:
    from ....datasets.events.formats import EventStream
    from ....datasets.events.statistics import Statistics

MOST_FRAMES = 2000
"""Largest number of frames of an animation."""

app = typer.Typer(no_args_is_help=True)
app.command(epilog="Example: spikeseg events compare recording.bin --with simulated.bin --out events.png")(compare)

FileArgument = Annotated[Path, typer.Argument(help="A recording of events.", show_default=False)]


@app.command(epilog="Example: spikeseg events info recording.aedat4")
def info(file: FileArgument, kind: FormatOption = None, size: SizeOption = None) -> None:
    """Describe a recording: format, sensor, times, rates, polarity, busiest pixels."""
    stream, statistics = _scan(file, kind, size)
    console.print(stream.name, soft_wrap=True)
    console.print(recording_table(stream, statistics))


@app.command(epilog="Example: spikeseg events play recording.aedat4 --out film.gif --step 10ms")
def play(
    file: FileArgument,
    out: Annotated[Path, typer.Option("--out", help="The animation, a .gif.", show_default=False)],
    step: Annotated[float, typer.Option(parser=milliseconds, help="Duration that a frame shows, e.g. 30ms.")] = 30,
    speed: Annotated[float, typer.Option(min=1e-6, help="Speed relative to real time; below 1 is slow motion.")] = 0.25,
    kind: FormatOption = None,
    size: SizeOption = None,
) -> None:
    """Draw a recording as an animation. A frame shows the last event of every pixel in its slice of time."""
    from ....analysis.figures.event_film import write_film
    from ....datasets.events.formats import open_events
    from ..progress import Bars

    if out.suffix.lower() != ".gif":
        raise SpikeSegError(f"cannot draw events to {out}: give it the suffix .gif")
    if file.is_fifo():
        raise SpikeSegError(
            f"{file} can be read only once, but an animation needs to read it twice: write it to a file first"
        )
    with console.status("reading the recording"):
        stream, statistics = _scan(file, kind, size)
    if not statistics.events:
        raise SpikeSegError(f"{file} holds no events to draw")
    microseconds = max(round(step * 1000), 1)
    frames = statistics.duration // microseconds + 1
    if frames > MOST_FRAMES:
        raise SpikeSegError(
            f"{file} would take {frames:,} frames, but at most {MOST_FRAMES:,} are drawn: give a longer --step"
        )
    sensor = stream.size or statistics.extent
    with open_events(file, kind, sensor) as stream, Bars(console) as bars:
        bars.stage("play", frames)
        write_film(out, stream, sensor, microseconds, speed, bars.advance)
    what = f"{frames} frames of {step:g} ms, at {speed:g} times the real speed"
    console.print(f"{out}: {what}", soft_wrap=True)
    if stream.truncated:
        console.print(cut_off(stream), soft_wrap=True)


def _scan(file: Path, kind: str | None, size: str | None) -> tuple[EventStream, Statistics]:
    """Read a file to its end and collect statistics."""
    from ....datasets.events.formats import open_events
    from ....datasets.events.formats.records import geometry
    from ....datasets.events.statistics import Statistics

    statistics = Statistics()
    with open_events(file, kind, None if size is None else geometry(size, "--size")) as stream:
        for packet in stream:
            statistics.add(packet)
    return stream, statistics
