"""`spikeseg sweep`: train and measure many variants of a configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spikeseg.errors import SpikeSegError

from ..console import console
from ..options import DataOption, DeviceOption, RunsOption


def sweep(
    file: Annotated[Path, typer.Argument(help="TOML file with the keys that vary: docs/sweeps.md.")],
    out: RunsOption = Path("runs"),
    data: DataOption = None,
    device: DeviceOption = "cpp_standalone",
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Points to run at a time.")] = 1,
) -> None:
    """Train and measure every point of a sweep, then write a table and figures. Finished points are not repeated."""
    from ...sweeps.points import Point, load_sweep
    from ...sweeps.sweeping import Pool
    from ..progress import Bars
    from ..summaries import print_summary

    plan = load_sweep(file)
    pool = Pool(plan.measure_on, out, data, device, jobs)
    failures: dict[str, str] = {}
    missing = pool.missing(plan.points)
    done = len(plan.points) - len(missing)
    with Bars(console) as bars:
        bars.stage("points", len(plan.points), done)

        def ended(point: Point, reason: str | None) -> None:
            nonlocal done
            done += 1
            if reason is not None:
                failures[point.hash] = reason
                console.print(f"{point.hash} failed ({point}): {reason}", soft_wrap=True)
            bars.advance(done, f"{len(failures)} failed" if failures else "")

        pool.run(missing, ended)
    failures |= print_summary(pool, plan.points, failures, out / file.stem)
    if failures:
        raise SpikeSegError(f"{len(failures)} of {len(plan.points)} points failed: run the same command to try them again")
