"""One point of a sweep: train, measure, write the metrics last; a point that is done is only read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from spikeseg.files import locked, read_json
from spikeseg.progress import Reporter, Silent

from ..training.training import train
from .points import Point, check_measurable


def metrics_file(directory: Path, point: Point, part: str) -> Path:
    """Where a point's metrics are once it is done; `spikeseg evaluate` writes to another file."""
    return directory / point.hash / f"metrics-{part}.json"


def run_point(
    point: Point, part: str, data: Path | None, directory: Path, device: str, reporter: Reporter | None = None
) -> dict[str, Any]:
    """Train a point and measure it on a part of its data, or go on with it, or only read what is known.

    Another process that is at the same point is waited for.

    Raises
    ------
    SpikeSegError
        There are no data to measure on, or what `train` and `evaluate_selection` raise.
    """
    check_measurable(point, part)
    file = metrics_file(directory, point, part)
    if not file.exists():
        with locked(directory / f".{point.hash}.lock", wait=True):
            train(point.config, data, file.parent, device, reporter)
            if not file.exists():  # else another process was quicker
                _measure(file, part, data, device, reporter or Silent())
    return read_json(file)


def _measure(file: Path, part: str, data: Path | None, device: str, reporter: Reporter) -> None:
    from ..evaluation.evaluation import evaluate_selection
    from ..evaluation.reporting import write_metrics
    from ..evaluation.selection import select

    selection = select(file.parent, data, part)
    reporter.stage("evaluate", len(selection.indices))
    write_metrics(file, evaluate_selection(selection, device, reporter.advance), selection, part, device)
