"""The schema of the files of sweeps and searches.

Both files name a configuration and change it by dotted keys. ``[set]`` has the changes that all points share. In a
sweep, the keys of one ``[[axis]]`` vary together, and several axes are crossed. In a search, ``[space]`` has the ranges
of values to search.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from ...configs.limits import Section

MOST = 100_000  # largest number of points in a sweep

Number = int | float
Metric = Literal["accuracy", "miou", "miou_class_mean", "miou_strict", "miou_strict_class_mean"]
Part = Literal["train", "validation", "test"]


class Interval(Section):
    """A range of values. They are whole numbers if both ends are."""

    low: Number = Field(alias="from")
    high: Number = Field(alias="to")
    scale: Literal["linear", "log"] = "linear"

    @model_validator(mode="after")
    def _ordered(self) -> Interval:
        if self.high <= self.low:
            raise ValueError(f"from {self.low:g} to {self.high:g} is not an interval: to must be larger than from")
        if self.scale == "log" and self.low <= 0:
            raise ValueError("a logarithmic scale must begin above 0")
        return self

    @property
    def whole(self) -> bool:
        """Whether its values are whole numbers."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def at(self, fractions: np.ndarray) -> list[Number]:
        """Values at these fractions of the way from `low` (0) to `high` (1), (n,); rounded to six digits."""
        if self.scale == "log":
            values = self.low * (self.high / self.low) ** fractions
        else:
            values = self.low + (self.high - self.low) * fractions
        return [round(value) if self.whole else float(f"{value:.6g}") for value in values.tolist()]


class Range(Interval):
    """Values from an interval: a number of evenly spaced `steps`, or of random `samples`."""

    steps: Annotated[int, Field(ge=2, le=MOST)] | None = None
    samples: Annotated[int, Field(gt=0, le=MOST)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Range:
        if (self.steps is None) == (self.samples is None):
            raise ValueError("give either steps or samples")
        return self

    def values(self, seed: int, key: str) -> list[Number]:
        """All values. Samples depend on seed and key, so that two keys of an axis are independent."""
        if self.samples is not None:
            return self.at(np.random.default_rng([seed, *key.encode()]).random(self.samples))
        return self.at(np.linspace(0, 1, self.steps))  # pyright: ignore[reportCallIssue, reportArgumentType]


def flattened(content: Any, prefix: str = "") -> Any:
    """Turn nested tables into one with dotted keys. A table with the key ``from`` is an interval, and stays."""
    if not isinstance(content, Mapping):
        return content
    flat: dict[str, Any] = {}
    for key, value in content.items():
        nested = isinstance(value, Mapping) and "from" not in value
        flat |= flattened(value, f"{prefix}{key}.") if nested else {prefix + key: value}
    return flat


def _kind(value: Any) -> str:
    return "range" if isinstance(value, Mapping | Interval) else "list"


Listed = Annotated[list[Any], Field(min_length=1), Tag("list")]
Axis = Annotated[
    dict[str, Annotated[Annotated[Range, Tag("range")] | Listed, Discriminator(_kind)]],
    Field(min_length=1),
    BeforeValidator(flattened),
]
Space = Annotated[
    dict[str, Annotated[Annotated[Interval, Tag("range")] | Listed, Discriminator(_kind)]],
    Field(min_length=1),
    BeforeValidator(flattened),
]
Settings = Annotated[dict[str, Any], BeforeValidator(flattened)]


class Departure(Section):
    """What both files have: a configuration, and changes of it that all points share."""

    config: str = Field(description="a TOML file, relative to this one, or the name of a bundled configuration")
    sample_seed: Annotated[int, Field(ge=0)] = 0
    settings: Settings = Field({}, alias="set")


class Sweep(Departure):
    """The file of a sweep."""

    measure_on: Part = Field(
        "validation", description="part to measure on; what is chosen from a sweep must not be chosen on test data"
    )
    axes: tuple[Axis, ...] = Field(alias="axis", min_length=1)

    @model_validator(mode="after")
    def _once(self) -> Sweep:
        keys = [*self.settings, *(key for axis in self.axes for key in axis)]
        if twice := [key for key in keys if keys.count(key) > 1]:
            raise ValueError(f"{twice[0]} is given twice")
        return self

    def combinations(self) -> Iterator[dict[str, Any]]:
        """Yield, for each point, the values of the keys that vary.

        Raises
        ------
        ValueError
            Keys of one axis have different numbers of values, or there are more than `MOST` points.
        """
        axes: list[list[dict[str, Any]]] = []
        for axis in self.axes:
            columns = {
                key: values.values(self.sample_seed, key) if isinstance(values, Range) else values
                for key, values in axis.items()
            }
            counts = {key: len(values) for key, values in columns.items()}
            if len(set(counts.values())) > 1:
                found = ", ".join(f"{count} of {key}" for key, count in counts.items())
                raise ValueError(f"keys of one axis vary together, so each needs as many values: there are {found}")
            axes.append([dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)])
        if (count := math.prod(map(len, axes))) > MOST:
            raise ValueError(f"{count:,} points are too many: {MOST:,} at most")
        for combination in product(*axes):
            yield {key: value for part in combination for key, value in part.items()}


class Search(Departure):
    """The file of a search. Its points are measured on validation data only."""

    maximize: Metric = "miou_strict"
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        (0,), min_length=1, description="the score of a trial is the mean over these seeds"
    )
    space: Space

    @model_validator(mode="after")
    def _once(self) -> Search:
        if "seed" in self.settings or "seed" in self.space:
            raise ValueError("a search has seeds = [...], over which it takes the mean, and no seed")
        if twice := self.settings.keys() & self.space.keys():
            raise ValueError(f"{min(twice)} is given twice")
        return self
