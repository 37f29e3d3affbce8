"""Commands that are killed at random moments and started again until they end.

SPIKESEG_KILLS says how often each is killed: CONTRIBUTING.md.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from spikeseg.files import parse_json, read_arrays

KILLS = int(os.environ.get("SPIKESEG_KILLS", "1"))

MAIN = ("-m", "spikeseg")


def start(*arguments: object, ignore_interrupts: bool = False, main: tuple[str, ...] = MAIN) -> subprocess.Popen:
    """`spikeseg ARGUMENTS` in a process group of its own; `main` is what Python runs as spikeseg."""
    command = [sys.executable, *main, *map(str, arguments)]
    handler = signal.SIG_IGN if ignore_interrupts else signal.SIG_DFL
    return subprocess.Popen(
        command,
        process_group=0,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, handler),
    )


def killed(process: subprocess.Popen, rng: np.random.Generator, longest: float) -> bool:
    """Kill a process at a random moment, alone or with all that it has started; whether it was still there."""
    try:
        process.wait(rng.uniform(0, longest))
        return False
    except subprocess.TimeoutExpired:
        kill = rng.choice([os.kill, os.killpg])
        kill(process.pid, signal.SIGKILL)
        process.wait()
        return True


def kill_again_and_again(
    command: Callable[[Path], list],
    tmp_path: Path,
    check: Callable[[Path], None],
    seed: int,
    main: tuple[str, ...] = MAIN,
) -> None:
    """Kill a command that writes to a directory and start it again until it ends; `check` what it has written."""
    rng, kills, attempt, longest = np.random.default_rng(seed), 0, 0, 4.0  # seconds, until one has ended by itself
    while kills < KILLS:
        out, attempt = tmp_path / str(attempt), attempt + 1
        while kills < KILLS and killed(start(*command(out), main=main), rng, longest):
            kills += 1
            assert_whole(out)
        begin, last = time.monotonic(), start(*command(out), main=main)
        _, told = last.communicate()
        assert last.returncode == 0, told
        check(out)
        longest = max(longest, time.monotonic() - begin)


def assert_whole(directory: Path) -> None:
    """Whatever has a name can be read."""
    for path in directory.rglob("[!.]*.*"):
        if path.suffix == ".npz":
            read_arrays(path)
        if path.suffix == ".json":
            parse_json(path.read_text())
