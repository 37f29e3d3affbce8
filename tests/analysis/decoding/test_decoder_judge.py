"""The decoder, final potentials and the decision against the judge, on small random networks."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import judge
from helpers.networks import (
    ENCODERS,
    KINDS,
    SILENT,
    configurations,
    judge_layers,
    judged,
    many,
    random_network,
    random_stimuli,
    seeds,
    shapes_of,
)
from spikeseg.analysis.decoding.decoder import decode
from spikeseg.analysis.decoding.potentials import Potentials
from spikeseg.analysis.decoding.segmentation import decide
from spikeseg.configs import Config
from spikeseg.models.network import CONV_LAYERS

MODES = ("causal", "exact", "end")

kinds = st.sampled_from(KINDS)


@st.composite
def decoders(draw) -> Config:
    """Weight thresholds that some weights equal."""
    config = draw(configurations())
    thresholds = {
        "weight_threshold": draw(st.sampled_from([0.0, 0.3, 0.5, 1.0])),
        "gabor_threshold": draw(st.sampled_from([0.0, 0.05, 0.3, 1.0])),
    }
    return config.model_copy(update={"decoder": config.decoder.model_copy(update=thresholds)})


def one_stimulus(config, seed, kind):
    """A network, and the spikes of every layer."""
    network = random_network(config, seed, kind)
    return network, {
        layer: steps[0] for layer, steps in judged(network, one(config.input.shape, seed, config.input.steps)).items()
    }


def one(shape, seed, steps):
    """(1, C, H, W), neither the empty nor the full one."""
    return random_stimuli(shape, 3, steps, seed)[2:]


def some_seeds(spikes, mode, seed):
    """Conv3 neurons; silent ones too where the mode does not go by their step."""
    rng = np.random.default_rng(seed)
    candidates = np.argwhere((spikes["conv3"] != SILENT) | (mode == "end"))
    return rng.permutation(candidates)[: rng.integers(1, 5)]


def weight_thresholds(config):
    strong = config.decoder.weight_threshold
    return {"conv1": config.decoder.gabor_threshold, "conv2": strong, "conv3": strong}


def assert_decoded_as_judged(network, spikes, mode, seed):
    """Returns the number of active neurons per layer, from Conv3 to the input."""
    chosen = some_seeds(spikes, mode, seed)
    found = decode(network, spikes, chosen, mode)
    with_steps = {tuple(neuron): spikes["conv3"][tuple(neuron)] for neuron in chosen.tolist()}
    expected = judge.decode(spikes, judge_layers(network), with_steps, mode, weight_thresholds(network.config))
    assert list(found.active) == list(expected.active)
    for layer in expected.active:
        np.testing.assert_array_equal(found.active[layer], expected.active[layer], err_msg=layer)
        np.testing.assert_allclose(found.value[layer], expected.saliency[layer], rtol=1e-12, err_msg=layer)
    np.testing.assert_array_equal(found.mask, expected.active["input"].any(axis=0))
    np.testing.assert_allclose(found.saliency, expected.saliency["input"].sum(axis=0), rtol=1e-12)
    return np.array([active.sum() for active in expected.active.values()])


@many
@given(decoders(), seeds, kinds, st.sampled_from(MODES))
def test_any_network_decodes_as_judged(config, seed, kind, mode):
    assert_decoded_as_judged(*one_stimulus(config, seed, kind), mode, seed)


@many
@given(decoders(), seeds, kinds, st.sampled_from(MODES))
def test_spikes_that_no_network_would_fire_decode_as_judged(config, seed, kind, mode):
    """Every layer at random: in a window there may be spikes before the one that the pool fired for."""
    spikes = {layer: one(shape, seed + n, 8)[0] for n, (layer, shape) in enumerate(shapes_of(config).items())}
    assert_decoded_as_judged(random_network(config, seed, kind), spikes, mode, seed)


@pytest.mark.parametrize("mode", MODES)
def test_decoding_goes_all_the_way_to_the_input(mode):
    """The examples above are not ones of nothing: in the same way, most of these reach the input."""
    reached = 0
    for seed in range(10):
        network, spikes = one_stimulus(ENCODERS["overlapping pools"], seed, "real")
        reached += assert_decoded_as_judged(network, spikes, mode, seed) > 0
    assert reached.min() >= 5


@many
@given(configurations(), seeds, kinds)
def test_final_potentials_are_the_judges_to_the_last_bit(config, seed, kind):
    network, spikes = one_stimulus(config, seed, kind)
    layers = {layer.name: layer for layer in judge_layers(network)}
    for layer, below in zip(CONV_LAYERS, ("input", "pool1", "pool2"), strict=True):
        found = Potentials(network.kernels[layer], layers[layer].padding).after(spikes[below] != SILENT)
        np.testing.assert_array_equal(found, judge.final_potential(spikes[below], layers[layer]))


@many
@given(configurations(), seeds, kinds)
def test_the_decision_is_the_judges(config, seed, kind):
    network, spikes = one_stimulus(config, seed, kind)
    decision = decide(replace(network, event_range=(0, 0)), spikes)
    *_, conv3 = judge_layers(network)
    chosen = judge.decide(spikes["pool2"], conv3)
    assert decision.map == chosen[0]
    best = judge.compared_potential(spikes["pool2"], conv3)[chosen] / conv3.theta[chosen[0]]
    assert decision.scores.max() == best
