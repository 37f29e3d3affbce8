"""`spikeseg stream`: a trained network over a recording, finished or not."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, cast

import typer
from rich.console import Console
from rich.table import Table as RichTable

from ..durations import milliseconds

if TYPE_CHECKING:
    from ....datasets.events.formats import EventStream
    from ...inference.stream_files import Summary
    from ...inference.streaming import Moment

STANDARD_INPUT = "-"


def stream(
    run: Annotated[str, typer.Argument(help="Run directory of a network that learned from recordings.")],
    recording: Annotated[str, typer.Argument(help="A file of events, or - for standard input.")],
    buffer: Annotated[
        float | None, typer.Option(parser=milliseconds, help="Length of a buffer, e.g. 30ms; as in training.")
    ] = None,
    step: Annotated[
        float | None, typer.Option(parser=milliseconds, help="From one buffer to the next, e.g. 10ms; its length.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Directory for stream.csv, latency.json and latency.png.")] = Path(
        "stream"
    ),
    video: Annotated[
        Path | None, typer.Option(help="Also draw every buffer, 20 ms or longer each, into a .gif or .mp4.")
    ] = None,
    follow: Annotated[
        float, typer.Option(min=0, help="The file is still being written: wait so many seconds for more of it.")
    ] = 0,
    kind: Annotated[str | None, typer.Option("--format", help="Of the events; found out by default.")] = None,
    size: Annotated[str | None, typer.Option(help="COLUMNSxROWS of the sensor, where the file does not say.")] = None,
    device: Annotated[str, typer.Option(help="Where Brian2 simulates.")] = "cpp_standalone",
) -> None:
    """Segment a recording of any length, buffer by buffer, as its events come."""
    from spikeseg.errors import SpikeSegError

    from ....analysis.figures.event_film import SHORTEST
    from ....analysis.figures.video import open_video
    from ...inference.stream_files import Summary, drawn, forget_summary, table, write_summary
    from ...inference.streaming import open_stream
    from ...training.directory import load_network

    console = Console(markup=False)
    network, _ = load_network(run)
    inputs = network.config.input
    if inputs.buffer is None:
        raise SpikeSegError(f"{run} learned from pictures: stream needs a network that learned from recordings")
    duration = buffer or inputs.buffer.duration_ms or 30.0
    summary = Summary()
    keep: list[Callable[[Moment], None]] = []
    stopped: BaseException | None = None
    with ExitStack() as stack:
        if video is not None:
            draw = stack.enter_context(open_video(video, max(round(step or duration), SHORTEST)))
            keep.append(lambda moment: draw(drawn(moment, network.config.data.classes)))
        events = stack.enter_context(_opened(recording, follow, kind, size))
        seen = stack.enter_context(
            open_stream(network, events.sensor(), duration, step or duration, events.name, device)
        )
        keep += [stack.enter_context(table(out / "stream.csv")), summary.add]
        forget_summary(out)
        begun = monotonic()
        try:
            with console.status("waiting for events") as status:
                for moment in seen.see(events):
                    for remember in keep:
                        remember(moment)
                    summary.wall_s = monotonic() - begun
                    status.update(_told(summary))
        except (KeyboardInterrupt, SpikeSegError) as error:  # the recording is damaged there
            stopped = error
        if not summary.buffers:
            raise stopped or SpikeSegError(f"{events.name} holds no events")
        if stopped is not None:
            console.print("interrupted: what was seen so far is kept")
        if events.truncated:
            console.print(f"{events.name} ends with {events.truncated}: all events before that were read")
    write_summary(out, summary, duration)
    console.print(_table(summary, events.name))
    told = "" if video is None else f", {video}"
    console.print(f"stream.csv, latency.json and latency.png in {out}{told}", soft_wrap=True)
    if isinstance(stopped, SpikeSegError):
        raise stopped


def _opened(recording: str, follow: float, kind: str | None, size: str | None) -> EventStream:
    """The events of a file, of one that grows, or of standard input."""
    from ....datasets.events.formats import open_events
    from ....datasets.events.formats.growing import Growing
    from ....datasets.events.formats.records import geometry

    sensor = None if size is None else geometry(size, "--size")
    if recording == STANDARD_INPUT:
        unbuffered = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)  # Python cannot end while its buffer waits
        return open_events(unbuffered, kind, sensor)
    if follow:
        return open_events(cast(BinaryIO, Growing(Path(recording), follow)), kind, sensor)
    return open_events(Path(recording), kind, sensor)


def _told(summary: Summary) -> str:
    seconds = (summary.last_us - summary.first_us) / 1e6
    return f"{summary.buffers} buffers, {seconds:.2f} s of events, {summary.speed:.2f} times as fast as they came"


def _table(summary: Summary, name: str) -> RichTable:
    table = RichTable(title=name, title_justify="left", show_header=False)
    seconds = (summary.last_us - summary.first_us) / 1e6
    rows: list[tuple[str, Any]] = [
        ("buffers, decided", f"{summary.buffers}, {summary.decided}"),
        *((f"  as {label}", str(count)) for label, count in summary.labels.most_common()),
        ("events' time until decided, median", _ms(summary.latency(0.5))),
        ("  quartiles of all buffers", f"{_ms(summary.latency(0.25))}, {_ms(summary.latency(0.75))}"),
        ("events", f"{summary.events:,} in {seconds:.2f} s"),
        ("wall time", f"{summary.wall_s:.2f} s: the events' time over it is {summary.speed:.2f}"),
    ]
    for row in rows:
        table.add_row(*row)
    return table


def _ms(value: int | None) -> str:
    return "never" if value is None else f"{value} ms"
