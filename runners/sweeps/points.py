"""The points of sweeps and searches: changed configurations, each with a run directory of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spikeseg.checking import checked
from spikeseg.errors import SpikeSegError
from spikeseg.version import __version__

from ...configs.changes import changed, described, written
from ...configs.reading import read, read_toml, shipped, validate, with_models
from ...configs.schema import Config
from .plan import Departure, Interval, Part, Search, Sweep


@dataclass(frozen=True)
class Point:
    """One run of a sweep or a search.

    Attributes
    ----------
    source
        The configuration that is changed: a file, or the name of a bundled one.
    settings, varied
        The changes that all points share, and those of this point, by dotted key.
    config
        The changed configuration.
    """

    source: str
    settings: dict[str, Any]
    varied: dict[str, Any]
    config: Config

    @property
    def hash(self) -> str:
        """Name of the run directory: a hash of the configuration and of the version of spikeseg."""
        return hashlib.sha256(f"{__version__} {self.config.digest()}".encode()).hexdigest()[:12]

    @property
    def arguments(self) -> list[str]:
        """Arguments with which `spikeseg point` runs this point."""
        changes = [f"{key}={written(value)}" for key, value in (self.settings | self.varied).items()]
        return [self.source, *(word for change in changes for word in ("--set", change))]

    def __str__(self) -> str:
        return described(self.varied)


def make_point(source: str, settings: dict[str, Any], varied: dict[str, Any], where: str) -> Point:
    """Change a configuration.

    Parameters
    ----------
    source, settings, varied
        See `Point`.
    where
        The file or configuration that errors name.

    Raises
    ------
    SpikeSegError
        The changed configuration is not valid.
    """
    path, content = read(source)
    content = with_models(changed(content, settings | varied, where), path)
    where = f"{where}, {described(varied)}" if varied else where
    return Point(source, settings, varied, validate(content, where))


@dataclass(frozen=True)
class Plan:
    """The points of a sweep, all different, and the part of the data on which they are measured."""

    points: list[Point]
    measure_on: Part


def load_sweep(path: Path) -> Plan:
    """Read the file of a sweep.

    Raises
    ------
    SpikeSegError
        There is no such file; it has an unknown key; the configuration of a point is not valid; two points are the
        same; or the configuration leaves no data to measure on.
    """
    path = Path(path)
    sweep = checked(Sweep, _content(path), str(path))
    source = source_of(path, sweep)
    try:
        points = [make_point(source, sweep.settings, values, str(path)) for values in sweep.combinations()]
    except ValueError as error:
        raise SpikeSegError(f"{path}: {error}") from error
    _check_distinct(path, points)
    for point in points:
        check_measurable(point, sweep.measure_on)
    return Plan(points, sweep.measure_on)


def load_search(path: Path) -> Search:
    """Read the file of a search.

    Raises
    ------
    SpikeSegError
        The file cannot be read or has an unknown key; or the configuration is valid neither with all lowest nor with
        all highest values of the space.
    """
    path = Path(path)
    search, errors = checked(Search, _content(path), str(path)), []
    ends = np.array([0, 1])
    listed = {key: values.at(ends) if isinstance(values, Interval) else values for key, values in search.space.items()}
    for end in (0, -1):
        varied = {key: values[end] for key, values in listed.items()}
        try:
            make_point(source_of(path, search), search.settings, varied, str(path))
        except SpikeSegError as error:
            errors.append(error)
    if len(errors) == 2:
        raise errors[0]
    return search


def source_of(path: Path, content: Departure) -> str:
    """The configuration that a sweep or search names: a bundled one, or a file relative to `path`."""
    return content.config if content.config in shipped() else str(path.parent / content.config)


def _content(path: Path) -> dict[str, Any]:
    try:
        return read_toml(path)
    except FileNotFoundError as error:
        raise SpikeSegError(f"{path} is missing") from error


def _check_distinct(path: Path, points: Iterable[Point]) -> None:
    seen: dict[str, Point] = {}
    for point in points:
        if same := seen.get(point.hash):
            raise SpikeSegError(f"{path}: two points are the same: {same}; {point}")
        seen[point.hash] = point


def check_measurable(point: Point, part: str) -> None:
    """Raise SpikeSegError if the configuration leaves no data to measure on."""
    if part == "validation" and point.config.data.validation == 0:
        raise SpikeSegError(f"{point.source} has no validation data to measure points on: set data.validation")
