"""`spikeseg report`: one HTML page about a run or a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ....datasets.split import AnyPart
from ..console import console
from ..options import DataOption, DeviceOption, InvalidOption, JobsOption


def report(
    run: Annotated[str, typer.Argument(help="Run directory, directory of a sweep, or name of a bundled network.")],
    data: DataOption = None,
    invalid: InvalidOption = "error",
    split: Annotated[
        AnyPart | None, typer.Option(help="Part of the data; by default the one that was measured, else test.")
    ] = None,
    stimuli: Annotated[int, typer.Option(min=1, help="Stimuli to explore, including those of the gallery.")] = 24,
    out: Annotated[
        Path | None, typer.Option("--out", help="The page; report.html beside the results by default.")
    ] = None,
    device: DeviceOption = "cpp_standalone",
    jobs: JobsOption = 1,
) -> None:
    """Write a run as one HTML page: results, features, segmentations, and spikes to explore. A sweep: what is best."""
    from ...evaluation.report import measured_part, read_metrics, results_of, write_report
    from ...evaluation.selection import select
    from ...sweeps.reporting import is_sweep, write_sweep_report
    from ...training.directory import load_network
    from ..measuring import evaluate_and_print
    from ..progress import Bars

    if is_sweep(Path(run)):
        out = out or Path(run) / "report.html"
        settings = write_sweep_report(Path(run), out)
        console.print(f"{out}: {settings} settings", soft_wrap=True)
        return
    results = load_network(run)[1].results
    part = split or measured_part(results)
    results = results_of(results, part)
    selection = select(run, data, part, invalid)
    if read_metrics(results) is None:
        evaluate_and_print(selection, part, results, device, jobs)
    out = out or results / "report.html"
    with Bars(console) as bars:
        bars.stage("report", stimuli)
        count = write_report(selection, results, out, stimuli, device, bars.advance)
    console.print(f"{out}: {count} stimuli, {out.stat().st_size / 1e6:.1f} MB", soft_wrap=True)
