"""`spikeseg events`: what a recording of an event camera is like, in numbers and as an animation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from spikeseg.errors import SpikeSegError

from ..durations import milliseconds
from .events_compare import compare

if TYPE_CHECKING:
    from ....datasets.events.formats import EventStream
    from ....datasets.events.statistics import Statistics

MOST_FRAMES = 2000
"""Of an animation."""

events_app = typer.Typer(no_args_is_help=True)
events_app.command()(compare)

FileArgument = Annotated[Path, typer.Argument(help="A recording of events.", show_default=False)]
FormatOption = Annotated[
    str | None, typer.Option("--format", help="Such as atis, evt3 or txyp-us; found out by default.")
]
SizeOption = Annotated[
    str | None, typer.Option("--size", help="COLUMNSxROWS of the sensor; those of the file or its events by default.")
]


@events_app.command()
def info(file: FileArgument, kind: FormatOption = None, size: SizeOption = None) -> None:
    """Describe a recording: format, sensor, times, rates, polarity, busiest pixels."""
    stream, statistics = _scan(file, kind, size)
    console = Console(markup=False)
    console.print(stream.name, soft_wrap=True)
    console.print(_table(stream, statistics))


@events_app.command()
def play(
    file: FileArgument,
    out: Annotated[Path, typer.Option("--out", help="The animation, a .gif.", show_default=False)],
    step: Annotated[float, typer.Option(parser=milliseconds, help="The slice of time that a frame shows.")] = 30,
    speed: Annotated[float, typer.Option(min=1e-6, help="Below 1 is slow motion.")] = 0.25,
    kind: FormatOption = None,
    size: SizeOption = None,
) -> None:
    """Draw a recording: at every pixel the last event of each slice of time."""
    from ....analysis.figures.event_film import write_film
    from ....datasets.events.formats import open_events
    from ..progress import Bars

    if out.suffix.lower() != ".gif":
        raise SpikeSegError(f"cannot draw events to {out}: give it the suffix .gif")
    if file.is_fifo():
        raise SpikeSegError(
            f"{file} can be read only once, and an animation takes two readings: write it to a file first"
        )
    console = Console(markup=False)
    with console.status("looking ahead"):
        stream, statistics = _scan(file, kind, size)
    if not statistics.events:
        raise SpikeSegError(f"{file} holds no events to draw")
    microseconds = max(round(step * 1000), 1)
    frames = statistics.duration // microseconds + 1
    if frames > MOST_FRAMES:
        raise SpikeSegError(f"{file} would take {frames:,} frames, {MOST_FRAMES:,} at most: give a longer --step")
    sensor = stream.size or statistics.extent
    with open_events(file, kind, sensor) as stream, Bars(console) as bars:
        bars.stage("play", frames)
        write_film(out, stream, sensor, microseconds, speed, bars.advance)
    told = f"{step:g} ms a frame, {frames} in all, at {speed:g} times the real speed"
    console.print(f"{out}: {told}", soft_wrap=True)
    if stream.truncated:
        console.print(_cut_off(stream), soft_wrap=True)


def _scan(file: Path, kind: str | None, size: str | None) -> tuple[EventStream, Statistics]:
    """Read a file to its end."""
    from ....datasets.events.formats import open_events
    from ....datasets.events.formats.records import geometry
    from ....datasets.events.statistics import Statistics

    statistics = Statistics()
    with open_events(file, kind, None if size is None else geometry(size, "--size")) as stream:
        for packet in stream:
            statistics.add(packet)
    return stream, statistics


def _table(stream: EventStream, statistics: Statistics) -> Table:
    from ....datasets.events.statistics import BIN

    events, duration = statistics.events, statistics.duration
    size = stream.size or statistics.extent
    table = Table(show_header=False)
    table.add_row("format", stream.format)
    source = "" if stream.size else "\nas far as its events reach: the file does not say"
    table.add_row("sensor", f"{size[1]} x {size[0]} pixels{source}")
    table.add_row("events", f"{events:,}")
    if events:
        table.add_row("first, last", f"{statistics.first:,} us, {statistics.last:,} us")
        table.add_row("duration", f"{duration / 1e6:.6f} s")
        table.add_row("mean rate", _rate(events, duration) if duration else "none: all of them at once")
        table.add_row("peak rate", f"{_rate(statistics.peak, BIN)} in {BIN / 1000:g} ms")
        table.add_row("polarity", f"{statistics.on / events:.1%} ON, {1 - statistics.on / events:.1%} OFF")
        share, pixels, most = statistics.busiest(size)
        table.add_row("per pixel", f"{events / (size[0] * size[1]):.2f} events, {most:,} at most")
        table.add_row("hot pixels", f"the busiest 1 % of pixels ({pixels:,}) give {share:.1%} of the events")
    if stream.truncated:
        table.add_row("cut off", _cut_off(stream))
    return table


def _cut_off(stream: EventStream) -> str:
    return f"the file ends with {stream.truncated}; all events before that are there"


def _rate(events: int, duration: int) -> str:
    """Events per second, as people say it."""
    rate = 1e6 * events / duration
    return f"{rate / 1e6:.2f} million/s" if rate >= 1e6 else f"{rate:,.0f}/s"
