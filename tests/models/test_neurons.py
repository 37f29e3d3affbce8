"""Neuron models against the judge and against closed forms: the same neurons fire, at the same steps."""

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
from spikeseg.configs.neurons.neuron import NEURONS
from spikeseg.configs.schema import DEFAULT_NEURON, Config, Neurons
from spikeseg.errors import SpikeSegError
from spikeseg.models.designs import EncoderDesign
from spikeseg.models.network import CONV_LAYERS, LAYERS, TrainedNetwork
from spikeseg.runners.inference.encoding import open_encoder

# Time constants at which something happens within the few steps of a stimulus.
MODELS = {
    "leaky": Neurons(model="leaky", parameters={"tau_ms": 3.0}),
    "adaptive": Neurons(model="adaptive", parameters={"tau_ms": 2.0, "alpha": 0.8}),
    "quadratic": Neurons(model="quadratic", parameters={"tau_ms": 4.0}),
    "alif": Neurons(model="alif", parameters={"tau_ms": 2.0}),
}


def opened(config, device="numpy"):
    return open_encoder(config, config.input.size, device)


def with_neurons(config: Config, neurons: Neurons) -> Config:
    layers = {name: getattr(config, name).model_copy(update={"tau_ms": None}) for name in CONV_LAYERS}
    return config.model_copy(update={"neurons": neurons, **layers})


def random_case(config, seed, kind, stimuli=6) -> tuple[TrainedNetwork, np.ndarray]:
    """Thresholds that take several inputs, and so several steps, to reach."""
    network = random_network(config, seed, kind)
    higher = {name: 2.5 * theta for name, theta in network.thresholds.items()}
    shape = shapes_of(config)["input"]
    return replace(network, thresholds=higher), random_stimuli(shape, stimuli, config.input.steps, seed)


def assert_as_judged(encoder, network, stimuli) -> dict[str, np.ndarray]:
    """Returns the steps of the spikes of each layer."""
    found, expected = encoder.encode(network, to_spikes(stimuli)), judged(network, stimuli)
    for layer, spikes in found.items():
        assert_same_spikes(spikes, to_spikes(expected[layer]))
    return expected


@few
@given(configurations(), st.sampled_from(sorted(MODELS)), seeds, st.sampled_from(KINDS))
def test_small_networks_fire_as_judged(config, name, seed, kind):
    config = with_neurons(config, MODELS[name])
    with opened(config) as encoder:
        assert_as_judged(encoder, *random_case(config, seed, kind))


def assert_every_layer_fires_as_judged(name: str, device: str, stimuli: int) -> None:
    """And otherwise than the default in every layer that the model is for, and only from there on."""
    config = with_neurons(ENCODERS["leaky"], MODELS[name])
    fired, differ = np.zeros(len(LAYERS), int), np.zeros(len(LAYERS), bool)
    with opened(config, device) as encoder:
        for seed, kind in enumerate(KINDS):
            network, shown = random_case(config, seed, kind, stimuli)
            spikes = assert_as_judged(encoder, network, shown)
            default = judged(replace(network, config=with_neurons(config, Neurons())), shown)
            fired += [(spikes[layer] >= 0).sum() for layer in LAYERS]
            differ |= [not np.array_equal(spikes[layer], default[layer]) for layer in LAYERS]
    assert fired.min() > 20
    assert differ.all()


@pytest.mark.parametrize("name", MODELS)
def test_every_layer_fires_as_judged(name):
    assert_every_layer_fires_as_judged(name, "numpy", stimuli=8)


@pytest.mark.compiled
@pytest.mark.parametrize("name", ["adaptive", "quadratic"])
def test_compiled_neurons_fire_as_judged(name):
    """With "cython" they do, too; but to compile that takes minutes."""
    assert_every_layer_fires_as_judged(name, "cpp_standalone", stimuli=20)


def test_only_the_layers_that_are_named_have_such_neurons():
    neurons = Neurons(model="quadratic", parameters={"tau_ms": 4.0}, layers=("conv2",))
    config = with_neurons(ENCODERS["leaky"], neurons)
    network, shown = random_case(config, 1, "real")
    with opened(config) as encoder:
        spikes = assert_as_judged(encoder, network, shown)
    default = judged(replace(network, config=with_neurons(config, Neurons())), shown)
    np.testing.assert_array_equal(spikes["pool1"], default["pool1"])
    assert not np.array_equal(spikes["conv2"], default["conv2"])


SHIFTED = """
source = "a test: everything is higher by as much"
[neuron]
equations = "v : 1"
on_input = "v += w"
threshold = "v >= theta + more"
new_stimulus = "v = more"
[parameters]
more = 8.0
"""


@pytest.mark.parametrize(("text", "kinds"), [(NEURONS.bundled()[DEFAULT_NEURON], KINDS), (SHIFTED, ["whole"] * 3)])
def test_a_file_that_says_what_the_default_does_is_the_default(text, kinds):
    own = Neurons(model="own.toml", text=text)
    assert own.neuron_model is not None
    assert not own.neuron_model.restless  # nothing is looked at in steps in which nothing arrives
    config = with_neurons(ENCODERS["overlapping pools"], own)
    with opened(config) as encoder:
        for seed, kind in enumerate(kinds):
            assert_as_judged(encoder, *random_case(config, seed, kind))


