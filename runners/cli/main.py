"""The command line: from training and encoding to reports on devices, one command each."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from spikeseg.errors import SpikeSegError
from spikeseg.version import __version__

from .commands.analyse import analyse
from .commands.config import config_app
from .commands.doctor import doctor
from .commands.events import events_app
from .commands.export import export
from .commands.search import search
from .commands.stream import stream
from .commands.sweep import point, sweep
from .durations import milliseconds
from .options import DataOption, Device, DeviceOption, Part

console = Console(markup=False)  # a file's name may have brackets
app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
data_app = typer.Typer(no_args_is_help=True)
app.add_typer(config_app, name="config", help="Look at bundled configurations, and at what their keys mean.")
app.add_typer(data_app, name="data", help="Get datasets.")
app.add_typer(events_app, name="events", help="Look at recordings of event cameras.")

INTERRUPTED = 130  # Typer's exit code after Ctrl-C
RESUMING = ("train", "demo", "sweep", "point", "search")


RunArgument = Annotated[str, typer.Argument(help="Run directory, or the name of a network that comes along.")]
JobsOption = Annotated[int, typer.Option("--jobs", min=1, help="Simulations at a time; not with cython and numpy.")]
SplitOption = Annotated[Part, typer.Option(help="Which pictures; `all` takes every one in the directory.")]


def main() -> None:
    """Run the command line; a user's error is one line on standard error and exit code 1."""
    try:
        app()
    except (SpikeSegError, OSError) as error:
        print(f"spikeseg: {error}", file=sys.stderr)
        sys.exit(1)
    except SystemExit as ended:
        if ended.code == INTERRUPTED:
            rest = "; the same command goes on from its last checkpoint" if sys.argv[1] in RESUMING else ""
            print(f"spikeseg: interrupted{rest}", file=sys.stderr)
        raise


def _version(asked: bool) -> None:
    if asked:
        console.print(__version__)
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False,
) -> None:
    """SpikeSEG on Brian2: unsupervised semantic segmentation with a spiking convolutional network."""


@app.command()
def train(
    config: Annotated[str, typer.Argument(help="TOML file, or the name of a configuration that comes along.")],
    out: Annotated[Path, typer.Option("--out", help="Run directory; an interrupted run goes on.")],
    data: DataOption = None,
    seed: Annotated[int | None, typer.Option(help="Of weights and presentations; replaces the file's.")] = None,
    device: DeviceOption = Device.cpp_standalone,
) -> None:
    """Train a network: STDP, layer by layer, without labels."""
    from ...configs import load
    from ..training.directory import Run
    from ..training.histories import draw_training
    from ..training.training import train as run_training
    from .progress import Bars

    loaded = load(config, seed=seed)
    with Bars(console) as bars:
        network = run_training(loaded, data, out, device.value, bars)
    draw_training(network, Run(out))
    counts = ", ".join(f"{label} {network.map_labels.count(label)}" for label in loaded.data.classes)
    console.print(f"{out / 'network.npz'}: maps per class: {counts}; figures in {Run(out).figures}", soft_wrap=True)


@app.command()
def encode(
    run: RunArgument,
    data: DataOption = None,
    split: SplitOption = Part.test,
    out: Annotated[Path | None, typer.Option("--out", help="A .npz file; RUN/spikes/SPLIT.npz by default.")] = None,
    device: DeviceOption = Device.cpp_standalone,
    jobs: JobsOption = 1,
) -> None:
    """Write the spikes of every layer to disk."""
    from ..evaluation.recording import record
    from ..evaluation.selection import select
    from .progress import Bars

    selection = select(run, data, split.value)
    out = out or selection.run.results / "spikes" / f"{split.value}.npz"
    with Bars(console) as bars:
        bars.stage("encode", len(selection.indices))
        spikes = record(selection, out, device.value, bars.advance, jobs)
    counts = ", ".join(f"{layer} {len(s) / s.stimuli:.0f}" for layer, s in spikes.items())
    console.print(f"{out}: spikes per stimulus: {counts}", soft_wrap=True)


@app.command()
def segment(
    run: RunArgument,
    images: Annotated[list[Path], typer.Argument(help="Pictures in any common format.")],
    out: Annotated[Path, typer.Option("--out", help="Directory for masks, boxes and overlays.")] = Path("segments"),
    every_class: Annotated[bool, typer.Option(help="A mask for every class, not for the winner only.")] = False,
    instances: Annotated[bool, typer.Option("--instances", help="A mask for every object, also of one class.")] = False,
    device: DeviceOption = Device.cpp_standalone,
) -> None:
    """Segment pictures: mask, box and overlay of each."""
    from ..inference.segment_files import kept_boxes, segment_files
    from ..training.directory import load_network
    from .progress import Bars

    if every_class and instances:
        raise SpikeSegError("--every-class and --instances are two different answers: ask for one of them")
    network, _ = load_network(run)
    with Bars(console) as bars, kept_boxes(out) as rows:
        bars.stage("segment", len(images))
        for done, found in enumerate(
            segment_files(network, images, out, every_class, device.value, instances), start=1
        ):
            rows += found
            bars.advance(done)
    for image in images:
        found = [row for row in rows if row["image"] == str(image)]
        for row in found:
            told = f"{row['label']} ({row['score']:.2f} of threshold), box {row['box_px']}"
            console.print(f"{image}: {told}", soft_wrap=True)
        if not found:
            console.print(f"{image}: no object found", soft_wrap=True)
    console.print(f"masks, overlays, boxes.json and boxes.csv in {out}", soft_wrap=True)


