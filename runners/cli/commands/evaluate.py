"""`spikeseg evaluate`: measure a network on annotated data."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from spikeseg.errors import SpikeSegError
from spikeseg.memory import keep_freed_memory

from ....analysis.decoding.presence import CONFIDENCE
from ...evaluation.options import EvaluationOptions
from ..options import (
    ConfidenceOption,
    DataOption,
    DeviceOption,
    InvalidOption,
    JobsOption,
    RunArgument,
    SplitOption,
    dataclass_options,
)


class Layer(StrEnum):
    """Layers that a readout may read."""

    CONV1, POOL1, CONV2, POOL2, CONV3 = "conv1", "pool1", "conv2", "pool2", "conv3"


@dataclass_options(EvaluationOptions)
def evaluate(
    run: RunArgument,
    options: EvaluationOptions,
    data: DataOption = None,
    invalid: InvalidOption = "error",
    split: SplitOption = "test",
    out: Annotated[Path | None, typer.Option("--out", help="Directory of the results; RUN by default.")] = None,
    absent: Annotated[
        list[str] | None,
        typer.Option(help="Also show what holds none of the objects: clutter, desks, noise or a directory."),
    ] = None,
    supervised: Annotated[
        list[Layer] | None,
        typer.Option(help="Also fit a supervised linear readout of this layer, or of several, to training labels."),
    ] = None,
    population: Annotated[
        bool, typer.Option("--population", help="Also answer by all Conv3 maps together, assigned by training labels.")
    ] = False,
    confidence: ConfidenceOption = CONFIDENCE,
    device: DeviceOption = "cpp_standalone",
    jobs: JobsOption = 1,
) -> None:
    """Measure accuracy and mIoU on annotated pictures or recordings, beside baselines."""
    keep_freed_memory()
    from ...evaluation.selection import select
    from ...evaluation.variants import apply_options
    from ..measuring import count_and_print, evaluate_and_print, print_invalid

    selection = apply_options(select(run, data, split, invalid), split, options)
    results = out or selection.run.results
    if options.objects is None:
        evaluate_and_print(
            selection, split, results, device, jobs, confidence, absent or (), supervised or (), population
        )
    elif supervised or population:
        option = "--supervised" if supervised else "--population"
        raise SpikeSegError(f"{option} and --objects cannot be combined: a readout answers one object")
    elif absent:
        raise SpikeSegError("--absent and --objects cannot be combined: measure presence without --objects")
    else:
        count_and_print(selection, split, results, device, jobs)
    print_invalid(selection)
