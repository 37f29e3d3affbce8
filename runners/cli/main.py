"""The command line: all commands, and the exit codes."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from spikeseg.errors import SpikeSegError
from spikeseg.names import printable
from spikeseg.version import __version__

from .commands import (
    analyse,
    cache,
    config,
    data,
    demo,
    doctor,
    encode,
    evaluate,
    events,
    export,
    init,
    point,
    report,
    search,
    segment,
    stream,
    sweep,
    train,
)
from .console import console

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)

INTERRUPTED = 130  # exit code of Typer after Ctrl-C
RESUMING = ("train", "demo", "sweep", "point", "search")


def main() -> None:
    """Run the command line. A user's error prints one line on standard error and ends with exit code 1."""
    try:
        with _terminated_as_interrupted():
            app()
    except (SpikeSegError, OSError) as error:
        print("spikeseg:", printable(str(error), lines=False), file=sys.stderr)
        sys.exit(1)
    except SystemExit as ended:
        if ended.code == INTERRUPTED:
            rest = "; the same command resumes from its last checkpoint" if sys.argv[1] in RESUMING else ""
            print(f"spikeseg: interrupted{rest}", file=sys.stderr)
        raise


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Let SIGTERM, which schedulers send, end a command as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():  # which alone may handle signals
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _version(asked: bool) -> None:
    if asked:
        console.print(__version__)
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """SpikeSEG on Brian2: unsupervised semantic segmentation with a spiking convolutional network."""


for command, example in (
    (init.init, "spikeseg init photos --out photos.toml"),
    (train.train, "spikeseg train dog-caltech --data data --seed 1 --out runs/one"),
    (encode.encode, "spikeseg encode runs/one --split test"),
    (segment.segment, "spikeseg segment dog-caltech face.jpg bike.png --out segments"),
    (evaluate.evaluate, "spikeseg evaluate runs/one --canvas --out runs/one/shifted"),
    (report.report, "spikeseg report runs/one"),
    (demo.demo, "spikeseg demo --out runs/demo"),
    (analyse.analyse, "spikeseg analyse runs/one"),
    (doctor.doctor, "spikeseg doctor"),
    (cache.cache, "spikeseg cache --clear"),
    (export.export, "spikeseg export runs/one/spikes/test.npz test.nwb --format nwb"),
    (stream.stream, "spikeseg stream runs/n-caltech recording.aedat4 --video film.gif"),
    (sweep.sweep, "spikeseg sweep examples/sweep.toml --jobs 2 --out runs"),
    (point.point, "spikeseg point dog-caltech --set conv3.learning.a_plus=0.01 --data data --out runs"),
    (search.search, "spikeseg search search.toml --trials 40 --out runs"),
):
    app.command(epilog=f"Example: {example}")(command)
app.add_typer(config.app, name="config", help="Show bundled configurations, and explain their keys.")
app.add_typer(data.app, name="data", help="Download datasets.")
app.add_typer(events.app, name="events", help="Look at recordings of event cameras.")
