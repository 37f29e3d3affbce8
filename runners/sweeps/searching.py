"""Search for constants with Optuna: every trial is a point for each seed, measured on validation data.

The points' directories are all that is kept. Optuna's sampler is seeded and a trial follows from those before it, so a
search that begins anew asks for the same points, finds them done, and goes on where it was.
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

from .plan import Interval, Search
from .point import metrics_file
from .points import Point, check_measurable, make_point, source_of
from .sweeping import Pool

if TYPE_CHECKING:
    from optuna.trial import Trial as Asked


@dataclass(frozen=True)
class Trial:
    """A set of constants and what it is worth.

    Attributes
    ----------
    varied
        The constants, by dotted key.
    points
        One per seed; none where the constants make no valid configuration.
    failures
        By hash, why points failed.
    score
        Mean over the seeds of what is maximized; None where a point failed.
    """

    varied: dict[str, Any]
    points: list[Point]
    failures: dict[str, str]
    score: float | None


def search_trials(file: Path, asked: Search, pool: Pool, trials: int) -> Iterator[Trial]:
    """Run so many trials, one after the other; those that are done take no time.

    Parameters
    ----------
    file
        Of the search.

    Raises
    ------
    SpikeSegError
        Optuna is missing, or there is nothing to be measured.
    """
    try:
        import optuna
    except ImportError as error:
        raise SpikeSegError("a search needs Optuna: pip install 'spikeseg[search]'") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=asked.sample_seed))
    for _ in range(trials):
        suggested = study.ask()
        varied = {key: _suggested(suggested, key, values) for key, values in asked.space.items()}
        trial = _run(file, asked, pool, varied)
        study.tell(suggested, trial.score, optuna.trial.TrialState.FAIL if trial.score is None else None)
        yield trial


def _suggested(trial: Asked, key: str, values: Interval | list[Any]) -> Any:
    if isinstance(values, Interval):
        return values.at(np.array([trial.suggest_float(key, 0, 1)]))[0]
    return values[trial.suggest_categorical(key, range(len(values)))]


def _run(file: Path, asked: Search, pool: Pool, varied: dict[str, Any]) -> Trial:
    source, failures = source_of(file, asked), {}
    try:
        points = [make_point(source, asked.settings, varied | {"seed": seed}, str(file)) for seed in asked.seeds]
    except SpikeSegError as error:
        return Trial(varied, [], {"": str(error)}, None)
    check_measurable(points[0], pool.measure_on)

    def told(point: Point, reason: str | None) -> None:
        if reason is not None:
            failures[point.hash] = reason

    pool.run(pool.missing(points), told)
    return Trial(varied, points, failures, None if failures else mean(_score(pool, asked, point) for point in points))


def _score(pool: Pool, asked: Search, point: Point) -> float:
    score = read_json(metrics_file(pool.directory, point, pool.measure_on))[asked.maximize]
    if score is None:
        raise SpikeSegError(f"{point.source} has no boxes to measure {asked.maximize} with: maximize accuracy")
    return score
