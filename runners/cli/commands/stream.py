"""`spikeseg stream`: segment a recording or a live stream of events."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spikeseg.errors import SpikeSegError
from spikeseg.memory import keep_freed_memory

from ....analysis.decoding.presence import CONFIDENCE
from ....configs.inputs import Fit
from ....datasets.events.sources import Reading
from ..console import console
from ..options import ConfidenceOption, DeviceOption, dataclass_options, milliseconds

if TYPE_CHECKING:
    from rich.status import Status
    from rich.table import Table

    from ....datasets.events.formats import EventStream
    from ....models.network import TrainedNetwork
    from ...inference.watch_files import Watched


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
    fit: Annotated[
        Fit | None,
        typer.Option(help="Pad or crop centres the sensor on the input, bin scales it; default: as trained."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Directory for the results.")] = Path("stream"),
    video: Annotated[
        Path | None, typer.Option(help="Also draw every buffer, 20 ms or longer each, into a .gif or .mp4.")
    ] = None,
    follow: Annotated[
        float, typer.Option(min=0, help="For a file that is still being written: seconds to wait for more events.")
    ] = 0,
    continuous: Annotated[
        bool, typer.Option("--continuous", help="Without buffers: events at their own time, decisions as they come.")
    ] = False,
    dt: Annotated[
        float | None, typer.Option(parser=milliseconds, help="Duration of a step of --continuous; default: 0.1ms.")
    ] = None,
    tracks: Annotated[
        bool, typer.Option("--tracks", help="Find all objects, also several of a class, and number them over time.")
    ] = False,
    confidence: ConfidenceOption = CONFIDENCE,
    device: DeviceOption = "cpp_standalone",
) -> None:
    """Segment a recording of any length as its events come: buffer by buffer, or in continuous time."""
    keep_freed_memory()
    from ....datasets.events.sources import open_source
    from ...inference.density import with_buffers
    from ...training.directory import load_network

    network, _ = load_network(run)
    inputs = network.config.input
    if inputs.buffer is None:
        raise SpikeSegError(f"{run} learned from pictures: stream needs a network that learned from recordings")
    if fit is not None:
        network = with_buffers(network, "--fit", {"fit": fit})
    if continuous and (buffer or step):
        raise SpikeSegError(f"--continuous has no buffers: leave out --{'buffer' if buffer else 'step'}")
    if dt is not None and not continuous:
        raise SpikeSegError("--dt is the duration of a step of --continuous: give both, or neither")
    if tracks and confidence != CONFIDENCE:
        raise SpikeSegError(
            "--tracks finds objects by the evidence for each, not by --confidence: leave one of them out"
        )
    duration = buffer or inputs.buffer.duration_ms or 30.0
    step = step or duration
    with open_source(recording, reading, follow) as events, console.status("waiting for events") as status:
        if continuous:
            watch = _continuous(network, events, dt, device, confidence, tracks)
            shown, files, stopped = _watch(watch, network, events, status, out=out, tracks=tracks, video=video)
        elif tracks:
            watch = _tracks(network, events, duration, step, device)
            shown, files, stopped = _watch(
                watch, network, events, status, out=out, frame_ms=step, tracks=True, video=video
            )
        else:
            shown, files, stopped = _by_buffers(
                network, events, status, duration, step, out=out, device=device, video=video, confidence=confidence
            )
    if stopped is not None:
        console.print("interrupted: the results so far are kept")
    if events.truncated:
        console.print(f"{events.name} ends with {events.truncated}: all events before that were read")
    for told in events.left_out:
        console.print(told, soft_wrap=True)
    console.print(shown)
    films = "" if video is None else f", {video}"
    console.print(f"{files} in {out}{films}", soft_wrap=True)
    if isinstance(stopped, SpikeSegError):
        raise stopped


Written = tuple["Table", str, BaseException | None]
"""A table to show, what was written, and what ended the stream early, if anything did."""


def _by_buffers(
    network: TrainedNetwork, events: EventStream, status: Status, duration: float, step: float, **options: Any
) -> Written:
    """Segment buffers."""
    from ...inference.stream_files import record_stream
    from ..tables import stream_progress, stream_table

    summary, stopped = record_stream(
        network, events, duration, step, progress=lambda so_far: status.update(stream_progress(so_far)), **options
    )
    return stream_table(summary, events.name), "stream.csv, latency.json and latency.png", stopped


def _continuous(
    network: TrainedNetwork, events: EventStream, dt: float | None, device: str, confidence: float, tracks: bool
) -> AbstractContextManager[Watched]:
    """Watch in continuous time."""
    from ....models.designs import STEP_US
    from ...inference.watching import open_watch

    dt_us = STEP_US if dt is None else round(1000 * dt)
    return open_watch(network, events.sensor(), dt_us, events.name, device, confidence, tracks)


def _tracks(
    network: TrainedNetwork, events: EventStream, duration: float, step: float, device: str
) -> AbstractContextManager[Watched]:
    """Track the objects of buffers."""
    from ...inference.tracking import open_tracks

    return open_tracks(network, events.sensor(), duration, step, events.name, device)


def _watch(
    watch: AbstractContextManager[Watched], network: TrainedNetwork, events: EventStream, status: Status, **options: Any
) -> Written:
    """Write decisions as they come."""
    from ...inference.watch_files import record_watch
    from ..tables import watch_progress, watch_table

    summary, stopped = record_watch(
        watch,
        network.config.data.classes,
        events,
        progress=lambda so_far: status.update(watch_progress(so_far)),
        **options,
    )
    return watch_table(summary, events.name), "decisions.csv and decisions.json", stopped
