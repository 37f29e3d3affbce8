"""The learner in Brian2 against the judge: the same winners, and the same weights and thresholds to the last bit."""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from helpers import judge
from helpers.networks import (
    CLASSES,
    MULTIPLICATIVE,
    assert_same_spikes,
    few,
    judge_cell,
    judge_rule,
    judge_tau,
    learning_layer,
    random_stimuli,
    seeds,
    taus,
    to_spikes,
)
from spikeseg.configs.schema import COUNTERS, Conv, Neurons, Plasticity
from spikeseg.models.designs import LearnerDesign
from spikeseg.models.geometry import features_first
from spikeseg.runners.training.learning import constants, initial, on_padded_grid, open_learner
from spikeseg.spikes import Shape, Spikes

DT = 1e-3


class Case(NamedTuple):
    """A layer that learns, what it learns from, by which rule, and with which neurons."""

    conv: Conv
    below: Shape
    steps: int
    rule: Plasticity = MULTIPLICATIVE
    neurons: Neurons = COUNTERS

    def open(self, device: str):
        classes = CLASSES if self.rule.learning_rule.supervised else None
        return open_learner(self.conv, self.below, self.steps, DT, device, self.rule, self.neurons, classes)

    @property
    def labels(self) -> np.ndarray:
        """Classes of the stimuli of a run."""
        return np.random.default_rng(self.steps).integers(0, CLASSES, self.conv.learning.chunk)


@st.composite
def cases(draw) -> Case:
    """Of all sorts; the second stimulus, a full one, finds thresholds within reach."""

    def whole(low: int, high: int) -> int:
        return draw(st.integers(low, high))

    below = Shape(whole(1, 3), whole(2, 6), whole(2, 6))
    kernel, padding = (whole(1, 3), whole(1, 3)), (whole(0, 2), whole(0, 2))
    if any(n + 2 * p < k for n, p, k in zip(below[1:], padding, kernel, strict=True)):
        reject()
    sees = below.features * min(kernel[0], below.rows) * min(kernel[1], below.columns)
    conv = learning_layer(
        whole(1, 4),
        kernel,
        padding,
        weight_std=draw(st.sampled_from([0.0, 0.05])),
        a_plus=draw(st.sampled_from([0.0625, 0.1])),
        a_minus_ratio=draw(st.sampled_from([0.0, 0.5, 0.6, 1.0])),
        doubling=whole(1, 5),
        winners=whole(1, 5),
        inhibition_radius=whole(0, 2),
        threshold_start=sees * draw(st.sampled_from([0.05, 0.1, 0.2])),
        homeostasis=draw(st.sampled_from([0.0, 0.02, 0.25])),
        threshold_silent=draw(st.sampled_from([0.0, 0.1, 0.5])),
    ).model_copy(update={"tau_ms": draw(taus)})
    return Case(conv, below, whole(1, 5))


GEOMETRIES = {
    "one winner": Case(learning_layer(2, (5, 7), (2, 3), doubling=13, threshold_silent=0.05), Shape(3, 4, 6), 5),
    "leaky": Case(learning_layer(3, (2, 3), (1, 0), winners=2).model_copy(update={"tau_ms": 2.5}), Shape(2, 7, 6), 6),
    "three winners": Case(learning_layer(5, (2, 3), (1, 0), winners=3, inhibition_radius=1), Shape(2, 7, 6), 4),
}

# Constants at which all terms of a rule change some weight, and none takes over.
RULES = {
    "additive": Plasticity(rule="additive"),
    "pair": Plasticity(rule="pair", parameters={"tau_plus_ms": 3.0, "tau_minus_ms": 7.5}),
    "triplet": Plasticity(rule="triplet", parameters={"tau_x_ms": 30.0, "tau_plus_ms": 2.0}),
    "reward": Plasticity(
        rule="reward", layers=("conv3",), parameters={"weaken": 0.7, "strengthen": 0.6, "least": 0.1, "counted": 3.0}
    ),
}


def presented(case: Case, seed: int, stimuli: int) -> np.ndarray:
    """Random stimuli, every fifth of them empty: (stimuli, C, H, W)."""
    steps = random_stimuli(case.below, stimuli, case.steps, seed)
    steps[4::5] = judge.SILENT
    return steps


