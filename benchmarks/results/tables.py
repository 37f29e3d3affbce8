"""Fill the tables' templates with numbers from metrics.json, and put them between the markers of a document."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from spikeseg.configs.reading import read_toml
from spikeseg.errors import SpikeSegError

from .experiments import Experiment, Result, named, read_metrics

TEMPLATES = Path(__file__).with_name("tables.toml")
PLACEHOLDER = re.compile(r"\{(?P<source>[^\s{}]+) (?P<key>[^\s{}]+)(?: (?P<unit>%|ms))?\}")
MARKED = re.compile(r"(<!-- table: (\S+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def read_templates(path: Path = TEMPLATES) -> dict[str, str]:
    """The tables' templates by name. Raises SpikeSegError where the file cannot be read."""
    return read_toml(path)


def gather(
    template: str, experiments: Mapping[str, Experiment], runs: Path
) -> tuple[dict[Result, dict[str, Any]], list[str]]:
    """What a table is made of: the metrics of each result, and a line for each that is missing or of something else.

    Raises
    ------
    SpikeSegError
        The template names an experiment that there is not.
    """
    found: dict[Result, dict[str, Any]] = {}
    problems = []
    sources = dict.fromkeys(match["source"] for match in PLACEHOLDER.finditer(template))
    for result in dict.fromkeys(result for source in sources for result in named(source, experiments)):
        try:
            found[result] = read_metrics(result, runs)
        except SpikeSegError as error:
            problems.append(str(error))
    return found, problems


def fill(template: str, experiments: Mapping[str, Experiment], found: Mapping[Result, Mapping[str, Any]]) -> str:
    """A table: a template with every placeholder replaced.

    Raises
    ------
    SpikeSegError
        A result has no such number, or what must be the same for all seeds is not.
    """

    def cell(match: re.Match[str]) -> str:
        chosen = named(match["source"], experiments)
        if match["key"] == "seeds":
            return seed_range([result.seed for result in chosen])
        values = [_value(found[result], match["key"], match[0]) for result in chosen]
        return formatted(values, match["unit"], match["key"].startswith("baselines."), match[0])

    return PLACEHOLDER.sub(cell, template)


def _value(metrics: Any, key: str, where: str) -> Any:
    """What a dotted key leads to."""
    for part in key.split("."):
        metrics = metrics.get(part) if isinstance(metrics, Mapping) else None
    if metrics is None:
        raise SpikeSegError(f"metrics.json has nothing for {where}")
    return metrics


def formatted(values: list[Any], unit: str | None, constant: bool, where: str) -> str:
    """One value per seed as a cell: mean ± sample standard deviation, the value itself where there is but one.

    Texts, counts, and what is `constant`, as baselines are, must not depend on the seed and are given once; so are
    milliseconds, multiples of a time step, where they are the same for all seeds.

    Raises
    ------
    SpikeSegError
        Something depends on the seed that must not.
    """
    same = len(set(values)) == 1
    constant = constant or not isinstance(values[0], float)
    if constant and not same:
        raise SpikeSegError(f"{where} differs between seeds: {', '.join(map(str, values))}")
    if constant or len(values) == 1 or (same and unit == "ms"):
        text = _shown(values[0], unit)
    else:
        text = f"{_shown(statistics.mean(values), unit)} ± {_shown(statistics.stdev(values), unit)}"
    return f"{text} {unit}" if unit else text


def _shown(value: Any, unit: str | None) -> str:
    """A number with as many digits as its unit deserves; texts and counts as they are."""
    if not isinstance(value, float):
        return str(value)
    if unit == "ms":
        return f"{value:.3g}"
    return f"{100 * value:.1f}" if unit == "%" else f"{value:.3f}"


def seed_range(seeds: list[int]) -> str:
    """``0 to 3``, ``0``, or ``0, 2, 5``."""
    if len(seeds) > 2 and seeds == list(range(seeds[0], seeds[-1] + 1)):
        return f"{seeds[0]} to {seeds[-1]}"
    return ", ".join(map(str, seeds))


def rewrite(text: str, make: Callable[[str], str | None]) -> str:
    """A document with its tables made anew.

    Parameters
    ----------
    text
        The document; a table stands between ``<!-- table: NAME -->`` and ``<!-- end -->``.
    make
        Gives the table of a name, or None to leave it alone.
    """

    def table(match: re.Match[str]) -> str:
        opening, name, _, end = match.groups()
        made = make(name)
        return match[0] if made is None else f"{opening}{made.strip()}\n{end}"

    return MARKED.sub(table, text)
