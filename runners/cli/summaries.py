"""Write the results of a sweep or a search and print the names of the files: shared by `sweep` and `search`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from ...configs.changes import described
from ..sweeps.points import Point
from ..sweeps.summary import Summary, write_summary
from ..sweeps.sweeping import Pool
from .console import console


def print_summary(
    pool: Pool, points: Sequence[Point], failures: Mapping[str, str], directory: Path, score: str | None = None
) -> dict[str, str]:
    """Write the table and the figures, and print what is best and what was written.

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
    _print_best(summary, pool.directory)
    return summary.damaged


def _print_best(summary: Summary, runs: Path) -> None:
    """Print the best setting with its runs, and what the others reach."""
    known = [setting.mean for setting in summary.settings if setting.mean is not None]
    if not known:
        console.print("no setting has all its points: there is no best one")
        return
    best = summary.settings[0]
    where = f" at {described(best.varied)}" if best.varied else ""
    spread = "" if best.spread is None else f" ± {best.spread:.4f} over {len(best.scores)} seeds"
    console.print(f"best: {summary.score} {known[0]:.4f}{spread}{where}", soft_wrap=True)
    for point, score in best.scores.items():
        console.print(f"  {runs / point}: {score:.4f}", soft_wrap=True)
    if len(known) > 1:
        told = f"lowest {known[-1]:.4f}, median {median(known):.4f}, highest {known[0]:.4f}"
        console.print(f"all {len(known)} settings: {told}", soft_wrap=True)
