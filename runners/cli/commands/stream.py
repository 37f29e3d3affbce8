"""`spikeseg stream`: segment a recording or a live stream of events."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spikeseg.errors import SpikeSegError

from ....analysis.decoding.presence import CONFIDENCE
from ....datasets.events.sources import Reading
from ..console import console
from ..options import ConfidenceOption, DeviceOption, dataclass_options, milliseconds


@dataclass_options(Reading)
def stream(
    run: Annotated[str, typer.Argument(help="Run directory of a network that learned from recordings.")],
    recording: Annotated[str, typer.Argument(help="A file of events, - for standard input, or camera:.")],
    reading: Reading,
    buffer: Annotated[
        float | None,
        typer.Option(parser=milliseconds, help="Duration of a buffer, e.g. 30ms; default: as in training."),
    ] = None,
    step: Annotated[
        float | None,
        typer.Option(parser=milliseconds, help="Time from one buffer to the next, e.g. 10ms; default: --buffer."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Directory for stream.csv, latency.json and latency.png.")] = Path(
        "stream"
    ),
    video: Annotated[
        Path | None, typer.Option(help="Also draw every buffer, 20 ms or longer each, into a .gif or .mp4.")
    ] = None,
    follow: Annotated[
        float, typer.Option(min=0, help="For a file that is still being written: seconds to wait for more events.")
    ] = 0,
    confidence: ConfidenceOption = CONFIDENCE,
    device: DeviceOption = "cpp_standalone",
) -> None:
    """Segment a recording of any length, buffer by buffer, as its events come."""
    from ....datasets.events.sources import open_source
    from ...inference.stream_files import record_stream
    from ...training.directory import load_network
    from ..tables import stream_progress, stream_table

    network, _ = load_network(run)
    inputs = network.config.input
    if inputs.buffer is None:
        raise SpikeSegError(f"{run} learned from pictures: stream needs a network that learned from recordings")
    duration = buffer or inputs.buffer.duration_ms or 30.0
    with open_source(recording, reading, follow) as events, console.status("waiting for events") as status:
        summary, stopped = record_stream(
            network,
            events,
            duration,
            step or duration,
            out,
            device,
            video,
            confidence,
            lambda so_far: status.update(stream_progress(so_far)),
        )
    if stopped is not None:
        console.print("interrupted: the results so far are kept")
    if events.truncated:
        console.print(f"{events.name} ends with {events.truncated}: all events before that were read")
    for told in events.left_out:
        console.print(told, soft_wrap=True)
    console.print(stream_table(summary, events.name))
    films = "" if video is None else f", {video}"
    console.print(f"stream.csv, latency.json and latency.png in {out}{films}", soft_wrap=True)
    if isinstance(stopped, SpikeSegError):
        raise stopped
