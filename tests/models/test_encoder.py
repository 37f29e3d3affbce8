"""The encoder in Brian2 against the judge: the same neurons, at the same steps."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.networks import (
    ENCODERS,
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
from spikeseg.errors import SpikeSegError
from spikeseg.models.network import LAYERS, TrainedNetwork
from spikeseg.models.neurons import not_less
from spikeseg.runners.inference.encoding import CAPACITY, open_encoder
from spikeseg.spikes import SILENT, Spikes


def opened(config, device):
    return open_encoder(config, config.input.size, device)


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


@pytest.mark.parametrize("name", ENCODERS)
def test_every_layer_fires_as_judged(name):
    config = ENCODERS[name]
    fired = np.zeros(1 + len(LAYERS), int)
    with opened(config, "numpy") as encoder:
        for seed, kind in enumerate(KINDS):
            fired += assert_as_judged(encoder, *random_case(config, seed, kind, stimuli=6))
    assert fired.min() > 50  # in every layer


@pytest.mark.compiled
@pytest.mark.parametrize("name", ENCODERS)
def test_the_compiled_encoder_fires_as_judged(name):
    config = ENCODERS[name]
    fired = np.zeros(1 + len(LAYERS), int)
    with opened(config, "cpp_standalone") as encoder:
        for seed, kind in enumerate(KINDS * 3):
            fired += assert_as_judged(encoder, *random_case(config, seed, kind, stimuli=20))
    assert fired.min() > 1000


@pytest.mark.parametrize("device", ["numpy", pytest.param("cpp_standalone", marks=pytest.mark.compiled)])
def test_thresholds_that_single_precision_cannot_hold_are_reached_by_the_same_potentials(device):
    """Thresholds are whole numbers, as potentials are, but for the last bit in double precision."""
    config = ENCODERS["overlapping pools"]
    apart = 0
    with opened(config, device) as encoder:
        for seed in range(3):
            network, stimuli = random_case(config, seed, "whole", stimuli=6)
            fired = []
            for towards in (-np.inf, np.inf):
                thresholds = {layer: np.nextafter(theta, towards) for layer, theta in network.thresholds.items()}
                case = replace(network, thresholds=thresholds, event_range=(0, 0))
                fired.append(assert_as_judged(encoder, case, stimuli))
            apart += np.abs(fired[0] - fired[1]).sum()
    assert apart > 100


@given(st.floats(-1e38, 1e38) | st.sampled_from([-np.inf, np.inf]))
def test_the_nearest_number_of_single_precision_that_is_not_less_is_found(number):
    found = not_less(number)
    assert found.dtype == np.float32
    assert found >= np.float64(number)
    assert not np.isfinite(found) or np.nextafter(found, np.float32(-np.inf)) < np.float64(number)


@pytest.mark.compiled
def test_more_stimuli_than_one_run_holds_are_encoded_one_run_after_the_other():
    config = ENCODERS["overlapping pools"]
    network, stimuli = random_case(config, 1, "whole", stimuli=2 * CAPACITY + 7)
    done = []
    with opened(config, "cpp_standalone") as encoder:
        assert_as_judged(encoder, network, stimuli)
        encoder.encode(network, to_spikes(stimuli), done.append)
    assert done == [CAPACITY, 2 * CAPACITY, 2 * CAPACITY + 7]


@pytest.mark.compiled
def test_a_compiled_encoder_knows_which_network_it_was_told_last():
    """Of what it was told before, only what has changed is told again."""
    config = ENCODERS["overlapping pools"]
    cases = [random_case(config, seed, "whole", stimuli=3) for seed in (1, 2)]
    mixed = replace(cases[0][0], thresholds=cases[1][0].thresholds), cases[0][1]
    with opened(config, "cpp_standalone") as encoder:
        for case in (cases[0], cases[0], cases[1], cases[0], mixed, cases[1], mixed):
            assert_as_judged(encoder, *case)


@pytest.mark.compiled
@pytest.mark.parametrize("tau", [None, 10.0])
def test_a_compiled_encoder_of_which_few_places_are_reached_fires_as_one_that_resets_all(tau):
    """Several stimuli, each in a part of a large input, which overlaps with that of the one before, also run by run."""
    config = configuration(
        input={"rows": 44, "columns": 60, "polarity": "merged", "steps": 6, "flush_steps": 6},
        conv1={"orientations": 3, "kernel": 5, "tau_ms": tau},
        conv2={"maps": 5, "kernel": [3, 3], "padding": [1, 1]},
        conv3={"maps": 2, "kernel": [5, 5], "padding": [2, 2]},
    )
    network, stimuli = random_case(config, 3, "whole", stimuli=7)
    row, column = np.indices(stimuli.shape[2:])
    for number in range(2, len(stimuli)):
        stimuli[number, :, abs(row - 6 * number) + abs(column - 8 * number) > 16] = SILENT
    with opened(config, "cpp_standalone") as one, opened(config, "numpy") as other:
        found, expected = one.encode(network, to_spikes(stimuli)), other.encode(network, to_spikes(stimuli))
        backwards = range(len(stimuli))[::-1]
        alone = [one.encode(network, to_spikes(stimuli[number : number + 1])) for number in backwards]
    for layer, spikes in expected.items():
        assert_same_spikes(found[layer], spikes)
        for number, run in zip(backwards, alone, strict=True):
            assert_same_spikes(run[layer], spikes.select([number]))
    assert all(len(np.unique(spikes.stimulus)) > 5 for spikes in expected.values())


@pytest.mark.compiled
def test_several_jobs_give_what_one_gives():
    config = ENCODERS["overlapping pools"]
    network, stimuli = random_case(config, 2, "real", stimuli=11)
    inputs, done = to_spikes(stimuli), []
    with opened(config, "cpp_standalone") as one, open_encoder(config, config.input.size, "cpp_standalone", 3) as three:
        expected, found = one.encode(network, inputs), three.encode(network, inputs, done.append)
    for layer, spikes in expected.items():
        assert_same_spikes(found[layer], spikes)
    assert done == [4, 8, 11]


@pytest.mark.compiled
def test_what_is_simulated_ahead_is_the_same_and_is_left_with_no_program_running():
    config = ENCODERS["overlapping pools"]
    network, stimuli = random_case(config, 4, "real", stimuli=11)
    inputs = to_spikes(stimuli)
    with opened(config, "cpp_standalone") as encoder:
        expected = encoder.encode(network, inputs)
        encoder = replace(encoder, ahead=True)  # on one core, too
        parts = list(encoder.encode_parts(network, inputs, 4))
        left_early = encoder.encode_parts(network, inputs, 2)
        next(left_early)
    left_early.close()
    assert encoder.simulator._idle == []
    assert [part["input"].stimuli for part in parts] == [4, 4, 3]
    for layer, spikes in expected.items():
        assert_same_spikes(Spikes.join([part[layer] for part in parts]), spikes)


def test_several_jobs_need_processes():
    config = ENCODERS["overlapping pools"]
    with pytest.raises(SpikeSegError, match="numpy runs one simulation at a time"):
        open_encoder(config, config.input.size, "numpy", jobs=2).__enter__()


@pytest.mark.parametrize("device", ["genn", "genn-cpu"])
def test_neurons_that_leak_are_refused_where_there_are_none(device):
    config = ENCODERS["leaky"]
    with (
        pytest.raises(SpikeSegError, match=rf"^conv1\.tau_ms: {device} has no neurons that leak: use --device"),
        opened(config, device),
    ):
        pass


def test_the_potential_of_one_neuron_decays_exponentially():
    """Of two inputs of weight 1, the second makes it fire if 1 + exp(-apart / tau) reaches the threshold."""
    config = configuration(
        input={
            "rows": 1,
            "columns": 2,
            "polarity": "merged",
            "steps": 12,
            "flush_steps": 8,
            "threshold_variation": 0.0,
        },
        data={"classes": ["Faces"]},
        conv1={"orientations": 1, "kernel": 1},
        pool1={"window": 1, "stride": 1},
        conv2={"maps": 1, "kernel": [1, 1], "padding": [0, 0]},
        pool2={"window": 1, "stride": 1},
        conv3={"maps": 1, "kernel": [1, 2], "padding": [0, 0], "tau_ms": 4.0},
        decoder={"presence": False},
    )
    ones = {"conv1": np.ones((1, 1, 1, 1)), "conv2": np.ones((1, 1, 1, 1)), "conv3": np.ones((1, 1, 1, 2))}
    stimuli = np.array([[[[0, apart]]] for apart in range(12)])
    with opened(config, "numpy") as encoder:
        for between in range(11):  # a threshold that the potential of `between` steps reaches, and of one more does not
            threshold = 1 + np.exp(-(between + 0.5) / 4)
            network = TrainedNetwork(
                config,
                ones,
                {"conv1": np.array([0.5]), "conv2": np.array([0.5]), "conv3": np.array([threshold])},
                event_range=(0, 2),
            )
            fired = encoder.encode(network, to_spikes(stimuli))["conv3"].stimulus
            assert fired.tolist() == list(range(between + 1))
