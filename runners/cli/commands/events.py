"""`spikeseg events`: what a recording of an event camera is like, as numbers, an animation, or another file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spikeseg.errors import SpikeSegError

from ....datasets.events.sources import Reading
from ....datasets.events.writing import Evt
from ..console import console
from ..options import dataclass_options, milliseconds
from ..tables import cut_off, recording_table, streams_table
from .events_compare import compare

if TYPE_CHECKING:
    from rich.table import Table

    from ....datasets.events.events import Recording

MOST_FRAMES = 2000
"""Largest number of frames of an animation."""

app = typer.Typer(no_args_is_help=True)
app.command(epilog="Example: spikeseg events compare recording.bin --with simulated.bin --out events.png")(compare)

FileArgument = Annotated[Path, typer.Argument(help="A recording of events.", show_default=False)]


@app.command(epilog="Example: spikeseg events info recording.aedat4")
@dataclass_options(Reading)
def info(file: FileArgument, reading: Reading) -> None:
    """Describe a recording: format, sensor, times, rates, polarity, busiest pixels; or the streams of its file."""
    from ....datasets.events.formats import StreamChoiceError
    from ....datasets.events.sources import scan

    try:
        stream, statistics = scan(file, reading)
    except StreamChoiceError as error:
        console.print(f"{file}: several streams of events; --stream chooses one", soft_wrap=True)
        found = {name: scan(file, replace(reading, stream=name)) for name in error.streams}
        console.print(streams_table(found, error.streams))
        return
    console.print(stream.name, soft_wrap=True)
    console.print(recording_table(stream, statistics))


@app.command(epilog="Example: spikeseg events play recording.aedat4 --out film.gif --step 10ms")
@dataclass_options(Reading)
def play(
    file: FileArgument,
    reading: Reading,
    out: Annotated[Path, typer.Option("--out", help="The animation, a .gif.", show_default=False)],
    step: Annotated[float, typer.Option(parser=milliseconds, help="Duration that a frame shows, e.g. 30ms.")] = 30,
    speed: Annotated[float, typer.Option(min=1e-6, help="Speed relative to real time; below 1 is slow motion.")] = 0.25,
) -> None:
    """Draw a recording as an animation. A frame shows the last event of every pixel in its slice of time."""
    from ....analysis.painting.event_film import write_film
    from ....datasets.events.events import describe
    from ....datasets.events.sources import open_source, scan
    from ..progress import Bars

    if out.suffix.lower() != ".gif":
        raise SpikeSegError(f"cannot draw events to {out}: give it the suffix .gif")
    if file.is_fifo():
        raise SpikeSegError(
            f"{file} can be read only once, but an animation needs to read it twice: write it to a file first"
        )
    with console.status("reading the recording"):
        stream, statistics = scan(file, reading)
    if not statistics.events:
        raise SpikeSegError(f"{file} holds no events to draw")
    microseconds = max(round(step * 1000), 1)
    frames = statistics.duration // microseconds + 1
    if frames > MOST_FRAMES:
        raise SpikeSegError(
            f"{file} would take {frames:,} frames, but at most {MOST_FRAMES:,} are drawn: give a longer --step, or "
            "--from and --to"
        )
    sensor = stream.size or statistics.extent
    sized = replace(reading, size=describe(sensor).replace(" ", ""))
    with open_source(file, sized) as stream, Bars(console) as bars:
        bars.stage("play", frames)
        write_film(out, stream, sensor, microseconds, speed, bars.advance)
    what = f"{frames} frames of {step:g} ms, at {speed:g} times the real speed"
    console.print(f"{out}: {what}", soft_wrap=True)
    for told in [*stream.left_out, *([cut_off(stream)] if stream.truncated else [])]:
        console.print(told, soft_wrap=True)


@app.command(epilog="Example: spikeseg events convert recording.raw part.npz --from 1s --to 2s --region 64x48+10+20")
@dataclass_options(Reading)
def convert(
    file: FileArgument,
    out: Annotated[
        Path,
        typer.Argument(help="A .npz, .h5, .csv, .txt, .raw, .aedat4, .dat or .bin (N-MNIST).", show_default=False),
    ],
    reading: Reading,
    region: Annotated[
        str | None, typer.Option(help="COLUMNSxROWS+LEFT+TOP of the sensor; its corner becomes (0, 0).")
    ] = None,
    from_zero: Annotated[bool, typer.Option("--from-zero", help="Count times from the first event.")] = False,
    signed: Annotated[bool, typer.Option("--signed", help="Write OFF as -1; it is 0 otherwise.")] = False,
    evt: Annotated[Evt | None, typer.Option("--evt", help="EVT version of a .raw; 2 by default.")] = None,
) -> None:
    """Write a recording, or a part of it, in another format; times stay exact."""
    from ....datasets.events.editing import Region, cropped, since_first
    from ....datasets.events.formats.stream import read_stream
    from ....datasets.events.sources import open_source, require_end
    from ....datasets.events.writing import check_writable, write_recording

    require_end(file)
    check_writable(out, signed, evt)
    part = None if region is None else Region.read(region)
    with open_source(file, reading) as stream:
        recording = read_stream(stream)
    recording = recording if part is None else cropped(recording, part)
    recording = since_first(recording) if from_zero else recording
    write_recording(out, recording, signed, evt)
    rows, columns = recording.size
    console.print(f"{out}: {len(recording.events):,} events, sensor {columns} x {rows}", soft_wrap=True)
    for told in stream.left_out:
        console.print(told, soft_wrap=True)


@app.command(epilog="Example: spikeseg events simulate ornaments.npz")
def simulate(
    out: Annotated[Path, typer.Argument(help="The recording, in any format that convert writes.", show_default=False)],
    seed: Annotated[int, typer.Option(min=0, max=2**31, help="Of the scenes, the hand and the sensor.")] = 0,
    crossing: Annotated[
        int | None,
        typer.Option(min=2, max=3, help="Instead: so many ornaments that cross before a camera that stands still."),
    ] = None,
    hand: Annotated[bool, typer.Option("--hand", help="With --crossing: the camera is held in the hand.")] = False,
) -> None:
    """Simulate a recording to try things on: a hand-held camera before an orange, a panda, both, and an empty desk."""
    from ....datasets.events.writing import check_writable, write_recording

    check_writable(out)
    if hand and crossing is None:
        raise SpikeSegError("--hand is for --crossing: without it the camera is always held in the hand")
    with console.status("simulating a camera"):
        recording, shown = _tour(seed) if crossing is None else _crossing(seed, crossing, hand, out)
    write_recording(out, recording)
    rows, columns = recording.size
    console.print(f"{out}: {len(recording.events):,} events, sensor {columns} x {rows}", soft_wrap=True)
    console.print(shown, soft_wrap=True)


def _tour(seed: int) -> tuple[Recording, Table]:
    from ....datasets.camera.ornament_tour import ornament_tour
    from ..tables import tour_table

    recording, stops = ornament_tour(seed)
    return recording, tour_table(stops)


def _crossing(seed: int, count: int, hand: bool, out: Path) -> tuple[Recording, str]:
    """Simulate, and write the true boxes beside the recording."""
    from ....datasets.camera.crossing import STILL, Crossing, write_truth

    crossing = Crossing(seed, count, hand=None if hand else STILL)
    truth = out.with_name(f"{out.stem}_truth.csv")
    write_truth(truth, crossing)
    return crossing.recording(), f"{truth}: box, class and number of each object every 10 ms"
