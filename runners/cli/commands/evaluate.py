"""`spikeseg evaluate`: measure a network on annotated data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...evaluation.options import EvaluationOptions
from ..options import DataOption, DeviceOption, InvalidOption, JobsOption, RunArgument, SplitOption, dataclass_options


@dataclass_options(EvaluationOptions)
def evaluate(
    run: RunArgument,
    options: EvaluationOptions,
    data: DataOption = None,
    invalid: InvalidOption = "error",
    split: SplitOption = "test",
    out: Annotated[Path | None, typer.Option("--out", help="Directory of the results; RUN by default.")] = None,
    device: DeviceOption = "cpp_standalone",
    jobs: JobsOption = 1,
) -> None:
    """Measure accuracy and mIoU on annotated pictures or recordings, beside baselines."""
    from ...evaluation.selection import select
    from ...evaluation.variants import apply_options
    from ..measuring import count_and_print, evaluate_and_print, print_invalid

    selection = apply_options(select(run, data, split, invalid), split, options)
    measure = evaluate_and_print if options.objects is None else count_and_print
    measure(selection, split, out or selection.run.results, device, jobs)
    print_invalid(selection)
