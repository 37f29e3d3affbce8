"""The encoder in Brian2 against the judge: the same neurons, at the same steps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import (
    KINDS,
    assert_same_spikes,
    configuration,
    configurations,
    few,
    judged,
    random_network,
    random_stimuli,
    seeds,
    shapes_of,
    to_spikes,
)

from spikeseg.models.network import LAYERS
from spikeseg.runners.encoding import CAPACITY, open_encoder

GEOMETRIES = {
    "overlapping": configuration(
        input={
            "rows": 13,
            "columns": 10,
            "polarity": "split",
            "steps": 4,
            "flush_steps": 6,
            "threshold_variation": 0.5,
        },
        conv1={"orientations": 2, "kernel": 3},
        pool1={"window": 3, "stride": 2},
        conv2={"maps": 3, "kernel": [2, 3], "padding": [0, 1]},
        pool2={"window": 3, "stride": 1},
        conv3={"maps": 2, "kernel": [3, 2], "padding": [1, 0]},
    ),
    "kernels larger than their layers": configuration(
        input={"rows": 9, "columns": 14, "polarity": "merged", "steps": 10, "flush_steps": 3},
        conv1={"orientations": 3, "kernel": 4},
        pool1={"window": 2, "stride": 2},
        conv2={"maps": 2, "kernel": [7, 3], "padding": [4, 1]},
        pool2={"window": 4, "stride": 3},
        conv3={"maps": 3, "kernel": [5, 5], "padding": [2, 3]},
    ),
}


def opened(config, device):
    return open_encoder(config, (config.input.rows, config.input.columns), device)


def random_case(config, seed, kind, stimuli):
    shape = shapes_of(config)["input"]
    return random_network(config, seed, kind), random_stimuli(shape, stimuli, config.input.steps, seed)


def assert_as_judged(encoder, network, stimuli):
    """Returns the spikes per layer, to see that there are some."""
    found, expected = encoder.encode(network, to_spikes(stimuli)), judged(network, stimuli)
    assert tuple(found) == ("input", *LAYERS)
    for layer, spikes in found.items():
        assert_same_spikes(spikes, to_spikes(expected[layer]))
    return np.array([len(spikes) for spikes in found.values()])


@few
@given(configurations(), seeds, st.permutations(KINDS))
def test_small_networks_fire_as_judged(config, seed, kinds):
    with opened(config, "numpy") as encoder:
        for kind in kinds[:2]:
            assert_as_judged(encoder, *random_case(config, seed, kind, stimuli=5))


@pytest.mark.parametrize("name", GEOMETRIES)
def test_every_layer_fires_as_judged(name):
    config = GEOMETRIES[name]
    fired = 0
    with opened(config, "numpy") as encoder:
        for seed, kind in enumerate(KINDS):
            fired += assert_as_judged(encoder, *random_case(config, seed, kind, stimuli=6))
    assert fired.min() > 50  # in every layer


@pytest.mark.compiled
@pytest.mark.parametrize("name", GEOMETRIES)
def test_the_compiled_encoder_fires_as_judged(name):
    config = GEOMETRIES[name]
    fired = 0
    with opened(config, "cpp_standalone") as encoder:
        for seed, kind in enumerate(KINDS * 3):
            fired += assert_as_judged(encoder, *random_case(config, seed, kind, stimuli=20))
    assert fired.min() > 1000


@pytest.mark.compiled
def test_more_stimuli_than_one_run_holds_are_encoded_one_run_after_the_other():
    config = GEOMETRIES["overlapping"]
    network, stimuli = random_case(config, 1, "whole", stimuli=2 * CAPACITY + 7)
    done = []
    with opened(config, "cpp_standalone") as encoder:
        assert_as_judged(encoder, network, stimuli)
        encoder.encode(network, to_spikes(stimuli), done.append)
    assert done == [CAPACITY, 2 * CAPACITY, 2 * CAPACITY + 7]
