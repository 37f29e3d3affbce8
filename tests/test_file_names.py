"""No name of a class, stimulus or file leads out of a folder, or reaches a terminal or a spreadsheet as a command."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.own import write_pictures
from helpers.runs import TINY, files, refusal
from spikeseg.analysis.measures.metrics import Outcome
from spikeseg.analysis.report.showcase import read_outcomes
from spikeseg.errors import SpikeSegError
from spikeseg.files import read_arrays, read_table, write_arrays, write_table
from spikeseg.models.network import TrainedNetwork
from spikeseg.names import name_fault, output_file, printable
from spikeseg.runners.evaluation.reporting import write_outcomes

HOSTILE = (
    "../../x",
    "/tmp/x",
    "a/b",
    "a\\b",
    "..",
    ".",
    "",
    "  ",
    "a\0b",
    "\x1b[31mred",
    "a\nb",
    "\x9b31m",
    "a\u2028b",
    "\udcff",
)
NUMPY = ("--device", "numpy")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_that_is_none_for_a_file_is_refused(name, tmp_path):
    assert name_fault(name)
    with pytest.raises(SpikeSegError) as told:
        output_file(tmp_path, name)
    assert str(told.value).isprintable()


@pytest.mark.parametrize(
    "name", ["Faces", "größe", "顔", "a b", "it's", "=1", "-x", "..a", "a..b", "v1.2", "ab\u200dc"]
)
def test_names_of_all_languages_are_names(name, tmp_path):
    assert name_fault(name) == ""
    assert output_file(tmp_path, name) == tmp_path / name


def test_what_is_printed_is_printable_and_keeps_its_lines():
    assert printable("a\tb\nc\x1b[0m\x00\udcff é") == "a\tb\nc\\x1b[0m\\x00\\udcff é"


@pytest.mark.parametrize("name", [*HOSTILE, "x" * 101])
def test_such_a_class_is_refused_in_a_configuration(spikeseg, tmp_path, name):
    (tmp_path / "x.toml").write_text(
        TINY.replace('"orange", "panda"', f'"orange", {json.dumps(name)}'.replace("\\ud", "\\\\ud"))
    )
    line = refusal(spikeseg("train", tmp_path / "x.toml", "--out", tmp_path / "run"))
    assert line.isprintable()
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", HOSTILE)
def test_such_a_class_is_refused_in_a_network_and_nothing_is_written(spikeseg, run, tmp_path, name):
    """Somebody else's network, with masks and figures to be called after its classes."""
    file = run / "network.npz"
    arrays = read_arrays(file)
    header = json.loads(str(arrays["header"]))
    header["config"]["data"] |= {"classes": ["orange", name], "dataset": "folder"}
    header["map_labels"] = ["orange", name]
    write_arrays(file, arrays | {"header": np.array(json.dumps(header))})
    Image.fromarray(np.zeros((64, 64), np.uint8)).save(tmp_path / "picture.png")
    before = files(tmp_path)
    for command in (["segment", run, tmp_path / "picture.png", "--out", tmp_path / "out"], ["analyse", run]):
        line = refusal(spikeseg(*command, *(NUMPY if command[0] == "segment" else ())))
        assert line.startswith(f"{file}: data.classes.1: ")
        assert line.isprintable()
    assert files(tmp_path) == before


@pytest.mark.parametrize("name", ["\x1b[31mred.png", "a\nb.png", "\udcff.png"])
def test_files_with_such_names_are_refused_in_a_printable_line(spikeseg, run, tmp_path, name):
    data = write_pictures(tmp_path / "shapes")
    folder = next(path for path in data.iterdir() if path.is_dir())
    picture = next(folder.iterdir())
    picture.rename(folder / name)
    for command in (["segment", run, folder, "--out", tmp_path / "out", *NUMPY], ["init", data]):
        line = refusal(spikeseg(*command))
        assert line.isprintable()
        assert "is no name for a file" in line


def test_what_is_printed_of_a_file_that_is_missing_is_printable(tmp_path):
    name = os.fsencode(tmp_path) + b"/\xff\x1b[31m.toml"
    done = subprocess.run(
        [sys.executable, "-m", "spikeseg", "train", name, "--out", "x"], capture_output=True, cwd=tmp_path
    )
    assert done.returncode == 1
    told = done.stderr.decode()
    assert "Traceback" not in told
    assert told.rstrip("\n").isprintable()


class TestTables:
    CELLS = ("=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "'=1", "''=1", "'x", "plain", "", "a=b", "'")

    def test_no_cell_begins_like_a_formula(self, tmp_path):
        write_table(tmp_path / "a.csv", ["=a", "b"], [(cell, -1.5) for cell in self.CELLS])
        with (tmp_path / "a.csv").open(newline="") as file:
            for cell, number in list(csv.reader(file))[1:]:
                assert cell[:1] not in {*"=+-@\t\r"}
                assert number == "-1.5"

    def test_what_is_written_is_read(self, tmp_path):
        write_table(tmp_path / "a.csv", ["a", "b"], [(cell, cell) for cell in self.CELLS])
        with (tmp_path / "a.csv").open(newline="") as file:
            assert [(row["a"], row["b"]) for row in read_table(file)] == [(cell, cell) for cell in self.CELLS]

    def test_outcomes_of_a_class_that_is_called_like_a_formula_come_back(self, tmp_path):
        one = Outcome("=x/1.png", "=x", "@y", None, None, None, (1, 1))
        write_outcomes(tmp_path / "outcomes.csv", [one])
        (row,) = read_outcomes(tmp_path / "outcomes.csv")
        assert (row.name, row.true_label, row.predicted_label) == (one.name, one.true_label, one.predicted_label)


def test_a_network_that_names_no_map_is_refused(spikeseg, run, tmp_path):
    network = TrainedNetwork.load(run / "network.npz")
    for labels in ((), ("", "")):
        replace(network, map_labels=labels).save(run / "network.npz")
        assert "none of its maps stands for a class" in refusal(spikeseg("segment", run, Path("x.png")))
