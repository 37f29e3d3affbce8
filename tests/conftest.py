"""What several test files share."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import settings

from helpers import runs
from spikeseg.runners.simulation.doctor import problems

settings.register_profile("any machine", deadline=None)  # one that is busy takes longer
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def caltech() -> Path:
    """The real images in Caltech-101's layout; skips where there are none."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    root = Path(os.environ.get("SPIKESEG_DATA", default)) / "caltech-101"
    if not root.is_dir():
        pytest.skip(f"no real images: {root} is missing (set SPIKESEG_DATA to the directory that holds caltech-101)")
    return root


@pytest.fixture(scope="session")
def event_data() -> Path:
    """Real recordings of event cameras; skips where there are none."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    root = Path(os.environ.get("SPIKESEG_DATA", default)) / "events"
    if not root.is_dir():
        pytest.skip(f"no real recordings: {root} is missing (set SPIKESEG_DATA to the directory that holds events)")
    return root


@pytest.fixture(scope="session")
def genn() -> str:
    """The device that builds with GeNN for the CPU; skips where it does not work."""
    device = "genn-cpu"
    if found := problems(device):
        pytest.skip(f"{device} {'; it '.join(found)}")
    return device


@pytest.fixture(scope="session", autouse=True)
def programs(tmp_path_factory) -> Iterator[Path]:
    """Compiled programs are shared between tests and end with them; the user's stay as they are."""
    base = tmp_path_factory.getbasetemp()
    path = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "programs"
    path.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPIKESEG_CACHE", str(path))
        yield path


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> Path:
    """A configuration that trains in seconds."""
    path = tmp_path_factory.mktemp("configuration") / "tiny.toml"
    path.write_text(runs.TINY)
    return path


@pytest.fixture(scope="session")
def trained(tiny, tmp_path_factory) -> Path:
    """A complete run of it; for reading only."""
    from spikeseg.configs import load
    from spikeseg.runners.training.training import train

    path = tmp_path_factory.mktemp("runs") / "trained"
    train(load(tiny), None, path, "numpy")
    return path


@pytest.fixture
def run(trained, tmp_path) -> Path:
    """A copy of the complete run, to be written to."""
    return Path(shutil.copytree(trained, tmp_path / "run"))


@pytest.fixture
def spikeseg(monkeypatch, capsys):
    """The command line, run in this process: a function of its arguments."""
    return partial(runs.call, monkeypatch, capsys)


@pytest.fixture(scope="session")
def swept(tiny, programs, tmp_path_factory) -> Path:
    """A directory with a sweep.toml over two points, and what came of it in runs; for reading only."""
    path = tmp_path_factory.mktemp("swept")
    (path / "sweep.toml").write_text(
        f'config = "{tiny}"\n[[axis]]\nconv3.learning.a_plus = [0.05, 0.08]\nconv3.learning.a_minus_ratio = [0.6, 0.7]'
    )
    command = [sys.executable, "-m", "spikeseg", "sweep", "sweep.toml", "--jobs", "2"]
    subprocess.run(command, cwd=path, check=True, stdout=subprocess.DEVNULL)
    return path


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Callable[..., Path]]:
    """Makes disks of some size in kB; skips where that is not allowed."""
    mounted = []

    def mount(size: int, *options: str) -> Path:
        place = tmp_path / f"disk{len(mounted)}"
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", ",".join([f"size={size}k", *options]), "tmpfs", str(place)]
        if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("only root, and not in every container, can mount a small disk")
        mounted.append(place)
        return place

    yield mount
    for place in mounted:
        subprocess.run(["umount", str(place)], check=True)
