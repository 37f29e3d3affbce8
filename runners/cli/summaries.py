"""Write the results of a sweep or a search and print the names of the files: shared by `sweep` and `search`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..sweeps.points import Point
from ..sweeps.summary import write_summary
from ..sweeps.sweeping import Pool
from .console import console


def print_summary(pool: Pool, points: Sequence[Point], failures: Mapping[str, str], directory: Path) -> dict[str, str]:
    """Write the table and the figures, and print what was written.

    Returns
    -------
    By hash of the point: what is wrong with damaged metrics.

    Raises
    ------
    SpikeSegError
        The file system refuses.
    """
    summary = write_summary(pool, points, failures, directory)
    named = {point.hash: point for point in points}
    for point, reason in summary.damaged.items():
        console.print(f"{point} ({named[point]}): {reason}", soft_wrap=True)
    if summary.without_parquet:
        console.print("points.parquet needs pyarrow: pip install 'spikeseg[sweep]'")
    console.print(f"{', '.join(summary.files)} in {directory}", soft_wrap=True)
    return summary.damaged
