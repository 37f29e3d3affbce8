"""The headline experiments, and whether a directory holds their results."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from spikeseg.configs import load, validate
from spikeseg.configs.reading import checked, read_toml
from spikeseg.errors import SpikeSegError
from spikeseg.files import read_json
from spikeseg.version import __version__

EXPERIMENTS = Path(__file__).with_name("experiments.toml")
DATA = "DATA/"  # in an option: below the directory of --data, wherever that was


class Variant(BaseModel):
    """A further evaluation of an experiment's networks: its options, and its seeds, all of them by default.

    A path below the directory of the data begins with ``DATA/``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    options: str
    seeds: list[int] = Field(default=[])


class Experiment(BaseModel):
    """Training seeds of a bundled recipe, where its data lie, and the further evaluations by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seeds: list[int] = Field(min_length=1)
    data: str | None = None
    variants: dict[str, Variant] = Field(default={})


@dataclass(frozen=True)
class Result:
    """One evaluation of one trained network.

    Attributes
    ----------
    recipe, seed
        The bundled recipe, and the training seed.
    variant
        Name of a further evaluation; None for the plain test part.
    options
        Options of `spikeseg evaluate` for it.
    """

    recipe: str
    seed: int
    variant: str | None = None
    options: str = ""

    def run(self, runs: Path) -> Path:
        """The run directory."""
        return runs / f"{self.recipe}-{self.seed}"

    def directory(self, runs: Path) -> Path:
        """Where its metrics.json is."""
        return self.run(runs) / (self.variant or "")


def read_experiments(path: Path = EXPERIMENTS) -> dict[str, Experiment]:
    """The experiments by recipe. Raises SpikeSegError with one line that names every wrong key."""
    return {name: checked(Experiment, content, f"{path}, {name}") for name, content in read_toml(path).items()}


def results(recipe: str, experiment: Experiment) -> list[Result]:
    """All evaluations of an experiment: by seed, and of a seed the plain test part first."""
    return [
        result
        for seed in experiment.seeds
        for result in (
            Result(recipe, seed),
            *(
                Result(recipe, seed, name, variant.options)
                for name, variant in experiment.variants.items()
                if seed in (variant.seeds or experiment.seeds)
            ),
        )
    ]


def named(source: str, experiments: Mapping[str, Experiment]) -> list[Result]:
    """The results of ``RECIPE``, ``RECIPE/VARIANT``, or of one seed: ``RECIPE-SEED``, ``RECIPE-SEED/VARIANT``.

    Raises
    ------
    SpikeSegError
        There are none of that name.
    """
    recipe, _, variant = source.partition("/")
    seed = None
    if recipe not in experiments:
        recipe, _, seed = recipe.rpartition("-")
    found = [
        result
        for result in (results(recipe, experiments[recipe]) if recipe in experiments else [])
        if (result.variant or "") == variant and seed in (None, str(result.seed))
    ]
    if not found:
        raise SpikeSegError(f"no experiment {source} in {EXPERIMENTS.name}")
    return found


def check_run(result: Result, runs: Path) -> str:
    """Check that a run directory holds a run of this version and of today's recipe, and return its digest.

    The recorded configuration is read with today's schema: keys that are newer than the run have their defaults.

    Raises
    ------
    SpikeSegError
        The directory holds no run or another one.
    """
    file = result.run(runs) / "run.json"
    record = read_json(file)
    if record.get("version") != __version__:
        raise SpikeSegError(f"{file} is of spikeseg {record.get('version')}, this is {__version__}")
    recorded = validate(record.get("config") or {}, str(file)).digest()
    expected = load(result.recipe, seed=result.seed).digest()
    if recorded != expected:
        raise SpikeSegError(f"{file} is of another configuration ({recorded}) than {result.recipe} today ({expected})")
    return str(record.get("digest"))


def read_metrics(result: Result, runs: Path) -> dict[str, Any]:
    """Read a result's metrics.json.

    Raises
    ------
    SpikeSegError
        It is missing, or is not what the experiment asks for: another version, network, part or option.
    """
    file = result.directory(runs) / "metrics.json"
    metrics = read_json(file)
    digest = check_run(result, runs)
    training, evaluation = metrics.get("training", {}), metrics.get("evaluation", {})
    if evaluation.get("version") != __version__:
        raise SpikeSegError(f"{file} is of spikeseg {evaluation.get('version')}, this is {__version__}")
    if (training.get("digest"), training.get("seed")) != (digest, result.seed):
        raise SpikeSegError(f"{file} is of another network than the run.json beside it")
    if metrics.get("split") != "test":
        raise SpikeSegError(f"{file} is of the {metrics.get('split')} part, not of the test part")
    options = _options(evaluation.get("command", ""))
    expected = result.options.split()
    if len(options) != len(expected) or not all(map(_same_option, options, expected)):
        given = " ".join(options) or "no options"
        raise SpikeSegError(f"{file} was evaluated with {given}, not {result.options or 'none'}")
    return metrics


def _options(command: str) -> Sequence[str]:
    """Options of a recorded `evaluate` command that change what is measured."""
    rest = re.sub(r"^\S+ evaluate \S+", "", command)
    return re.sub(r"--(data|out|device|jobs)[ =]\S+", "", rest).split()


def _same_option(given: str, expected: str) -> bool:
    """Whether an option is the expected one; of a path in the data, the part below their directory counts."""
    return given == expected or (expected.startswith(DATA) and given.endswith(expected.removeprefix(DATA)))
