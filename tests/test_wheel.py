"""What a plain `pip install .` gives: a wheel, and a program that also works where it is started in the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")
NO_CHECKOUT = """
import sys
sys.meta_path[:] = [finder for finder in sys.meta_path if "Editable" not in repr(finder)]
"""
"""Forgets the editable installation of the environment that runs the tests."""

BESIDE = shutil.ignore_patterns(".*", "build", "docs", "runs", "tests", "*.egg-info", "__pycache__")


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> tuple[Path, str]:
    """A wheel of the checkout, and what its build printed."""
    if find_spec("pip") is None or find_spec("setuptools") is None:
        pytest.skip("needs pip and setuptools")
    path = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, path / "source", ignore=BESIDE)
    wheel = [*PIP, "wheel", "--verbose", "--no-deps", "--no-build-isolation", "--wheel-dir", path, path / "source"]
    done = subprocess.run(wheel, capture_output=True, text=True, env=os.environ | {"PYTHONDONTWRITEBYTECODE": ""})
    assert done.returncode == 0, done.stderr
    (file,) = path.glob("*.whl")
    return file, done.stdout + done.stderr


@pytest.fixture(scope="session")
def installed(built, tmp_path_factory) -> dict[str, str]:
    """An environment in which that wheel is installed, and no checkout."""
    site = tmp_path_factory.mktemp("site")
    subprocess.run([*PIP, "install", "--quiet", "--no-deps", "--no-index", "--target", site, built[0]], check=True)
    (site / "sitecustomize.py").write_text(NO_CHECKOUT)
    return os.environ | {"PYTHONPATH": str(site)}


def run(command: list, environment: dict[str, str]) -> str:
    """Run a command in the checkout; what it prints."""
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_build_warns_of_nothing(built):
    about = [line for line in built[1].splitlines() if "warning" in line.lower() or "would be ignored" in line]
    assert about == []


def test_every_data_file_is_in_the_wheel(installed):
    site = Path(installed["PYTHONPATH"]) / "spikeseg"
    for folder, place in (("configs", "*.toml"), ("models", "templates/*"), ("analysis", "report/templates/*")):
        data = {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).glob(place) if path.is_file()}
        assert data
        assert {name for name in data if not (site / name).is_file()} == set()


def test_a_folder_of_that_name_in_the_checkout_is_a_whole_package(installed):
    show = "import spikeseg, sys; spikeseg.load_config('orange-panda'); print(sys.modules['spikeseg.configs'].__file__)"
    assert run([sys.executable, "-c", show], installed).strip() == str(ROOT / "configs" / "__init__.py")
    outside = subprocess.run([sys.executable, "-P", "-c", show], env=installed, capture_output=True, text=True)
    assert outside.stdout.strip() == f"{installed['PYTHONPATH']}/spikeseg/configs/__init__.py"


@pytest.mark.parametrize("program", ["pool", "snakemake"])
def test_sweeps_run_in_the_checkout(program, tiny, installed, tmp_path):
    sweep = tmp_path / "sweep.toml"
    sweep.write_text(f'config = "{tiny}"\n[[axis]]\nconv3.learning.a_plus = [0.05]')
    out = tmp_path / "runs"
    command = [Path(installed["PYTHONPATH"]) / "bin" / "spikeseg", "sweep", sweep, "--out", out, "--device", "numpy"]
    if program == "snakemake":
        if find_spec("snakemake") is None:
            pytest.skip("needs Snakemake: pip install 'spikeseg[sweep]'")
        settings = [f"sweep={sweep}", f"out={out}", "device=numpy"]
        command = [sys.executable, "-m", "snakemake", "--cores", "1", "--config", *settings]
        command += ["--snakefile", ROOT / "workflow" / "Snakefile", "--directory", tmp_path]
    run(command, installed)
    assert (out / "sweep" / "points.csv").read_text().count("\n") == 2
