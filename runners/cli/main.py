"""The command line: all commands, and the exit codes."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Annotated

import typer

from spikeseg.errors import SpikeSegError
from spikeseg.names import printable
from spikeseg.version import __version__

from .console import console

EXAMPLES = {
    "init": "spikeseg init photos --out photos.toml",
    "train": "spikeseg train dog-caltech --data data --seed 1 --out runs/one",
    "encode": "spikeseg encode runs/one --split test",
    "segment": "spikeseg segment dog-caltech face.jpg bike.png --out segments",
    "evaluate": "spikeseg evaluate runs/one --canvas --out runs/one/shifted",
    "report": "spikeseg report runs/one",
    "demo": "spikeseg demo --out runs/demo",
    "analyse": "spikeseg analyse runs/one",
    "doctor": "spikeseg doctor",
    "cache": "spikeseg cache --clear",
    "export": "spikeseg export runs/one/spikes/test.npz test.nwb",
    "stream": "spikeseg stream runs/n-caltech recording.aedat4 --video film.gif",
    "sweep": "spikeseg sweep examples/sweep.toml --jobs 2 --out runs",
    "point": "spikeseg point dog-caltech --set conv3.learning.a_plus=0.01 --data data --out runs",
    "search": "spikeseg search search.toml --trials 40 --out runs",
}
"""An example of each command. A command is a function in the module of its name."""

GROUPS = {
    "config": "Show bundled configurations, and explain their keys.",
    "data": "Download datasets.",
    "events": "Look at recordings of event cameras.",
}
"""Help of each group of commands, which is an ``app`` in the module of its name."""

INTERRUPTED = 130  # exit code of Typer after Ctrl-C
RESUMING = ("train", "demo", "sweep", "point", "search")


def main() -> None:
    """Run the command line. A user's error prints one line on standard error and ends with exit code 1."""
    try:
        with _terminated_as_interrupted(), _remarks_shown():
            application(sys.argv[1:2])()
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


@contextmanager
def _remarks_shown() -> Iterator[None]:
    """Show somebody who waits before a terminal what takes long."""
    if not console.is_terminal:
        yield
        return
    remarks, handler = logging.getLogger("spikeseg"), _Printing()
    before = remarks.level
    remarks.setLevel(logging.INFO)
    remarks.addHandler(handler)
    try:
        yield
    finally:
        remarks.removeHandler(handler)
        remarks.setLevel(before)


class _Printing(logging.Handler):
    """Prints above the progress bars."""

    def emit(self, record: logging.LogRecord) -> None:
        console.print(record.getMessage())


def _version(asked: bool) -> None:
    if asked:
        console.print(__version__)
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """SpikeSEG on Brian2: unsupervised semantic segmentation with a spiking convolutional network."""


def application(words: Sequence[str] = ()) -> typer.Typer:
    """Give the command line.

    Parameters
    ----------
    words
        What the user typed, as far as it is known. If the first word is a command, no other command is in the
        application: importing all of them takes longer than a picture.
    """
    wanted = {*words[:1]} & {*EXAMPLES, *GROUPS} or {*EXAMPLES, *GROUPS}
    app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
    app.callback()(_options)
    for name in (*EXAMPLES, *GROUPS):
        if name in wanted:
            module = import_module(f".commands.{name}", __package__)
            if name in GROUPS:
                app.add_typer(module.app, name=name, help=GROUPS[name])
            else:
                app.command(epilog=f"Example: {EXAMPLES[name]}")(getattr(module, name))
    return app
