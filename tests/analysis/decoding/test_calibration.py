"""Thresholds and extents that calibration gives a network after learning."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import binary_erosion

from helpers.blocks import COLUMNS, ROWS, encode, network, picture
from spikeseg.analysis.decoding import calibration
from spikeseg.analysis.decoding.calibration import (
    POWER,
    balanced_thresholds,
    calibrate,
    largest_potentials,
    learned_extents,
    mean_thresholds,
)
from spikeseg.analysis.decoding.potentials import stimulus_scale


class TestBalancedThresholds:
    @pytest.mark.parametrize("maps", [2, 3, 8])
    def test_every_map_wins_as_often_as_any_other(self, maps):
        rng = np.random.default_rng(maps)
        largest = rng.lognormal(size=(240, maps)) * np.arange(1, maps + 1)
        thresholds = balanced_thresholds(largest, np.ones(maps))
        wins = np.bincount(np.argmax(largest / thresholds, axis=1), minlength=maps)
        before = np.bincount(np.argmax(largest, axis=1), minlength=maps)
        assert np.abs(wins - 240 / maps).max() <= 2 < np.abs(before - 240 / maps).max()

    def test_their_geometric_mean_stays(self):
        start = np.array([2.0, 300.0])
        balanced = balanced_thresholds(np.random.default_rng(0).random((50, 2)), start)
        assert np.prod(balanced) == pytest.approx(np.prod(start))

    def test_scaling_a_map_s_potentials_scales_its_threshold(self):
        largest = np.random.default_rng(1).lognormal(size=(400, 2))
        first, second = (balanced_thresholds(largest * [1, scale], np.ones(2)) for scale in (1, 4))
        assert second[1] / second[0] == pytest.approx(4 * first[1] / first[0], rel=0.02)


class TestMeanThresholds:
    def test_every_map_is_driven_as_much_whatever_its_share(self):
        largest = np.random.default_rng(2).lognormal(size=(300, 5)) * [1, 2, 3, 4, 5]
        thresholds = mean_thresholds(largest, np.full(5, 7.0))
        drive = ((largest / thresholds) ** POWER).mean(axis=0)
        assert drive == pytest.approx(drive[0])
        assert np.prod(thresholds) == pytest.approx(7.0**5)

    def test_what_drives_a_map_strongly_counts_most(self):
        largest = np.array([[8.0, 4], [1, 4], [1, 4], [1, 4]])  # on average the second is driven more
        first, second = mean_thresholds(largest, np.ones(2))
        assert first > second

    def test_the_configuration_chooses_them(self):
        trained = network()
        encoded = [encode(trained, picture((channel, 2, 5))) for channel in (0, 1)]
        largest = largest_potentials(trained, encoded) * [1, 3]
        conv3 = trained.config.conv3.model_copy(update={"equalise": "drive"})
        driven = replace(trained, config=trained.config.model_copy(update={"conv3": conv3}))
        expected = mean_thresholds(largest, trained.thresholds["conv3"])
        assert calibrate(driven, encoded, largest).thresholds["conv3"] == pytest.approx(expected)
        assert calibrate(trained, encoded, largest).thresholds["conv3"] != pytest.approx(expected)


class TestExtents:
    @pytest.fixture
    def stimuli(self):
        trained = network(extent_threshold=0.3, extent_smoothing=0.1)
        pictures = [picture((channel, row, column)) for channel in (0, 1) for row, column in ((1, 2), (2, 5), (4, 8))]
        return trained, [encode(trained, steps) for steps in pictures]

    def test_they_are_the_object_around_its_winner_wherever_it_was(self, stimuli):
        trained, encoded = stimuli
        assert learned_extents(trained, encoded) == pytest.approx(np.array([[-6, -6, 6, 6]] * 2))

    def test_they_may_be_those_of_silhouettes(self, stimuli, monkeypatch):
        trained, encoded = stimuli
        decoder = trained.config.decoder.model_copy(update={"box": "silhouette+events"})
        filled = replace(trained, config=trained.config.model_copy(update={"decoder": decoder}))
        seen = []

        def smaller(mask, events):
            seen.append((mask.sum(), events.sum()))
            return binary_erosion(mask, iterations=2)

        monkeypatch.setattr(calibration, "silhouette", smaller)
        assert learned_extents(filled, encoded) == pytest.approx(np.array([[-4, -4, 4, 4]] * 2))
        assert seen == [(144, 144)] * len(encoded)  # of all events, inside of no region
        assert learned_extents(trained, encoded) == pytest.approx(np.array([[-6, -6, 6, 6]] * 2))

    def test_a_map_that_never_wins_may_be_anywhere(self, stimuli):
        trained, encoded = stimuli
        extents = learned_extents(trained, encoded[:3])
        assert extents is not None
        assert extents[1].tolist() == [-ROWS, -COLUMNS, ROWS, COLUMNS]

    def test_there_are_none_unless_asked_for(self, stimuli):
        _, encoded = stimuli
        assert learned_extents(network(), encoded) is None

    def test_calibration_changes_thresholds_and_extents_only(self, stimuli):
        trained, encoded = stimuli
        calibrated = calibrate(trained, encoded, largest_potentials(trained, encoded))
        assert calibrated.extents is not None
        for layer, kernel in trained.kernels.items():
            assert np.array_equal(calibrated.kernels[layer], kernel)
        assert np.array_equal(calibrated.thresholds["conv2"], trained.thresholds["conv2"])
        largest = largest_potentials(trained, encoded)
        assert largest.shape == (6, 2)
        assert (largest[:3, 0] > largest[:3, 1]).all()


class TestDecidingInTime:
    @pytest.mark.parametrize("event_range", [(0, 0), (1, 2), (100, 200), (0, 1000)])
    def test_half_the_stimuli_spike_in_time_and_shares_stay(self, event_range):
        """Whatever adaptive thresholds do: nothing, all raised by 40 %, all lowered, each stimulus by its own scale."""
        trained = replace(network(), event_range=event_range)
        pictures = [
            picture((channel, row, column), size=size)
            for channel, size in ((0, 3), (1, 3), (1, 4))
            for row, column in ((1, 2), (2, 5), (4, 8))
        ]
        encoded = [encode(trained, steps) for steps in pictures]
        inputs = trained.config.input.model_copy(update={"threshold_variation": 0.4})
        conv3 = trained.config.conv3.model_copy(update={"decide_by": 1.0})
        trained = replace(trained, config=trained.config.model_copy(update={"input": inputs, "conv3": conv3}))
        largest = largest_potentials(trained, encoded)
        hurried = calibrate(trained, encoded, largest)
        scale = np.array([[stimulus_scale(trained, steps)] for steps in encoded])
        drive = (largest / (hurried.thresholds["conv3"] * scale)).max(axis=1)
        assert (drive >= 1 - 1e-12).sum() >= len(encoded) / 2
        assert (drive >= 1 + 1e-9).sum() <= len(encoded) / 2
        plain = replace(
            trained,
            config=trained.config.model_copy(
                update={"conv3": trained.config.conv3.model_copy(update={"decide_by": None})}
            ),
        )
        ratio = hurried.thresholds["conv3"] / calibrate(plain, encoded, largest).thresholds["conv3"]
        assert ratio == pytest.approx(ratio[0])

    def test_only_spikes_of_the_first_parts_count(self):
        trained = network()
        steps = encode(trained, picture((0, 2, 5)))
        early = largest_potentials(trained, [steps], 0)
        assert (early <= largest_potentials(trained, [steps])).all()
        assert (early == 0).all()
