"""GeNN: the same spikes as from every other device."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.networks import (
    ENCODERS,
    KINDS,
    assert_same_spikes,
    judged,
    random_network,
    random_stimuli,
    shapes_of,
    to_spikes,
)
from spikeseg.analysis.decoding.segmentation import segment_one
from spikeseg.configs import load
from spikeseg.datasets.catalogue import open_dataset
from spikeseg.datasets.stimuli import samples, stimuli
from spikeseg.errors import SpikeSegError
from spikeseg.models.gabor import gabor_kernels
from spikeseg.models.network import LAYERS, TrainedNetwork
from spikeseg.runners.evaluation.selection import select
from spikeseg.runners.inference.encoding import open_encoder
from spikeseg.runners.training.training import train
from spikeseg.spikes import Recorded


@pytest.mark.parametrize("device", ["genn", "genn-cpu"])
def test_training_is_refused_and_the_alternative_named(device, tiny, tmp_path):
    told = f"device {device} does not train: .*use --device cpp_standalone"
    with pytest.raises(SpikeSegError, match=told):
        train(load(tiny), None, tmp_path / "run", device)
    assert not (tmp_path / "run").exists()


@pytest.mark.genn
@pytest.mark.parametrize("name", [name for name in ENCODERS if name != "leaky"])  # which it has not
def test_every_layer_fires_as_judged(name, genn):
    config = ENCODERS[name]
    fired = np.zeros(1 + len(LAYERS), int)
    with open_encoder(config, config.input.size, genn) as encoder:
        for seed, kind in enumerate(KINDS * 3):
            network = random_network(config, seed, kind)
            shown = random_stimuli(shapes_of(config)["input"], 20, config.input.steps, seed)
            found, expected = encoder.encode(network, to_spikes(shown)), judged(network, shown)
            for layer, spikes in found.items():
                assert_same_spikes(spikes, to_spikes(expected[layer]))
            fired += [len(spikes) for spikes in found.values()]
    assert fired.min() > 1000


@pytest.mark.genn
def test_a_program_is_built_once_for_all_networks_of_a_geometry(genn, monkeypatch):
    config = ENCODERS["overlapping pools"]
    size = config.input.size
    with open_encoder(config, size, genn):
        pass
    monkeypatch.setattr("spikeseg.runners.simulation.program._compile", lambda *_: pytest.fail("it was built again"))
    other = config.model_copy(update={"seed": 7, "conv1": config.conv1.model_copy(update={"threshold": 9})})
    with open_encoder(other, size, genn):
        pass


@pytest.mark.genn
def test_a_command_gives_what_it_gives_on_another_device(genn, run, tmp_path, spikeseg):
    tables = []
    for device in (genn, "numpy"):
        told = spikeseg("evaluate", run, "--device", device, "--out", tmp_path / device)
        assert told.code == 0, told
        tables.append((tmp_path / device / "outcomes.csv").read_text())
    assert tables[0] == tables[1]
    assert len(tables[0].splitlines()) > 1


def assert_same_on(genn, network, inputs):
    """Every layer's spikes are those of C++ standalone, and there are some. Returns both."""
    size = network.config.input.size
    with open_encoder(network.config, size, genn) as one, open_encoder(network.config, size, "cpp_standalone") as other:
        found, expected = one.encode(network, inputs), other.encode(network, inputs)
    for layer, spikes in expected.items():
        assert_same_spikes(found[layer], spikes)
        assert len(spikes) > 0, layer
    return found, expected


@pytest.mark.genn
@pytest.mark.data
def test_twenty_real_images_fire_and_are_segmented_the_same(genn, caltech):
    selection = select("dog-caltech", caltech, "test")
    network, inputs = selection.network, selection.network.config.input
    every = samples(selection.dataset, selection.indices[:: len(selection.indices) // 20][:20], inputs)
    views = [sample.view for sample in every]
    assert len(views) == 20
    both = assert_same_on(genn, network, stimuli(views, inputs, selection.size))
    for steps in zip(*(Recorded(spikes) for spikes in both), strict=True):
        found, expected = (segment_one(network, one) for one in steps)
        np.testing.assert_array_equal(found.mask, expected.mask)
        assert (found.label, found.box) == (expected.label, expected.box)


def half_trained(config):
    """Conv1 as it is; maps above with random weights, which fire for a part of their input."""
    rng = np.random.default_rng(0)
    shapes = shapes_of(config)
    kernels = {"conv1": gabor_kernels(config.conv1, shapes["input"].features)}
    thresholds = {"conv1": np.full(config.conv1.orientations, config.conv1.threshold)}
    for layer, below, share in (("conv2", "pool1", 0.1), ("conv3", "pool2", 0.02)):
        conv = getattr(config, layer)
        kernels[layer] = rng.random((conv.maps, shapes[below].features, *conv.kernel))
        thresholds[layer] = share * kernels[layer].sum(axis=(1, 2, 3))
    return TrainedNetwork(config, kernels, thresholds, event_range=(0, 2000))


def buffers(config, data, recordings):
    """All buffers of the first recordings, as stimuli."""
    every = config.input.model_copy(update={"buffer": config.input.buffer.model_copy(update={"train": None})})
    dataset = open_dataset(config, data)
    views = [sample.view for sample in samples(dataset, range(recordings), every)]
    return stimuli(views, config.input, config.input.size)


@pytest.mark.genn
def test_a_recording_of_a_moving_camera_fires_the_same(genn):
    config = load("orange-panda-sim")
    assert_same_on(genn, half_trained(config), buffers(config, None, 1))


@pytest.mark.genn
@pytest.mark.data
def test_real_digits_fire_the_same(genn, event_data):
    config = load("n-mnist")
    assert_same_on(genn, half_trained(config), buffers(config, event_data / "n-mnist", 5))
