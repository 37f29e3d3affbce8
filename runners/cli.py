"""The command line: train, encode, segment, evaluate, demo, data."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from spikeseg.errors import SpikeSegError
from spikeseg.version import __version__

console = Console()
app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
data_app = typer.Typer(no_args_is_help=True)
app.add_typer(data_app, name="data", help="Get datasets.")


class Device(str, Enum):  # noqa: UP042 - Typer shows the values of str enums
    """Where Brian2 simulates."""

    cpp_standalone = "cpp_standalone"
    cython = "cython"
    numpy = "numpy"


class Part(str, Enum):  # noqa: UP042
    """Which pictures of a dataset."""

    train = "train"
    validation = "validation"
    test = "test"
    all = "all"


RunArgument = Annotated[str, typer.Argument(help="Run directory, or the name of a network that comes along.")]
DataOption = Annotated[Path | None, typer.Option("--data", help="Directory of the dataset.")]
DeviceOption = Annotated[Device, typer.Option(help="Where Brian2 simulates.")]
SplitOption = Annotated[Part, typer.Option(help="Which pictures; `all` takes every one in the directory.")]


def main() -> None:
    """Run the command line; a user's error is one line on standard error and exit code 1."""
    try:
        app()
    except SpikeSegError as error:
        print(f"spikeseg: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("spikeseg: interrupted; the same command goes on from the last checkpoint", file=sys.stderr)
        sys.exit(130)


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
    from ..configs import load
    from .progress import Bars
    from .reporting import draw_training
    from .training import train as run_training

    loaded = load(config) if seed is None else load(config, seed=seed)
    with Bars(console) as bars:
        network = run_training(loaded, data, out, device.value, bars)
    draw_training(network, out)
    maps = ", ".join(f"map {number} is {label}" for number, label in enumerate(network.map_labels))
    console.print(f"{out / 'network.npz'}: {maps}")


@app.command()
def encode(
    run: RunArgument,
    data: DataOption = None,
    split: SplitOption = Part.test,
    out: Annotated[Path | None, typer.Option("--out", help="A .npz file; RUN/spikes/SPLIT.npz by default.")] = None,
    device: DeviceOption = Device.cpp_standalone,
) -> None:
    """Write the spikes of every layer to disk."""
    from .encoding import record
    from .pictures import choose
    from .progress import Bars

    chosen = choose(run, data, split.value)
    out = out or chosen.run.path / "spikes" / f"{split.value}.npz"
    with Bars(console) as bars:
        bars.stage("encode", len(chosen.indices))
        spikes = record(chosen, out, device.value, bars.advance)
    counts = ", ".join(f"{layer} {len(s) / max(1, s.stimuli):.0f}" for layer, s in spikes.items())
    console.print(f"{out}: spikes per stimulus {counts}")
