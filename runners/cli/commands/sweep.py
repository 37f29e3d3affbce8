"""`spikeseg sweep`, and `spikeseg point`, which runs one point of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from spikeseg.errors import SpikeSegError

from ..options import DataOption, Device, DeviceOption, Part, RunsOption

if TYPE_CHECKING:
    from ....analysis.measures.sweep_table import Row
    from ...sweeps.points import Point
    from ...sweeps.sweeping import Pool

console = Console(markup=False)  # a file's name may have brackets


def sweep(
    file: Annotated[Path, typer.Argument(help="TOML file that says what varies: docs/sweeps.md.")],
    out: RunsOption = Path("runs"),
    data: DataOption = None,
    device: DeviceOption = Device.cpp_standalone,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Points at a time.")] = 1,
) -> None:
    """Train and measure at every point of a sweep; what is done is not repeated. Then a table and pictures."""
    from ...sweeps.points import load_sweep
    from ...sweeps.sweeping import Pool

    plan = load_sweep(file)
    pool = Pool(plan.measure_on, out, data, device.value, jobs)
    failures = run_points(pool, plan.points)
    failures |= report(pool, plan.points, failures, out / file.stem)
    if failures:
        raise SpikeSegError(f"{len(failures)} of {len(plan.points)} points failed; the same command tries them again")


def point(
    config: Annotated[str, typer.Argument(help="TOML file, or the name of a configuration that comes along.")],
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE, e.g. conv3.learning.a_plus=0.01; may be repeated.")
    ] = None,
    measure_on: Annotated[Part, typer.Option(help="Part of the data to measure on.")] = Part.validation,
    out: RunsOption = Path("runs"),
    data: DataOption = None,
    device: DeviceOption = Device.cpp_standalone,
) -> None:
    """Train and measure at one point of a sweep, in OUT/<hash of the configuration>; if it is done, only say so."""
    from ....configs.changes import parsed
    from ...sweeps.point import metrics_file, run_point
    from ...sweeps.points import make_point
    from ..progress import Bars

    part = measure_on.value
    asked = make_point(config, dict(map(parsed, changes or ())), {}, config)
    with Bars(console) as bars:
        metrics = run_point(asked, part, data, out, device.value, bars)
    console.print(f"{metrics_file(out, asked, part)}: accuracy {metrics['accuracy']:.3f}", soft_wrap=True)


def run_points(pool: Pool, points: Sequence[Point]) -> dict[str, str]:
    """Run what is not done, with a bar; returns by hash why points failed, and says so at once."""
    from ..progress import Bars

    failures: dict[str, str] = {}
    missing = pool.missing(points)
    done = len(points) - len(missing)
    with Bars(console) as bars:
        bars.stage("points", len(points), done)

        def told(point: Point, reason: str | None) -> None:
            nonlocal done
            done += 1
            if reason is not None:
                failures[point.hash] = reason
                console.print(f"{point.hash} failed ({point}): {reason}", soft_wrap=True)
            bars.advance(done, f"{len(failures)} failed" if failures else "")

        pool.run(missing, told)
    return failures


def rows(pool: Pool, points: Sequence[Point], failures: Mapping[str, str]) -> tuple[list[Row], dict[str, str]]:
    """The table: what was measured at each point, or why it failed; and by hash, whose metrics are damaged."""
    from spikeseg.files import read_json

    from ....analysis.measures.sweep_table import row
    from ...sweeps.point import metrics_file

    table: list[Row] = []
    damaged: dict[str, str] = {}
    for one in points:
        failure = failures.get(one.hash)
        file = metrics_file(pool.directory, one, pool.measure_on)
        try:
            table.append(row(one.hash, one.varied, None if failure else read_json(file), failure))
        except SpikeSegError as error:
            damaged[one.hash] = f"{error}: remove {file} to measure that point anew"
            console.print(f"{one.hash} ({one}): {damaged[one.hash]}", soft_wrap=True)
            table.append(row(one.hash, one.varied, None, damaged[one.hash]))
    return table, damaged


def report(pool: Pool, points: Sequence[Point], failures: Mapping[str, str], directory: Path) -> dict[str, str]:
    """Write the table and its pictures; returns by hash what is wrong with metrics that are damaged."""
    from ....analysis.figures.style import save
    from ....analysis.figures.sweeps import draw
    from ....analysis.measures.sweep_table import write_csv, write_parquet

    (table, damaged), keys = rows(pool, points, failures), list(points[0].varied)
    write_csv(directory / "points.csv", table)
    written = ["points.csv"]
    try:
        write_parquet(directory / "points.parquet", table)
        written.append("points.parquet")
    except ImportError:
        console.print("points.parquet needs pyarrow: pip install 'spikeseg[sweep]'")
    for name, figure in draw(table, keys).items():
        save(figure, directory / f"{name}.png")
        written.append(f"{name}.png")
    console.print(f"{', '.join(written)} in {directory}", soft_wrap=True)
    return damaged
