"""Run many points on one machine, each in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from .point import metrics_file
from .points import Point

SPIKESEG = (sys.executable, "-P", "-m", "spikeseg")  # -P: not the folder of that name in a checkout


@dataclass(frozen=True)
class Pool:
    """Runs points that are not done yet, `jobs` at a time.

    Attributes
    ----------
    measure_on
        Part of the data on which points are measured.
    directory
        Has a run directory for each point.
    data
        Directory of the dataset, None for a rendered one.
    device
        Where Brian2 simulates.
    jobs
        Processes at a time.
    """

    measure_on: str
    directory: Path
    data: Path | None
    device: str
    jobs: int

    def missing(self, points: Sequence[Point]) -> list[Point]:
        """Those that are not done."""
        return [point for point in points if not metrics_file(self.directory, point, self.measure_on).exists()]

    def run(self, points: Sequence[Point], told: Callable[[Point, str | None], None]) -> None:
        """Run all `points`; `told` of each as it ends, with the reason if it failed, which stops no other."""
        pool = ThreadPoolExecutor(self.jobs)  # of threads: each of them waits for its process
        try:
            running = {pool.submit(_reason, self.command(point)): point for point in points}
            for ended in as_completed(running):
                told(running[ended], ended.result())
        finally:
            pool.shutdown(cancel_futures=True)

    def command(self, point: Point) -> list[str]:
        """The command of one point, which does nothing where it is done."""
        return [*SPIKESEG, "point", *point.arguments, f"--measure-on={self.measure_on}", *self.options]

    @property
    def options(self) -> list[str]:
        """What `spikeseg sweep` and `spikeseg point` are both told."""
        data = [] if self.data is None else [f"--data={self.data}"]
        return [f"--out={self.directory}", f"--device={self.device}", *data]


def _reason(command: Sequence[str]) -> str | None:
    """Run a command; why it failed, None if it did not."""
    alone = os.environ | {"OMP_NUM_THREADS": "1"}  # processes that run side by side have one core each
    done = subprocess.run(command, env=alone, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode < 0:
        return f"killed by {signal.Signals(-done.returncode).name}: out of memory?"
    lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    return lines[-1].removeprefix("spikeseg: ") if done.returncode else None
