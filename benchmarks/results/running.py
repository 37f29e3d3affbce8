"""Train and evaluate the headline experiments; what is done is skipped."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from spikeseg.errors import SpikeSegError

from .experiments import DATA, Experiment, Result, check_run, read_metrics, results

SPIKESEG = (sys.executable, "-m", "spikeseg")

Commands = list[list[str]]


def plan(experiments: Mapping[str, Experiment], runs: Path, data: Path | None) -> dict[str, Commands]:
    """The `spikeseg` commands that are still to be run, without the program's name, by run.

    Raises
    ------
    SpikeSegError
        A directory holds a network of another version or configuration, or `data` is needed and not given.
    """
    commands: dict[str, Commands] = {}
    for recipe, experiment in experiments.items():
        for result in results(recipe, experiment):
            mine = commands.setdefault(result.run(runs).name, [])
            given = _given(recipe, experiment, data)
            trained = (result.run(runs) / "network.npz").exists()
            if trained:
                check_run(result, runs)
            elif not mine:
                mine.append(["train", recipe, f"--seed={result.seed}", *given, f"--out={result.run(runs)}"])
            if not (trained and _done(result, runs)):
                out = [f"--out={result.directory(runs)}"] if result.variant else []
                mine.append(["evaluate", str(result.run(runs)), *given, *_options(result, data), *out])
    return {run: steps for run, steps in commands.items() if steps}


def _given(recipe: str, experiment: Experiment, data: Path | None) -> list[str]:
    if experiment.data is None:
        return []
    if data is None:
        raise SpikeSegError(f"{recipe} needs --data: the directory that holds caltech-101 and events/n-mnist")
    return [f"--data={data / experiment.data}"]


def _options(result: Result, data: Path | None) -> list[str]:
    """Options of a further evaluation, with the directory of the data in their place."""
    options = result.options.split()
    if data is None:
        return options
    return [f"{data / option.removeprefix(DATA)}" if option.startswith(DATA) else option for option in options]


def _done(result: Result, runs: Path) -> bool:
    try:
        read_metrics(result, runs)
    except SpikeSegError:
        return False
    return True


def run_all(commands: Mapping[str, Commands], jobs: int, told: Callable[[str], None]) -> bool:
    """Run the commands, `jobs` runs at a time, those of one run in order; return whether all of them succeeded.

    A command that fails ends its own run only. `told` receives a line of text for each command that begins or fails.
    """
    pool = ThreadPoolExecutor(jobs)  # of threads: each of them waits for its process
    try:
        succeeded = [pool.submit(_run_steps, steps, told) for steps in commands.values()]
        return sum(future.result() for future in as_completed(succeeded)) == len(commands)
    finally:
        pool.shutdown(cancel_futures=True)


def _run_steps(steps: Commands, told: Callable[[str], None]) -> bool:
    return all(_succeeds(step, told) for step in steps)


def _succeeds(step: Sequence[str], told: Callable[[str], None]) -> bool:
    told(f"spikeseg {' '.join(step)}")
    alone = os.environ | {"OMP_NUM_THREADS": "1"}  # processes that run side by side have one core each
    done = subprocess.run([*SPIKESEG, *step], env=alone, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        told(f"failed: {' '.join(step[:2])}: {reason.removeprefix('spikeseg: ')}")
    return not done.returncode
