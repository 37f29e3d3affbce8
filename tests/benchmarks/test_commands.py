"""Whole commands are measured pair by pair on one core; a program of a few lines stands for SpikeSEG here."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from rich.console import Console

from benchmarks.commands import __main__ as command
from benchmarks.commands import cases, measuring, results
from benchmarks.commands.checkout import Version, earlier
from benchmarks.commands.measuring import Cost
from benchmarks.table import markdown, table
from spikeseg.errors import SpikeSegError
from spikeseg.runners.cli.main import application

PROGRAM = """#!{python}
import os, pathlib, sys
arguments = sys.argv[3:]
with open({log!r}, "a") as log:
    print({name!r}, *arguments, file=log)
if arguments[0] in {unknown!r}:
    sys.exit("usage\\nno command " + arguments[0])
if "--out" in arguments:
    out = pathlib.Path(arguments[arguments.index("--out") + 1])
    out.mkdir(parents=True, exist_ok=True)
    (out / "network.npz").write_text(os.environ["SPIKESEG_CACHE"])
memory = bytearray({megabytes} << 20)
print(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1)
"""


@pytest.fixture
def program(tmp_path):
    """Make a version of a program that notes how it is called."""

    def make(name: str, unknown: tuple[str, ...] = (), megabytes: int = 1) -> Version:
        home = tmp_path / name
        home.mkdir()
        path = home / "python"
        log = str(tmp_path / "log")
        path.write_text(PROGRAM.format(python=sys.executable, log=log, name=name, unknown=unknown, megabytes=megabytes))
        path.chmod(0o755)
        return Version(name, str(path), home)

    return make


def called(tmp_path: Path) -> list[str]:
    return (tmp_path / "log").read_text().splitlines()


def test_versions_take_turns_in_every_round(program, tmp_path):
    versions = [program("old"), program("new")]
    chosen = {"a": ("encode", "x"), "b": ("evaluate", "y")}
    able = measuring.warm_up(chosen, versions, pytest.fail)
    *_, costs = measuring.measure(chosen, able, 2, lambda told: None)
    once = ["old encode x", "new encode x", "old evaluate y", "new evaluate y"]
    assert called(tmp_path) == 3 * once
    assert {name: {version: len(found) for version, found in by.items()} for name, by in costs.items()} == {
        "a": {"old": 2, "new": 2},
        "b": {"old": 2, "new": 2},
    }


def test_what_a_version_cannot_run_is_named_and_the_rest_measured(program):
    versions = [program("old", unknown=("stream",)), program("new")]
    told: list[str] = []
    chosen = {"stream 1": ("stream", "x"), "encode": ("encode", "x")}
    able = measuring.warm_up(chosen, versions, told.append)
    assert told == ["stream 1: old cannot run it: no command stream"]
    (costs,) = measuring.measure(chosen, able, 1, told.append)
    assert costs["stream 1"].keys() == {"new"}
    assert costs["encode"].keys() == {"old", "new"}


def test_a_case_that_no_version_can_run_is_left_out(program):
    versions = [program("old", unknown=("stream",))]
    able = measuring.warm_up({"stream 1": ("stream",)}, versions, lambda told: None)
    assert list(measuring.measure({"stream 1": ("stream",)}, able, 1, pytest.fail)) == [{}]


def test_memory_and_time_are_those_of_the_command(program, tmp_path):
    small, large = (measuring.run_case(("x",), program(f"of-{n}", megabytes=n)) for n in (1000, 1100))
    assert 90 < large.peak_mb - small.peak_mb < 110  # far above what this process holds
    assert small.wall_s > 0
    assert small.cpu_s > 0


def test_what_a_command_writes_is_removed_and_what_a_version_keeps_stays(program):
    version = program("old")
    measuring.run_case(("train", "--out", f"{cases.OUT}/run"), version)
    assert {path.name for path in version.home.iterdir()} == {"python"}
    measuring.run_case(("train", "--out", f"{cases.HOME}/events"), version)
    assert (version.home / "events" / "network.npz").read_text() == str(version.home / "programs")


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no processes on chosen cores on this system")
def test_commands_run_on_one_core():
    before = os.sched_getaffinity(0)
    count = [sys.executable, "-c", "import os; print(os.sched_getaffinity(0))"]
    with measuring.one_core() as core:
        assert subprocess.run(count, capture_output=True, text=True).stdout.strip() == f"{{{core}}}"
    assert os.sched_getaffinity(0) == before


COSTS = {
    "segment 1": {
        "old": [Cost(9, 2.0, 300.0), Cost(9, 3.0, 310.0)],
        "here": [Cost(9, 1.0, 200.0), Cost(9, 1.0, 190.0)],
    },
    "segment 41": {"old": [Cost(9, 6.0, 0.0), Cost(9, 7.0, 0.0)], "here": [Cost(9, 3.0, 0.0), Cost(9, 2.0, 0.0)]},
    "stream 1": {"here": [Cost(9, 1.0, 0.0)]},
    "stream 80": {"here": [Cost(9, 2.185, 0.0)]},
}


def test_figures_are_medians_with_their_spread_and_ratios_pair_by_pair():
    found = {line[0]: line[1:] for line in results.lines(cases.rows(), COSTS, ["old", "here"])}
    assert found == {
        "segment 1 picture, s": ["2.50\n2.00 to 3.00", "1.00\n1.00 to 1.00", "2.50\n2.00 to 3.00", "310\n200"],
        "each of 40 further ones, ms": ["100\n100 to 100", "37.5\n25.0 to 50.0", "3.00\n2.00 to 4.00", ""],
        "stream 80 buffers of 30 ms, s": ["-", "2.19\n2.19 to 2.19", "-", "-\n0"],
        "each further buffer, ms": ["-", "15.0\n15.0 to 15.0", "-", ""],
        "the same, real-time factor": ["-", "2.00\n2.00 to 2.00", "-", ""],
    }


def test_no_figure_is_cut_off_at_eighty_columns():
    costs = {}
    for number, name in enumerate(cases.plan(Path("in"), Path("data"))):
        old = [Cost(9, seconds * (number % 2 + 1), 12345.0) for seconds in (123.4, 1234.5)]
        costs[name] = {"f241503": old, "here": [Cost(9, cost.cpu_s / 1e4, 12345.0) for cost in old]}
    lines = results.lines(cases.rows(), costs, ["f241503", "here"])
    assert len(lines) == len(cases.rows())
    output = io.StringIO()
    Console(file=output, width=80).print(table(results.header(["f241503", "here"]), lines))
    shown = output.getvalue()
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= 80
    for line in lines:
        for cell in line[1:]:
            assert all(part in shown for part in cell.split("\n"))
        assert all(word in shown for word in line[0].split())


def test_markdown_has_a_line_for_each_row():
    assert (
        markdown(["", "here"], [["a", "1.00\n0.90 to 1.10"]])
        == "|  | here |\n| --- | --- |\n| a | 1.00 0.90 to 1.10 |\n"
    )


def test_the_whole_comparison_leaves_costs_as_json(program, tmp_path, monkeypatch):
    versions = [program("old", unknown=("stream",)), program("new")]
    out = tmp_path / "results" / "commands.json"
    shown = Console(file=io.StringIO(), width=80)
    monkeypatch.setattr(command, "console", shown)
    command.compare(versions, tmp_path, tmp_path, "", 2, out)
    written = json.loads(out.read_text())
    assert written["versions"] == ["old", "new"]
    assert written["costs"].keys() == cases.plan(tmp_path, tmp_path).keys() - {"train"}
    assert len(written["costs"]["segment 1"]["old"]) == 2
    assert written["costs"]["segment 1"]["old"][0].keys() == {"wall_s", "cpu_s", "peak_mb"}
    assert written["costs"]["stream 1"].keys() == {"new"}
    text = shown.file.getvalue()
    assert "stream 1: old cannot run it: no command stream" in text
    assert "times as fast" in text
    assert "| segment 1 picture, s |" in out.with_suffix(".md").read_text()
    networks = [line for line in called(tmp_path) if " train " in line]
    assert len(networks) == 2  # one for each version


def test_no_network_is_trained_that_no_case_needs(program, tmp_path, monkeypatch):
    monkeypatch.setattr(command, "console", Console(file=io.StringIO()))
    command.compare([program("old")], tmp_path, None, "segment 1", 1, tmp_path / "commands.json")
    assert {line.split()[1] for line in called(tmp_path)} == {"segment"}


def test_only_what_is_asked_for_is_measured(tmp_path):
    every = cases.plan(tmp_path, None)
    assert "encode" not in every
    assert "train" not in cases.needed(every, "")
    assert cases.needed(every, "train").keys() == {"train"}
    assert cases.needed(every, "stream").keys() == {"stream 1", "stream 80"}


def test_every_row_is_of_a_case(tmp_path):
    known = cases.plan(tmp_path, tmp_path).keys()
    assert {row.case for row in cases.rows()} | {row.beyond for row in cases.rows() if row.beyond} == known


@pytest.mark.parametrize("name", [*cases.plan(Path("in"), Path("data")), "training"])
def test_the_command_line_knows_the_arguments_of_a_case(name):
    case = {**cases.plan(Path("in"), Path("data")), "training": cases.TRAINING}[name]
    group = typer.main.get_command(application())
    context = typer.Context(group)
    subcommand = group.get_command(context, case[0])
    with subcommand.make_context(case[0], list(case[1:]), parent=context) as parsed:
        assert parsed.params["out"]


@pytest.fixture
def repository(tmp_path) -> Path:
    """A repository of two commits whose Makefile links an interpreter."""
    path = tmp_path / "repository"
    path.mkdir()
    git = ["git", "-C", str(path), "-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    (path / "Makefile").write_text(
        f".venv/.installed:\n\tmkdir -p .venv/bin\n\tln -s {sys.executable} .venv/bin/python\n\ttouch $@\n"
    )
    for text in ("first", "second"):
        (path / "text").write_text(text)
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "--quiet", "-m", text], check=True)
    return path


def test_an_earlier_commit_gets_a_checkout_and_an_environment_of_its_own(repository, tmp_path):
    version = earlier("HEAD~1", tmp_path / "work", repository)
    assert (version.home / "source" / "text").read_text() == "first"
    assert version.home == tmp_path / "work" / version.name
    assert Path(version.python).exists()
    assert version.environment["SPIKESEG_CACHE"] == str(version.home / "programs")
    assert earlier("HEAD~1", tmp_path / "work", repository) == version
    assert (repository / "text").read_text() == "second"


def test_an_unknown_commit_is_named(repository, tmp_path):
    with pytest.raises(SpikeSegError, match=r"there is no commit nonsense"):
        earlier("nonsense", tmp_path / "work", repository)


def test_a_commit_that_cannot_be_installed_says_why(repository, tmp_path):
    (repository / "Makefile").write_text(".venv/.installed:\n\t@echo no compiler >&2; exit 1\n")
    git = ["git", "-C", str(repository), "-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run([*git, "commit", "--quiet", "--all", "-m", "third"], check=True)
    with pytest.raises(SpikeSegError, match=r"cannot be installed: .*Error"):
        earlier("HEAD", tmp_path / "work", repository)
