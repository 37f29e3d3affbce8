"""The encoder in continuous time against the judge, run by run: the same neurons, at the same steps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from brian2 import Clock, Network, NeuronGroup, SpikeGeneratorGroup, SpikeMonitor, Synapses, ms, prefs
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import judge
from helpers.networks import (
    ENCODERS,
    KINDS,
    configuration,
    configurations,
    few,
    judge_cell,
    judge_layers,
    random_network,
    seeds,
    shapes_of,
)
from spikeseg.configs.schema import Neurons
from spikeseg.errors import SpikeSegError
from spikeseg.models.designs import Timing
from spikeseg.models.network import CONV_LAYERS, LAYERS, TrainedNetwork
from spikeseg.runners.inference import continuous
from spikeseg.runners.inference.continuous import open_continuous

STEPS = 80

fewest = settings(few, max_examples=4)


def random_timing(rng: np.random.Generator) -> Timing:
    """Steps of 0.1 ms; refractory times from none, which is one step, to 2 ms."""
    return Timing(
        dict(zip(CONV_LAYERS, rng.uniform(0.2, 6.0, 3).tolist(), strict=True)),
        {layer: float(rng.integers(0, 21)) / 10 for layer in ("input", *LAYERS)},
        window_ms=float(rng.uniform(0.5, 5.0)),
    )


def random_case(config, seed, kind) -> tuple[TrainedNetwork, Timing, np.ndarray]:
    """A network, its times and input spikes (steps, C, H, W), in bursts."""
    rng = np.random.default_rng(seed)
    rate = 0.3 * rng.random((STEPS, 1, 1, 1)) * (rng.random((STEPS, 1, 1, 1)) < 0.7)
    inputs = rng.random((STEPS, *shapes_of(config)["input"])) < rate
    return random_network(config, seed, kind), random_timing(rng), inputs


def judged(network: TrainedNetwork, timing: Timing, inputs: np.ndarray) -> dict[str, np.ndarray]:
    layers = [
        replace(
            layer,
            tau=timing.steps(timing.tau_ms[layer.name]),
            cell=judge_cell(network.config.neurons.of(layer.name), timing.dt_us * 1e-6),
        )
        if isinstance(layer, judge.Conv)
        else layer
        for layer in judge_layers(network)
    ]
    refractory = {layer: timing.refractory_steps(layer) for layer in LAYERS}
    variation = network.config.input.threshold_variation
    fewest, most = network.event_range
    activity = judge.Activity(timing.steps(timing.window_ms), fewest, most, variation)
    return judge.encode_continuously(inputs, layers, refractory, activity)


def assert_as_judged(device: str, case, runs: tuple[int, ...] = (STEPS,)) -> np.ndarray:
    """Returns the number of spikes per layer, to see that there are some."""
    network, timing, inputs = case
    expected, shapes = judged(*case), shapes_of(network.config)
    found = {layer: np.zeros((STEPS, shape.size), bool) for layer, shape in shapes.items()}
    with open_continuous(network, network.config.input.size, timing, device) as encoder:
        for steps in runs:
            step, neuron = np.nonzero(inputs[encoder.step : encoder.step + steps].reshape(steps, -1))
            for layer, spikes in encoder.encode(steps, step, neuron).items():
                found[layer][spikes] = True
    assert encoder.step == STEPS
    for layer, spikes in expected.items():
        np.testing.assert_array_equal(found[layer], spikes.reshape(STEPS, -1), err_msg=layer)
    return np.array([expected[layer].sum() for layer in LAYERS])


@fewest
@given(configurations(), seeds, st.sampled_from(KINDS))
def test_small_networks_fire_as_judged(config, seed, kind):
    assert_as_judged("numpy", random_case(config, seed, kind))


@fewest
@given(configurations(), seeds, st.lists(st.integers(1, STEPS - 1), max_size=4))
def test_how_a_stream_is_cut_into_runs_changes_nothing(config, seed, cuts):
    edges = [0, *sorted(set(cuts)), STEPS]
    assert_as_judged("numpy", random_case(config, seed, "real"), tuple(np.diff(edges).tolist()))


@pytest.mark.compiled
def test_the_compiled_encoder_fires_as_judged():
    """With "cython" it does, too; but to compile that takes minutes, and its parts are tested by themselves."""
    case = random_case(ENCODERS["overlapping pools"], 5, "tenths")
    fired = assert_as_judged("cpp_standalone", case, (1, 2, 37, 40))
    assert fired.min() > 20  # in every layer


# Time constants of some steps of 0.1 ms.
MODELS = {
    "leaky": Neurons(model="leaky", parameters={"tau_ms": 2.0}),
    "adaptive": Neurons(model="adaptive", parameters={"tau_ms": 1.0, "alpha": 0.8}, layers=("conv1", "conv3")),
    "quadratic": Neurons(model="quadratic", parameters={"tau_ms": 2.0}),
    "alif": Neurons(model="alif", parameters={"tau_ms": 2.0, "tau_threshold_ms": 4.0, "beta": 0.7}),
}


@pytest.mark.parametrize("name", MODELS)
def test_neuron_models_fire_as_judged(name):
    """And otherwise than the default; how a stream is cut into runs changes nothing."""
    default = ENCODERS["overlapping pools"]
    config = default.model_copy(update={"neurons": MODELS[name]})
    network, *case = random_case(config, 5, "tenths")
    fired = assert_as_judged("numpy", (network, *case), (1, 2, 37, 40))
    others = judged(replace(network, config=default), *case)
    assert fired.min() > 20
    assert fired[0] != others["conv1"].sum()
    assert fired[-1] != others["conv3"].sum()


@pytest.mark.compiled
def test_compiled_neurons_of_a_model_fire_as_judged():
    case = random_case(ENCODERS["overlapping pools"].model_copy(update={"neurons": MODELS["alif"]}), 5, "tenths")
    assert assert_as_judged("cpp_standalone", case, (1, 2, 37, 40)).min() > 20


def test_a_spike_raises_the_threshold_of_an_adaptive_neuron_for_a_while():
    """By twice the threshold of 0.5 at first. After a second input it fires once its potential is above what is left.

    So it may fire in a step in which nothing arrives.
    """
    network, timing = single(0.1, 10.0, 0.5)
    parameters = {"tau_ms": 100.0, "tau_threshold_ms": 4.0, "beta": 2.0}
    neurons = Neurons(model="alif", layers=("conv3",), parameters=parameters)
    network = replace(network, config=network.config.model_copy(update={"neurons": neurons}))
    for after in (5, 20, 40):  # steps from one input to the other
        since = np.arange(after, 90)
        potential, threshold = np.exp(-(since - after) / 1000), 0.5 * (1 + 2 * np.exp(-(since - 1) / 40))
        fires = int(since[potential >= threshold][0])
        assert (fires == after) == (after == 40)
        assert conv3_steps(network, timing, [0, after]) == [5, fires + 5]


def single(refractory_ms: float, tau_ms: float, threshold: float):
    """One neuron per layer; Conv1 and below pass every input, Conv3 integrates with weight 1."""
    one = {"kernel": [1, 1], "padding": [0, 0], "maps": 1}
    config = configuration(
        data={"classes": ["Faces"]},
        input={"rows": 1, "columns": 1, "polarity": "merged", "threshold_variation": 0.0},
        conv1={"orientations": 1, "kernel": 1},
        pool1={"window": 1, "stride": 1},
        conv2=one,
        pool2={"window": 1, "stride": 1},
        conv3=one,
        decoder={"presence": False},
    )
    kernels = {layer: np.ones((1, 1, 1, 1)) for layer in CONV_LAYERS}
    thresholds = {"conv1": np.array([0.5]), "conv2": np.array([0.5]), "conv3": np.array([threshold])}
    timing = Timing(
        {"conv1": 10.0, "conv2": 10.0, "conv3": tau_ms},
        dict.fromkeys(("input", *LAYERS), 0.1) | {"conv3": refractory_ms},
        window_ms=30.0,
    )
    return TrainedNetwork(config, kernels, thresholds), timing


def conv3_steps(network, timing, arrivals, steps=100):
    with open_continuous(network, (1, 1), timing, "numpy") as encoder:
        spikes = encoder.encode(steps, np.array(arrivals), np.zeros(len(arrivals), int))
    return spikes["conv3"][0].tolist()


def test_the_potential_of_one_neuron_decays_exponentially():
    """A second input, `apart` steps after a first one, makes it fire if (exp(-apart / tau) + 1) exp(-1 / tau) suffices.

    The last factor is for the step from the arrival to the threshold.
    """
    tau = 40  # steps of 0.1 ms
    for between in (3, 10, 25):
        threshold = (np.exp(-(between + 0.5) / tau) + 1) * np.exp(-1 / tau)
        network, timing = single(0.1, tau / 10, threshold)
        assert conv3_steps(network, timing, [0, between]) == [between + 5]
        assert conv3_steps(network, timing, [0, between + 1]) == []


@pytest.mark.parametrize("refractory", [1, 2, 7, 20])
def test_a_refractory_time_is_counted_from_the_spike_to_the_first_input_that_counts(refractory):
    """An input that suffices arrives at Conv3 in every second step: it fires a step after the first that counts."""
    network, timing = single(refractory / 10, 10.0, 0.9)
    expected, counts = [], 0
    for arrival in range(4, 99, 2):  # the input of step 0 has crossed four layers
        if arrival >= counts:
            expected.append(arrival + 1)
            counts = arrival + 1 + refractory
    assert conv3_steps(network, timing, list(range(0, 100, 2))) == expected


def test_genn_has_no_continuous_encoder():
    network, timing = single(1.0, 10.0, 1.0)
    with (
        pytest.raises(SpikeSegError, match=r"^genn-cpu has no continuous encoder: use --device cpp_standalone"),
        open_continuous(network, (1, 1), timing, "genn-cpu"),
    ):
        pass


@pytest.fixture
def numpy_target():
    before = prefs.codegen.target
    prefs.codegen.target = "numpy"
    yield
    prefs.codegen.target = before


@pytest.mark.usefixtures("numpy_target")
def test_brian2_counts_refractory_steps_in_the_same_way():
    """One that is refractory for 19 steps, and has an input in each that suffices, fires in every 20th."""
    clock = Clock(0.1 * ms)
    every_step = SpikeGeneratorGroup(1, [0] * 100, np.arange(100) * 0.1 * ms, clock=clock)
    neuron = NeuronGroup(1, "v : 1", threshold="v > 0.5", reset="v = 0", refractory=1.9 * ms, clock=clock)
    link = Synapses(every_step, neuron, on_pre="v_post += int(not_refractory_post)", clock=clock)
    link.connect()
    monitor = SpikeMonitor(neuron)
    Network(every_step, neuron, link, monitor).run(10 * ms, namespace={})
    theirs = np.diff(np.rint(monitor.t_[:] / 1e-4))
    network, timing = single(1.9, 10.0, 0.9)
    ours = np.diff(conv3_steps(network, timing, list(range(100))))
    assert {*theirs.tolist()} == {*ours.tolist()} == {20}


def test_a_run_ends_before_its_unit_is_too_small(monkeypatch):
    monkeypatch.setattr(continuous, "LARGEST_GAIN", 0.5)
    assert_as_judged("numpy", random_case(ENCODERS["leaky"], 3, "real"))
