"""The explorer shows the decoder's answers: what a page unpacks is what was recorded and decoded."""

from __future__ import annotations

import zlib
from dataclasses import replace

import numpy as np
import pytest

from spikeseg.analysis.decoding.decoder import decode
from spikeseg.analysis.decoding.segmentation import segment_one
from spikeseg.analysis.report.explorer import NEVER, causes, growth, latent_neurons, pack_stimulus
from spikeseg.datasets.stimuli import samples, stimuli
from spikeseg.models.network import TrainedNetwork
from spikeseg.runners.evaluation.selection import select
from spikeseg.runners.inference.encoding import open_encoder
from spikeseg.spikes import SILENT, Recorded

MODES = ("causal", "exact", "end")


@pytest.fixture(scope="module")
def recorded(trained):
    """A network, and its spikes for all test pictures."""
    selection = select(trained, None, "test")
    config = selection.network.config
    shown = samples(selection.dataset, selection.indices, config.input)
    with open_encoder(config, selection.size, "numpy") as encoder:
        spikes = encoder.encode(selection.network, stimuli([s.view for s in shown], config.input, selection.size))
    return selection.network, Recorded(spikes)


@pytest.fixture(params=MODES)
def found(request, recorded):
    """A network that decodes in a mode, steps of a stimulus, and its segmentation."""
    network, stimuli = recorded
    decoder = network.config.decoder.model_copy(update={"mode": request.param})
    network = replace(network, config=network.config.model_copy(update={"decoder": decoder}))
    return network, stimuli[1], segment_one(network, stimuli[1])


def up_to(steps, step):
    return {layer: np.where(fired <= step, fired, SILENT) for layer, fired in steps.items()}


def test_the_causes_of_each_latent_neuron_are_what_it_decodes_to_alone(found):
    network, steps, segmentation = found
    neurons = latent_neurons(steps, segmentation)
    assert len(neurons) > 5
    for neuron, pixels in zip(neurons, causes(network, steps, segmentation), strict=True):
        expected = decode(network, steps, [neuron], segmentation.decoded_mode).mask
        np.testing.assert_array_equal(pixels, expected)


def test_the_mask_grows_to_the_answers(found):
    network, steps, segmentation = found
    joined = growth(network, steps, segmentation)
    assert segmentation.mask.any()
    np.testing.assert_array_equal(joined != NEVER, segmentation.mask)
    seed = segmentation.map, *segmentation.place
    for step in range(network.config.input.total_steps):
        if network.config.decoder.mode == "end" or 0 <= steps["conv3"][seed] <= step:
            so_far = decode(network, up_to(steps, step), [seed], segmentation.decoded_mode).mask
            np.testing.assert_array_equal(joined <= step, so_far & segmentation.mask)
        else:
            assert not (joined <= step).any()


def test_a_silent_answer_is_a_latent_neuron_too(recorded):
    network, stimuli = recorded
    steps = stimuli[0] | {"conv3": np.full_like(stimuli[0]["conv3"], SILENT)}
    segmentation = segment_one(network, steps)
    assert latent_neurons(steps, segmentation).tolist() == [[segmentation.map, *segmentation.place]]
    np.testing.assert_array_equal(causes(network, steps, segmentation)[0] & segmentation.mask, segmentation.mask)
    assert (steps["conv3"] == SILENT).all()


def unpacked(packed: bytes, network: TrainedNetwork, steps) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Steps by layer, the steps at which pixels join the mask, and bits (events, latent neurons)."""
    content = np.frombuffer(zlib.decompress(packed), np.uint8)
    layers = {}
    for layer, fired in steps.items():
        part, content = np.split(content, [fired.size])
        layers[layer] = np.where(part == NEVER, SILENT, part.astype(int)).reshape(fired.shape)
    _, rows, columns = steps["input"].shape
    joined, content = np.split(content, [rows * columns])
    events = np.count_nonzero((steps["input"] != SILENT).any(axis=0))
    return layers, joined.reshape(rows, columns), np.unpackbits(content.reshape(events, -1), axis=1)


def test_what_is_packed_comes_out_again(found):
    network, steps, segmentation = found
    layers, joined, bits = unpacked(pack_stimulus(network, steps, segmentation), network, steps)
    for layer, fired in steps.items():
        np.testing.assert_array_equal(layers[layer], fired)
    np.testing.assert_array_equal(joined, growth(network, steps, segmentation))
    caused = causes(network, steps, segmentation)
    assert not caused[:, (steps["input"] == SILENT).all(axis=0)].any()
    events = caused[:, (steps["input"] != SILENT).any(axis=0)]
    np.testing.assert_array_equal(bits[:, : len(caused)], events.T)
    assert not bits[:, len(caused) :].any()
