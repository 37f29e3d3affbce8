"""Traces and several pathways against Synapses that are stored one by one, whose text is the same."""

import numpy as np
import pytest
from brian2 import Clock, Network, NeuronGroup, StateMonitor, Synapses, ms, prefs, second

from helpers.designs import LATE, STDP, STEPS, Plastic, twice_firing
from helpers.networks import connected, to_spikes
from spikeseg.models.conv_synapses import ConvSynapses
from spikeseg.models.geometry import Window, features_last
from spikeseg.runners.simulation.simulator import open_simulator
from spikeseg.spikes import Shape

WINDOWS = (
    Window(Shape(2, 5, 4), Shape(3, 4, 3), kernel=(3, 2), padding=(1, 0)),
    Window(Shape(2, 6, 5), Shape(3, 4, 4), kernel=(2, 2), padding=(1, 1), dilation=2),  # of layers
)
DEVICES = ["numpy", *(pytest.param(one, marks=pytest.mark.compiled) for one in ("cpp_standalone", "cython"))]


@pytest.fixture(autouse=True)
def numpy_target(monkeypatch):
    """What runs in this process runs on NumPy."""
    before = prefs.codegen.target
    prefs.codegen.target = "numpy"
    yield
    prefs.codegen.target = before


def random_state(number, window, seed):
    rng = np.random.default_rng(seed)
    state = {f"link{number}.w": rng.random(window.weights), f"link{number}.change": np.zeros(window.weights)}
    for name, size in (("below", window.source.size), ("above", window.target.size)):
        state |= {f"{name}{number}.gain": rng.random(size), f"{name}{number}.v": np.zeros(size)}
        state |= {f"{name}{number}.{letter}": rng.integers(0, STEPS + 3, size) for letter in "ab"}
    return state


def by_synapses(number, window, state):
    """Potentials of the targets and changes of weights, as Synapses have them, connected by lists of indices."""
    clock = Clock(1 * ms)
    groups = [twice_firing(shape, f"{name}_reference*", clock) for name, shape in _sides(window)]
    for group, name in zip(groups, ("below", "above"), strict=True):
        for variable in ("gain", "a", "b"):
            setattr(group, variable, state[f"{name}{number}.{variable}"])
    delay = {"plasticity": 0 * ms} | {pathway: steps * ms for pathway, steps in LATE.items()}
    synapses = Synapses(*groups, **STDP, delay=delay, clock=clock)
    source, target, weight = np.array(connected(window)).T
    synapses.connect(i=source, j=target)
    synapses.w = state[f"link{number}.w"][weight]
    Network(*groups, synapses).run(STEPS * ms, namespace={})
    change = np.bincount(weight, np.asarray(synapses.change[:]), window.weights)
    return np.asarray(groups[1].v[:]), change


def _sides(window):
    return ("below", window.source), ("above", window.target)


@pytest.mark.parametrize("device", DEVICES)
def test_they_are_those_of_synapses(device):
    with open_simulator(Plastic(WINDOWS), device) as simulator:
        for seed in range(3):
            shown, expected = {}, {}
            for number, window in enumerate(WINDOWS):
                state = random_state(number, window, seed)
                v, expected[f"link{number}.change"] = by_synapses(number, window, state)
                expected[f"above{number}.v"] = v
                shown |= state
                if number % 2 == 1:  # layers
                    order = np.argsort(features_last(window.target, np.arange(window.target.size)))
                    expected[f"above{number}.v"] = v[order]
                    for name, shape in _sides(window):
                        order = np.argsort(features_last(shape, np.arange(shape.size)))
                        shown |= {
                            f"{name}{number}.{word}": state[f"{name}{number}.{word}"][order] for word in ("gain", *"ab")
                        }
            found = simulator.run(to_spikes(np.full((1, 1, 1, 1), -1)), shown).state
            for name, values in expected.items():
                assert np.count_nonzero(values) > values.size / 2
                np.testing.assert_allclose(found[name], values, rtol=1e-12, atol=1e-13, err_msg=name)


ONE = Shape(1, 1, 1)
RULE = {
    "model": "w : 1\nda/dt = -a / (3*ms) : 1 (event-driven)\ndb/dt = -b / (5*ms) : 1 (event-driven)",
    "on_pre": "a += 1\nw -= b",
    "on_post": "w += a\nb += 1",
}


