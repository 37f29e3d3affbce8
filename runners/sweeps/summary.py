"""Write the results of a sweep: all points in one table, what is best, and figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from spikeseg.errors import SpikeSegError
from spikeseg.files import read_json, write_json

from ...analysis.figures.style import save
from ...analysis.figures.sweeps import draw
from ...analysis.measures.sweep_table import (
    Setting,
    SweepRow,
    ranked_settings,
    row,
    score_of,
    write_csv,
    write_parquet,
)
from .point import metrics_file
from .points import Point
from .sweeping import Pool

SUMMARY = "summary.json"


class Summary(NamedTuple):
    """The files that were written, and the points whose metrics are damaged.

    Attributes
    ----------
    files
        Names of the files.
    score, settings
        The score by which settings are ranked, and the settings, the best first.
    damaged
        By hash of the point: what is wrong with its metrics, in one line.
    without_parquet
        Whether points.parquet was left out, because pyarrow is not installed.
    """

    files: list[str]
    score: str
    settings: list[Setting]
    damaged: dict[str, str]
    without_parquet: bool


def write_summary(
    pool: Pool, points: Sequence[Point], failures: Mapping[str, str], directory: Path, score: str | None = None
) -> Summary:
    """Write points.csv, points.parquet, summary.json and figures to `directory`.

    Parameters
    ----------
    pool
        Says where the metrics of the points are.
    points
        All points.
    failures
        By hash of the point, why it failed; this is a column of the table.
    directory
        Directory of the results.
    score
        The score by which settings are ranked; None for what `score_of` chooses.

    Raises
    ------
    SpikeSegError
        The file system refuses.
    """
    rows, damaged = _rows(pool, points, failures)
    keys, score = list(points[0].varied), score or score_of(rows)
    settings = ranked_settings(rows, keys, score)
    about = {"source": points[0].source, "measure_on": pool.measure_on}
    write_json(directory / SUMMARY, about | {"score": score, "settings": [one._asdict() for one in settings]})
    write_csv(directory / "points.csv", rows)
    files, without_parquet = ["points.csv", SUMMARY], False
    try:
        write_parquet(directory / "points.parquet", rows)
        files.append("points.parquet")
    except ImportError:
        without_parquet = True
    for name, figure in draw(rows, keys).items():
        save(figure, directory / f"{name}.png")
        files.append(f"{name}.png")
    return Summary(files, score, settings, damaged, without_parquet)


def _rows(pool: Pool, points: Sequence[Point], failures: Mapping[str, str]) -> tuple[list[SweepRow], dict[str, str]]:
    """A row per point, and by hash of the point, what is wrong with damaged metrics."""
    rows: list[SweepRow] = []
    damaged: dict[str, str] = {}
    for point in points:
        failure = failures.get(point.hash)
        file = metrics_file(pool.directory, point, pool.measure_on)
        try:
            rows.append(row(point.hash, point.varied, None if failure else read_json(file), failure))
        except SpikeSegError as error:
            damaged[point.hash] = f"{error}: remove {file} to measure that point again"
            rows.append(row(point.hash, point.varied, None, damaged[point.hash]))
    return rows, damaged
