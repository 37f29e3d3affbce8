"""Spikes on disk: what is saved comes back, with what it means; anything else is refused by name."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given

from helpers.networks import assert_same_spikes, configurations, many, random_stimuli, seeds, shapes_of, to_spikes
from helpers.runs import files
from spikeseg.errors import SpikeSegError
from spikeseg.files import read_arrays, write_arrays
from spikeseg.recording import load_recording, save_recording
from spikeseg.spikes import Shape, Spikes

ABOUT = {"dt_ms": 1.0, "steps": 20, "names": ["ä", "b", "c"]}
LAYER = Spikes.collect(Shape(2, 3, 4), 3, [0, 0, 2], [5, 1, 0], [23, 7, 0])
SILENT = Spikes.collect(Shape(1, 1, 1), 3, [], [], [])


@pytest.fixture
def path(tmp_path):
    save_recording(tmp_path / "spikes" / "test.npz", {"input": LAYER, "conv3": SILENT}, ABOUT)
    return tmp_path / "spikes" / "test.npz"


def refusal(path) -> str:
    with pytest.raises(SpikeSegError) as told:
        load_recording(path)
    assert "\n" not in str(told.value)
    assert str(path.parent) in str(told.value)
    return str(told.value)


def test_what_is_saved_comes_back(path):
    spikes, about = load_recording(path)
    assert list(spikes) == ["input", "conv3"]
    assert_same_spikes(spikes["input"], LAYER)
    assert_same_spikes(spikes["conv3"], SILENT)
    assert about | ABOUT == about
    assert sorted(file.name for file in path.parent.iterdir()) == ["test.json", "test.npz"]


@many
@given(configurations(), seeds)
def test_any_spikes_come_back(tmp_path_factory, config, seed):
    shape = shapes_of(config)["input"]
    spikes = to_spikes(random_stimuli(shape, 4, config.input.steps, seed))
    path = tmp_path_factory.getbasetemp() / "any.npz"
    save_recording(path, {"input": spikes}, {})
    assert_same_spikes(load_recording(path)[0]["input"], spikes)


def test_other_programs_can_read_it(path):
    """Nothing but NumPy and JSON is needed, and the description says what the numbers mean."""
    about = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    with np.load(path, allow_pickle=False) as arrays:
        columns = {name: arrays[name] for name in arrays.files}
    assert about["layers"] == {"input": [2, 3, 4], "conv3": [1, 1, 1]}
    assert (about["stimuli"], about["schema"]) == (3, 1)
    assert {name: str(column.dtype) for name, column in columns.items() if name.startswith("input")} == {
        "input_stimulus": "int32",
        "input_step": "int16",
        "input_neuron": "int32",
    }
    assert columns["input_step"].tolist() == [1, 5, 0]


def test_a_name_that_does_not_end_in_npz_is_refused(tmp_path):
    with pytest.raises(SpikeSegError, match=r"spikes\.json cannot be a recording"):
        save_recording(tmp_path / "spikes.json", {"input": LAYER}, ABOUT)
    assert files(tmp_path) == {}
    assert "must end in .npz" in refusal(tmp_path / "spikes.csv")


@pytest.mark.parametrize("suffix", [".npz", ".json"])
def test_a_missing_file_is_named(path, suffix):
    path.with_suffix(suffix).unlink()
    assert f"test{suffix} is missing" in refusal(path)


@pytest.mark.parametrize("keep", [0, 0.5, 0.99])
@pytest.mark.parametrize("suffix", [".npz", ".json"])
def test_half_a_file_is_told(path, suffix, keep):
    file = path.with_suffix(suffix)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(keep * len(whole))])
    assert f"test{suffix} " in refusal(path)


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("schema", 2, "does not describe a recording of schema 1"),
        ("layers", [], "is not what test.json describes"),
        ("layers", {"input": [2, 3]}, "is not what test.json describes"),
        ("layers", {"conv9": [2, 3, 4]}, "conv9_stimulus"),
        ("stimuli", "three", "is not what test.json describes"),
        ("stimuli", 2, "input has spikes outside its stimuli, steps or neurons"),
        ("layers", {"input": [2, 3, 3]}, "input has spikes outside its stimuli, steps or neurons"),
    ],
)
def test_a_description_of_something_else_is_told(path, key, value, told):
    about = json.loads(path.with_suffix(".json").read_text()) | {key: value}
    path.with_suffix(".json").write_text(json.dumps(about))
    assert told in refusal(path)


@pytest.mark.parametrize(
    ("column", "values", "told"),
    [
        ("input_stimulus", [2, 0, 0], "not sorted"),
        ("input_neuron", [0, -1, 0], "outside"),
        ("input_step", [-1, 0, 0], "outside"),
        ("input_step", [0, 0], "differ in length"),
        ("input_step", ["a", "b", "c"], "input_step is str32 of shape (3,), not whole numbers"),
        ("input_step", np.zeros(73, int), "input_step has 73 values, and 72 are the most"),
    ],
)
def test_columns_that_cannot_be_are_told(path, column, values, told):
    write_arrays(path, read_arrays(path) | {column: np.array(values)})
    assert told in refusal(path)
