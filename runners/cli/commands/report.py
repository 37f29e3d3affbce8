"""`spikeseg report`: one HTML page about a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..console import console
from ..options import DataOption, DeviceOption, InvalidOption, JobsOption, RunArgument


def report(
    run: RunArgument,
    data: DataOption = None,
    invalid: InvalidOption = "error",
    stimuli: Annotated[int, typer.Option(min=1, help="Stimuli to explore, including those of the gallery.")] = 24,
    out: Annotated[Path | None, typer.Option("--out", help="The page; RUN/report.html by default.")] = None,
    device: DeviceOption = "cpp_standalone",
    jobs: JobsOption = 1,
) -> None:
    """Write a run as one HTML page: results, features, segmentations, and spikes to explore."""
    from ...evaluation.report import read_metrics, write_report
    from ...evaluation.selection import select
    from ...training.directory import load_network
    from ..measuring import evaluate_and_print
    from ..progress import Bars

    results = load_network(run)[1].results
    metrics = read_metrics(results)
    part = "test" if metrics is None else metrics["split"]
    selection = select(run, data, part, invalid)
    if metrics is None:
        evaluate_and_print(selection, part, results, device, jobs)
    out = out or results / "report.html"
    with Bars(console) as bars:
        bars.stage("report", stimuli)
        count = write_report(selection, out, stimuli, device, bars.advance)
    console.print(f"{out}: {count} stimuli, {out.stat().st_size / 1e6:.1f} MB", soft_wrap=True)
