"""What a command costs: it is run as a process on one core, and the operating system keeps the account."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from spikeseg.errors import SpikeSegError

from .cases import HOME, OUT, Command
from .checkout import Version

_UNIT = 1024 if sys.platform == "darwin" else 1  # macOS counts bytes, others kilobytes


class Cost(NamedTuple):
    """What one run of a command took.

    Attributes
    ----------
    wall_s
        From its start to its end, seconds.
    cpu_s
        Processor time, user and system, of all its processes, seconds. Other work on the machine hardly changes it.
    peak_mb
        Peak memory of its largest process, MiB; at least what the measuring process itself holds when it starts it.
    """

    wall_s: float
    cpu_s: float
    peak_mb: float


Costs = dict[str, dict[str, list[Cost]]]
"""By case and by name of the version: the cost of each round."""


@contextmanager
def one_core() -> Iterator[int | None]:
    """Keep this process, and what it starts, on one core, whose number is given; None where that cannot be done."""
    if not hasattr(os, "sched_setaffinity"):
        yield None
        return
    before = os.sched_getaffinity(0)
    core = max(before)  # the first one serves most interrupts
    os.sched_setaffinity(0, {core})
    try:
        yield core
    finally:
        os.sched_setaffinity(0, before)


def run(command: Sequence[str], environment: Mapping[str, str], directory: Path) -> Cost:
    """Run a command in a directory, and measure it. Raises SpikeSegError with its last line if it fails."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        start = monotonic()
        process = subprocess.Popen(
            command, env=environment, cwd=directory, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise SpikeSegError((output.read().strip() or f"ended with {process.returncode}").splitlines()[-1])
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / _UNIT / 1024)


def run_case(case: Command, version: Version) -> Cost:
    """Run a case with one version; what it writes is removed. Raises SpikeSegError if it fails."""
    with tempfile.TemporaryDirectory(dir=version.home) as out:
        return run(version.command(filled(case, version, out)), version.environment, version.home)


def filled(case: Command, version: Version, out: str) -> list[str]:
    """The arguments of a case, with the directories of a version and of what it writes in their places."""
    return [one.replace(HOME, str(version.home)).replace(OUT, out) for one in case]


def warm_up(
    cases: Mapping[str, Command], versions: Sequence[Version], tell: Callable[[str], None]
) -> dict[str, list[Version]]:
    """Run every case once, so that programs are compiled and files are in memory.

    Returns
    -------
    For each case, the versions that can run it. Of the others `tell` receives the reason.
    """
    able: dict[str, list[Version]] = {name: [] for name in cases}
    for name, case in cases.items():
        for version in versions:
            try:
                run_case(case, version)
                able[name].append(version)
            except SpikeSegError as error:
                tell(f"{name}: {version.name} cannot run it: {error}")
    return able


def measure(
    cases: Mapping[str, Command], able: Mapping[str, Sequence[Version]], rounds: int, tell: Callable[[str], None]
) -> Iterator[Costs]:
    """Run all cases round by round, each with one version after the other, and give all costs after every round.

    So a pair of costs was measured under the same conditions, even where those of the machine change.

    Raises
    ------
    SpikeSegError
        A case fails that did not before.
    """
    possible = {name: case for name, case in cases.items() if able[name]}
    costs: Costs = {name: {version.name: [] for version in able[name]} for name in possible}
    for number in range(rounds):
        for name, case in possible.items():
            for version in able[name]:
                costs[name][version.name].append(run_case(case, version))
            spent = ", ".join(f"{version} {found[-1].cpu_s:.2f} s" for version, found in costs[name].items())
            tell(f"{number + 1}/{rounds} {name}: {spent}")
        yield costs
