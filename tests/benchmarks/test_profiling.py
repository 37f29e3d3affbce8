"""Where commands spend their time: functions are told by their files, and parts add up to the whole."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from benchmarks.commands.profiling import DRIVER, PARTS, PROGRAM, divided, draw, part_of

MAIN = "<module> (spikeseg/__main__.py);main (runners/cli/main.py)"


@pytest.mark.parametrize(
    ("inner", "part"),
    [
        (
            "work (<frozen importlib._bootstrap>);_find_and_load (<frozen importlib._bootstrap>);<module> (x.py)",
            "imports",
        ),
        (
            "answers (runners/evaluation/evaluation.py);to_events (datasets/dog.py);correlate (scipy/ndimage.py)",
            "reading",
        ),
        ("segment (runners/inference/segmenting.py);encode (runners/inference/encoding.py)", "asking the simulation"),
        ("segment (runners/segmenting.py);run (runners/program.py);sendall (socket.py)", "asking the simulation"),
        ("segment (runners/inference/segmenting.py);decode (analysis/decoding/decoder.py)", "decoding"),
        ("write (runners/evaluation/reporting.py);gallery (analysis/painting/gallery.py)", "drawing"),
        ("write (runners/reporting.py);draw (analysis/answer_figures.py);draw (matplotlib/figure.py)", "drawing"),
        ("invoke (typer/main.py)", "all else"),
    ],
)
def test_functions_belong_to_a_part_by_their_file(inner, part):
    assert part_of(f"{MAIN};{inner}") == part


def test_parts_share_the_time_of_the_command_by_how_often_they_were_seen():
    samples = [
        f"{MAIN};to_events (datasets/dog.py) 30",
        f"{MAIN};decode (analysis/decoding/decoder.py) 10",
        f"{MAIN} 0",
    ]
    parts = divided(samples, 2.0, 5.0)
    assert list(parts) == [*PARTS, "all else", PROGRAM]
    assert parts["reading"] == 1.5
    assert parts["decoding"] == 0.5
    assert parts[PROGRAM] == 5.0
    assert sum(parts.values()) == 7.0
    assert sum(divided([], 2.0, 5.0).values()) == 5.0  # nothing was seen


def test_a_command_notes_its_own_time_and_that_of_its_processes(tmp_path):
    command = [sys.executable, "-c", DRIVER, str(tmp_path / "spent"), "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip()
    own, programs = json.loads((tmp_path / "spent").read_text())
    assert own > 0
    assert programs >= 0


def test_bars_are_drawn_for_each_case_and_version(tmp_path):
    parts = divided([f"{MAIN};to_events (datasets/dog.py) 30"], 2.0, 5.0)
    draw({"segment": {"before": parts, "here": parts}, "stream": {"here": parts}}, tmp_path / "profile.png")
    assert (tmp_path / "profile.png").stat().st_size > 1000
