"""Run one point of a sweep: train, measure, and write the metrics last. The metrics of a finished point are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from spikeseg.files import locked, read_json, remove_lock
from spikeseg.progress import Reporter, Silent

from ..training.training import train
from .points import Point, check_measurable


def metrics_file(directory: Path, point: Point, part: str) -> Path:
    """The metrics file of a finished point; `spikeseg evaluate` writes to another one."""
    return directory / point.hash / f"metrics-{part}.json"


def run_point(
    point: Point, part: str, data: Path | None, directory: Path, device: str, reporter: Reporter | None = None
) -> dict[str, Any]:
    """Train a point and measure it. An interrupted point resumes; of a finished one, the metrics are only read.

    If another process runs the same point, this one waits for it.

    Parameters
    ----------
    point
        The point.
    part
        Part of the data to measure on.
    data
        Directory of the dataset, None for a rendered one.
    directory
        Directory of the runs, with a run directory for each point.
    device
        Where Brian2 simulates.
    reporter
        Receives progress.

    Returns
    -------
    The content of the metrics file.

    Raises
    ------
    SpikeSegError
        The configuration leaves no data to measure on; or see `train` and `evaluate_selection`.
    """
    check_measurable(point, part)
    file = metrics_file(directory, point, part)
    lock = directory / f".{point.hash}.lock"
    if not file.exists():
        with locked(lock, wait=True):
            train(point.config, data, file.parent, device, reporter)
            if not file.exists():  # otherwise another process has measured it in the meantime
                _measure(file, part, data, device, reporter or Silent())
    remove_lock(lock)
    return read_json(file)


def _measure(file: Path, part: str, data: Path | None, device: str, reporter: Reporter) -> None:
    from ..evaluation.evaluation import evaluate_selection
    from ..evaluation.reporting import write_metrics
    from ..evaluation.selection import select

    selection = select(file.parent, data, part)
    reporter.stage("evaluate", len(selection.indices))
    write_metrics(file, evaluate_selection(selection, device, reporter.advance), selection, part, device)