def start(case: Case, seed: int) -> dict[str, np.ndarray]:
    """The state before the first stimulus; maps differ in their thresholds."""
    state = initial(case.conv, case.below, case.rule.learning_rule, (seed,)).state
    return state | {"theta": state["theta"] * np.random.default_rng(seed).choice([0.75, 1.0, 1.25], case.conv.maps)}


def learned(simulator, case: Case, stimuli: np.ndarray, begin: dict[str, np.ndarray]):
    state = constants(case.conv, case.rule, DT, case.neurons) | begin
    if case.rule.learning_rule.supervised:
        state |= {"label": case.labels}
    return simulator.run(on_padded_grid(to_spikes(stimuli), case.conv, 0), state)


def judged(case: Case, stimuli: np.ndarray, begin: dict[str, np.ndarray]) -> judge.Learned:
    conv = case.conv
    kernels = begin["w"].reshape(conv.maps, case.below.features, *conv.kernel)
    kind = judge_tau(conv, 1e3 * DT), judge_cell(case.neurons, DT)
    rule = judge_rule(conv, case.rule)
    labels = case.labels.tolist()
    return judge.learn(stimuli, kernels, begin["theta"], conv.padding, rule, case.steps + 1, *kind, labels)


def assert_as_judged(simulator, case: Case, seed: int, stimuli: int) -> judge.Learned:
    """Returns what the judge learned, to see that there was something."""
    shown, begin = presented(case, seed, stimuli), start(case, seed)
    result, expected = learned(simulator, case, shown, begin), judged(case, shown, begin)
    found = result.spikes["winners"]
    winners = np.array(expected.winners, int).reshape(-1, 3).T
    assert_same_spikes(found, Spikes.collect(found.shape, stimuli, *winners))
    np.testing.assert_array_equal(result.state["w"], expected.kernels.ravel())
    np.testing.assert_array_equal(result.state["theta"], expected.theta)
    assert result.state["a_plus"].item() == expected.a_plus
    assert result.state["presented"].item() == stimuli
    last = sum(winner.stimulus == stimuli - 1 for winner in expected.winners)
    assert result.state["wins"].item() == last
    return expected


def assert_learned(case: Case, seed: int, expected: judge.Learned) -> None:
    """The comparison was not one of nothing with nothing."""
    assert expected.winners
    assert not np.allclose(start(case, seed)["w"], expected.kernels.ravel())


@few
@given(cases(), seeds)
def test_small_layers_learn_as_judged(case, seed):
    with case.open("numpy") as simulator:
        assert_learned(case, seed, assert_as_judged(simulator, case, seed, stimuli=12))


@pytest.mark.parametrize("name", GEOMETRIES)
def test_one_and_several_winners_are_the_judges(name):
    assert_as_judged_over_seeds("numpy", GEOMETRIES[name], seeds=2, stimuli=20)


@pytest.mark.compiled
@pytest.mark.parametrize("name", GEOMETRIES)
def test_the_compiled_learner_is_as_judged(name):
    assert_as_judged_over_seeds("cpp_standalone", GEOMETRIES[name], seeds=10, stimuli=40)


def assert_as_judged_over_seeds(device: str, case: Case, seeds: int, stimuli: int) -> None:
    """From equal weights, all ties, and from random ones; the constants may change from run to run."""
    with case.open(device) as simulator:
        for seed in range(seeds):
            learning = case.conv.learning.model_copy(update={"weight_std": 0.1 * (seed % 2), "doubling": 3 + seed})
            varied = case._replace(conv=case.conv.model_copy(update={"learning": learning}))
            expected = assert_as_judged(simulator, varied, seed, stimuli)
            assert_learned(varied, seed, expected)
            wins = np.bincount([winner.stimulus for winner in expected.winners], minlength=stimuli)
            assert wins.max() == learning.winners  # the limit was reached ...
            assert (wins[[0, 4]] == 0).all()  # ... and silence heard
            assert len({winner.step for winner in expected.winners}) > 1


@few
@given(cases(), st.sampled_from(sorted(RULES)), seeds)
def test_every_bundled_rule_is_the_judges(case, name, seed):
    case = case._replace(rule=RULES[name])
    with case.open("numpy") as simulator:
        assert_learned(case, seed, assert_as_judged(simulator, case, seed, stimuli=8))