@app.command()
def evaluate(
    run: RunArgument,
    data: DataOption = None,
    split: SplitOption = Part.test,
    canvas: Annotated[bool, typer.Option("--canvas", help="Paste each picture somewhere on a larger canvas.")] = False,
    scales: Annotated[tuple[float, float], typer.Option(help="With --canvas: scale of the pasted pictures.")] = (1, 1),
    clutter: Annotated[bool, typer.Option("--clutter", help="With --canvas: a cluttered one.")] = False,
    overlap: Annotated[
        float | None, typer.Option(min=0, max=0.9, help="orange-panda: both objects, overlapping by this fraction.")
    ] = None,
    objects: Annotated[
        int | None, typer.Option(min=1, help="Count objects, in scenes of so many of one class side by side.")
    ] = None,
    mixed: Annotated[bool, typer.Option("--mixed", help="With --objects: of different classes.")] = False,
    buffer: Annotated[
        float | None, typer.Option("--buffer", parser=milliseconds, help="Recordings: buffers so long, e.g. 10ms.")
    ] = None,
    fixed_thresholds: Annotated[
        bool, typer.Option("--fixed-thresholds", help="Thresholds do not adapt to the number of events.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Directory of the results; RUN by default.")] = None,
    device: DeviceOption = Device.cpp_standalone,
    jobs: JobsOption = 1,
) -> None:
    """Measure accuracy and mIoU on annotated pictures or recordings, beside honest baselines."""
    from ..evaluation.counting import count_objects, present_counts
    from ..evaluation.evaluation import evaluate_selection
    from ..evaluation.reporting import present
    from ..evaluation.selection import arrange, select
    from .progress import Bars

    selection = arrange(
        select(run, data, split.value),
        split.value,
        canvas=canvas,
        scales=scales,
        clutter=clutter,
        overlap=overlap,
        objects=objects,
        mixed=mixed,
        buffer_ms=buffer,
        fixed_thresholds=fixed_thresholds,
    )
    out = out or selection.run.results
    if objects is not None:
        with Bars(console) as bars:
            bars.stage("count", len(selection.indices))
            counting = count_objects(selection, device.value, bars.advance, jobs)
        return present_counts(counting, selection, split.value, out, device.value, console)
    with Bars(console) as bars:
        bars.stage("evaluate", len(selection.indices))
        evaluation = evaluate_selection(selection, device.value, bars.advance, jobs)
    present(evaluation, selection, split.value, out, device.value, console)


@app.command()
def report(
    run: RunArgument,
    data: DataOption = None,
    stimuli: Annotated[int, typer.Option(min=1, help="How many to explore, with those of the gallery.")] = 24,
    out: Annotated[Path | None, typer.Option("--out", help="The page; RUN/report.html by default.")] = None,
    device: DeviceOption = Device.cpp_standalone,
    jobs: JobsOption = 1,
) -> None:
    """Write a run as one HTML page: results, features, segmentations, and spikes to explore."""
    from ..evaluation.evaluation import evaluate_selection
    from ..evaluation.report import read_metrics, write_report
    from ..evaluation.reporting import present
    from ..evaluation.selection import select
    from ..training.directory import load_network
    from .progress import Bars

    results = load_network(run)[1].results
    metrics = read_metrics(results)
    part = Part.test.value if metrics is None else metrics["split"]
    selection = select(run, data, part)
    if metrics is None:
        with Bars(console) as bars:
            bars.stage("evaluate", len(selection.indices))
            evaluation = evaluate_selection(selection, device.value, bars.advance, jobs)
        present(evaluation, selection, part, results, device.value, console)
    out = out or results / "report.html"
    with Bars(console) as bars:
        bars.stage("report", stimuli)
        count = write_report(selection, out, stimuli, device.value, bars.advance)
    console.print(f"{out}: {count} stimuli, {out.stat().st_size / 1e6:.1f} MB", soft_wrap=True)


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", help="Run directory of the demo.")] = Path("runs/demo"),
    device: DeviceOption = Device.cpp_standalone,
) -> None:
    """Train on rendered oranges and pandas, measure, and segment two that overlap."""
    from .commands.demo import run_demo

    run_demo(out, device.value, console)


app.command()(analyse)
app.command()(doctor)
app.command()(export)
app.command()(stream)
app.command()(sweep)
app.command()(point)
app.command()(search)


@data_app.command()
def fetch(
    dataset: Annotated[str, typer.Argument(help="Only caltech-101 can be fetched.")],
    out: Annotated[Path, typer.Option("--out", help="Directory for the dataset.")] = Path("data"),
    source: Annotated[str | None, typer.Option(help="Archive to use instead of the official address.")] = None,
) -> None:
    """Download a dataset, with checksum; an interrupted download goes on."""
    from ...datasets.fetch import fetch_caltech101
    from .progress import download

    if dataset != "caltech-101":
        raise SpikeSegError(f"unknown dataset {dataset!r}: only caltech-101 can be fetched")
    with download(console) as progress:
        fetched = fetch_caltech101(out, source, progress)
    console.print(f"{fetched.root}\n{fetched.licence}", soft_wrap=True)
