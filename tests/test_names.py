"""Conv3 maps are named by what they answer of the training stimuli; a map that answers nothing has no say."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from helpers import runs
from spikeseg.analysis.decoding.naming import name_maps, named
from spikeseg.analysis.decoding.segmentation import decide
from spikeseg.configs import Config, validate
from spikeseg.configs.geometry import layer_shapes
from spikeseg.errors import SpikeSegError
from spikeseg.models.network import UNNAMED, TrainedNetwork
from spikeseg.runners.training.training import untrained

CLASSES = ("orange", "panda")
LABELS = ["orange", "orange", "panda", "panda"]  # of the training stimuli


def _config(maps: int) -> Config:
    content = tomllib.loads(runs.TINY)
    content["conv3"]["maps"] = maps
    return validate(content, "test")


def _scores(*answers: int, maps: int) -> np.ndarray:
    """Scores of stimuli that these maps answer, one each."""
    return np.eye(maps)[list(answers)] + 0.5


def test_a_map_stands_for_the_class_of_most_that_it_answers():
    assert name_maps(_scores(1, 1, 0, 1, maps=2), LABELS, CLASSES) == ("panda", "orange")
    assert name_maps(_scores(0, 1, 1, 1, maps=2), LABELS, CLASSES) == ("orange", "panda")


def test_a_map_that_answers_nothing_has_no_name():
    assert name_maps(_scores(2, 2, 0, 0, maps=3), LABELS, CLASSES) == ("panda", UNNAMED, "orange")


def test_a_map_of_no_clear_class_has_no_name():
    scores = _scores(0, 0, 1, 1, 1, 1, 2, 2, maps=3)
    labels = [*"oo", *"ooop", *"pp"]
    assert name_maps(scores, labels, ("o", "p"), purity=0.75) == ("o", "o", "p")
    assert name_maps(scores, labels, ("o", "p"), purity=0.76) == ("o", UNNAMED, "p")
    with pytest.raises(SpikeSegError, match=r"only 1 of the 2 maps .* answer stimuli of one class in 90% of the cases"):
        name_maps(_scores(0, 0, 1, 1, maps=2), ["orange", "panda", "panda", "panda"], CLASSES, purity=0.9)


def test_fewer_answering_maps_than_classes_are_refused():
    with pytest.raises(SpikeSegError, match="only 1 of the 3 maps of conv3 answer any stimulus, fewer than the 2"):
        name_maps(_scores(1, 1, 1, 1, maps=3), LABELS, CLASSES)


@pytest.fixture
def network() -> TrainedNetwork:
    network = untrained(_config(3))
    kernels = {**network.kernels, "conv3": network.kernels["conv3"] + 0.5}
    thresholds = {**network.thresholds, "conv3": np.array([1.0, 2.0, 3.0])}
    return named(replace(network, kernels=kernels, thresholds=thresholds), ("panda", UNNAMED, "orange"))


def test_an_unnamed_map_never_answers(network):
    steps = {name: np.zeros(shape, int) for name, shape in layer_shapes(network.config, (64, 64)).items()}
    scores = decide(network, steps).scores
    assert scores[1] == 0
    assert (scores[[0, 2]] > 0).all()
    np.testing.assert_array_equal(network.thresholds["conv3"], [1, np.inf, 3])


def test_an_unnamed_map_stays_silent_when_the_network_is_read_again(network, tmp_path: Path):
    network.save(tmp_path / "network.npz")
    again = TrainedNetwork.load(tmp_path / "network.npz")
    assert again.map_labels == network.map_labels
    np.testing.assert_array_equal(again.thresholds["conv3"], network.thresholds["conv3"])