@pytest.mark.compiled
def test_a_compiled_rule_with_traces_of_inputs_neurons_and_maps_is_the_judges():
    case = GEOMETRIES["three winners"]._replace(rule=RULES["triplet"])
    assert_as_judged_over_seeds("cpp_standalone", case, seeds=3, stimuli=40)


@pytest.mark.parametrize(
    "device", ["numpy", *(pytest.param(one, marks=pytest.mark.compiled) for one in ("cpp_standalone", "cython"))]
)
def test_labels_turn_stdp_round_as_judged(device):
    case = GEOMETRIES["three winners"]._replace(rule=RULES["reward"])
    with case.open(device) as simulator:
        for seed in range(2):
            expected = assert_as_judged(simulator, case, seed, stimuli=30)
            assert_learned(case, seed, expected)
    right = [winner.neuron // 42 % CLASSES == case.labels[winner.stimulus] for winner in expected.winners]
    assert 5 < right.count(True) < len(right) - 5  # 7 x 6 places


@pytest.mark.parametrize(("rule", "classes"), [(RULES["reward"], None), (MULTIPLICATIVE, CLASSES)])
def test_labels_belong_to_a_supervised_rule(rule, classes):
    conv, below, steps, *_ = GEOMETRIES["one winner"]
    with pytest.raises(ValueError, match="belongs to a supervised rule, and only to one"):
        LearnerDesign.of(conv, below, steps, DT, rule.learning_rule, classes=classes)


def test_other_labels_teach_other_weights():
    case = GEOMETRIES["one winner"]._replace(rule=RULES["reward"])
    shown, begin = presented(case, 0, 12), start(case, 0)
    state = constants(case.conv, case.rule, DT) | begin
    inputs = on_padded_grid(to_spikes(shown), case.conv, 0)
    with case.open("numpy") as simulator:
        results = [simulator.run(inputs, state | {"label": labels}) for labels in (case.labels, 1 - case.labels)]
    one, other = (result.state for result in results)
    assert (one["rule_hits"], one["rule_misses"]) != (other["rule_hits"], other["rule_misses"])
    assert not np.allclose(one["w"], other["w"])


# Time constants at which something happens within the few steps of a stimulus.
NEURONS = {
    "leaky": Neurons(model="leaky", parameters={"tau_ms": 2.0}),
    "adaptive": Neurons(model="adaptive", parameters={"tau_ms": 3.0}),
    "quadratic": Neurons(model="quadratic", parameters={"tau_ms": 3.0, "peak": 1.25}),
}


@few
@given(cases(), st.sampled_from(sorted(NEURONS)), seeds)
def test_every_bundled_neuron_model_learns_as_judged(case, name, seed):
    case = case._replace(conv=case.conv.model_copy(update={"tau_ms": None}), neurons=NEURONS[name])
    with case.open("numpy") as simulator:
        assert_learned(case, seed, assert_as_judged(simulator, case, seed, stimuli=12))


@pytest.mark.parametrize("device", ["numpy", pytest.param("cpp_standalone", marks=pytest.mark.compiled)])
def test_neurons_whose_threshold_takes_part_in_each_step_learn_as_judged(device):
    """With several winners in a step, which move it in between; some neurons are about to win as the stimulus ends."""
    case = GEOMETRIES["three winners"]._replace(neurons=NEURONS["quadratic"])
    assert_as_judged_over_seeds(device, case, seeds=3, stimuli=40)


COUNTS = """
source = "a test: it counts what happens"

[input]
equations = "spikes : 1"
on_spike = "spikes = spikes + 1"

[neuron]
equations = '''
wins : 1
shown : 1
rate : 1
'''
on_win = "wins = wins + 1"
new_stimulus = '''
shown = shown + 1
rate = rate + a_plus
'''

[map]
equations = '''
won : 1
seen : 1
'''
on_win = "won = won + step / (1000 * step)"
new_stimulus = "seen = seen + 1"

[weight]
equations = '''
taught : 1
met : 1
age : 1
dfaded/dt = -faded / fading : 1  # of several decays, the one of a weight
'''
on_win = '''
taught = taught + 1
faded = faded + 1
w = clip(w + a_plus_post * int(spikes_pre > shown_post * many) - 0.001 * won_post, 0, 1)
'''
on_input = "met = met + 1"
new_stimulus = "age = age + 1"

[parameters]
many = 0.4
step_ms = 1.0
fading_ms = 30.0
"""


@pytest.mark.parametrize("device", ["numpy", pytest.param("cpp_standalone", marks=pytest.mark.compiled)])
def test_a_rule_of_ones_own_runs_where_and_when_it_says(device):
    case = GEOMETRIES["three winners"]._replace(rule=Plasticity(rule="counts", text=COUNTS))
    shown, begin = presented(case, 0, 12), start(case, 0)
    with case.open(device) as simulator:
        result = learned(simulator, case, shown, begin)
    state = {name.removeprefix("rule_"): values for name, values in result.state.items()}
    spikes = np.pad((shown >= 0).sum(axis=0), ((0, 0), (1, 1), (0, 0)))  # as case.conv.padding
    winners = result.spikes["winners"]
    wins = np.bincount(winners.neuron, minlength=winners.shape.size)
    maps = wins.reshape(case.conv.maps, -1).sum(axis=1)
    np.testing.assert_array_equal(state["spikes"], spikes.ravel())
    positions = np.arange(winners.shape.size)
    np.testing.assert_array_equal(state["wins"], wins[features_first(winners.shape, positions)])
    np.testing.assert_allclose(1e3 * state["won"], maps)
    np.testing.assert_array_equal(state["shown"], 12)
    np.testing.assert_array_equal(state["seen"], 12)
    np.testing.assert_array_equal(state["age"], 12)
    per_map = state["taught"].reshape(case.conv.maps, -1)
    np.testing.assert_array_equal(per_map, np.repeat(maps[:, np.newaxis], per_map.shape[1], axis=1))
    steps = 12 * simulator.steps
    since = steps - (simulator.steps * winners.stimulus + winners.step)
    faded = np.bincount(winners.neuron // (winners.shape.size // case.conv.maps), np.exp(-since / 30))
    np.testing.assert_allclose(state["faded"].reshape(per_map.shape)[:, 0], faded)
    window = np.lib.stride_tricks.sliding_window_view(spikes, winners.shape[1:], axis=(1, 2))
    met = window.sum(axis=(3, 4))  # neurons that see an input through a weight are as many as places
    np.testing.assert_array_equal(state["met"].reshape(case.conv.maps, -1), np.tile(met.ravel(), (case.conv.maps, 1)))
    assert len(set(state["rate"])) == 1
    assert state["rate"][0] == pytest.approx(sum(min(0.0625 * 2 ** (n // 4), 0.4) for n in range(12)))
    assert not np.allclose(state["w"], begin["w"])


def test_a_compiled_program_belongs_to_a_rule_and_not_to_its_constants():
    def design(rule: Plasticity) -> str:
        conv, below, steps, *_ = GEOMETRIES["one winner"]
        classes = CLASSES if rule.learning_rule.supervised else None
        return repr(LearnerDesign.of(conv, below, steps, DT, rule.learning_rule, classes=classes))

    own = COUNTS.replace("0.001 * won_post", "0.002 * won_post")
    rules = [*RULES.values(), MULTIPLICATIVE, *(Plasticity(rule="counts", text=text) for text in (COUNTS, own))]
    assert len({design(rule) for rule in rules}) == len(rules)
    assert design(RULES["pair"]) == design(Plasticity(rule="pair"))
    assert design(rules[-2]) == design(Plasticity(rule="other", text=COUNTS.replace("many = 0.4", "many = 0.3")))


def test_a_step_has_as_many_ticks_as_there_are_winners_and_input_steps_are_followed_by_one():
    with GEOMETRIES["three winners"].open("numpy") as simulator:
        assert (simulator.steps, simulator.ticks) == (4 + 1, 3)


def test_thresholds_that_nobody_reaches_fall_until_somebody_does():
    case = Case(learning_layer(kernel=(2, 2), threshold_start=20.0, threshold_silent=0.5), Shape(1, 2, 2), 2)
    begin = initial(case.conv, case.below, case.rule.learning_rule, (0,)).state
    stimuli = np.zeros((6, *case.below), int)  # 4 inputs of 0.5
    with case.open("numpy") as simulator:
        result = learned(simulator, case, stimuli, begin)
    assert result.spikes["winners"].stimulus[0] == 4  # 20, 10, 5, 2.5, 1.25
    assert judged(case, stimuli, begin).winners[0].stimulus == 4
