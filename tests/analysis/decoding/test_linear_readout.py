"""A supervised readout: fitted to the training labels alone, and chosen by fits without what they answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from spikeseg.analysis.decoding import linear_readout
from spikeseg.analysis.decoding.linear_readout import SPREAD, Labelled, Pooled, read_out
from spikeseg.spikes import Shape, Spikes

LAYER, FIRST = "pool2", 4


def labelled(spikes, item, truth, steps=None) -> Labelled:
    """From spikes (stimuli, C, H, W) bool, all in the first possible step unless `steps` of the same shape say so."""
    when = np.full(spikes.shape, FIRST) if steps is None else steps
    stimulus, neuron = np.nonzero(spikes.reshape(len(spikes), -1))
    step = when.reshape(len(spikes), -1)[stimulus, neuron]
    found = Spikes.collect(Shape(*spikes.shape[1:]), len(spikes), stimulus, step, neuron)
    return Labelled({LAYER: found}, 10, np.array(item), np.array(truth))


def noisy(rng, stimuli, classes=3, shape=(2, 3, 3)) -> Labelled:
    """Two stimuli of each item; spikes that depend a little on the class."""
    truth = np.arange(stimuli // 2) % classes
    rate = np.random.default_rng(1).uniform(0.2, 0.8, (classes, *shape))
    item = np.repeat(np.arange(len(truth)), 2)
    return labelled(rng.random((stimuli, *shape)) < rate[truth[item]], item, truth)


def wrong_without(train: Labelled, penalty: float, classes: int, copies: Sequence[Labelled] = ()) -> int:
    """Training stimuli that are answered wrongly by fits without their item, made one by one, in the primal form."""
    parts = [train, *copies]
    features = np.vstack([part.features(LAYER, None).toarray() for part in parts])
    features = features - features.mean(axis=0)
    unit = (features**2).sum(axis=1).mean()
    features = np.hstack([features, np.full((len(features), 1), np.sqrt(1e3 * unit))])
    items = np.concatenate([part.item for part in parts])
    truth, wrong = train.truth[items], 0
    for item in range(len(train.truth)):
        X, Y = features[items != item], np.where(truth[items != item, None] == np.arange(classes), 1.0, -1.0)
        weights = np.linalg.solve(X.T @ X + penalty * unit * np.eye(X.shape[1]), X.T @ Y)
        left_out = features[: len(train.item)][train.item == item]
        wrong += int(((left_out @ weights).argmax(axis=1) != train.truth[item]).sum())
    return wrong


@pytest.fixture
def each_neuron(monkeypatch):
    """Features are those of each neuron by itself."""
    monkeypatch.setattr(linear_readout, "CELLS", (None,))
    monkeypatch.setattr(linear_readout, "WIDEST", 0)


@pytest.mark.parametrize("penalty", [0.1, 1.0])
@pytest.mark.usefixtures("each_neuron")
def test_stimuli_are_left_out_together_with_all_others_of_their_recording(monkeypatch, penalty):
    monkeypatch.setattr(linear_readout, "PENALTIES", (penalty,))
    train = noisy(np.random.default_rng(0), 60)
    wrong = wrong_without(train, penalty, 3)
    assert 0 < wrong < 40
    assert (read_out(train, train, 3).left_out != train.truth[train.item]).sum() == wrong


@pytest.mark.usefixtures("each_neuron")
def test_the_penalty_with_the_fewest_wrong_answers_is_taken():
    train = noisy(np.random.default_rng(0), 60)
    wrong = {penalty: wrong_without(train, penalty, 3) for penalty in linear_readout.PENALTIES}
    found = read_out(train, train, 3)
    assert len(set(wrong.values())) > 1
    assert wrong[found.penalty] == min(wrong.values())


def test_labels_of_what_is_answered_are_not_used():
    train, shown = noisy(np.random.default_rng(0), 60), noisy(np.random.default_rng(2), 40)
    other = replace(shown, truth=shown.truth[::-1].copy())
    for by_recording in (False, True):
        first, second = (read_out(train, one, 3, by_recording) for one in (shown, other))
        np.testing.assert_array_equal(first.answered, second.answered)
        assert (first.cells, first.pooled, first.penalty) == (second.cells, second.pooled, second.penalty)


def test_what_it_was_fitted_to_is_answered_by_the_class_it_had():
    rng = np.random.default_rng(0)
    truth = np.arange(30) % 3
    spikes = np.zeros((30, 3, 4, 4), bool)
    spikes[np.arange(30), truth, rng.integers(0, 4, 30), 0] = True
    train = labelled(spikes, np.arange(30), truth)
    np.testing.assert_array_equal(read_out(train, train, 3).answered, truth)


def test_features_that_may_lie_anywhere_are_added_up_over_the_grid():
    rng = np.random.default_rng(0)
    truth, spikes = np.arange(80) % 2, np.zeros((80, 2, 12, 12), bool)
    for one, label in zip(spikes, truth, strict=True):
        row, column = rng.integers(0, 11, 2)
        one[label, row : row + 2, column : column + 2] = True
    train = labelled(spikes, np.arange(80), truth)
    found = read_out(train, train, 2)
    assert found.cells == 1
    np.testing.assert_array_equal(found.left_out, truth)


def test_spikes_are_added_up_within_cells_and_earlier_ones_are_worth_more():
    spikes = np.ones((1, 1, 4, 4), bool)
    steps = np.full((1, 1, 4, 4), FIRST)
    steps[0, 0, 0, 0] = FIRST + 9
    every = labelled(spikes, [0], [0], steps)
    expected = np.ones((4, 4))
    expected[0, 0] = 0.55
    np.testing.assert_allclose(every.features(LAYER, None).toarray().reshape(4, 4), expected)
    np.testing.assert_allclose(every.features(LAYER, 1).toarray(), [[15.55]])
    cells = expected.reshape(2, 2, 2, 2).sum(axis=(1, 3))
    np.testing.assert_allclose(every.features(LAYER, 2).toarray().reshape(2, 2), cells)


def test_a_spread_spike_is_a_gaussian_around_its_neuron():
    spikes = np.zeros((1, 2, 11, 12), bool)
    spikes[0, 1, 5, 6] = True
    spread = labelled(spikes, [0], [0]).features(LAYER, None, 1.5).reshape(2, 11, 12)
    row, column = np.indices((11, 12))
    gaussian = np.exp(-((row - 5) ** 2 + (column - 6) ** 2) / (2 * 1.5**2))
    np.testing.assert_allclose(spread[1] / spread[1, 5, 6], gaussian, atol=1e-12)
    assert not spread[0].any()


def test_features_that_lie_now_here_now_there_are_spread():
    rng = np.random.default_rng(0)
    truth, spikes = np.arange(60) % 3, np.zeros((60, 1, 16, 16), bool)
    for one, label in zip(spikes, truth, strict=True):
        row, column = (4, 4, 11)[label] + rng.integers(-1, 2), (4, 11, 11)[label] + rng.integers(-1, 2)
        one[0, row, column] = True
        one |= rng.random(one.shape) < 0.02
    train = labelled(spikes, np.arange(60), truth)
    found = read_out(train, train, 3)
    assert found.cells is None
    assert found.spread == SPREAD
    assert (found.left_out != truth).sum() < wrong_without(train, 1.0, 3)


def order_matters(buffers=2) -> Labelled:
    """Recordings of two classes with the same buffers in another order; the first ones with as many as asked for."""
    rng = np.random.default_rng(0)
    truth = np.arange(40) % 2
    spikes = np.zeros((80, 2, 3, 3), bool)
    for number, label in enumerate(truth):
        for position in range(2):
            spikes[2 * number + position, int(label == position)] = rng.random((3, 3)) < 0.8
    item = np.repeat(np.arange(40), 2)
    if buffers != 2:
        return labelled(spikes[1:], item[1:], truth)
    return labelled(spikes, item, truth)


def test_buffers_that_show_different_things_have_weights_of_their_own():
    train = order_matters()
    found = read_out(train, train, 2, by_recording=True)
    assert found.pooled == "side by side"
    np.testing.assert_array_equal(found.left_out, train.truth)
    np.testing.assert_array_equal(found.answered, train.truth)


def test_recordings_of_different_length_are_answered_by_the_mean_of_their_buffers():
    train, shorter = order_matters(), order_matters(buffers=1)
    for fitted_to, shown in ((train, shorter), (shorter, train)):
        found = read_out(fitted_to, shown, 2, by_recording=True)
        assert found.pooled == "mean"
        assert len(found.answered) == 40


def test_features_of_a_recording_are_the_mean_of_its_buffers_or_all_of_them():
    train = noisy(np.random.default_rng(0), 60)
    for spread in (0.0, SPREAD):
        alone, mean, beside = (
            np.asarray(one if spread else one.toarray())
            for one in (train.features(LAYER, None, spread, pooled) for pooled in get_args(Pooled))
        )
        np.testing.assert_allclose(mean, alone.reshape(30, 2, -1).mean(axis=1))
        np.testing.assert_allclose(beside, alone.reshape(30, -1))


def with_copies(seed: int, own: int, copied: int) -> tuple[Labelled, list[Labelled]]:
    """As `noisy`, and copies of it: the first `own` and `copied` items tell their class in them, others nothing."""
    train = noisy(np.random.default_rng(seed), 60)
    rng, rate = np.random.default_rng(seed + 1), np.random.default_rng(1).uniform(0.2, 0.8, (3, 2, 3, 3))
    parts = []
    for telling in (own, copied, copied):
        rates = np.where((train.item < telling)[:, None, None, None], rate[train.truth[train.item]], 0.5)
        parts.append(labelled(rng.random((60, 2, 3, 3)) < rates, train.item, train.truth))
    return parts[0], parts[1:]


def copied_by(train: Labelled, copies: Sequence[Labelled]) -> Labelled:
    return replace(train, copies=[copy.spikes for copy in copies])


@pytest.mark.usefixtures("each_neuron")
@pytest.mark.parametrize("penalty", [0.1, 1.0])
@pytest.mark.parametrize(("own", "copied", "used"), [(30, 0, 0), (10, 30, 2)])
def test_copies_are_left_out_with_their_recording_and_do_not_count(monkeypatch, penalty, own, copied, used):
    monkeypatch.setattr(linear_readout, "PENALTIES", (penalty,))
    train, copies = with_copies(0, own, copied)
    wrong = wrong_without(train, penalty, 3), wrong_without(train, penalty, 3, copies)
    assert (wrong[1] < wrong[0]) == (used > 0)
    found = read_out(copied_by(train, copies), train, 3)
    assert found.copies == used
    assert (found.left_out != train.truth[train.item]).sum() == min(wrong)


def test_copies_that_say_nothing_are_left_alone():
    train, copies = with_copies(0, own=30, copied=0)
    for by_recording in (False, True):
        with_them, without = (read_out(copied_by(train, more), train, 3, by_recording) for more in (copies, ()))
        assert with_them.copies == 0
        np.testing.assert_array_equal(with_them.answered, without.answered)


def test_copies_show_what_the_recordings_do_not():
    train, copies = with_copies(0, own=10, copied=30)
    shown = noisy(np.random.default_rng(5), 200)
    with_them, without = (read_out(copied_by(train, more), shown, 3, True) for more in (copies, ()))
    assert with_them.copies == 2
    assert (with_them.answered == shown.truth).sum() > (without.answered == shown.truth).sum()
