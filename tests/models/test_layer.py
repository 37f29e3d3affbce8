"""Layers that look only where something has arrived find all neurons at threshold, whatever their size and shape."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.designs import Reached
from helpers.networks import to_spikes
from spikeseg.models.geometry import Window, features_last
from spikeseg.runners.simulation.simulator import open_simulator
from spikeseg.spikes import Shape

WINDOWS = (
    *(Window.convolution(Shape(2, 13, 11), maps, (3, 3), padding=(1, 1)) for maps in (1, 4, 5, 12, 31, 32, 33, 70)),
    Window.convolution(Shape(1, 5, 90), 40, (3, 80), padding=(1, 40)),  # most of a row, and more than 64 places
    Window.convolution(Shape(1, 4, 300), 20, (3, 70), padding=(1, 35)),  # more than 64 places, less than half of a row
    Window.convolution(Shape(1, 60, 70), 4, (5, 5), padding=(2, 2)),  # more than 64 times 8 places
    Window.pooling(Shape(3, 21, 25), 2, 2),  # the last row and column are in no window
)


@pytest.mark.parametrize("device", ["numpy", pytest.param("cpp_standalone", marks=pytest.mark.compiled)])
def test_neurons_that_are_reached_and_at_the_threshold_of_their_map_fire(device):
    fired = []
    with open_simulator(Reached(WINDOWS), device) as simulator:
        for seed in range(4):
            random = np.random.default_rng(seed)
            state = {}
            for number, window in enumerate(WINDOWS):
                share = random.choice([0.01, 0.1, 0.9])  # of the neurons below; few places or nearly all are reached
                state[f"below{number}.fires"] = (random.random(window.source.size) < share).astype(float)
                state[f"maps{number}.theta"] = random.integers(1, 9, window.target.features).astype(float)
                state[f"above{number}.fired"] = np.zeros(window.target.size)
                state[f"link{number}.w"] = random.integers(0, 4, window.weights).astype(float)
            found = simulator.run(to_spikes(np.full((1, 1, 1, 1), -1)), state).state
            for number, window in enumerate(WINDOWS):
                expected = at_threshold(window, state, number)
                np.testing.assert_array_equal(found[f"above{number}.fired"], expected, err_msg=str(window))
                fired.append(expected.mean())
    assert 0.01 < np.mean(fired) < 0.9


def at_threshold(window, state, number):
    """Which targets the first step brings to the threshold of their map, by all pairs that the window connects."""
    source, target, weight = window.synapses()
    v = np.zeros(window.target.size)
    fires = state[f"below{number}.fires"][features_last(window.source, source)]
    np.add.at(v, target, fires * state[f"link{number}.w"][weight])
    reached = v >= np.repeat(state[f"maps{number}.theta"], window.target.rows * window.target.columns)
    found = np.empty(len(reached))
    found[features_last(window.target, np.arange(len(reached)))] = reached
    return found
