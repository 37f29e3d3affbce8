"""Make the headline results and their tables.

``python -m benchmarks.results run RUNS --data DATA`` trains and evaluates every experiment of experiments.toml, which
takes hours; what is done is skipped, and an interrupted training resumes. ``python -m benchmarks.results tables RUNS``
writes the tables of docs/results.md and README.md from metrics.json of the runs.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from spikeseg.errors import SpikeSegError
from spikeseg.files import replacing

from .experiments import Experiment, read_experiments
from .running import plan, run_all
from .tables import fill, gather, read_templates, rewrite

ROOT = Path(__file__).parents[2]
DOCUMENTS = (ROOT / "docs" / "results.md", ROOT / "README.md")


class Maker:
    """Makes tables by name, and remembers what could not be made.

    Attributes
    ----------
    left_alone
        Names of the tables that could not be made.
    problems
        The reasons, one line each, without repetition.
    """

    def __init__(self, runs: Path, experiments: Mapping[str, Experiment], templates: Mapping[str, str]) -> None:
        self._runs, self._experiments, self._templates = runs, experiments, templates
        self.left_alone: list[str] = []
        self.problems: dict[str, None] = {}

    def make(self, name: str) -> str | None:
        """Make the table of that name; None if it cannot be made."""
        try:
            if name not in self._templates:
                raise SpikeSegError(f"no template {name} in tables.toml")
            found, problems = gather(self._templates[name], self._experiments, self._runs)
            if not problems:
                return fill(self._templates[name], self._experiments, found)
        except SpikeSegError as error:
            problems = [str(error)]
        self.left_alone.append(name)
        self.problems |= dict.fromkeys(problems)
        return None


def run(runs: Path, only: str | None, jobs: int, data: Path | None) -> int:
    """Run what is not done yet, and return the exit status."""
    experiments = read_experiments()
    if only is not None:
        if only not in experiments:
            raise SpikeSegError(f"no experiment {only}: choose one of {', '.join(experiments)}")
        experiments = {only: experiments[only]}
    commands = plan(experiments, runs, data)
    print(f"{len(commands)} runs to train or evaluate", flush=True)
    return 0 if run_all(commands, jobs, lambda line: print(line, flush=True)) else 1


def tables(runs: Path, check: bool, documents: Sequence[Path] = DOCUMENTS) -> int:
    """Write the tables, or with `check` only compare them, and return the exit status.

    The status is 1 if a table could not be made, or if one differs and `check` is set. Differences are printed to
    standard output. What is wrong with which results, and which tables were left alone, goes to standard error.
    """
    maker = Maker(runs, read_experiments(), read_templates())
    differs = False
    for path in documents:
        old = path.read_text(encoding="utf-8")
        new = rewrite(old, maker.make)
        difference = list(difflib.unified_diff(old.splitlines(), new.splitlines(), path.name, "runs", n=0, lineterm=""))
        print("\n".join(difference) if difference else f"{path.name}: nothing to change")
        differs |= bool(difference)
        if difference and not check:
            with replacing(path) as temporary:
                temporary.write_text(new, encoding="utf-8")
    for problem in maker.problems:
        print(problem, file=sys.stderr)
    if maker.left_alone:
        print(f"left alone: {', '.join(maker.left_alone)}", file=sys.stderr)
    return int(bool(maker.left_alone) or (check and differs))


def parser() -> argparse.ArgumentParser:
    """The two commands and their options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.results", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    running = commands.add_parser("run", help="train and evaluate what is not done yet")
    running.add_argument("runs", type=Path, help="directory of the runs")
    running.add_argument("--data", type=Path, help="directory that holds caltech-101 and events/n-mnist")
    running.add_argument("--only", metavar="RECIPE", help="one experiment instead of all")
    running.add_argument("--jobs", type=_positive, default=1, help="runs at a time")
    writing = commands.add_parser("tables", help="write the tables of docs/results.md and README.md")
    writing.add_argument("runs", type=Path, help="directory of the runs")
    writing.add_argument("--check", action="store_true", help="write nothing; exit status 1 where something differs")
    return parser


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError
    return number


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, and return the exit status."""
    given = parser().parse_args(arguments)
    try:
        if given.command == "run":
            return run(given.runs, given.only, given.jobs, given.data)
        return tables(given.runs, given.check)
    except SpikeSegError as error:
        print(f"benchmarks.results: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
