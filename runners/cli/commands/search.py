"""`spikeseg search`: search for the constants that score best on validation data."""

from __future__ import annotations

from math import inf
from pathlib import Path
from typing import Annotated

import typer

from spikeseg.errors import SpikeSegError

from ..console import console
from ..options import DataOption, DeviceOption, RunsOption


def search(
    file: Annotated[Path, typer.Argument(help="TOML file with the space to search: docs/sweeps.md.")],
    trials: Annotated[int, typer.Option(min=1, help="Total number of trials, including finished ones.")],
    out: RunsOption = Path("runs"),
    data: DataOption = None,
    device: DeviceOption = "cpp_standalone",
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Seeds of a trial to run at a time.")] = 1,
) -> None:
    """Search for the best constants with Optuna, on validation data only; the same command resumes."""
    from ....configs.changes import described
    from ...sweeps.points import load_search
    from ...sweeps.searching import search_trials
    from ...sweeps.sweeping import Pool
    from ..progress import Bars
    from ..summaries import print_summary

    plan = load_search(file)
    pool = Pool("validation", out, data, device, jobs)
    points, failures, highest = {}, {}, -inf
    with Bars(console) as bars:
        bars.stage("trials", trials)
        for done, trial in enumerate(search_trials(file, plan, pool, trials), 1):
            points |= {point.hash: point for point in trial.points}
            failures |= trial.failures
            for reason in trial.failures.values():
                console.print(f"trial failed ({described(trial.varied)}): {reason}", soft_wrap=True)
            highest = max(highest, -inf if trial.score is None else trial.score)
            bars.advance(done, f"best {highest:.4f}")
    if highest == -inf:
        raise SpikeSegError(f"all {trials} trials failed")
    damaged = print_summary(pool, list(points.values()), failures, out / file.stem, plan.maximize)
    if damaged:
        raise SpikeSegError(next(iter(damaged.values())))
