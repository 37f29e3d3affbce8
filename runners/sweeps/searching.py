"""Search for the best constants with Optuna. Every trial is one point per seed, measured on validation data.

Only the run directories of the points are kept. Optuna's sampler is seeded, and each trial depends only on those before
it. So a search that is started again asks for the same points, finds them finished, and resumes where it stopped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

import numpy as np

from spikeseg.errors import SpikeSegError
from spikeseg.files import read_json

from ...analysis.measures.sweep_table import check_score
from .plan import Interval, Search
from .point import metrics_file
from .points import Point, check_measurable, make_point, source_of
from .sweeping import Pool

if TYPE_CHECKING:
    from optuna.trial import Trial as OptunaTrial


@dataclass(frozen=True)
class Trial:
    """A set of constants and its score.

    Attributes
    ----------
    varied
        The constants, by dotted key.
    points
        One point per seed; none if the configuration with these constants is not valid.
    failures
        Why points failed, by hash of the point.
    score
        Mean over the seeds of the metric that is maximized; None if a point failed.
    """

    varied: dict[str, Any]
    points: list[Point]
    failures: dict[str, str]
    score: float | None


def search_trials(file: Path, search: Search, pool: Pool, trials: int) -> Iterator[Trial]:
    """Run trials one after the other; finished ones take no time.

    Parameters
    ----------
    file, search
        The file of the search, and its content.
    pool
        Runs the points.
    trials
        Number of trials.

    Raises
    ------
    SpikeSegError
        Optuna is not installed, the configuration leaves no data to measure on, or a metric is missing.
    """
    try:
        import optuna
    except ImportError as error:
        raise SpikeSegError("a search needs Optuna: pip install 'spikeseg[search]'") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=search.sample_seed))
    for _ in range(trials):
        suggested = study.ask()
        varied = {key: _suggested(suggested, key, values) for key, values in search.space.items()}
        trial = _run(file, search, pool, varied)
        study.tell(suggested, trial.score, optuna.trial.TrialState.FAIL if trial.score is None else None)
        yield trial


def _suggested(trial: OptunaTrial, key: str, values: Interval | list[Any]) -> Any:
    if isinstance(values, Interval):
        return values.at(np.array([trial.suggest_float(key, 0, 1)]))[0]
    return values[trial.suggest_categorical(key, range(len(values)))]


def _run(file: Path, search: Search, pool: Pool, varied: dict[str, Any]) -> Trial:
    """Run the points of one trial."""
    source, failures = source_of(file, search), {}
    try:
        points = [make_point(source, search.settings, varied | {"seed": seed}, str(file)) for seed in search.seeds]
    except SpikeSegError as error:
        return Trial(varied, [], {"": str(error)}, None)
    check_measurable(points[0], pool.measure_on)

    def ended(point: Point, reason: str | None) -> None:
        if reason is not None:
            failures[point.hash] = reason

    pool.run(pool.missing(points), ended)
    return Trial(varied, points, failures, None if failures else mean(_score(pool, search, point) for point in points))


def _score(pool: Pool, search: Search, point: Point) -> float:
    file = metrics_file(pool.directory, point, pool.measure_on)
    metrics = read_json(file)
    if search.maximize not in metrics:
        raise SpikeSegError(f"{file} lacks {search.maximize}: remove it to measure that point again")
    score = metrics[search.maximize]
    check_score(score, f"{search.maximize} in {file}")
    if score is None:
        raise SpikeSegError(f"{point.source} has no boxes to measure {search.maximize} with: maximize accuracy")
    return score
