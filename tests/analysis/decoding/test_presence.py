"""Readouts that tell whether an object is there: their fit, what a margin means, and the answers that follow."""

from dataclasses import replace

import numpy as np
import pytest

from helpers.blocks import encode, network, picture
from spikeseg.analysis.decoding.naming import largest_by_class
from spikeseg.analysis.decoding.presence import (
    CONFIDENCE,
    CommonSpikes,
    learn_presence,
    presence_of,
    ridge,
    winners,
)
from spikeseg.analysis.decoding.segmentation import decide, segment_classes, segment_one
from spikeseg.models.network import RANKS, Presence, TrainedNetwork

SQUARE, BLOCK = 0, 1  # the two objects of the pictures of blocks
PLACES = [(1, 1), (1, 2), (2, 3), (0, 5), (3, 1), (2, 6), (1, 7), (0, 2)]


@pytest.fixture(scope="module")
def told():
    """The network of blocks with readouts, learned from one object per picture."""
    trained = network()
    stimuli = [encode(trained, picture((kind, *place))) for place in PLACES for kind in (SQUARE, BLOCK)]
    scores = np.array([decide(trained, steps).scores for steps in stimuli])
    return replace(trained, presence=learn_presence(trained, stimuli, scores.argmax(axis=1)))


WINDOWS = [np.random.default_rng(n).integers(0, 2, (n, 40), bool) for n in (12, 15, 20)]
OWN, *AGAINST = (np.packbits(windows, axis=1) for windows in WINDOWS)


class TestWinners:
    def test_a_picture_is_won_by_its_best_map_and_the_buffers_of_a_recording_by_those_of_one_class(self):
        trained = replace(network(), map_labels=("square", "block"))
        scores = np.array([[1.0, 2.0], [3.0, 2.0], [4.0, 1.0], [1.0, 5.0]])
        assert winners(trained, scores, np.arange(4)).tolist() == scores.argmax(axis=1).tolist()
        together = winners(trained, scores, np.array([0, 0, 1, 1]))  # 4 against 4: the first class; 5 against 6
        assert together.tolist() == [0, 0, 1, 1]

    def test_of_the_maps_of_a_class_the_best_wins_each_buffer(self):
        trained = replace(network(), map_labels=("square", "square"))
        scores = np.array([[1.0, 2.0], [3.0, 2.0]])
        assert winners(trained, scores, np.zeros(2, int)).tolist() == [1, 0]


class TestRidge:
    def test_what_is_left_out_is_judged_as_by_a_fit_without_it(self):
        """Leave-one-out in closed form, against a fit by the normal equations with one window less."""
        _, _, left_out = ridge(OWN, AGAINST, CommonSpikes())
        windows = np.concatenate(WINDOWS).astype(float)
        truth = np.repeat([1.0, -1.0, -1.0], [12, 15, 20])
        weight = np.repeat([0.5 / 12, 0.25 / 15, 0.25 / 20], [12, 15, 20])
        centred = windows - weight @ windows
        spread = weight @ (centred**2).sum(axis=1)
        penalty = 0.2 * spread / len(windows)
        columns = np.column_stack([centred, np.full(len(windows), np.sqrt(1e3 * spread))])
        for one in (0, 5, 11):
            rest = np.arange(len(windows)) != one
            a = columns[rest] * weight[rest, None]
            fitted = np.linalg.solve(a.T @ columns[rest] + penalty * np.eye(41), a.T @ truth[rest])
            assert left_out[one] == pytest.approx(columns[one] @ fitted, abs=1e-6)

    def test_weights_are_on_a_grid_so_that_sums_are_exact(self):
        weights, offset, _ = ridge(OWN, AGAINST, CommonSpikes())
        assert np.array_equal(weights * 2**20, np.rint(weights * 2**20))
        assert offset * 2**20 == round(offset * 2**20)

    @pytest.mark.parametrize("columns", [5, 40, 5000])
    def test_common_spikes_are_counted_exactly_also_of_windows_that_are_alike_or_were_there_before(self, columns):
        rng, common = np.random.default_rng(0), CommonSpikes()
        seen = np.zeros((3, columns), bool)
        for _ in range(4):
            new = rng.random((20, columns)) < 0.3
            windows = rng.permutation(np.concatenate([seen[: len(seen) // 2], new, new[::2], seen[-2:]]))
            counts = common.of(np.packbits(windows, axis=1))
            np.testing.assert_array_equal(counts, windows.astype(int) @ windows.T.astype(int))
            seen = windows

    def test_a_kind_without_windows_is_left_out(self):
        alone = ridge(OWN, [AGAINST[0]], CommonSpikes())
        with_nothing = ridge(OWN, [AGAINST[0], AGAINST[1][:0]], CommonSpikes())
        assert np.array_equal(alone[0], with_nothing[0])


class TestMargins:
    def test_objects_that_were_learned_are_there_and_the_other_class_is_not(self, told):
        for place in PLACES:
            for kind, (label, other) in enumerate([("square", "block"), ("block", "square")]):
                found = segment_one(told, encode(told, picture((kind, *place))))
                margins = largest_by_class(told, found.decision.margins)
                assert found.label == label
                assert margins[label] > 0 > margins[other]
                assert found.presence == presence_of(told, label, margins[label])

    def test_nothing_is_there_where_nothing_spikes(self, told):
        nothing = {layer: np.full_like(steps, -1) for layer, steps in encode(told, picture((SQUARE, 1, 1))).items()}
        found = segment_one(told, nothing)
        assert not found.is_present()
        assert not found.mask.any()
        assert found.box is None

    @pytest.mark.parametrize(
        ("smallest", "margin", "presence"),
        [
            (-1, -1.1, 0),
            (-1, -0.9, 0.05),
            (-1, 0, 0.5),
            (-1, 2, 1),
            (0.5, -0.01, 0),
            (0.5, 0, CONFIDENCE),
            (0.5, 1.5, 0.5),
        ],
    )
    def test_presence_is_the_share_of_smaller_margins_and_enough_from_0_on(self, told, smallest, margin, presence):
        ranks = np.tile(np.linspace(smallest, smallest + 2, RANKS), (len(told.config.data.classes), 1))
        ranked = replace(told, presence=replace(told.presence, ranks=ranks))
        assert presence_of(ranked, told.config.data.classes[0], margin) == pytest.approx(presence)

    def test_confidence_0_finds_something_everywhere(self, told):
        found = segment_one(told, encode(told, picture((SQUARE, 1, 1))))
        assert found.is_present(0)
        assert not replace(found, presence=0.5).is_present(0.6)

    def test_every_class_is_judged_by_its_own_margin(self, told):
        both = segment_classes(told, encode(told, picture((SQUARE, 1, 1))), told.config.data.classes)
        told_there = {found.label: found.presence for found in both}
        assert told_there["square"] > told_there["block"] == 0


class TestFile:
    def test_a_network_keeps_its_readouts(self, told, tmp_path):
        told.save(tmp_path / "network.npz")
        read = TrainedNetwork.load(tmp_path / "network.npz").presence
        assert isinstance(read, Presence)
        assert read.ranks.shape[1] == RANKS
        for part in ("weights", "offsets", "ranks"):
            assert np.array_equal(getattr(read, part), getattr(told.presence, part))

    def test_a_network_without_them_answers_by_its_thresholds(self):
        trained = network()
        found = segment_one(trained, encode(trained, picture((SQUARE, 1, 1))))
        assert found.presence is None
        assert found.is_present()
