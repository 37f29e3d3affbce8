"""The decoder: a network small enough to decode by hand, and what must hold for any spikes."""

from dataclasses import replace

import numpy as np
import pytest

from helpers import judge
from spikeseg.analysis.decoding import links
from spikeseg.analysis.decoding.decoder import decode, decode_each, decode_linked, unravel_links
from spikeseg.configs import layer_shapes, load, validate
from spikeseg.models.network import LAYERS, TrainedNetwork
from spikeseg.spikes import SILENT, Recorded, Shape, Spikes, Stack

ROWS, COLUMNS = 61, 83
MODES = ("causal", "exact", "end")
_ = SILENT  # so that the pictures of spike steps below read easily


def configuration(**sections):
    """The shipped configuration with some keys of some sections replaced."""
    content = load("dog-caltech").model_dump(mode="json")
    for name, keys in sections.items():
        content[name] |= keys
    return validate(content, "test")


# ---- By hand --------------------------------------------------------------------------------------


@pytest.fixture
def small():
    """Conv1 copies the input; two maps in Conv2, one neuron in Conv3."""
    config = configuration(
        data={"classes": ["Faces"]},
        input={"rows": 4, "columns": 8},
        conv1={"orientations": 1, "kernel": 1},
        conv2={"maps": 2, "kernel": [1, 2], "padding": 0},
        pool2={"window": 2, "stride": 1},
        conv3={"maps": 1, "kernel": [1, 2], "padding": 0},
    )
    kernels = {
        "conv1": np.ones((1, 1, 1, 1)),
        "conv2": np.array([[[[1.0, 1.0]]], [[[0.9, 0.2]]]]),
        "conv3": np.array([[[[1.0, 0.75]], [[0.25, 0.5]]]]),
    }
    return TrainedNetwork(config, kernels, {})


@pytest.fixture
def steps():
    """What `small` might fire; the neuron of Conv3 at step 6."""
    picture = np.full((1, 4, 8), _)
    picture[0, [0, 0, 0, 1, 3], [0, 1, 2, 1, 7]] = 0, 2, 1, 0, 0
    return {
        "input": picture,
        "conv1": np.where(picture != _, picture + 1, _),
        "pool1": np.array([[[2, 3, _, _], [_, _, _, 2]]]),
        "conv2": np.array([[[4, _, _], [_, _, 3]], [[3, _, _], [_, _, _]]]),
        "pool2": np.array([[[5, 4]], [[4, _]]]),
        "conv3": np.array([[[6]]]),
    }


def with_weights(network, layer, place, weight):
    kernel = network.kernels[layer].copy()
    kernel[place] = weight
    return replace(network, kernels={**network.kernels, layer: kernel})


def pixels(decoded):
    return {(y, x): float(decoded.saliency[y, x]) for y, x in np.argwhere(decoded.mask).tolist()}


class TestByHand:
    def test_the_whole_stimulus(self, small, steps):
        """Not (0, 1): its spike came after the switch. Nothing of map 1: its weight in Conv3 is too small."""
        decoded = decode(small, steps, [(0, 0, 0)], "end")
        assert pixels(decoded) == {(0, 0): 1, (1, 1): 1, (0, 2): 1, (3, 7): 0.75}

    def test_only_what_came_before_a_spike_can_have_caused_it(self, small, steps):
        assert pixels(decode(small, steps, [(0, 0, 0)], "causal")).keys() == {(0, 0), (1, 1), (0, 2), (3, 7)}
        steps["conv3"][...] = 5
        assert pixels(decode(small, steps, [(0, 0, 0)], "causal")) == {(3, 7): 0.75}

    def test_only_what_came_one_step_before_a_spike_set_it_off(self, small, steps):
        assert pixels(decode(small, steps, [(0, 0, 0)], "exact")) == {(0, 2): 1}

    def test_a_weight_at_the_threshold_does_not_count(self, small, steps):
        weak = with_weights(small, "conv3", (0, 0, 0, 1), 0.5)
        assert (3, 7) not in pixels(decode(weak, steps, [(0, 0, 0)], "end"))

    @pytest.mark.parametrize(("weight", "pixels_found"), [(0.06, 4), (0.04, 0)])
    def test_gabor_weights_have_a_threshold_of_their_own(self, small, steps, weight, pixels_found):
        other = with_weights(small, "conv1", ..., weight)
        assert len(pixels(decode(other, steps, [(0, 0, 0)], "end"))) == pixels_found

    def test_what_two_neurons_recruit_has_the_sum_of_their_values(self, small, steps):
        """Map 1's neuron in Conv2 recruits (0, 0) of Pool1 too, through 0.9, but not (0, 1), through 0.2."""
        found = pixels(decode(with_weights(small, "conv3", (0, 1, 0, 0), 0.6), steps, [(0, 0, 0)], "end"))
        assert found[0, 0] == found[1, 1] == pytest.approx(1 + 0.6 * 0.9)
        assert found[0, 2] == 1

    def test_a_silent_seed_can_be_decoded_only_without_its_step(self, small, steps):
        steps["conv3"][...] = SILENT
        assert len(pixels(decode(small, steps, [(0, 0, 0)], "end"))) == 4
        for mode in ("causal", "exact"):
            with pytest.raises(ValueError, match="did not spike"):
                decode(small, steps, [(0, 0, 0)], mode)
            with pytest.raises(ValueError, match="did not spike"):
                unravel_links(small, steps, [(0, 0, 0)], mode)


