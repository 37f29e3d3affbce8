"""The points of sweeps and searches: configurations that depart from one, each with a directory of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spikeseg.errors import SpikeSegError
from spikeseg.version import __version__

from ...configs.changes import changed, described, written
from ...configs.reading import checked, read, read_toml, shipped, validate
from ...configs.schema import Config
from .plan import Departure, Interval, Part, Search, Sweep


@dataclass(frozen=True)
class Point:
    """One run of a sweep or a search.

    Attributes
    ----------
    source
        The configuration that it departs from: a file, or the name of one that comes with the package.
    settings, varied
        What is changed, by dotted key: for all points alike, and for this one.
    config
        The outcome.
    """

    source: str
    settings: dict[str, Any]
    varied: dict[str, Any]
    config: Config

    @property
    def hash(self) -> str:
        """Name of the run's directory: hash of configuration and version."""
        return hashlib.sha256(f"{__version__} {self.config.digest()}".encode()).hexdigest()[:12]

    @property
    def arguments(self) -> list[str]:
        """What `spikeseg point` is to be told."""
        changes = [f"{key}={written(value)}" for key, value in (self.settings | self.varied).items()]
        return [self.source, *(word for change in changes for word in ("--set", change))]

    def __str__(self) -> str:
        return described(self.varied)


def make_point(source: str, settings: dict[str, Any], varied: dict[str, Any], where: str) -> Point:
    """The point with these changes. Raises SpikeSegError where they make no valid configuration."""
    _, content = read(source)
    content = changed(content, settings | varied, where)
    where = f"{where}, {described(varied)}" if varied else where
    return Point(source, settings, varied, validate(content, where))


@dataclass(frozen=True)
class Plan:
    """A sweep's points, of which no two are the same, and the part of the data on which they are measured."""

    points: list[Point]
    measure_on: Part


def load_sweep(path: Path) -> Plan:
    """All points of a sweep's file.

    Raises
    ------
    SpikeSegError
        No such file, an unknown key, a point's configuration is not valid, two are the same, or there are no data to
        measure on.
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
    """A search's file.

    Raises
    ------
    SpikeSegError
        It cannot be read, has an unknown key, or a space at neither end of which there is a valid configuration.
    """
    path = Path(path)
    search, faults = checked(Search, _content(path), str(path)), []
    ends = np.array([0, 1])
    listed = {key: values.at(ends) if isinstance(values, Interval) else values for key, values in search.space.items()}
    for end in (0, -1):
        varied = {key: values[end] for key, values in listed.items()}
        try:
            make_point(source_of(path, search), search.settings, varied, str(path))
        except SpikeSegError as error:
            faults.append(error)
    if len(faults) == 2:
        raise faults[0]
    return search


def source_of(path: Path, asked: Departure) -> str:
    """The configuration that the file `path` names."""
    return asked.config if asked.config in shipped() else str(path.parent / asked.config)


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
    """Raise SpikeSegError where the configuration leaves nothing to measure on."""
    if part == "validation" and point.config.data.validation == 0:
        raise SpikeSegError(f"{point.source} has no validation data, on which points are measured: set data.validation")
