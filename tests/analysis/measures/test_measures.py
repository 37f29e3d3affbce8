"""Measures of responses: closed forms, and what a definition demands."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import correlate

from helpers.networks import configurations, few, many, random_network, random_stimuli, seeds, shapes_of, to_spikes
from spikeseg.analysis.measures.features import project
from spikeseg.analysis.measures.information import LEVELS, entropy, information, levels, mutual_information
from spikeseg.analysis.measures.receptive_fields import pixels_seen, receptive_box
from spikeseg.analysis.measures.responses import SILENT, latencies, spike_counts
from spikeseg.analysis.measures.selectivity import selectivity
from spikeseg.analysis.measures.sparsity import sparseness, sparsity
from spikeseg.analysis.measures.weights import BINS, weight_histogram
from spikeseg.models.network import CONV_LAYERS, LAYERS
from spikeseg.spikes import Shape, Spikes

STEPS = 6
counts_of = st.builds(
    lambda seed, share: np.random.default_rng(seed).binomial(3, share, (7, 4, STEPS)), seeds, st.floats(0, 0.3)
)


class TestResponses:
    @many
    @given(seeds)
    def test_every_spike_is_counted_once_where_it_belongs(self, seed):
        steps = random_stimuli(Shape(3, 2, 4), 5, STEPS, seed)
        counts = spike_counts(to_spikes(steps), STEPS)
        for step in range(STEPS):
            np.testing.assert_array_equal(counts[:, :, step], (steps == step).sum(axis=(2, 3)))

    def test_of_silence_there_is_nothing(self):
        counts = spike_counts(Spikes.collect(Shape(2, 3, 3), 4, [], [], []), STEPS)
        assert counts.shape == (4, 2, STEPS)
        assert not counts.any()
        found = latencies(counts)
        assert (found.layer == SILENT).all()
        assert (found.feature == SILENT).all()
        assert (found.winner == SILENT).all()

    def test_a_single_spike_has_its_own_step_as_latency(self):
        found = latencies(spike_counts(Spikes.collect(Shape(3, 2, 2), 2, [1], [4], [9]), STEPS))
        assert found.layer.tolist() == [SILENT, 4]
        assert found.feature.tolist() == [[SILENT] * 3, [SILENT, SILENT, 4]]
        assert found.winner.tolist() == [SILENT, 2]

    def test_of_features_that_spike_first_the_one_with_most_spikes_wins_then_the_lowest(self):
        counts = np.zeros((3, 3, STEPS), int)
        counts[0, :, 2], counts[0, 0, 1] = 5, 1  # the earliest, however few
        counts[1, :, 2] = 1, 2, 2
        counts[2, :, 3], counts[2, 2, 4] = (1, 1, 0), 9
        assert latencies(counts).winner.tolist() == [0, 1, 0]

    @many
    @given(counts_of)
    def test_a_layer_spikes_when_its_first_feature_does(self, counts):
        found = latencies(counts)
        by_feature = np.where(found.feature == SILENT, STEPS, found.feature)
        np.testing.assert_array_equal(np.where(found.layer == SILENT, STEPS, found.layer), by_feature.min(axis=1))
        spiking = found.winner != SILENT
        np.testing.assert_array_equal(by_feature[spiking, found.winner[spiking]], found.layer[spiking])


class TestSparsity:
    @pytest.mark.parametrize("n", [2, 3, 50])
    def test_is_1_for_one_response_and_0_for_equal_ones(self, n):
        np.testing.assert_allclose(sparseness(7 * np.eye(n)), 1)
        np.testing.assert_allclose(sparseness(np.full((2, n), 7)), 0, atol=1e-12)

    @pytest.mark.parametrize("active", [1, 3, 9])
    def test_of_responses_that_are_there_or_not_is_the_share_that_is_not(self, active):
        response = np.arange(9) < active
        assert sparseness(response) == pytest.approx((9 - active) / (9 - 1))

    @many
    @given(st.lists(st.integers(0, 1000), min_size=2, max_size=9).filter(any), st.integers(1, 99))
    def test_is_between_0_and_1_whatever_the_unit_and_the_order(self, response, unit):
        value = sparseness(np.array(response))
        assert -1e-12 <= value <= 1 + 1e-12
        assert sparseness(unit * np.sort(response)) == pytest.approx(value, abs=1e-9)

    def test_is_unknown_without_a_response_and_of_one_feature(self):
        assert np.isnan(sparseness(np.zeros(5)))
        assert np.isnan(sparseness(np.ones((3, 1)))).all()

    def test_of_a_layer_is_over_neurons_features_and_stimuli(self):
        found = sparsity(np.array([[4, 0, 0], [2, 2, 2], [0, 0, 0], [0, 0, 2]]), 40)
        np.testing.assert_allclose(found.active, [0.1, 0.15, 0, 0.05])
        np.testing.assert_allclose(found.population, [1, 0, np.nan, 1], atol=1e-12)
        np.testing.assert_allclose(found.lifetime, [sparseness(np.array([4, 2, 0, 0])), 1, 2 / 3], atol=1e-12)


class TestInformation:
    @pytest.mark.parametrize("count", [[8], [5, 5], [1, 2, 3, 4], [7, 0, 7]])
    def test_entropy(self, count):
        share = np.array([c for c in count if c]) / sum(count)
        assert entropy(np.array(count)) == pytest.approx(-sum(p * np.log2(p) for p in share))

    @pytest.mark.parametrize("sizes", [(6, 6), (3, 9), (5, 5, 5, 5)])
    def test_of_a_perfect_code_is_the_entropy_of_the_classes(self, sizes):
        classes = np.repeat(np.arange(len(sizes)), sizes)
        assert mutual_information(classes, 10 - classes) == pytest.approx(entropy(np.array(sizes)))

    def test_of_a_constant_response_is_0(self):
        assert mutual_information(np.arange(6) % 3, np.zeros(6)) == 0

    def test_of_independent_responses_is_0_up_to_sampling_and_less_biased_than_uncorrected(self):
        rng = np.random.default_rng(3)
        classes, draws = np.arange(60) % 3, rng.integers(0, 5, (300, 60))
        corrected = [mutual_information(classes, response) for response in draws]
        excess = (15 - 3 - 5 + 1) / (2 * 60 * np.log(2))  # what is taken off where all pairs occur
        assert np.mean(corrected) < excess / 3

    def test_of_a_noisy_channel_is_its_closed_form(self):
        classes = np.repeat([0, 1], 8000)
        flipped = np.tile(np.arange(8000) < 800, 2)  # a tenth of both
        expected = 1 - entropy(np.array([1, 9]))
        assert mutual_information(classes, classes ^ flipped) == pytest.approx(expected, abs=1e-3)

    @many
    @given(seeds, st.integers(1, 4), st.integers(1, 9))
    def test_lies_between_0_and_the_entropy_whatever_the_names(self, seed, classes, responses):
        rng = np.random.default_rng(seed)
        true, response = rng.integers(0, classes, 30), rng.integers(0, responses, 30)
        value = mutual_information(true, response)
        assert 0 <= value <= entropy(np.bincount(true)) + 1e-12
        assert mutual_information(true + 5, -2 * response) == pytest.approx(value)

    def test_levels_are_as_equal_as_ties_allow(self):
        values = np.random.default_rng(0).permutation(40)
        assert np.bincount(levels(values)).tolist() == [10] * LEVELS
        assert len(set(levels(np.zeros(9)))) == 1
        tied = np.array([0, 0, 0, 0, 0, 0, 5, 9])
        assert len(set(levels(tied)[:6])) == 1

    def test_of_a_layer_says_what_its_features_and_its_first_spike_tell(self):
        counts = np.zeros((20, 3, STEPS), int)
        counts[:10, 0, 2] = counts[10:, 1, 3] = 4  # a feature per class, the third is the same for all
        counts[:, 2, 5] = 7
        found = information(counts, ["a"] * 10 + ["b"] * 10)
        assert found.classes == found.first == pytest.approx(1)
        np.testing.assert_allclose(found.count, [1, 1, 0], atol=1e-12)


class TestSelectivity:
    RESPONSE = np.array([[6, 1, 0, 3], [6, 1, 0, 5], [0, 1, 0, 2], [0, 1, 0, 1], [0, 1, 0, 0]])
    LABELS = ("b", "b", "a", "a", "c")

    def test_is_1_for_one_class_and_0_for_all_alike(self):
        found = selectivity(self.RESPONSE, self.LABELS, ("a", "b", "c", "absent"))
        assert found.classes == ("a", "b", "c")
        np.testing.assert_allclose(found.mean, [[0, 1, 0, 1.5], [6, 1, 0, 4], [0, 1, 0, 0]])
        np.testing.assert_allclose(found.index, [1, 0, np.nan, (4 - 0.75) / (4 + 0.75)])
        assert found.preferred.tolist() == [1, 0, 0, 1]

    def test_does_not_depend_on_how_many_stimuli_a_class_has(self):
        twice = selectivity(self.RESPONSE[[0, 1, 2, 2, 2, 3, 3, 3, 4]], [*"bbaaaaaac"], ("a", "b", "c"))
        np.testing.assert_allclose(twice.index, selectivity(self.RESPONSE, self.LABELS, ("a", "b", "c")).index)

    def test_of_one_class_is_unknown(self):
        assert np.isnan(selectivity(self.RESPONSE, ["a"] * 5, ("a", "b")).index).all()


class TestWeights:
    def test_every_weight_is_in_the_bin_of_its_value(self):
        w = np.array([[0, 0.019], [0.021, 0.999], [1, 1]])
        histogram = weight_histogram(w)
        assert histogram.shape == (BINS,)
        assert {k: int(n) for k, n in enumerate(histogram) if n} == {0: 2, 1: 1, BINS - 1: 3}


def influence(config, layer, place):
    """Pixels (H, W) bool that change what a neuron of a layer with positive weights gets, one after the other."""
    size = config.input.size
    pixels = np.eye(np.prod(size)).reshape(-1, *size)
    for name in LAYERS[: LAYERS.index(layer) + 1]:
        section = getattr(config, name)
        window, stride, padding = (
            (np.broadcast_to(section.kernel, 2), 1, np.broadcast_to(section.padding, 2))
            if name in CONV_LAYERS
            else ((section.window,) * 2, section.stride, (0, 0))
        )
        # the last window of a pooling may reach beyond its input; none lies wholly beyond
        sides = [(p, p + (w if stride > 1 else 0)) for p, w in zip(padding, window, strict=True)]
        around = np.pad(pixels, [(0, 0), *sides])
        _, rows, columns = shapes_of(config)[name]
        pixels = correlate(around, np.ones((1, *window)), "valid", "direct")[:, ::stride, ::stride][:, :rows, :columns]
    return pixels[:, place[0], place[1]].reshape(size) > 0


class TestReceptiveFields:
    @few
    @given(configurations(), st.sampled_from(LAYERS), seeds)
    def test_are_the_pixels_whose_change_reaches_the_neuron(self, config, layer, seed):
        _, rows, columns = shapes_of(config)[layer]
        row, column = np.random.default_rng(seed).integers((rows, columns)).tolist()
        expected, box = influence(config, layer, (row, column)), pixels_seen(config, layer, (row, column))
        seen = np.zeros_like(expected)
        if box is not None:
            top, left, bottom, right = map(int, box)
            seen[top:bottom, left:right] = True
        np.testing.assert_array_equal(seen, expected)

    @few
    @given(configurations(), st.sampled_from(CONV_LAYERS))
    def test_are_as_large_as_the_projected_kernel(self, config, layer):
        box = receptive_box(config, layer, (0, 0))
        projected = project(random_network(config, 0, "real"), layer)
        assert projected.shape[1:] == (box.bottom - box.top, box.right - box.left)

    @few
    @given(configurations(), st.sampled_from(LAYERS))
    def test_move_by_all_strides_below(self, config, layer):
        strides = [getattr(getattr(config, name), "stride", 1) for name in LAYERS[: LAYERS.index(layer) + 1]]
        moved = receptive_box(config, layer, (0, 0)).shifted(2 * np.prod(strides), 3 * np.prod(strides))
        assert receptive_box(config, layer, (2, 3)) == moved
