"""Compare what whole commands cost with what they cost at an earlier commit.

``python -m benchmarks.commands --against COMMIT --data CALTECH-101`` installs the commit beside the results, trains a
small network for events with both versions, runs every command once, and then measures round by round, one version
after the other, on one core. The first time takes a quarter of an hour; what was installed and trained is kept.
Figures are processor times, user and system. What a version cannot run is named, and left out.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from spikeseg.errors import SpikeSegError
from spikeseg.files import replacing, write_json

from ..table import markdown, table
from . import cases, measuring, results
from .checkout import ROOT, Version, earlier, this_checkout

console = Console(markup=False, highlight=False)


def compare(versions: Sequence[Version], inputs: Path, data: Path | None, only: str, rounds: int, out: Path) -> None:
    """Train what is needed, warm up, measure, and write the results so far after each round."""
    chosen = cases.needed(cases.plan(inputs, data), only)
    if any(cases.NETWORK in case for case in chosen.values()):
        train(versions)
    say("running every command once with each version, which compiles what is to be compiled")
    able = measuring.warm_up(chosen, versions, say)
    names = [version.name for version in versions]
    with measuring.one_core() as core:
        for costs in measuring.measure(chosen, able, rounds, say):
            write(costs, names, core, out)
    console.print(table(results.header(names), results.lines(cases.rows(), costs, names)))


def train(versions: Sequence[Version]) -> None:
    """Give each version its network for events, unless it has one; what cannot be trained is named."""
    for version in versions:
        if (version.home / "events" / "network.npz").exists():
            continue
        say(f"{version.name}: training a network for events")
        try:
            measuring.run_case(cases.TRAINING, version)
        except SpikeSegError as error:
            say(f"{version.name} cannot train it: {error}")


def write(costs: measuring.Costs, names: Sequence[str], core: int | None, out: Path) -> None:
    """Write all costs as JSON, and the table as Markdown beside it."""
    measured = {
        case: {name: [cost._asdict() for cost in found] for name, found in by.items()} for case, by in costs.items()
    }
    machine = {"system": platform.platform(), "python": platform.python_version(), "core": core}
    write_json(out, {"versions": list(names), "machine": machine, "costs": measured})
    with replacing(out.with_suffix(".md")) as path:
        path.write_text(markdown(results.header(names), results.lines(cases.rows(), costs, names)), encoding="utf-8")


def make_inputs(directory: Path) -> Path:
    """Make pictures and recordings, unless they are there already."""
    if not (directory / "complete").exists():
        say("making pictures and recordings")
        subprocess.run([sys.executable, "-m", "benchmarks.commands.inputs", str(directory)], check=True, cwd=ROOT)
    return directory


def say(line: str) -> None:
    """Print a line of progress."""
    console.print(line, soft_wrap=True)


def main() -> None:
    """Compare, and write a JSON file, with the table beside it as Markdown."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.commands", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--against", required=True, metavar="COMMIT", help="an earlier commit of this repository")
    parser.add_argument("--data", type=Path, help="directory of caltech-101; without it, no encode and no evaluate")
    parser.add_argument("--only", default="", help="cases whose name contains this; train is measured only then")
    parser.add_argument("--rounds", type=int, default=7, help="how often each command is measured")
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/commands.json"), help="a JSON file")
    arguments = parser.parse_args()
    work = arguments.out.parent.resolve() / "commands"
    data = arguments.data and arguments.data.resolve()
    if data is None:
        say("encode, evaluate: left out without --data")
    try:
        versions = [earlier(arguments.against, work), this_checkout(work)]
        compare(versions, make_inputs(work / "inputs"), data, arguments.only, arguments.rounds, arguments.out)
    except SpikeSegError as error:
        sys.exit(f"benchmarks: {error}")


if __name__ == "__main__":
    main()
