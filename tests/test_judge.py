"""The judge itself, against cases small enough to work out by hand; weights are exact in binary."""

import ast
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import correlate

from helpers import judge
from helpers.judge import Conv, Pool, Rule, Traces, Winner, conv_steps, decide, decode, encode, learn, pool_steps

T = 20
_ = judge.SILENT  # so that the pictures of spike steps below read easily


def layer(*rows, theta=(1.0,), padding=(0, 0), name="conv", compete=False):
    """A conv layer over one feature, with one kernel of one row per map: layer([w, w, ...], [w, w, ...])."""
    kernels = np.array(rows, float)[:, np.newaxis, np.newaxis, :]
    return Conv(name, kernels, padding, np.broadcast_to(theta, len(rows)).astype(float), compete)


def row(*steps):
    """Spike steps of a layer with one feature and one row."""
    return np.array([[steps]])


def test_the_judge_depends_on_nothing_but_numpy():
    tree = ast.parse(Path(judge.__file__).read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {getattr(node, "module", None) or node.names[0].name for node in imports}
    assert {name.split(".")[0] for name in names} - sys.stdlib_module_names == {"numpy"}


BIG = 2.0**60  # 1 + BIG - BIG is 0, but BIG - BIG + 1 is 1

CONVOLUTION = {
    "a spike takes one step": (row(0, 7), layer([1]), [1, 8]),
    "a silent input drives nobody": (row(_), layer([1]), [_]),
    "the potential integrates over steps": (row(0, 3, 5), layer([0.5] * 3, theta=[1.25]), [6]),
    "a potential equal to the threshold fires": (row(0, 3, 5), layer([0.5] * 3), [4]),
    "a potential below the threshold never fires": (row(0, 3, 5), layer([0.5] * 3, theta=[1.75]), [_]),
    "it fires once, at the first crossing": (row(0, 1, 2), layer([1, -1, 1]), [1]),
    "inhibition of the same step is in time": (row(0, 0, 2), layer([1, -1, 1]), [3]),
    "nothing fires after the last step": (row(18, 19), layer([1]), [19, _]),
    "kernels are not flipped, left": (row(0, _, _, 0), layer([1, 0]), [1, _, _]),
    "kernels are not flipped, right": (row(0, _, _, 0), layer([0, 1]), [_, _, 1]),
    "padding, left weight": (row(0, _, 2), layer([1, 0, 0], padding=(0, 1)), [_, 1, _]),
    "padding, middle weight": (row(0, _, 2), layer([0, 1, 0], padding=(0, 1)), [1, _, 3]),
    "padding, right weight": (row(0, _, 2), layer([0, 0, 1], padding=(0, 1)), [_, 3, _]),
    "a step's spikes add up by index, 1 is lost": (row(0, 0, 0), layer([1, BIG, -BIG]), [_]),
    "a step's spikes add up by index, 1 is kept": (row(0, 0, 0), layer([BIG, -BIG, 1]), [1]),
    "earlier steps add up first": (row(1, 0, 0), layer([1, BIG, -BIG]), [2]),
    "each map has its threshold": (row(0, 1), layer([1, 1], [1, 1], theta=[1, 2]), [1, 2]),
}

COMPETITION = {
    "the largest potential wins": (row(0), layer([1], [3], [2], compete=True), [_, 1, _]),
    "ties go to the lowest map": (row(0), layer([0], [2], [2], compete=True), [_, 1, _]),
    "thresholds do not weigh in": (row(0), layer([2], [3], theta=[1, 3], compete=True), [_, 1]),
    "only at threshold one competes": (row(0), layer([2], [3], theta=[2, 4], compete=True), [1, _]),
    "the earliest silences its place": (row(0, 1), layer([1, 0], [0, 5], compete=True), [1, _]),
    "without competition both fire": (row(0, 1), layer([1, 0], [0, 5]), [1, 2]),
    "other places go on": (row(0, 1), layer([1], [2], compete=True), [_, _, 1, 2]),
}


@pytest.mark.parametrize("case", [*CONVOLUTION, *COMPETITION])
def test_convolution(case):
    below, conv, expected = (CONVOLUTION | COMPETITION)[case]
    assert conv_steps(below, conv, T).ravel().tolist() == expected


def test_rows_columns_and_features_keep_their_places():
    kernels, below = np.zeros((1, 2, 2, 3)), np.full((2, 2, 3), _)
    kernels[0, 1, 1, 0], below[1, 0, 1] = 1, 4
    steps = conv_steps(below, Conv("conv", kernels, (1, 2), np.array([1.0])), T)
    assert steps.shape == (1, 3, 5)  # 2 + 2 - 2 + 1 rows, 3 + 4 - 3 + 1 columns
    assert np.argwhere(steps != _).tolist() == [[0, 0, 3]]  # 0 = y - 1 + 1, 1 = x - 2 + 0
    assert steps[0, 0, 3] == 5


def test_the_scale_multiplies_the_threshold_before_it_is_compared():
    assert conv_steps(row(0, 1), layer([1, 1]), T, scale=2.0).item() == 2
    assert conv_steps(row(0), layer([0.1 * 3.0], theta=[0.1]), T, scale=3.0).item() == 1  # 0.30000000000000004
    assert conv_steps(row(0), layer([0.3], theta=[0.1]), T, scale=3.0).item() == _


class TestPooling:
    def test_it_fires_one_step_after_the_first_spike_of_its_window(self):
        assert pool_steps(np.array([[[5, 3], [_, 9]]]), Pool("pool", 2, 2), T).item() == 4
        assert pool_steps(np.array([[[_, _], [_, _]]]), Pool("pool", 2, 2), T).item() == _

    def test_features_are_pooled_apart(self):
        below = np.array([[[2]], [[_]], [[7]]])
        assert pool_steps(below, Pool("pool", 1, 1), T).tolist() == [[[3]], [[_]], [[8]]]

    def test_windows_overlap_and_the_last_may_be_incomplete(self):
        below = np.full((1, 6, 4), _)
        below[0, 5, 2] = 0
        steps = pool_steps(below, Pool("pool", 3, 2), T)
        assert steps.tolist() == [[[_, _], [_, _], [1, 1]]]  # ceil(3 / 2) + 1 rows, ceil(1 / 2) + 1 columns
        assert pool_steps(np.zeros((1, 5, 4), int), Pool("pool", 3, 1), T).shape == (1, 3, 2)  # none incomplete

    def test_nothing_fires_after_the_last_step(self):
        assert pool_steps(row(18, 19), Pool("pool", 1, 1), T).ravel().tolist() == [19, _]


FIVE_LAYERS = (
    layer([1], [2], name="conv1", compete=True),
    Pool("pool1", 2, 2),
    Conv("conv2", np.array([[[[0, 0]], [[1, 0.5]]]]), (0, 0), np.array([1.5])),
    Pool("pool2", 1, 1),
    layer([1], name="conv3"),
)


class TestEncoding:
    def test_a_wave_crosses_one_layer_per_step(self):
        spikes = encode(row(3, 5, _, 4), FIVE_LAYERS, T)
        assert list(spikes) == ["input", "conv1", "pool1", "conv2", "pool2", "conv3"]
        assert spikes["input"].tolist() == [[[3, 5, _, 4]]]
        assert spikes["conv1"].tolist() == [[[_, _, _, _]], [[4, 6, _, 5]]]
        assert spikes["pool1"].tolist() == [[[_, _]], [[5, 6]]]
        assert spikes["conv2"].tolist() == [[[7]]]  # only with the later of its two inputs
        assert spikes["pool2"].tolist() == [[[8]]]
        assert spikes["conv3"].tolist() == [[[9]]]

    def test_the_scale_reaches_every_conv_layer(self):
        spikes = encode(row(3, 5, _, 4), FIVE_LAYERS, T, scale=1.25)  # conv2's 1.5 is no longer enough
        assert spikes["pool1"].tolist() == [[[_, _]], [[5, 6]]]
        assert spikes["conv2"].item() == spikes["conv3"].item() == _


class TestDecision:
    def test_every_spike_counts_to_the_end_whoever_fired_before(self):
        assert judge.final_potential(row(0, 4, _, 2), layer([1, 2])).tolist() == [[[3, 1, 2]]]
        assert judge.final_potential(row(_, _), layer([1])).tolist() == [[[0, 0]]]

    def test_potential_is_the_cross_correlation_with_the_padded_spikes(self):
        rng = np.random.default_rng(0)
        below = rng.integers(-1, 5, (2, 6, 7))
        kernels = rng.integers(-9, 9, (3, 2, 4, 3)).astype(float)
        padded = np.pad(below != _, ((0, 0), (2, 2), (1, 1))).astype(float)
        expected = [correlate(padded, kernel, mode="valid", method="direct")[0] for kernel in kernels]
        potential = judge.final_potential(below, Conv("conv", kernels, (2, 1), np.ones(3)))
        np.testing.assert_array_equal(potential, expected)

    def test_the_largest_potential_relative_to_its_threshold_wins_then_the_lowest_index(self):
        assert decide(row(0, _), layer([2], [3], theta=[1, 2])) == (0, 0, 0)
        assert decide(row(_, 0), layer([2], [3], theta=[2, 2])) == (1, 0, 1)
        assert decide(row(_, 0, 1), layer([1], [2], theta=[1, 2])) == (0, 0, 1)


SEED = (0, 0, 0)


def recruited(below, conv, seeds, mode="causal", weight_threshold=0.5):
    """Which inputs (0 or 1 each) seeds of a conv layer activate."""
    spikes = {"input": below, conv.name: conv_steps(below, conv, T)}
    decoded = decode(spikes, [conv], seeds, mode, {conv.name: weight_threshold})
    return decoded.active["input"].ravel().astype(int).tolist()


class TestTransposedConvolution:
    BELOW = row(0, 1, 2, 3, _)
    SUM = layer([1, 1, 1, 1, 1])

    @pytest.mark.parametrize("mode", ["causal", "exact", "end"])
    def test_modes_differ_in_the_spikes_that_a_seed_of_step_3_may_recruit(self, mode):
        expected = {"causal": [1, 1, 1, 0, 0], "exact": [0, 0, 1, 0, 0], "end": [1, 1, 1, 1, 0]}
        assert recruited(self.BELOW, self.SUM, {SEED: 3}, mode) == expected[mode]

    def test_in_mode_end_a_seed_needs_no_spike(self):
        unreachable = replace(self.SUM, theta=np.array([9.0]))
        assert recruited(self.BELOW, unreachable, {SEED: _}, "end") == [1, 1, 1, 1, 0]

    @pytest.mark.parametrize("mode", ["causal", "exact"])
    def test_nothing_precedes_step_0(self, mode):
        assert recruited(self.BELOW, self.SUM, {SEED: 0}, mode) == [0] * 5

    def test_an_unknown_mode_is_refused(self):
        with pytest.raises(KeyError, match="strict"):
            recruited(self.BELOW, self.SUM, {SEED: 3}, "strict")

    def test_only_weights_above_the_threshold_recruit(self):
        conv = layer([0.25, 0.5, 0.75])
        assert recruited(row(0, 0, 0), conv, {SEED: 1}, weight_threshold=0.5) == [0, 0, 1]
        assert recruited(row(0, 0, 0), conv, {SEED: 1}, weight_threshold=0.25) == [0, 1, 1]

    def test_each_layer_has_its_own_weight_threshold(self):
        layers = [layer([0.25], name="conv1", theta=[0.25]), layer([0.75], name="conv2", theta=[0.75])]
        for threshold, expected in ((0.125, True), (0.25, False)):
            weak = {"conv1": threshold, "conv2": 0.5}
            active = decode(encode(row(0), layers, T), layers, {SEED: 2}, "exact", weak).active
            assert [active["conv1"].item(), active["input"].item()] == [True, expected]

    def test_each_seed_looks_from_its_own_map_and_place_and_padding_is_left_out(self):
        conv = layer([1, 0, 0], [0, 1, 1], padding=(0, 1))
        assert recruited(row(0, 0, 0), conv, {(0, 0, 0): 1}) == [0, 0, 0]
        assert recruited(row(0, 0, 0), conv, {(0, 0, 1): 1}) == [1, 0, 0]
        assert recruited(row(0, 0, 0), conv, {(1, 0, 2): 1}) == [0, 0, 1]
        assert recruited(row(0, 0, 0), conv, {(0, 0, 1): 1, (1, 0, 2): 1}) == [1, 0, 1]
        assert recruited(row(0, 0, 0), conv, {}) == [0, 0, 0]
        upright = replace(conv, kernels=conv.kernels.swapaxes(2, 3), padding=(1, 0))
        assert recruited(row(0, 0, 0).swapaxes(1, 2), upright, {(0, 1, 0): 1, (1, 2, 0): 1}) == [1, 0, 1]

    def test_whoever_is_recruited_carries_on_with_its_own_step(self):
        layers = [layer([1, 1], name="conv1"), layer([1], name="conv2")]
        spikes = encode(row(1, 4), layers, T)  # conv1 fires at 2
        for mode, expected in (("causal", [True, False]), ("end", [True, True])):
            decoded = decode(spikes, layers, {SEED: 9}, mode, {"conv1": 0.5, "conv2": 0.5})
            assert decoded.active["input"].tolist() == [[expected]]


@pytest.mark.parametrize("mode", ["causal", "exact", "end"])
def test_a_switch_holds_the_inputs_that_fired_one_step_before_in_every_mode(mode):
    pool = Pool("pool", 3, 3)
    below = np.array([[[2, 2, 3, 2]] * 3, [[1, 2, 2, 2]] * 3])  # 2 features; the second window is incomplete
    spikes = {"input": below, "pool": pool_steps(below, pool, T)}
    left = decode(spikes, [pool], {(0, 0, 0): 3}, mode, {}).active["input"]
    assert left.astype(int).tolist() == [[[1, 1, 0, 0]] * 3, [[0, 0, 0, 0]] * 3]
    right = decode(spikes, [pool], {(1, 0, 1): 3}, mode, {}).active["input"]
    assert right.astype(int).tolist() == [[[0, 0, 0, 0]] * 3, [[0, 0, 0, 1]] * 3]


def test_a_switch_belongs_to_one_step():
    spikes = {"input": row(2, 3, _), "pool": row(3)}
    for step, switch in ((0, [0, 0, 0]), (3, [1, 0, 0]), (4, [0, 1, 0])):
        active = decode(spikes, [Pool("pool", 3, 3)], {SEED: step}, "causal", {}).active
        assert active["input"].ravel().astype(int).tolist() == switch


def test_decoding_goes_all_the_way_back():
    spikes = encode(row(3, 5, _, 4), FIVE_LAYERS, T)
    thresholds = {"conv1": 0.05, "conv2": 0.25, "conv3": 0.5}
    causal = decode(spikes, FIVE_LAYERS, {SEED: 9}, "causal", thresholds).active
    assert list(causal) == ["conv3", "pool2", "conv2", "pool1", "conv1", "input"]
    assert causal["pool2"].tolist() == causal["conv2"].tolist() == [[[True]]]
    assert causal["pool1"].astype(int).tolist() == [[[0, 0]], [[1, 1]]]
    assert causal["conv1"].astype(int).tolist() == [[[0, 0, 0, 0]], [[1, 0, 0, 1]]]  # 1 came too late
    assert causal["input"].astype(int).tolist() == [[[1, 0, 0, 1]]]
    exact = decode(spikes, FIVE_LAYERS, {SEED: 9}, "exact", thresholds).active
    assert exact["pool1"].astype(int).tolist() == [[[0, 0]], [[0, 1]]]
    assert exact["input"].astype(int).tolist() == [[[0, 0, 0, 1]]]


class TestSaliency:
    def test_it_adds_value_times_weight_over_parents(self):
        conv = layer([1, 1], [0.75, 0.625])
        spikes = {"input": row(0, 0, 0), "conv": conv_steps(row(0, 0, 0), conv, T)}
        decoded = decode(spikes, [conv], {(1, 0, 0): 1, (1, 0, 1): 1}, "causal", {"conv": 0.5})
        assert decoded.saliency["conv"].tolist() == [[[0, 0]], [[1, 1]]]
        assert decoded.saliency["input"].tolist() == [[[0.75, 1.375, 0.625]]]  # 0.625 + 0.75 in the middle

    def test_weights_multiply_along_a_path(self):
        conv1, conv2 = layer([0.5], name="conv1", theta=[0.5]), layer([0.75, 0.25], name="conv2")
        layers = [conv1, Pool("pool1", 1, 1), conv2]
        spikes = encode(row(0, 0), layers, T)
        saliency = decode(spikes, layers, {SEED: 3}, "exact", {"conv1": 0.05, "conv2": 0.125}).saliency
        assert saliency["pool1"].tolist() == saliency["conv1"].tolist() == [[[0.75, 0.25]]]
        assert saliency["input"].tolist() == [[[0.375, 0.125]]]

    def test_every_member_of_a_switch_receives_the_full_value_of_each_parent(self):
        spikes = {"input": np.zeros((1, 3, 2), int), "pool": np.ones((1, 2, 1), int)}
        decoded = decode(spikes, [Pool("pool", 2, 1)], {(0, 0, 0): 1, (0, 1, 0): 1}, "exact", {})
        assert decoded.saliency["input"].tolist() == [[[1, 1], [2, 2], [1, 1]]]  # the windows share a row


RULE = Rule(0.5, 0.5, 1000, 0.5, winners=10, inhibition_radius=0, threshold_rise=0.0, threshold_fall=0.0)
UP = 0.625  # 0.5 + 0.5 * 0.5 * (1 - 0.5): a weight of 0.5 after one potentiation ...
DOWN = 0.4375  # 0.5 - 0.25 * 0.5 * (1 - 0.5): ... and after one depression


def train(stimuli, *rows, theta=(0.25,), **changes):
    """Learn from stimuli of one feature, with one kernel of one row per map and a changed RULE."""
    start = layer(*rows, theta=theta)
    return learn(stimuli, start.kernels, start.theta, start.padding, replace(RULE, **changes), T)


STDP = {  # the stimulus, the threshold, the padding, (step, neuron) of the winner, its weights: 0.5 before
    "inputs that fired gain, all others lose": (row(0, 0, 5, _), 1.0, 0, (1, 0), [UP, UP, DOWN, DOWN]),
    "a spike of the winning step is too late": (row(0, 1), 0.5, 0, (1, 0), [UP, DOWN]),
    "older spikes count as much as the last": (row(0, 3), 1.0, 0, (4, 0), [UP, UP]),
    "a padding cell loses": (row(0), 0.5, 1, (1, 0), [DOWN, UP, DOWN]),
    "the winner learns what it sees": (row(_, _, 0, 0, _), 1.0, 0, (1, 1), [DOWN, UP, UP]),
}


class TestPlasticity:
    @pytest.mark.parametrize("case", STDP)
    @pytest.mark.parametrize("upright", [False, True])
    def test_stdp(self, case, upright):
        below, theta, padding, winner, weights = STDP[case]
        kernels, margin = np.full((1, 1, 1, len(weights)), 0.5), (0, padding)
        if upright:
            below, kernels, margin = below.swapaxes(1, 2), kernels.swapaxes(2, 3), (padding, 0)
        learned = learn([below], kernels, np.array([theta]), margin, RULE, T)
        assert learned.winners == [Winner(0, *winner)]
        assert learned.kernels.ravel().tolist() == weights

    def test_only_the_winners_map_learns(self):
        assert train([row(0)], [0.5], [0.125]).kernels.ravel().tolist() == [UP, 0.125]

    def test_weights_stay_between_0_and_1(self):
        learned = train([row(0, _)], [0.5, 0.5], a_plus=4.0, a_plus_max=4.0, a_minus_ratio=1.0)
        assert learned.kernels.ravel().tolist() == [1, 0]

    def test_the_next_stimulus_meets_the_new_weights(self):
        learned = train([row(0, 1), row(1, 0)], [0.5, 0.5], theta=[0.5])
        assert learned.winners == [Winner(0, 1, 0), Winner(1, 2, 0)]  # 0.4375 alone is not enough

    def test_the_starting_point_is_left_alone(self):
        kernels, theta = np.full((1, 1, 1, 1), 0.5), np.array([0.25])
        learned = learn([row(0)], kernels, theta, (0, 0), replace(RULE, threshold_rise=0.5), T)
        assert kernels.item() == 0.5 != learned.kernels.item()
        assert theta.item() == 0.25 != learned.theta.item()

    def test_the_rates_double_every_so_many_stimuli_up_to_a_maximum(self):
        learned = train([row(0, _)] * 6, [0.5, 0.5], a_plus=0.125, a_plus_max=0.375, doubling=2)
        strong = weak = 0.5
        for a_plus in (0.125, 0.125, 0.25, 0.25, 0.375, 0.375):  # not 0.5
            strong += a_plus * (strong * (1 - strong))
            weak -= 0.5 * a_plus * (weak * (1 - weak))
        assert learned.kernels.ravel().tolist() == [strong, weak]
        assert learned.a_plus == 0.375

    def test_the_first_stimulus_never_doubles_and_silent_ones_count(self):
        rates = [train([row(_)] * n, [0.5], a_plus=0.125, doubling=1).a_plus for n in (1, 2, 3)]
        assert rates == [0.125, 0.25, 0.5]


HALF = 1 / np.log(2)  # a time constant, in steps, with which a trace halves in every step
PAIRS = Traces(HALF, HALF)


class TestTraces:
    """a_plus is 0.5 and a_minus 0.25, weights begin with 0.5; a threshold of 0.25 is reached one step after a spike."""

    def test_the_additive_rule_changes_all_weights_by_as_much(self):
        assert train([row(0, _)], [0.5, 0.25], a_plus=0.25, additive=True).kernels.ravel().tolist() == [0.75, 0.125]

    def test_a_win_strengthens_by_how_long_ago_inputs_fired(self):
        learned = train([row(0, 1, _)], [0.5, 0.25, 0.5], theta=[0.75], traces=PAIRS)
        assert learned.winners == [Winner(0, 2, 0)]
        assert learned.kernels.ravel().tolist() == [0.5 + 0.5 * 0.25, 0.25 + 0.5 * 0.5, 0.5]

    def test_an_input_that_fires_after_a_win_is_weakened_by_how_long_ago_that_was(self):
        learned = train([row(0, 1, 3)], [0.25, 0.5, 0.5], traces=PAIRS)
        assert learned.winners == [Winner(0, 1, 0)]
        assert learned.kernels.ravel().tolist() == [0.25 + 0.5 * 0.5, 0.5 - 0.25, 0.5 - 0.25 * 0.25]

    def test_traces_go_on_into_the_next_stimulus(self):
        learned = train([row(18), row(0)], [0.5], theta=[0.5], traces=PAIRS)
        assert learned.winners == [Winner(0, 19, 0), Winner(1, 1, 0)]
        weakened = 0.5 + 0.5 * 0.5 - 0.25 * 0.5  # at the win, and a step after it
        assert learned.kernels.item() == weakened + 0.5 * (0.5**2 + 1) * 0.5  # both spikes count

    def test_inputs_arrive_through_the_weights_before_they_weaken_them(self):
        learned = train([row(18, _), row(0, 0)], [0.5], theta=[0.5], a_minus_ratio=2.0, traces=PAIRS)
        assert learned.winners == [Winner(0, 19, 0), Winner(1, 1, 0)]  # with 0.75, not with 0.75 - 1.0 * 0.5
        assert learned.kernels.item() == 0.25 + 0.5 * (0.5**2 + 1) * 0.5

    def test_weights_stay_between_0_and_1(self):
        learned = train([row(0, 1)], [0.5, 0.5], a_plus=8.0, a_plus_max=8.0, traces=PAIRS)
        assert learned.kernels.ravel().tolist() == [1, 0]

    def test_triplets_count_earlier_wins_of_the_map_and_earlier_spikes_of_the_input(self):
        triplets = replace(PAIRS, tau_x=HALF, tau_y=HALF, triplet_plus=2.0, triplet_minus=4.0)
        learned = train([row(18, 18), row(_, 0)], [0.25, 0.25], a_plus=0.125, a_plus_max=0.125, traces=triplets)
        assert learned.winners == [Winner(0, 19, 0), Winner(1, 1, 0)]
        won = 0.25 + 0.125 * 0.5  # the first win, without one before
        weakened = won - 0.0625 * 0.5 * (1 + 4 * 0.5**2)  # by a spike that has one two steps before
        twice = 0.125 * (1 + 2 * 0.5**2)  # a win that has one two steps before
        assert learned.kernels.ravel().tolist() == [won + twice * 0.5**3, weakened + twice * (0.5**2 + 1) * 0.5]


class TestCompetitionWhileLearning:
    def test_a_map_wins_once_per_stimulus(self):
        assert train([row(0, 0, 4)] * 2, [0.5]).winners == [Winner(0, 1, 0), Winner(1, 1, 0)]

    def test_the_earliest_wins(self):
        assert train([row(1, 1, 0, _)], [0.5, 0.5]).winners == [Winner(0, 1, 1)]

    def test_then_the_largest_potential_over_threshold(self):
        assert train([row(0)], [0.5], [0.75], theta=[0.5, 0.5]).winners == [Winner(0, 1, 1)]
        assert train([row(0)], [0.5], [0.75], theta=[0.125, 0.75]).winners == [Winner(0, 1, 0)]
        assert train([row(0)], [0.5], [0.75], theta=[0.5, 1.0]).winners == [Winner(0, 1, 0)]

    def test_then_the_lowest_index_map_by_map(self):
        mirrored = [0.5, 0.375], [0.375, 0.5]  # 0.5 in map 0 at place 1, and in map 1 at place 0
        assert train([row(_, 0, _)], *mirrored, inhibition_radius=1).winners == [Winner(0, 1, 1)]

    @pytest.mark.parametrize(("radius", "others"), [(0, [5]), (1, [6]), (2, [7]), (3, [])])
    def test_a_winner_silences_its_neighbourhood_in_the_other_maps(self, radius, others):
        for below in (row(0, 0, 0, 0), row(0, 0, 0, 0).reshape(1, 4, 1)):
            learned = train([below], [0.5], [0.375], inhibition_radius=radius)
            assert learned.winners == [Winner(0, 1, neuron) for neuron in [0, *others]]  # all in one step

    @pytest.mark.parametrize("place", [place for place in np.ndindex(5, 5) if place != (2, 2)])
    def test_the_neighbourhood_is_a_square_around_the_winner(self, place):
        below = np.full((1, 5, 5), _)
        below[0, 2, 2], below[0][place] = 0, 1
        outside = max(abs(place[0] - 2), abs(place[1] - 2)) > 1
        expected = [Winner(0, 1, 12)] + outside * [Winner(0, 2, 25 + 5 * place[0] + place[1])]
        assert train([below], [0.5], [0.375], inhibition_radius=1).winners == expected

    def test_silencing_lasts_to_the_end_of_the_stimulus_and_no_longer(self):
        learned = train([row(0, 7), row(_, 7)], [0.5], [0.375], inhibition_radius=1)
        assert learned.winners == [Winner(0, 1, 0), Winner(1, 8, 1)]

    def test_winners_are_limited_per_stimulus_not_per_step(self):
        rows = [0.5], [0.5], [0.5]
        learned = train([row(0, 1, 2), row(0, 0, 0)], *rows, winners=2)
        assert learned.winners == [Winner(0, 1, 0), Winner(0, 2, 4), Winner(1, 1, 0), Winner(1, 1, 4)]

    def test_nobody_wins_after_the_last_step(self):
        assert train([row(18), row(19)], [0.5]).winners == [Winner(0, 19, 0)]


class TestHomeostasis:
    def test_the_winner_rises_first_then_all_fall(self):
        learned = train([row(0)], [0.5], [0.125], theta=[0.4], threshold_rise=0.01, threshold_fall=0.0025)
        assert learned.theta.tolist() == [0.4 * (1 + 0.01) * (1 - 0.0025), 0.4 * (1 - 0.0025)]

    def test_thresholds_change_once_per_winner(self):
        learned = train([row(0, 0)], [0.5], [0.5], threshold_rise=1.0, threshold_fall=0.25)
        assert learned.theta.tolist() == [0.25 * 2 * 0.75 * 0.75, 0.25 * 0.75 * 2 * 0.75]

    @pytest.mark.parametrize(("fall", "others"), [(0.0, []), (0.25, [3])])
    def test_a_fall_lets_the_next_one_win_in_the_same_step(self, fall, others):
        learned = train([row(0, 0)], [0.5], [0.3125], theta=[0.5, 0.375], threshold_fall=fall)
        assert learned.winners == [Winner(0, 1, neuron) for neuron in [0, *others]]  # 0.3125 >= 0.375 * 0.75

    def test_thresholds_fall_from_silent_stimulus_to_stimulus_until_someone_wins(self):
        learned = train([row(0)] * 3, [0.5], [0.25], theta=[2.0, 4.0], threshold_silent=0.5)
        assert learned.winners == [Winner(2, 1, 0)]
        assert learned.theta.tolist() == [0.5, 1.0]

    def test_only_the_stimulus_before_decides_and_there_is_none_before_the_first(self):
        assert train([row(_)], [0.5], theta=[2.0], threshold_silent=0.5).theta.item() == 2.0
        assert train([row(0)] * 2, [0.5], theta=[0.5], threshold_silent=0.5).theta.item() == 0.5
        assert train([row(0), row(_), row(_)], [0.5], theta=[0.5], threshold_silent=0.5).theta.item() == 0.25