def paired(kind, **options):
    """One neuron before another, which fire in the same steps, 3 and 7, and RULE between them."""
    groups = [NeuronGroup(1, "", threshold="t_in_timesteps == 3 or t_in_timesteps == 7", reset="") for _ in range(2)]
    window = [Window(ONE, ONE)] if kind is ConvSynapses else []
    synapses = kind(*groups, *window, **RULE, **options)
    if kind is Synapses:
        synapses.connect()
    return Network(*groups, synapses), synapses


class TestSchedule:
    @pytest.mark.parametrize("delay", [0.0, 0.2])
    @pytest.mark.parametrize("order", [-1, 2])
    def test_what_sets_a_trace_keeps_to_the_order_and_delay_of_its_pathway(self, delay, order):
        weights = []
        for kind in (Synapses, ConvSynapses):
            network, synapses = paired(kind, delay={"pre": 0 * ms, "post": 0.1 * ms})
            synapses.pre.delay, synapses.pre.order = delay * ms, order
            network.run(1.2 * ms, namespace={})
            weights.append(float(synapses.w[0]))
        assert weights[0] == pytest.approx(weights[1], rel=1e-14)
        assert abs(weights[0]) > 0.01

    def test_traces_are_stored_and_restored(self):
        network, synapses = paired(ConvSynapses)
        network.run(0.5 * ms, namespace={})
        network.store()
        weights = []
        for _ in range(2):
            network.restore()
            network.run(0.7 * ms, namespace={})
            weights.append(float(synapses.w[0]))
        assert weights[0] == weights[1] != 0
        assert synapses.traces["pre"].a_last[0] == 0.7 * ms

    def test_they_can_be_recorded(self):
        network, synapses = paired(ConvSynapses)
        monitor = StateMonitor(synapses.traces["post"], "b", record=True, when="end")
        network.add(monitor)
        network.run(1 * ms, namespace={})
        np.testing.assert_allclose(monitor.b[0], [0] * 3 + [1] * 4 + [1 + np.exp(-0.4 / 5)] * 3)


def test_a_pathway_that_only_sets_a_trace_is_one():
    below, above = (NeuronGroup(1, "v : 1", threshold="t_in_timesteps == 1", reset="") for _ in range(2))
    code = {"trace": "a += 1", "later": "v_post += a"}
    model = "da/dt = -a / ms : 1 (event-driven)"
    synapses = ConvSynapses(below, above, Window(ONE, ONE), model, on_pre=code, delay={"later": 0.3 * ms})
    assert synapses.pre is None
    Network(below, above, synapses).run(0.5 * ms, namespace={})
    assert synapses.trace.delay == 0 * second
    assert above.v[0] == pytest.approx(np.exp(-0.3))


def test_parts_of_groups_have_traces():
    window = Window(Shape(1, 1, 3), Shape(1, 1, 3), kernel=(1, 2))
    model = "v : 1"
    whole = NeuronGroup(10, model, threshold="t_in_timesteps == i or t_in_timesteps == 9", reset="")
    below, above = whole[2:5], whole[6:9]
    parts = ConvSynapses(below, above, window, RULE["model"], on_pre=RULE["on_pre"], on_post=RULE["on_post"])
    stored = Synapses(below, above, **RULE)
    source, target, weight = np.array(connected(window)).T
    stored.connect(i=source, j=target)
    Network(whole, parts, stored).run(1.5 * ms, namespace={})
    expected = np.bincount(weight, np.asarray(stored.w[:]), window.weights)
    np.testing.assert_allclose(parts.w, expected, rtol=1e-13)
    assert (expected != 0).all()


@pytest.mark.parametrize(
    ("on_pre", "on_post", "told"),
    [
        ({"w": "v_post += w"}, None, "a pathway cannot be called 'w'"),
        ({"a b": "v_post += w"}, None, "a pathway cannot be called 'a b'"),
        ({"synapses": "v_post += w"}, None, "a pathway cannot be called 'synapses'"),
        ({"one": "v_post += w"}, {"one": "w += 1"}, "on_pre and on_post both have a pathway one"),
    ],
)
def test_names_of_pathways_that_cannot_be_are_refused(on_pre, on_post, told):
    below, above = (NeuronGroup(1, "v : 1", threshold="v > 1", reset="") for _ in range(2))
    with pytest.raises(ValueError, match=told):
        ConvSynapses(below, above, Window(ONE, ONE), "w : 1", on_pre=on_pre, on_post=on_post)
