"""A sweep on a real Slurm that loses a node half-way and is interrupted: it resumes, and ends as in a process pool.

Run it with `make test-slurm`: it needs root, Debian's packages of Slurm and MariaDB, and some minutes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from helpers.runs import TINY
from helpers.slurm import NODES, Cluster, cluster

pytestmark = pytest.mark.skipif("SPIKESEG_SLURM" not in os.environ, reason="starts a Slurm: make test-slurm")

ROOT = Path(__file__).parents[2]
SWEEP = """
config = "tiny.toml"

[[axis]]
conv3.learning.a_plus = [0.01, 0.02]

[[axis]]
decoder.weight_threshold = [0.4, 0.6]

[[axis]]
seed = [0, 1, 2]
"""
POINTS = 12


@pytest.fixture
def slurm() -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(dir="/var/lib") as directory, cluster(Path(directory)) as running:
        yield running


def await_points(directory: Path, count: int, running: subprocess.Popen) -> None:
    """Wait until so many points are done."""
    while (done := len(list(directory.glob("runs/*/metrics-validation.json")))) < count:
        assert running.poll() is None, (directory / "first.log").read_text()
        time.sleep(1)
    print(f"{done} points are done")


def test_a_sweep_loses_a_node_and_ends_as_in_a_pool(slurm, tmp_path):
    (tmp_path / "tiny.toml").write_text(TINY)
    (tmp_path / "sweep.toml").write_text(SWEEP)
    environment = slurm.environment | {"SPIKESEG_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "workflow" / "Snakefile"]
    command += ["--workflow-profile", ROOT / "workflow" / "profiles" / "slurm"]
    command += ["--slurm-init-seconds-before-status-checks", "5", "--config", "sweep=sweep.toml"]

    with (tmp_path / "first.log").open("w") as log:
        heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # which a shell's background jobs do not
        first = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log, preexec_fn=heed)
        await_points(tmp_path, POINTS // 3, first)
        slurm.lose_node(NODES[1])
        await_points(tmp_path, 2 * POINTS // 3, first)
        print(f"nodes: {slurm.states()}; interrupted")
        first.send_signal(signal.SIGINT)
        first.wait()
    assert not (tmp_path / "runs" / "sweep" / "points.csv").exists()
    slurm.start_node(NODES[1])

    second = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert second.returncode == 0, second.stderr
    used = slurm.run("sacct", "-nX", "--duplicates", "-o", "NodeList,State").split("\n")
    print("\n".join(sorted(set(used))))
    assert all(any(node in line for line in used) for node in NODES)
    programs = {path: path.stat().st_mtime_ns for path in tmp_path.glob("cache/programs/*/main")}

    pool = [sys.executable, "-m", "spikeseg", "sweep", "sweep.toml", "--out", "pool", "--jobs", "2"]
    subprocess.run(pool, cwd=tmp_path, env=environment, check=True)
    table = (tmp_path / "runs" / "sweep" / "points.csv").read_bytes()
    assert len(table.splitlines()) == 1 + POINTS
    assert table == (tmp_path / "pool" / "sweep" / "points.csv").read_bytes()
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("cache/programs/*/main")} == programs
