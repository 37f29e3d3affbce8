"""Training with augmentation: seeded, off unless it is asked for, and never of what a network is tested with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import spikeseg
from helpers.own import tiny, write_recordings
from spikeseg.configs import Config, validate
from spikeseg.errors import SpikeSegError
from spikeseg.models.network import TrainedNetwork
from spikeseg.runners.training import training

KINDS = {"shift": 4, "drop": 0.3, "noise_hz": 2.0}


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return write_recordings(tmp_path_factory.mktemp("augmentation") / "data")


def config(augmentation: dict | None, seed: int = 0) -> Config:
    content = tiny("recordings").model_dump(mode="json") | {"seed": seed}
    content["input"]["augmentation"] = augmentation
    return validate(content, "test")


def trained(data: Path, run: Path, augmentation: dict | None) -> TrainedNetwork:
    return spikeseg.train(config(augmentation), data, run, device="numpy")


def kernels(network: TrainedNetwork) -> np.ndarray:
    return np.concatenate([network.kernels["conv2"].ravel(), network.kernels["conv3"].ravel()])


def test_without_it_nothing_changes_and_with_it_all_follows_from_the_seed(data, tmp_path):
    plain = trained(data, tmp_path / "plain", None)
    nothing = trained(data, tmp_path / "nothing", {"versions": 2})  # versions that do not differ
    np.testing.assert_array_equal(kernels(nothing), kernels(plain))
    for layer, thresholds in plain.thresholds.items():
        np.testing.assert_array_equal(nothing.thresholds[layer], thresholds)
    assert nothing.event_range == plain.event_range
    assert nothing.map_labels == plain.map_labels
    first, second = (trained(data, tmp_path / name, KINDS) for name in ("first", "second"))
    np.testing.assert_array_equal(kernels(first), kernels(second))
    assert (kernels(first) != kernels(plain)).any()
    assert first.event_range == plain.event_range  # of recordings as they are


def test_only_training_recordings_are_augmented(data, tmp_path, monkeypatch):
    seen, original = [], training.augmented

    def noted(buffer, augmentation, rng):
        seen.append((buffer.recording, buffer.start, rng.bit_generator.state["state"]["state"]))
        return original(buffer, augmentation, rng)

    monkeypatch.setattr(training, "augmented", noted)
    trained(data, tmp_path / "run", KINDS | {"versions": 3})
    parts = {part: spikeseg.select(tmp_path / "run", None, part) for part in ("train", "test")}
    names = {part: {chosen.dataset.names[i] for i in chosen.indices} for part, chosen in parts.items()}
    assert {name for name, _, _ in seen} == names["train"]
    assert not names["train"] & names["test"]
    assert len({state for _, _, state in seen}) == len(seen) == 3 * len({(name, start) for name, start, _ in seen})
    count = len(seen)
    spikeseg.evaluate(parts["test"], device="numpy")
    assert len(seen) == count


def test_the_digest_is_that_of_older_runs_unless_it_is_asked_for():
    content = tiny("recordings").model_dump(mode="json")
    del content["input"]["augmentation"]
    assert validate(content, "test").digest() == config(None).digest() != config(KINDS).digest()
    assert config(KINDS).digest() != config(KINDS | {"shift": 5}).digest()


def test_what_cannot_do_anything_is_refused():
    with pytest.raises(SpikeSegError, match="flip changes nothing while polarity is merged: set polarity to split"):
        config({"flip": 0.5})
    pictures = tiny("folder").model_dump(mode="json")
    pictures["input"]["augmentation"] = KINDS
    with pytest.raises(SpikeSegError, match="is for recordings, not for pictures: leave it out"):
        validate(pictures, "test")
