"""Choose the writer of an export format: Neo (NIX), Neurodata Without Borders, CSV or Parquet."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Literal

from spikeseg.errors import SpikeSegError
from spikeseg.excerpt import Excerpt
from spikeseg.files import replacing

Format = Literal["neo", "nwb", "csv", "parquet"]
SUFFIXES: dict[Format, str] = {"neo": ".nix", "nwb": ".nwb", "csv": ".csv", "parquet": ".parquet"}

Export = Callable[[Excerpt, Callable[[int], None]], None]


def format_of(out: Path) -> Format:
    """The format that the suffix of a file stands for. Raises SpikeSegError if it stands for none."""
    formats: dict[str, Format] = {suffix: kind for kind, suffix in SUFFIXES.items()}
    if out.suffix not in formats:
        raise SpikeSegError(f"{out} says no format: its name must end in {', '.join(formats)}")
    return formats[out.suffix]


def exporter(kind: Format, out: Path) -> Export:
    """Find the function that writes a format; nothing is read or written yet.

    Parameters
    ----------
    kind
        One of ``neo, nwb, csv, parquet``.
    out
        The file to write, see `format_of`.

    Returns
    -------
    Export
        A function with two arguments: the excerpt, and a callback that receives the number of spikes written so far.
        It writes `out` atomically, and raises SpikeSegError if the file system refuses.

    Raises
    ------
    SpikeSegError
        The suffix of `out` is not that of the format, or a package that the format needs is not installed.
    """
    if out.suffix != SUFFIXES[kind]:
        raise SpikeSegError(f"{out} cannot be a file of format {kind}: its name must end in {SUFFIXES[kind]}")
    try:
        write = import_module(f".{kind}", __package__).write
    except ImportError as error:
        raise SpikeSegError(f'format {kind} needs pip install "spikeseg[export]": {error}') from error

    def export(excerpt: Excerpt, progress: Callable[[int], None]) -> None:
        with replacing(out) as temporary, _file_system_errors():
            write(excerpt, temporary, progress)

    return export


@contextmanager
def _file_system_errors() -> Iterator[None]:
    """Raise the file system's own OSError in place of the errors into which HDF5 and Arrow wrap it."""
    try:
        yield
    except Exception as error:  # HDF5 raises different types, and sometimes one while it handles another
        found = re.search(r"\berrno(?: =)? (\d+)", f"{error} {error.__context__}", re.IGNORECASE)
        if found is None:
            raise
        number = int(found[1])
        raise OSError(number, os.strerror(number)) from error
