"""From spikes to class, mask and box, in a world where a class is a square block of one input channel."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import judge
from helpers.blocks import CELL, COLUMNS, ROWS, STRONG, THRESHOLD, WEAK, block, encode, network, picture
from helpers.networks import configuration
from spikeseg.analysis.decoding.potentials import TOGETHER, Membranes, Potentials, inhibited
from spikeseg.analysis.decoding.segmentation import (
    cell_centre,
    decide,
    region,
    segment_classes,
    segment_each,
    segment_one,
)
from spikeseg.boxes import Box, mask_box
from spikeseg.configs import load, validate
from spikeseg.errors import SpikeSegError
from spikeseg.models.network import GRID
from spikeseg.spikes import SILENT, Recorded, Shape, Spikes


def recorded(each):
    """Steps of several stimuli as an encoder records them."""
    layers = {}
    for layer in each[0]:
        stack = np.stack([steps[layer] for steps in each])
        flat = stack.reshape(len(stack), -1)
        stimulus, neuron = np.nonzero(flat != SILENT)
        layers[layer] = Spikes.collect(Shape(*stack.shape[1:]), len(each), stimulus, flat[stimulus, neuron], neuron)
    return Recorded(layers)


class TestOneObject:
    @pytest.mark.parametrize("mode", ["causal", "exact", "end"])
    @pytest.mark.parametrize("channel", [0, 1])
    @pytest.mark.parametrize(("row", "column"), [(0, 0), (2, 5), (5, 9)])
    def test_class_place_mask_and_box_wherever_it_lies(self, mode, channel, row, column):
        trained = network(mode=mode)
        spikes = encode(trained, picture((channel, row, column)))
        found = segment_one(trained, spikes)
        assert (found.label, found.map) == (("square", "block")[channel], channel)
        assert (found.place, found.decoded_mode) == ((row + 1, column + 1), mode)
        assert np.array_equal(found.mask, (spikes["input"] != SILENT).any(axis=0))
        assert found.box == block(row, column)
        assert np.array_equal(found.saliency > 0, found.mask)

    def test_the_decision_tells_scores_and_first_spike(self):
        trained = network()
        decision = decide(trained, encode(trained, picture((1, 2, 5))))
        assert decision.scores.tolist() == [9 * WEAK / THRESHOLD, 9 * STRONG / THRESHOLD]
        assert decision.map == 1
        assert decision.first_spike == (1, 5)  # five layers above step 0

    @pytest.mark.parametrize("surer", [0, 1])
    def test_of_maps_that_spike_first_together_the_larger_score_is_first(self, surer):
        trained = network()
        conv3 = trained.thresholds["conv3"] - 0.5 * (np.arange(2) == surer)
        trained = replace(trained, thresholds={**trained.thresholds, "conv3": conv3})
        assert decide(trained, encode(trained, picture((0, 1, 1), (1, 3, 7)))).first_spike == (surer, 5)

    def test_scores_go_by_the_thresholds_of_so_many_events(self):
        trained = network()
        spikes = encode(trained, picture((1, 2, 5)))  # 144 events: the most seen
        adapted = replace(trained, event_range=(44, 144))
        variation = trained.config.input.threshold_variation
        assert decide(adapted, spikes).scores == pytest.approx(decide(trained, spikes).scores / (1 + variation))

    def test_a_map_scores_one_where_it_just_spikes(self):
        trained = network()
        trained = replace(trained, thresholds={**trained.thresholds, "conv3": np.full(2, 9 * STRONG)})
        spikes = encode(trained, picture((1, 2, 5)))
        assert decide(trained, spikes).scores[1] == 1
        assert (spikes["conv3"][1] != SILENT).sum() == 1
        assert [found.map for found in segment_classes(trained, spikes)] == [1]

    def test_several_stimuli_are_segmented_as_each_alone(self):
        """Also where no neuron of the winning map spikes, and where nothing spikes at all."""
        trained = network(mode="causal")
        pictures = [picture((1, 2, 5)), picture(), picture((0, 1, 1), (1, 3, 7)), picture((1, 2, 5), size=2)]
        each = 3 * [encode(trained, one) for one in pictures]
        found = list(segment_each(trained, recorded(each)))
        assert {one.decoded_mode for one in found} == {"causal", "end"}
        for one, steps in zip(found, each, strict=True):
            alone = segment_one(trained, steps)
            assert (one.label, one.place, one.decoded_mode, one.box) == (
                alone.label,
                alone.place,
                alone.decoded_mode,
                alone.box,
            )
            assert np.array_equal(one.mask, alone.mask)
            assert np.array_equal(one.saliency, alone.saliency)
            assert np.array_equal(one.decision.scores, alone.decision.scores)


class TestSilence:
    @pytest.mark.parametrize("mode", ["causal", "exact", "end"])
    def test_a_silent_network_still_answers_and_says_how(self, mode):
        trained = network(mode=mode)
        spikes = encode(trained, picture((1, 2, 5), size=2))  # 4 of 5 needed
        found = segment_one(trained, spikes)
        assert found.decision.first_spike is None
        assert (found.label, found.decoded_mode) == ("block", "end")
        assert found.box == block(2, 5, size=2)

    def test_an_empty_picture_has_no_box(self):
        found = segment_one(network(), encode(network(), picture()))
        assert found.box is None
        assert not found.mask.any()

    @pytest.mark.parametrize("mode", ["causal", "exact"])
    def test_the_best_place_is_decoded_though_only_others_spiked(self, mode):
        trained = network(mode=mode)
        spikes = encode(trained, picture((1, 2, 5)))
        spikes["conv3"][1] = SILENT
        spikes["conv3"][1, [3, 3], [7, 8]] = 5  # beside the centre at (3, 6): 6 and 3 cells in sight
        found = segment_one(trained, spikes)
        assert (found.place, found.decoded_mode) == ((3, 6), "end")
        assert found.box == block(2, 5)


class TestSeveralObjects:
    def test_overlapping_objects_each_have_their_own_mask(self):
        trained = network()
        spikes = encode(trained, picture((0, 1, 1), (1, 2, 2)))
        found = segment_classes(trained, spikes)
        assert {one.label: one.box for one in found} == {"square": block(1, 1), "block": block(2, 2)}
        assert not (found[0].mask & found[1].mask).any()
        alone = [segment_classes(trained, spikes, [label])[0].mask for label in ("square", "block")]
        assert (alone[0] & alone[1]).sum() == (2 * CELL) ** 2
        assert np.array_equal(found[0].mask | found[1].mask, alone[0] | alone[1])

    def test_only_maps_that_reach_their_threshold_are_decoded_unless_named(self):
        trained = network()
        spikes = encode(trained, picture((1, 2, 5)))
        assert [one.label for one in segment_classes(trained, spikes)] == ["block"]
        assert [one.label for one in segment_classes(trained, spikes, ["square", "block"])] == ["square", "block"]
        assert segment_classes(trained, encode(trained, picture())) == []

    def test_a_named_class_is_decoded_by_its_best_map(self):
        trained = replace(network(), map_labels=("block", "block"))
        (found,) = segment_classes(trained, encode(trained, picture((1, 2, 5))), ["block"])
        assert found.map == 1

    def test_an_unknown_class_is_an_error_that_names_the_known_ones(self):
        with pytest.raises(SpikeSegError, match=r"round.*block, square"):
            segment_classes(network(), encode(network(), picture()), ["round"])

    def test_maps_without_names_are_an_error(self):
        with pytest.raises(SpikeSegError, match="train"):
            segment_one(replace(network(), map_labels=()), encode(network(), picture()))


class TestWhere:
    def test_inhibition_prefers_the_place_without_foreign_features(self):
        cluttered, clean = (0, 1, 1), (0, 4, 8)
        spikes = encode(network(), picture(cluttered, (1, 1, 1), clean))
        for inhibition, place in ((0.0, (2, 2)), (0.25, (5, 9))):
            (found,) = segment_classes(network(inhibition=inhibition), spikes, ["square"])
            assert found.place == place

    def test_only_weak_synapses_of_cells_with_a_strong_one_inhibit(self):
        kernel = np.array([[[[0.9, 0.4]], [[0.3, 0.2]]]])
        assert inhibited(kernel, 0.25) == pytest.approx(np.array([[[[0.9, 0.4]], [[0.05, 0.2]]]]))
        assert np.array_equal(inhibited(kernel, 0.0), kernel)


class TestRegion:
    def test_mask_and_events_end_with_it(self):
        steps = picture((1, 2, 5))
        steps[0, 6, 30] = steps[0, 14, 34] = 0  # two above the block and two to its right
        steps[0, 0, 0] = 0  # far away
        for box, expected in (("mask", (8, 20, 20, 32)), ("mask+events", (7, 20, 20, 33.5))):
            trained = replace(network(box=box), extents=np.array([[-9.0, -9, 9, 9]] * 2))
            found = segment_one(trained, encode(trained, steps))
            assert found.region == Box(5, 17, 23, 35)
            assert found.box == pytest.approx(expected)

    def test_a_box_may_be_of_silhouette_and_events(self):
        steps = picture((1, 2, 5))
        steps[0, 6, 30] = 0  # two above the block, and an event of no object far away
        steps[0, 0, 0] = 0
        extents = np.array([[-9.0, -9, 9, 9]] * 2)
        plain = segment_one(replace(network(), extents=extents), encode(network(), steps))
        trained = replace(network(box="silhouette+events"), extents=extents)
        found = segment_one(trained, encode(trained, steps))
        body = mask_box(plain.silhouette)
        assert body is not None
        assert body != mask_box(plain.mask)
        assert found.box == pytest.approx(tuple(np.mean([body, (6, 20, 20, 32)], axis=0)))
        np.testing.assert_array_equal(found.mask, plain.mask)
        np.testing.assert_array_equal(found.silhouette, plain.silhouette)

    def test_a_silhouette_that_boxes_are_made_of_is_cut_after_it_is_filled(self):
        steps = picture((1, 2, 5))
        plain = network(box="silhouette+events")
        whole = segment_one(plain, encode(plain, steps)).silhouette
        found = segment_one(replace(plain, extents=np.array([[-4.0, -4, 4, 4]] * 2)), encode(plain, steps))
        expected = np.zeros_like(whole)
        expected[10:18, 22:30] = whole[10:18, 22:30]
        assert expected.any()
        np.testing.assert_array_equal(found.silhouette, expected)

    def test_it_cuts_the_mask(self):
        trained = replace(network(), extents=np.array([[-4.0, -4, 4, 4]] * 2))
        found = segment_one(trained, encode(trained, picture((1, 2, 5))))
        assert found.box == found.region == Box(10, 22, 18, 30)
        assert found.mask.sum() == found.box.area
        assert not found.saliency[~found.mask].any()

    def test_it_is_the_map_s_own_and_ends_with_the_picture(self):
        trained = replace(network(), extents=np.array([[-9.0, -9, 9, 9], [-3, -1, 5, 7]]))
        assert region(trained, 1, (3, 6), (ROWS, COLUMNS)) == Box(11, 25, 19, 33)
        assert region(trained, 0, (0, 11), (ROWS, COLUMNS)) == Box(0, 37, 11, COLUMNS)

    def test_it_is_the_whole_picture_without_extents(self):
        assert region(network(), 0, (0, 0), (ROWS, COLUMNS)) == Box(0, 0, ROWS, COLUMNS)


class TestCellCentre:
    @pytest.mark.parametrize(("stride", "pitch"), [(4, 8), (7, 14)])
    def test_of_the_shipped_geometry(self, stride, pitch):
        content = load("dog-caltech").model_dump(mode="json")
        content["pool2"]["stride"] = stride
        cells = np.array([[0, 0], [3, 5]])
        assert np.array_equal(cell_centre(validate(content, "test"), cells), pitch * cells + 7)

    @pytest.mark.parametrize("conv1", [1, 3, 5])
    @pytest.mark.parametrize(("kernel", "padding"), [(3, 0), (4, 1), (5, 2)])
    @pytest.mark.parametrize(("window", "stride"), [(2, 2), (3, 2), (5, 3)])
    def test_is_the_middle_of_all_pixels_that_reach_the_cell(self, conv1, kernel, padding, window, stride):
        content = load("dog-caltech").model_dump(mode="json")
        content["conv1"]["kernel"] = conv1
        content["pool1"] = content["pool2"] = {"window": window, "stride": stride}
        content["conv2"] |= {"kernel": kernel, "padding": padding}
        first = last = 4
        pool = (window, stride, 0)
        for size, step, pad in (pool, (kernel, 1, padding), pool, (conv1, 1, conv1 // 2)):
            first, last = step * first - pad, step * last - pad + size - 1
        assert cell_centre(validate(content, "test"), np.array([4, 4])) == pytest.approx((first + last + 1) / 2)


class TestPotentials:
    @settings(max_examples=30)
    @given(
        st.integers(0, 2**32 - 1),
        st.tuples(st.integers(1, 5), st.integers(1, 6)),
        st.tuples(st.integers(0, 3), st.integers(0, 3)),
    )
    def test_equal_those_of_neurons_that_integrate_spike_by_spike(self, seed, size, padding):
        random = np.random.default_rng(seed)
        kernel = GRID * random.integers(0, 1 / GRID, (2, 3, *size))
        steps = np.where(random.random((3, 6, 7)) < 0.4, random.integers(0, 9, (3, 6, 7)), SILENT)
        judged = judge.final_potential(steps, judge.Conv("conv3", kernel, padding, np.ones(2)))
        assert np.array_equal(Potentials(kernel, padding).after(steps != SILENT), judged)

    @settings(max_examples=30, deadline=None)
    @given(st.integers(0, 2**32 - 1), st.tuples(st.integers(0, 3), st.integers(0, 3)), st.floats(0.01, 100))
    def test_with_leak_are_the_largest_that_neurons_reach(self, seed, padding, tau):
        random = np.random.default_rng(seed)
        conv3 = {"maps": 2, "kernel": [3, 4], "padding": list(padding), "tau_ms": tau}
        config = configuration(conv3=conv3, input={"dt_ms": 2.0})
        kernel = GRID * random.integers(0, 1 / GRID, (2, 3, 3, 4))
        steps = np.where(random.random((3, 6, 7)) < 0.4, random.integers(0, 9, (3, 6, 7)), SILENT)
        judged = judge.largest_potential(steps, judge.Conv("conv3", kernel, padding, np.ones(2), tau=tau / 2))
        assert np.array_equal(Membranes(config, kernel).compared(steps), judged)

    @pytest.mark.parametrize("fraction", [0.1, 1.0])
    def test_are_exact_sums_however_many_they_are_of(self, fraction):
        random = np.random.default_rng(3)
        whole = random.integers(-1 / GRID, 1 / GRID, (2, 36, 19, 27))
        spikes = random.random((36, 45, 60)) < fraction
        found = Potentials(GRID * whole, (9, 13)).after(spikes)
        padded = np.pad(spikes, ((0, 0), (9, 9), (13, 13)))
        places = [(0, 0), (44, 59), (22, 29), (23, 30), (37, 53), (38, 54)]
        for row, column in [*places, *random.integers((0, 0), (45, 60), (100, 2))]:
            window = padded[:, row : row + 19, column : column + 27]
            expected = [int(weights[window].sum()) for weights in whole]
            assert (found[:, row, column] / GRID).tolist() == expected

    @pytest.mark.parametrize("many", [1, TOGETHER, TOGETHER + 3])
    def test_of_several_stimuli_are_those_of_each(self, many):
        random = np.random.default_rng(5)
        potentials = Potentials(random.random((2, 5, 7, 9)), (3, 4))
        spikes = random.random((many, 5, 40, 90)) < 0.3
        assert np.array_equal(potentials.after(spikes), [potentials.after(one) for one in spikes])

    def test_are_zero_in_silence(self):
        found = Potentials(np.ones((2, 3, 5, 5)), (2, 2)).after(np.zeros((3, 6, 7), bool))
        assert np.array_equal(found, np.zeros((2, 6, 7)))


def test_extremities_are_half_open():
    mask = np.zeros((5, 6), bool)
    assert mask_box(mask) is None
    mask[1, 4] = mask[3, 2] = True
    assert mask_box(mask) == Box(1, 2, 4, 5)
