"""The dense pipeline that speeds are compared with does the same job: the same spikes, pixels and boxes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import dense, dense_decoding
from helpers.networks import ENCODERS, SILENT, judged, random_network, random_stimuli, shapes_of
from spikeseg.analysis.decoding.segmentation import segment_one
from spikeseg.models.network import LAYERS, Presence, TrainedNetwork

pytest.importorskip("torch", reason="PyTorch is not installed: pip install .[benchmark]")

KINDS = ("whole", "tenths", "real")
DEPTH = {name: number for number, name in enumerate(("input", *LAYERS))}


def in_time(steps: np.ndarray, config) -> np.ndarray:
    """A stimulus (C, H, W) of spike steps as one array for each step."""
    return np.array([steps == step for step in range(config.input.total_steps)], np.float32)


def trained(name: str, kind: str, seed: int, **decoder) -> TrainedNetwork:
    config = ENCODERS[name]
    config = config.model_copy(update={"decoder": config.decoder.model_copy(update=decoder)})
    network = random_network(config, seed, kind)
    maps = len(network.kernels["conv3"])
    extents = np.random.default_rng(seed).uniform(2, 8, (maps, 4)) * [-1, -1, 1, 1]
    return replace(network, map_labels=tuple(f"map {n}" for n in range(maps)), extents=extents)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ENCODERS)
def test_spikes_are_those_of_the_judge(name, kind):
    network = trained(name, kind, 1)
    config = network.config
    stimuli = random_stimuli(shapes_of(config)["input"], 4, config.input.steps, 2)
    expected = judged(network, stimuli)
    encoder = dense.Torch(network, "float64")
    last = config.input.total_steps
    for number, stimulus in enumerate(stimuli):
        for layer, steps in encoder.encode(in_time(stimulus, config)).items():
            found = np.where(steps[0] < 0, SILENT, steps[0] + DEPTH[layer])
            found[found >= last] = SILENT  # crossing the layers takes its time there
            np.testing.assert_array_equal(found, expected[layer][number], err_msg=layer)


@pytest.mark.parametrize("readouts", [False, True])
@pytest.mark.parametrize("mode", ["causal", "exact", "end"])
@pytest.mark.parametrize("name", ENCODERS)
def test_pixels_and_box_are_those_of_the_decoder(name, mode, readouts):
    pixels = 0
    for seed in range(3):
        network = trained(name, KINDS[seed], seed, mode=mode, box=("mask", "mask+events", "mask")[seed])
        if readouts:
            weights = np.rint(64 * np.random.default_rng(seed).normal(size=network.kernels["conv3"].shape)) / 64
            ranks = np.tile(np.linspace(-1, 1, 101), (len(network.config.data.classes), 1))
            network = replace(network, presence=Presence(weights, np.zeros(len(weights)), ranks))
            network = replace(
                network, map_labels=tuple(network.config.data.classes[n % 2] for n in range(len(weights)))
            )
        shape = shapes_of(network.config)["input"]
        decoder = dense_decoding.Decoder(dense.Torch(network, "float64"))
        steps = min(network.config.input.steps, network.config.input.total_steps - len(LAYERS))  # nothing is cut off
        stimuli = random_stimuli(shape, 5, steps, seed)[1:]
        spikes = judged(network, stimuli)
        for number, stimulus in enumerate(stimuli):
            expected = segment_one(network, {layer: steps[number] for layer, steps in spikes.items()})
            found = decoder.segment(in_time(stimulus, network.config))
            assert found.label == expected.label
            np.testing.assert_array_equal(found.mask, expected.mask)
            assert found.box == expected.box
            pixels += found.mask.sum()
    assert pixels > 0
