"""Options that several commands have."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer


class Device(str, Enum):  # noqa: UP042 - Typer shows the values of str enums
    """Where Brian2 simulates."""

    cpp_standalone = "cpp_standalone"
    cython = "cython"
    numpy = "numpy"
    genn = "genn"
    genn_cpu = "genn-cpu"


class Part(str, Enum):  # noqa: UP042
    """Which pictures of a dataset."""

    train = "train"
    validation = "validation"
    test = "test"
    all = "all"


DataOption = Annotated[Path | None, typer.Option("--data", help="Directory of the dataset.")]
DeviceOption = Annotated[Device, typer.Option(help="Where Brian2 simulates.")]
RunsOption = Annotated[Path, typer.Option("--out", help="Directory of the runs, one for each point.")]
