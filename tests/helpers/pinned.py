"""The metrics of the tiny recipe that are kept in pinned.json; `make pin` measures them anew and writes them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from helpers.runs import TINY
from spikeseg.configs import load
from spikeseg.files import read_json, write_json
from spikeseg.runners.evaluation.evaluation import evaluate_selection
from spikeseg.runners.evaluation.options import EvaluationOptions
from spikeseg.runners.evaluation.reporting import write_metrics
from spikeseg.runners.evaluation.selection import select
from spikeseg.runners.evaluation.variants import apply_options
from spikeseg.runners.training.training import train

PINNED = Path(__file__).with_suffix(".json")
TESTS = {"single objects": EvaluationOptions(), "two, overlapping by half": EvaluationOptions(overlap=0.5)}


def measure(run: Path, directory: Path) -> dict[str, Any]:
    """What a run's network gives on all its pictures, by test: numbers of metrics.json by dotted key.

    What depends on machine and time (commands, versions, paths) and the configuration's digest are left out.
    """
    found = {}
    for test, options in TESTS.items():
        selection = apply_options(select(run, None, "all"), "all", options)
        file = directory / "metrics.json"
        write_metrics(file, evaluate_selection(selection, "numpy"), selection, "all", "numpy")
        metrics = read_json(file)
        metrics["layers"] = metrics["training"]["layers"]
        for left_out in ("training", "evaluation", "input"):
            del metrics[left_out]
        found[test] = dict(_flat(metrics))
    return found


def differences(pinned: Mapping[str, Any], measured: Mapping[str, Any]) -> list[str]:
    """A line for every number that is not equal to the last digit, or is in one of the two alone."""
    return [
        f"{test}: {key}: pinned {before}, measured {now}"
        for test in dict.fromkeys([*pinned, *measured])
        for key in dict.fromkeys([*pinned.get(test, {}), *measured.get(test, {})])
        if (before := pinned.get(test, {}).get(key, "nothing")) != (now := measured.get(test, {}).get(key, "nothing"))
    ]


def _flat(content: Any, key: str = ""):
    if isinstance(content, Mapping):
        for name, value in content.items():
            yield from _flat(value, f"{key}.{name}" if key else name)
    else:
        yield key, content


def main() -> None:
    """Train, measure, say what has changed, and write it."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory)
        (path / "tiny.toml").write_text(TINY)
        train(load(path / "tiny.toml"), None, path / "run", "numpy")
        measured = measure(path / "run", path)
    before = json.loads(PINNED.read_text()) if PINNED.exists() else {}
    print("\n".join(differences(before, measured)) or "nothing has changed")
    write_json(PINNED, measured)


if __name__ == "__main__":
    main()