# ---- In general -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def network():
    """Two input channels, rectangular kernels, overlapping and incomplete windows."""
    config = configuration(
        input={"rows": ROWS, "columns": COLUMNS, "polarity": "split"},
        conv1={"orientations": 2, "kernel": 3},
        conv2={"maps": 3, "kernel": [3, 5], "padding": [1, 2]},
        pool2={"window": 3, "stride": 2},
        conv3={"maps": 2, "kernel": [5, 7], "padding": [2, 3]},
    )
    shapes = layer_shapes(config, (ROWS, COLUMNS))
    random = np.random.default_rng(0)
    kernels = {}
    for layer, below in (("conv1", "input"), ("conv2", "pool1"), ("conv3", "pool2")):
        size = links.receptive_field(config, layer).size
        kernels[layer] = random.random((shapes[layer].features, shapes[below].features, *size))
    return TrainedNetwork(config, kernels, {})


def random_steps(network, seed, margin=0):
    """Conv layers spike at random, pooling layers as they must; nothing within `margin` pixels of the edges."""
    random = np.random.default_rng(seed)
    steps = {}
    for layer, shape in layer_shapes(network.config, (ROWS, COLUMNS)).items():
        if layer in ("pool1", "pool2"):
            section = getattr(network.config, layer)
            pool = judge.Pool(layer, section.window, section.stride)
            steps[layer] = judge.pool_steps(steps[layer.replace("pool", "conv")], pool, 20)
        else:
            edge = margin * shape.rows // ROWS
            inside = np.s_[:, edge : shape.rows - edge, edge : shape.columns - edge]
            fires = np.zeros(shape, bool)
            fires[inside] = random.random(fires[inside].shape) < 0.2
            first = ("input", *LAYERS).index(layer)
            steps[layer] = np.where(fires, random.integers(first, first + 5, shape), SILENT)
    return steps


def some_seeds(steps, count):
    return np.argwhere(steps["conv3"] > 6)[:count]


@pytest.fixture(scope="module", params=range(3))
def spikes(request, network):
    return random_steps(network, request.param)


class TestAnySpikes:
    @pytest.mark.parametrize("mode", MODES)
    def test_only_neurons_that_spiked_are_recruited(self, network, spikes, mode):
        decoded = decode(network, spikes, some_seeds(spikes, 8), mode)
        assert decoded.mask.any()
        for layer, active in decoded.active.items():
            assert not (active & (spikes[layer] == SILENT)).any()
        assert not (decoded.mask & (spikes["input"] == SILENT).all(axis=0)).any()

    def test_exact_is_part_of_causal_is_part_of_end_in_every_layer(self, network, spikes):
        exact, causal, end = (
            decode(network, spikes, some_seeds(spikes, 8), mode).active for mode in ("exact", "causal", "end")
        )
        for layer in exact:
            assert not (exact[layer] & ~causal[layer]).any()
            assert not (causal[layer] & ~end[layer]).any()
        assert exact["input"].sum() < causal["input"].sum() < end["input"].sum()

    @pytest.mark.parametrize("mode", MODES)
    def test_saliency_is_positive_on_the_mask_and_zero_elsewhere(self, network, spikes, mode):
        decoded = decode(network, spikes, some_seeds(spikes, 8), mode)
        assert np.array_equal(decoded.saliency > 0, decoded.mask)
        for layer, value in decoded.value.items():
            assert np.array_equal(value > 0, decoded.active[layer])

    @pytest.mark.parametrize("mode", MODES)
    def test_seeds_decode_to_the_union_and_the_sum_of_each(self, network, spikes, mode):
        seeds = some_seeds(spikes, 6)
        together = decode(network, spikes, seeds, mode)
        alone = [decode(network, spikes, [seed], mode) for seed in seeds]
        assert np.array_equal(together.mask, np.any([one.mask for one in alone], axis=0))
        assert together.saliency == pytest.approx(sum(one.saliency for one in alone))

    @pytest.mark.parametrize("mode", MODES)
    def test_by_links_that_seeds_share_each_decodes_to_what_it_does_alone(self, network, spikes, mode):
        seeds = some_seeds(spikes, 6)
        links = unravel_links(network, spikes, seeds, mode)
        for seed in seeds:
            linked, alone = decode_linked(links, spikes, tuple(seed)), decode(network, spikes, [seed], mode)
            for layer in ("input", *LAYERS):
                assert np.array_equal(linked.active[layer], alone.active[layer])
                assert np.array_equal(linked.value[layer], alone.value[layer])

    @pytest.mark.parametrize("modes", [["causal"] * 4, ["end", "causal", "causal", "exact"]])
    def test_of_several_stimuli_each_decodes_to_what_it_does_alone(self, network, modes):
        """Receptive fields at an edge reach into the stimulus before or after, from which nothing may come."""
        each = [random_steps(network, seed) for seed in range(4)]
        seeds = [
            max(some_seeds(steps, 100).tolist(), key=lambda seed, by=order: seed[::by])
            for steps, order in zip(each, (1, -1, 1, -1), strict=True)
        ]
        stack = Stack({layer: recorded([steps[layer] for steps in each]) for layer in each[0]}, range(4))
        for steps, seed, mode, found in zip(each, seeds, modes, decode_each(network, stack, seeds, modes), strict=True):
            alone = decode(network, steps, [seed], mode)
            assert found.shapes == alone.shapes
            for layer in ("input", *LAYERS):
                assert np.array_equal(found.active[layer], alone.active[layer])
                assert np.array_equal(found.value[layer], alone.value[layer])

    def test_no_seeds_decode_to_nothing(self, network, spikes):
        decoded = decode(network, spikes, [], "causal")
        assert not decoded.mask.any()
        assert (decoded.mask.dtype, decoded.saliency.dtype) == (bool, float)

    @pytest.mark.parametrize("mode", MODES)
    def test_working_in_blocks_changes_nothing(self, network, spikes, mode, monkeypatch):
        seeds = some_seeds(spikes, 8)
        whole = decode(network, spikes, seeds, mode)
        monkeypatch.setattr(links, "_BLOCK", 100)
        parts = decode(network, spikes, seeds, mode)
        for layer in (*LAYERS, "input"):
            assert np.array_equal(whole.active[layer], parts.active[layer])
            assert np.array_equal(whole.value[layer], parts.value[layer])

    @pytest.mark.parametrize("mode", MODES)
    def test_moving_the_spikes_moves_the_mask(self, network, mode):
        cells = np.array([1, -2])  # of Pool2
        pitch = {"input": 4, "conv1": 4, "pool1": 2, "conv2": 2, "pool2": 1, "conv3": 1}
        steps = random_steps(network, seed=7, margin=12)
        moved = {layer: np.roll(array, cells * pitch[layer], axis=(1, 2)) for layer, array in steps.items()}
        seeds, moves = some_seeds(steps, 8), np.array([0, *cells])
        here, there = decode(network, steps, seeds, mode), decode(network, moved, seeds + moves, mode)
        assert here.mask.any()
        assert np.array_equal(np.roll(here.saliency, cells * pitch["input"], axis=(0, 1)), there.saliency)


