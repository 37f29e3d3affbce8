"""The house: folders small enough to look through, and the order of imports as docs/architecture.md shows it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

from spikeseg.runners.cli.main import application

ROOT = Path(__file__).parents[1]
PRODUCT = ("analysis", "configs", "datasets", "equations", "models", "runners", "spikeseg")
MOST_FILES, MOST_COMMANDS, MOST_LINES = 15, 20, 400


def product_files() -> list[Path]:
    return [path for folder in PRODUCT for path in sorted((ROOT / folder).rglob("*.py"))]


def test_no_folder_has_more_files_than_one_looks_through():
    folders: dict[Path, int] = {}
    for path in product_files():
        folders[path.parent] = folders.get(path.parent, 0) + (path.name != "__init__.py")
    for folder, files in folders.items():
        assert files <= (MOST_COMMANDS if folder.name == "commands" else MOST_FILES), folder


def test_no_file_is_too_long():
    assert not {
        path.name: count for path in product_files() if (count := len(path.read_text().splitlines())) > MOST_LINES
    }


def test_the_order_of_imports_that_is_checked_is_the_one_that_is_shown():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    checked = [set(layer.replace("spikeseg.", "").split(" | ")) for layer in contracts[0]["layers"]]
    page = (ROOT / "docs" / "architecture.md").read_text()
    (shown,) = re.findall(r"^```text\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    lines = [set(line.partition("    ")[0].split()) for line in shown.splitlines()]
    assert lines == checked
    assert not any("ignore_imports" in contract for contract in contracts)


def commands(command, name="spikeseg"):
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
    for word, one in (inner or {}).items():
        yield from commands(one, f"{name} {word}")


def test_commands_that_simulate_have_one_default_device():
    devices = {
        name: option.default
        for name, command in commands(get_command(application()))
        for option in command.params
        if option.name == "device"
    }
    assert {"spikeseg train", "spikeseg segment", "spikeseg stream", "spikeseg sweep"} < devices.keys()
    assert set(devices.values()) == {"cpp_standalone"}


@pytest.mark.parametrize(("name", "command"), commands(get_command(application())), ids=lambda value: str(value))
def test_the_help_of_every_command_ends_with_an_example_of_it(name, command):
    assert (command.epilog or "").startswith(f"Example: {name}")


@pytest.mark.parametrize(("words", "completions"), [("ev", "evaluate events"), ("evaluate --ca", "--canvas")])
def test_shells_can_complete(words, completions):
    typed = ["spikeseg", *words.split()]
    shell = {"_SPIKESEG_COMPLETE": "complete_bash", "COMP_WORDS": " ".join(typed), "COMP_CWORD": str(len(typed) - 1)}
    script = Path(sys.executable).with_name("spikeseg")
    done = subprocess.run([script], env=os.environ | shell, capture_output=True, text=True)
    assert done.stdout.split() == completions.split()


@pytest.mark.parametrize("there", [("python3",), ("python3", "python3.11")])
def test_make_takes_python_3_11_or_else_the_python_that_is_there(tmp_path, there):
    for name in there:
        (tmp_path / name).symlink_to(sys.executable)
    make = shutil.which("make")
    assert make is not None
    command = [make, "--dry-run", "--directory", str(ROOT), "lint", f"VENV={tmp_path}/venv"]
    told = subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=True).stdout
    assert f"{tmp_path / there[-1]} -m venv" in told
