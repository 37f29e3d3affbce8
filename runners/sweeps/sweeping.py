"""Run points of a sweep on one machine, each in a process of its own."""

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
    """Runs points in processes, `jobs` at a time.

    Attributes
    ----------
    measure_on
        Part of the data on which points are measured.
    directory
        Directory of the runs, with a run directory for each point.
    data
        Directory of the dataset, None for a rendered one.
    device
        Where Brian2 simulates.
    jobs
        Number of processes at a time.
    """

    measure_on: str
    directory: Path
    data: Path | None
    device: str
    jobs: int

    def missing(self, points: Sequence[Point]) -> list[Point]:
        """The points that are not finished."""
        return [point for point in points if not metrics_file(self.directory, point, self.measure_on).exists()]

    def run(self, points: Sequence[Point], ended: Callable[[Point, str | None], None]) -> None:
        """Run all points. A point that fails does not stop the others.

        Parameters
        ----------
        points
            The points.
        ended
            Receives each point when it has ended, and why it failed; None if it did not.
        """
        pool = ThreadPoolExecutor(self.jobs)  # threads suffice: each of them waits for a process
        try:
            running = {pool.submit(_reason, self.command(point)): point for point in points}
            for future in as_completed(running):
                ended(running[future], future.result())
        finally:
            pool.shutdown(cancel_futures=True)

    def command(self, point: Point) -> list[str]:
        """The command that runs a point. For a finished point it only reads the metrics."""
        return [*SPIKESEG, "point", *point.arguments, f"--measure-on={self.measure_on}", *self.options]

    @property
    def options(self) -> list[str]:
        """Options that `spikeseg sweep` passes on to `spikeseg point`."""
        data = [] if self.data is None else [f"--data={self.data}"]
        return [f"--out={self.directory}", f"--device={self.device}", *data]


def _reason(command: Sequence[str]) -> str | None:
    """Run a command. Returns why it failed, None if it did not."""
    one_core = os.environ | {"OMP_NUM_THREADS": "1"}  # several processes run at a time: each uses one core
    done = subprocess.run(command, env=one_core, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode < 0:
        return f"killed by {signal.Signals(-done.returncode).name}: out of memory?"
    lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    return lines[-1].removeprefix("spikeseg: ") if done.returncode else None