class TestOneNeuron:
    """Of Conv3, with two inputs of weight 1, `apart` steps from each other."""

    APART = range(10)

    def fired(self, neurons: Neurons, threshold: float) -> np.ndarray:
        """The steps from the second input on, for each time between them; -1 without a spike."""
        one = {"kernel": [1, 1], "padding": [0, 0], "maps": 1}
        config = configuration(
            input={"rows": 1, "columns": 2, "polarity": "merged", "steps": 10, "threshold_variation": 0.0},
            data={"classes": ["Faces"]},
            conv1={"orientations": 1, "kernel": 1},
            pool1={"window": 1, "stride": 1},
            conv2=one,
            pool2={"window": 1, "stride": 1},
            conv3=one | {"kernel": [1, 2]},
            decoder={"presence": False},
            neurons=neurons.model_copy(update={"layers": ("conv3",)}).model_dump(mode="json"),
        )
        kernels = {"conv1": np.ones((1, 1, 1, 1)), "conv2": np.ones((1, 1, 1, 1)), "conv3": np.ones((1, 1, 1, 2))}
        thresholds = {"conv1": np.array([0.5]), "conv2": np.array([0.5]), "conv3": np.array([threshold])}
        network = TrainedNetwork(config, kernels, thresholds, event_range=(0, 2))
        stimuli = np.array([[[[0, apart]]] for apart in self.APART])
        with opened(config) as encoder:
            spikes = encoder.encode(network, to_spikes(stimuli))["conv3"]
        steps = np.full(len(self.APART), -1)
        steps[spikes.stimulus] = spikes.step - spikes.stimulus - len(LAYERS)
        return steps

    def test_a_leaky_one_keeps_an_exponential(self):
        """Between two inputs ``apart`` steps from each other it has decayed by so many."""
        for between in (0, 3, 8):
            threshold = 1 + np.exp(-(between + 0.5) / 4)
            fired = self.fired(Neurons(model="leaky", parameters={"tau_ms": 4.0}), threshold)
            np.testing.assert_array_equal(fired, np.where(np.array(self.APART) <= between, 0, -1))

    def test_the_threshold_of_an_adaptive_one_goes_to_a_share_of_its_potential(self):
        """After n steps with a potential of 1 it has risen by alpha (1 - (1 - dt / tau)^n)."""
        for between in (0, 3, 8):
            threshold = 2 - 0.6 * (1 - 0.75 ** (between + 0.5))
            fired = self.fired(Neurons(model="adaptive", parameters={"tau_ms": 4.0, "alpha": 0.6}), threshold)
            np.testing.assert_array_equal(fired, np.where(np.array(self.APART) <= between, 0, -1))

    def test_a_quadratic_one_falls_back_below_its_threshold_and_rises_by_itself_above_it(self):
        neurons = Neurons(model="quadratic", parameters={"tau_ms": 2.0, "peak": 1.5})
        assert (self.fired(neurons, 2.001) == -1).all()
        near, far = self.fired(neurons, 1.7)[0], self.fired(neurons, 1.4)[0]
        assert 0 < far < near
        rises = self.fired(neurons, 0.9)  # already by the first input
        assert (rises[5:] < 0).all()
        assert rises[0] == 0


EXPLODES = """
source = "a test"
[neuron]
equations = "v : 1"
on_input = "v = v * v * scale + w + 2"
threshold = "v >= theta"
[parameters]
scale = 1e100
"""


def test_a_neuron_fires_once_whatever_becomes_of_its_potential():
    config = with_neurons(ENCODERS["overlapping pools"], Neurons(model="explodes", text=EXPLODES))
    network, stimuli = random_case(config, 0, "whole")
    with opened(config) as encoder:
        found = encoder.encode(network, to_spikes(stimuli))
    for layer in LAYERS:
        fired = np.stack([found[layer].stimulus, found[layer].neuron])
        assert len(np.unique(fired, axis=1).T) == len(fired.T) > 0


def test_a_compiled_program_belongs_to_a_model_and_not_to_its_constants():
    def design(neurons: Neurons) -> str:
        config = with_neurons(ENCODERS["overlapping pools"], neurons)
        return repr(EncoderDesign.of(config, config.input.size, 1))

    assert len({design(neurons) for neurons in (Neurons(), *MODELS.values())}) == 1 + len(MODELS)
    assert design(MODELS["leaky"]) == design(Neurons(model="leaky"))
    assert design(MODELS["leaky"]) != design(Neurons(model="leaky", layers=("conv1",)))


@pytest.mark.parametrize("device", ["genn", "genn-cpu"])
def test_they_are_refused_where_there_are_none(device):
    config = with_neurons(ENCODERS["overlapping pools"], MODELS["adaptive"])
    told = rf"^neurons\.model adaptive: {device} has the default neurons only: use --device"
    with pytest.raises(SpikeSegError, match=told), opened(config, device):
        pass
