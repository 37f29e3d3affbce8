"""ConvSynapses against their definition and against explicit Synapses, on every target."""

from functools import partial

import numpy as np
import pytest
from brian2 import (
    Clock,
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    second,
)
from hypothesis import assume, given
from networks import connected, few, seeds, to_spikes, windows

from spikeseg.models.conv_synapses import ConvSynapses
from spikeseg.models.geometry import Window, neighbourhood, own_feature, same_map
from spikeseg.models.model import Model
from spikeseg.runners.simulator import open_simulator
from spikeseg.spikes import Shape

ALL_SORTS = (
    Window(Shape(2, 5, 4), Shape(3, 6, 5), kernel=(2, 4), padding=(1, 2)),  # a convolution
    Window(Shape(3, 5, 6), Shape(3, 2, 3), kernel=(3, 3), stride=2, depthwise=True),  # a pooling, incomplete windows
    Window(Shape(2, 7, 7), Shape(2, 3, 3), kernel=(1, 2), padding=(0, 1), stride=3),  # some sources unseen
    Window(Shape(1, 2, 3), Shape(2, 9, 9), kernel=(4, 3), padding=(3, 3)),  # some targets see nothing
    neighbourhood(Shape(2, 4, 5), 1),
    own_feature(Shape(3, 4, 2)),
    same_map(Shape(2, 3, 4)),
)


def build(windows) -> Model:
    """Per window two groups that fire in the first step where `fires` is set, and a connection both ways."""
    clock = Clock(1e-3 * second)
    source = SpikeGeneratorGroup(1, [0], [0] * second, clock=clock)
    network, state = Network(source), {}
    for number, window in enumerate(windows):
        below = firing("x", window.source.size, f"below{number}", clock)
        above = firing("v", window.target.size, f"above{number}", clock)
        link = ConvSynapses(
            below,
            above,
            window,
            "w : 1\ngain : 1 (shared)",
            on_pre="v_post += gain * w",
            on_post="w = 0.5 * w + x_pre",
            name=f"link{number}",
        )
        link.post.order = link.pre.order - 1
        network.add(below, above, link)
        variables = (below, "x"), (below, "fires"), (above, "v"), (above, "fires"), (link, "w"), (link, "gain")
        state |= {f"{group.name}.{variable}": (group, variable) for group, variable in variables}
    return Model(network, source, {}, {}, state, steps=2, ticks=1, dt=1e-3)


def firing(variable, size, name, clock) -> NeuronGroup:
    model = f"{variable} : 1\nfires : 1"
    return NeuronGroup(size, model, threshold="fires > 0.5", reset="fires = 0", name=name, clock=clock)


def random_state(windows, seed):
    """Flat arrays by name; a third of the neurons fires."""
    rng = np.random.default_rng(seed)
    state = {}
    for number, window in enumerate(windows):
        for name, size, value in (("below", window.source.size, "x"), ("above", window.target.size, "v")):
            state[f"{name}{number}.{value}"] = rng.random(size)
            state[f"{name}{number}.fires"] = (rng.random(size) < 1 / 3).astype(float)
        state[f"link{number}.w"] = rng.random(window.weights)
        state[f"link{number}.gain"] = rng.random(1)
    return state


def expected(windows, state):
    """The state after the first step, one pair of neurons after the other; weights change before they are used."""
    state = {name: values.copy() for name, values in state.items()}
    for number, window in enumerate(windows):
        v, w, gain = state[f"above{number}.v"], state[f"link{number}.w"], state[f"link{number}.gain"]
        up, down = state[f"below{number}.fires"], state[f"above{number}.fires"]
        for target, source, weight in sorted((t, s, k) for s, t, k in connected(window)):
            if down[target]:
                w[weight] = 0.5 * w[weight] + state[f"below{number}.x"][source]
        for source, target, weight in connected(window):
            v[target] += up[source] * (gain[0] * w[weight])
        up[:] = down[:] = 0
    return state


def assert_as_defined(simulator, windows, seed):
    state = random_state(windows, seed)
    found = simulator.run(to_spikes(np.full((1, 1, 1, 1), -1)), state).state
    for name, values in expected(windows, state).items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)


@few
@given(windows(), seeds)
def test_explicit_synapses_reach_their_targets_and_weights(window, seed):
    assume(connected(window))
    with open_simulator(partial(build, [window]), "numpy", "") as simulator:
        assert_as_defined(simulator, [window], seed)


def test_several_connections_live_side_by_side():
    with open_simulator(partial(build, ALL_SORTS), "numpy", "") as simulator:
        assert_as_defined(simulator, ALL_SORTS, seed=0)


@pytest.mark.compiled
@pytest.mark.parametrize(("device", "sorts"), [("cpp_standalone", ALL_SORTS), ("cython", ALL_SORTS[:2])])
def test_computed_connections_equal_stored_ones(device, sorts):
    with open_simulator(partial(build, sorts), device, repr(sorts)) as simulator:
        for seed in range(20):
            assert_as_defined(simulator, sorts, seed)