def recorded(each):
    """Steps of several stimuli as a layer's spikes."""
    steps = np.array(each)
    stimulus, *place = np.nonzero(steps != SILENT)
    neuron = np.ravel_multi_index(place, steps.shape[1:])
    return Spikes.collect(Shape(*steps.shape[1:]), len(steps), stimulus, steps[steps != SILENT], neuron)


def test_steps_come_from_recorded_spikes():
    spikes = Spikes.collect(Shape(1, 2, 2), 2, [0, 0, 0, 1], [7, 3, 0, 2], [1, 1, 2, 0])
    assert spikes.first_steps(0).tolist() == [[[_, 3], [0, _]]]
    assert spikes.first_steps(1).tolist() == [[[2, _], [_, _]]]


def test_steps_of_several_stimuli_come_together_and_of_fewer_in_large_layers(monkeypatch):
    random = np.random.default_rng(0)
    shape, stimuli, count = Shape(2, 3, 5), 7, 60
    spikes = Spikes.collect(
        shape, stimuli, random.integers(0, stimuli, count), random.integers(0, 9, count), random.integers(0, 30, count)
    )
    recorded = Recorded({"one": spikes, "two": spikes})
    for largest, sizes in ((2**23, [3, 3, 1]), (120, [2, 2, 2, 1]), (1, [1] * 7)):
        monkeypatch.setattr("spikeseg.spikes.LARGEST_STACK", largest)
        stacks = list(recorded.stacks(3))
        assert [len(stack["one"]) for stack in stacks] == sizes
        for layer in recorded.layers:
            together = np.concatenate([stack[layer] for stack in stacks])
            assert np.array_equal(together, [one[layer] for one in recorded])
            assert np.array_equal(together[1], stacks[0].one(1)[layer] if sizes[0] > 1 else stacks[1].one(0)[layer])


def test_spikes_of_a_stack_are_those_of_its_arrays():
    random = np.random.default_rng(2)
    each = np.where(random.random((5, 2, 3, 4)) < 0.3, random.integers(0, 9, (5, 2, 3, 4)), SILENT)
    some = Stack({"layer": recorded(each)}, range(1, 4))
    assert some.shape("layer") == (3, 2, 3, 4)
    for stack, array in ((some, each[1:4]), (Stack.of_one({"layer": each[2]}), each[2:3])):
        neuron, step = stack.spikes("layer")
        again = np.full(array.size, SILENT)
        again[neuron] = step
        assert np.array_equal(again.reshape(array.shape), array)
        assert np.array_equal(stack["layer"], array)
        assert stack.shape("layer") == array.shape
