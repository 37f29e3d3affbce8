"""The projection of learned features to pixels."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import correlate

from helpers.networks import configuration, random_network
from spikeseg.analysis.measures.features import project
from spikeseg.models.network import LAYERS


@pytest.fixture(scope="module")
def network():
    config = configuration(
        input={"rows": 24, "columns": 32},
        conv1={"orientations": 3, "kernel": 3, "wavelength": 3.0},
        conv2={"maps": 4, "kernel": [3, 2], "padding": 1},
        pool2={"window": 3, "stride": 2},
        conv3={"maps": 2, "kernel": [2, 3], "padding": [0, 1]},
    )
    return random_network(config, 1, "real")


def respond(network, layer, picture):
    """Linear response of a layer's one neuron per map to a picture (channels, H, W), with pools that average."""
    response = picture
    for name in LAYERS[: LAYERS.index(layer) + 1]:
        if name in network.kernels:
            response = np.array([correlate(response, kernel, "valid", "direct")[0] for kernel in network.kernels[name]])
        else:
            pool = getattr(network.config, name)
            mean = np.ones((1, pool.window, pool.window)) / pool.window**2
            response = correlate(response, mean, "valid", "direct")[:, :: pool.stride, :: pool.stride]
    return response


@pytest.mark.parametrize("layer", ["conv1", "conv2", "conv3"])
def test_the_projection_weighs_each_pixel_as_the_layers_below_do(network, layer):
    projected = project(network, layer)
    picture = np.random.default_rng(2).random((1, *projected.shape[1:]))
    response = respond(network, layer, picture)
    assert response.shape == (len(network.kernels[layer]), 1, 1)  # the projection is all of a receptive field
    np.testing.assert_allclose((projected * picture).sum(axis=(1, 2)), response[:, 0, 0], rtol=1e-9)


def test_the_projection_of_conv1_is_its_kernels(network):
    np.testing.assert_array_equal(project(network, "conv1"), network.kernels["conv1"][:, 0])


def test_the_projection_adds_up_the_input_channels(network):
    kernel = network.kernels["conv1"]
    split = replace(network, kernels={**network.kernels, "conv1": np.concatenate([kernel, 2 * kernel], axis=1)})
    np.testing.assert_allclose(project(split, "conv3"), 3 * project(network, "conv3"), atol=1e-12)


def test_one_weight_further_down_is_one_stride_of_all_pools_further_down(network):
    def lone(row):
        kernel = np.zeros_like(network.kernels["conv3"])
        kernel[:, 1, row, 0] = 1
        return project(replace(network, kernels={**network.kernels, "conv3": kernel}), "conv3")

    stride = network.config.pool1.stride * network.config.pool2.stride
    assert lone(0).any()
    np.testing.assert_array_equal(lone(0)[:, :-stride], lone(1)[:, stride:])
