"""`spikeseg config`: what it shows and copies is what is loaded, and what it cannot do is told in one line."""

from __future__ import annotations

import shlex
import tomllib

import pytest

from helpers.runs import files, refusal
from spikeseg.configs import load, shipped, validate
from spikeseg.configs.neurons.neuron import NEURONS
from spikeseg.configs.plasticity.rule import RULES
from spikeseg.configs.reference import all_keys

COMMANDS = ("list", "show", "copy", "keys", "rules", "neurons")


@pytest.fixture(autouse=True)
def terminal(monkeypatch):
    """As wide as terminals have always been."""
    monkeypatch.setenv("COLUMNS", "80")


def shown_keys(out: str) -> list[str]:
    """The first column of the table, folded lines aside."""
    cells = [line.split("│")[1].strip() for line in out.splitlines() if line.startswith("│")]
    return [cell for cell in cells if cell]


def test_the_list_names_each_with_a_line_about_it(spikeseg):
    told = spikeseg("config", "list")
    assert (told.code, told.err) == (0, "")
    assert shown_keys(told.out) == list(shipped())
    assert max(map(len, told.out.splitlines())) <= 80


@pytest.mark.parametrize("name", shipped())
def test_what_is_shown_is_the_configuration(spikeseg, name):
    told = spikeseg("config", "show", name)
    assert (told.code, told.err) == (0, "")
    assert told.out == shipped()[name].read_text()
    assert validate(tomllib.loads(told.out), name) == load(name)


@pytest.mark.parametrize("name", shipped())
def test_a_copy_is_equal(spikeseg, tmp_path, name):
    path = tmp_path / "new" / "some [brackets].toml"
    told = spikeseg("config", "copy", name, path)
    assert (told.code, told.err) == (0, "")
    assert "[brackets]" in told.out
    assert load(path) == load(name)
    assert load(path).digest() == load(name).digest()
    assert list(files(tmp_path)) == ["new/some [brackets].toml"]


@pytest.mark.parametrize(("command", "kind", "one"), [("rules", RULES, "pair"), ("neurons", NEURONS, "leaky")])
def test_rules_and_neuron_models_are_listed_and_printed(spikeseg, command, kind, one):
    assert shown_keys(spikeseg("config", command).out) == list(kind.bundled())
    assert spikeseg("config", command, one).out == kind.bundled()[one]
    line = refusal(spikeseg("config", command, "paar"))
    assert line == f"no bundled {kind.word} paar: choose from {', '.join(kind.bundled())}"


def test_nothing_is_overwritten(spikeseg, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("mine")
    line = refusal(spikeseg("config", "copy", "dog-caltech", path))
    assert line == f"{path} exists already: choose another name, or remove it first"
    assert path.read_text() == "mine"


@pytest.mark.parametrize("arguments", [("show", "dog"), ("copy", "dog", "mine.toml")])
def test_a_name_that_there_is_not_is_told_with_those_that_there_are(spikeseg, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    line = refusal(spikeseg("config", *arguments))
    assert line == f"no bundled configuration dog: choose from {', '.join(shipped())}"
    assert not files(tmp_path)


def test_a_place_that_cannot_be_written_is_told(spikeseg, tmp_path):
    (tmp_path / "file").touch()
    line = refusal(spikeseg("config", "copy", "dog-caltech", tmp_path / "file" / "mine.toml"))
    assert line.startswith(f"cannot write {tmp_path / 'file' / 'mine.toml'}: ")


def test_all_keys_fit_a_terminal(spikeseg):
    told = spikeseg("config", "keys")
    assert (told.code, told.err) == (0, "")
    assert shown_keys(told.out) == [row.key for row in all_keys()]
    assert max(map(len, told.out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a_plus_max", ["conv2.learning.a_plus_max", "conv3.learning.a_plus_max"]),
        ("pool?.stride", ["pool1.stride", "pool2.stride"]),
        ("input.*_sigma", ["input.dog.center_sigma", "input.dog.surround_sigma"]),
        ("seed", ["seed", "data.split_seed"]),
    ],
)
def test_a_pattern_is_a_part_or_a_glob(spikeseg, pattern, expected):
    assert shown_keys(spikeseg("config", "keys", pattern).out) == expected


def test_a_key_is_told_with_all_that_is_known_of_it(spikeseg):
    told = " ".join(spikeseg("config", "keys", "duration_ms").out.replace("│", " ").split())
    assert "length of a buffer, 30 in the paper" in told
    assert "number: >= 0.001; in ms; default absent" in told


def test_a_pattern_without_a_key_is_told(spikeseg):
    assert "no key matches abacus" in refusal(spikeseg("config", "keys", "abacus"))


@pytest.mark.parametrize("command", COMMANDS)
def test_help_ends_with_an_example_that_works(spikeseg, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    last = spikeseg("config", command, "--help").out.strip().splitlines()[-1].strip()
    program, group, name, *arguments = shlex.split(last.removeprefix("Example: "))
    assert (program, group, name) == ("spikeseg", "config", command)
    assert spikeseg(group, name, *arguments).code == 0
