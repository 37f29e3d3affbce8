"""All maps answer, each for the classes that the labels of the training part have assigned to it."""

from __future__ import annotations

import numpy as np
import pytest

from spikeseg.analysis.decoding import population
from spikeseg.analysis.decoding.population import SHARPNESS, population_answers


def scores(rng, truth, kinds):
    """Of six maps: a stimulus of a class drives the maps of that class, and those that two classes share."""
    drive = np.array([kinds[label] for label in truth], float)
    return drive + rng.normal(0, 0.05, drive.shape)


KINDS = [[1.2, 1.0, 0, 0, 0, 0], [0, 1.0, 1.2, 1.0, 0, 0], [0, 0, 0, 1.0, 1.2, 0]]


def test_a_map_that_two_classes_share_speaks_for_both():
    rng = np.random.default_rng(0)
    item = np.arange(60)
    truth = item % 2
    kinds = [[1.0, 0.9, 0.0], [1.0, 0.0, 0.9]]  # the largest response is the same map for both
    found = population_answers(scores(rng, truth, kinds), item, truth, np.array(kinds), np.arange(2), 2)
    assert found.stimuli.tolist() == [0, 1]
    np.testing.assert_array_equal(found.trained, truth)
    assert found.left_out == (1.0, 1.0)


def test_recordings_add_up_the_evidence_of_their_stimuli():
    rng = np.random.default_rng(0)
    item = np.arange(90)
    truth = item % 3
    train = scores(rng, truth, KINDS)
    doubtful, certain = [0.9, 1.0, 0.95, 0, 0, 0], [0, 0.9, 1.3, 1.0, 0, 0]
    found = population_answers(train, item, truth, np.array([doubtful, certain]), np.zeros(2, int), 3)
    assert found.stimuli[1] == 1
    assert found.recordings.tolist() == [1]


def test_the_sharpness_with_the_fewest_wrong_recordings_is_taken():
    rng = np.random.default_rng(0)
    item = np.repeat(np.arange(60), 2)
    truth = np.arange(60) % 3
    train = scores(rng, truth[item], KINDS) + rng.normal(0, 0.6, (120, 6))
    wrong = []
    for sharpness in SHARPNESS:
        responses = population._responses(train, sharpness)
        without = []
        for own in range(60):  # without that recording, made one by one
            divided = responses[item != own].T @ np.eye(3)[truth[item[item != own]]]
            without.append(population._evidence(responses[item == own], divided).sum(axis=0).argmax())
        wrong.append(int((np.array(without) != truth).sum()))
    found = population_answers(train, item, truth, train, item, 3)
    assert len(set(wrong)) > 1
    assert wrong[SHARPNESS.index(found.sharpness)] == min(wrong)
    assert found.left_out[1] == pytest.approx(1 - min(wrong) / 60)


def test_a_map_that_never_responds_says_nothing():
    rng = np.random.default_rng(0)
    item = np.arange(60)
    truth = item % 3
    train = scores(rng, truth, KINDS)
    train[:, 5] = 0  # as the scores of a map without a name, whose threshold is infinite
    found = population_answers(train, item, truth, train, item, 3)
    np.testing.assert_array_equal(found.stimuli, truth)
