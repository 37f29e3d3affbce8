"""What an export is asked for: layers and stimuli are found or refused by name, before anything is written."""

from __future__ import annotations

import json
import sys

import pytest

from helpers.runs import files, refusal
from spikeseg.excerpt import take_excerpt
from spikeseg.recording import save_recording
from spikeseg.spikes import Shape, Spikes

NAMES = ["a.jpg", "b.jpg", "7", "b.jpg"]
ABOUT = {"names": NAMES, "labels": list("xyxy"), "dt_ms": 1.0, "steps": 5, "started": "2026-02-03T04:05:06+01:00"}
FOUR = Spikes.collect(Shape(1, 2, 2), 4, [0, 1, 3], [4, 1, 0], [3, 0, 2])


@pytest.fixture
def recording(tmp_path):
    save_recording(tmp_path / "test.npz", {"input": FOUR, "conv1": FOUR}, ABOUT)
    return tmp_path / "test.npz"


@pytest.fixture
def refused(spikeseg, recording, tmp_path):
    """What is told of an export that must leave all files as they were."""

    def run(*options, out="out.csv", kind="csv") -> str:
        before = files(tmp_path)
        line = refusal(spikeseg("export", recording, "--format", kind, tmp_path / out, *options))
        assert files(tmp_path) == before
        return line

    return run


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ([], [0, 1, 2, 3]),
        (["0"], [0]),
        (["1:3"], [1, 2]),
        (["2:"], [2, 3]),
        ([":1"], [0]),
        (["3", "0:2"], [0, 1, 3]),
        (["a.jpg", "0"], [0]),
        (["b.jpg"], [1, 3]),
        (["7"], [2]),
    ],
)
def test_stimuli_are_found_by_name_number_and_range(recording, asked, found):
    excerpt = take_excerpt(recording, stimuli=asked)
    assert excerpt.stimuli.tolist() == found
    assert excerpt.names == [NAMES[number] for number in found]
    assert excerpt.labels == ["xyxy"[number] for number in found]
    expected = [(number, step) for number, step in [(0, 4), (1, 1), (3, 0)] if number in found]
    spikes = excerpt.spikes["conv1"]
    assert list(zip(excerpt.stimuli[spikes.stimulus], spikes.step, strict=True)) == expected


def test_layers_keep_the_networks_order(recording):
    assert list(take_excerpt(recording, ["conv1", "input"]).spikes) == ["input", "conv1"]
    assert list(take_excerpt(recording, ["conv1"]).spikes) == ["conv1"]


@pytest.mark.parametrize("asked", ["4", "0:5", "2:2", "3:1", "9:", "99999999999999999999"])
def test_stimuli_out_of_range_are_refused_with_the_range(refused, asked):
    assert f"has no stimuli {asked}: they are numbered from 0 to 3" in refused("--stimuli", asked)


@pytest.mark.parametrize("asked", ["c.jpg", "", ":", "0:1:2", "-1:", "1.5", "²"])
def test_stimuli_that_are_none_are_refused(refused, asked):
    assert f"has no stimulus {asked!r}: give a name, a number, or a range" in refused(f"--stimuli={asked}")


def test_an_unknown_layer_is_refused_with_those_that_there_are(refused):
    assert refused("--layer", "conv9").endswith("test.npz has no layer 'conv9': it has input, conv1")


@pytest.mark.parametrize("kind", ["neo", "nwb", "parquet"])
def test_the_name_must_go_with_the_format(refused, kind):
    assert f"out.csv cannot be a file of format {kind}: its name must end in ." in refused(kind=kind)


def test_a_suffix_that_says_no_format_is_refused(spikeseg, recording, tmp_path):
    line = refusal(spikeseg("export", recording, tmp_path / "out.mat"))
    assert line == f"{tmp_path / 'out.mat'} says no format: its name must end in .nix, .nwb, .csv, .parquet"


@pytest.mark.parametrize(("kind", "package"), [("neo", "neo"), ("nwb", "pynwb"), ("parquet", "pyarrow")])
def test_missing_packages_are_told_with_their_extra(refused, monkeypatch, kind, package):
    monkeypatch.delitem(sys.modules, f"spikeseg.analysis.export.{kind}", raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    line = refused(kind=kind, out={"neo": "out.nix"}.get(kind, f"out.{kind}"))
    assert line.startswith(f'format {kind} needs pip install "spikeseg[export]": ')


def test_a_missing_recording_is_named(spikeseg, tmp_path):
    line = refusal(spikeseg("export", tmp_path / "no.npz", "--format", "csv", tmp_path / "out.csv"))
    assert line == f"{tmp_path / 'no.json'} is missing"


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("names", None, "test.json lacks what an export needs: names: Field required"),
        ("started", None, "test.json lacks what an export needs: started: Field required"),
        ("started", "yesterday", "test.json lacks what an export needs: started: Invalid isoformat"),
        ("started", "2026-02-03T04:05:06", "started has no time zone: 2026-02-03T04:05:06"),
        ("dt_ms", 1e308, "test.json lacks what an export needs: dt_ms: Input should be less than or equal to 1000000"),
        ("dt_ms", "fast", "test.json lacks what an export needs: dt_ms: Input should be a valid number"),
        ("labels", ["x"], "test.json has 4 names and 1 labels for 4 stimuli"),
        ("steps", 4, "test.npz: input has spikes after the last of 4 steps"),
    ],
)
def test_a_description_that_does_not_do_is_told(refused, recording, key, value, told):
    about = json.loads(recording.with_suffix(".json").read_text()) | {key: value}
    content = {name: value for name, value in about.items() if value is not None}
    recording.with_suffix(".json").write_text(json.dumps(content))
    assert told in refused()
