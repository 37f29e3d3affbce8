"""What the maps have learned, in pixels (paper, figures 6 and 9)."""

from __future__ import annotations

import numpy as np

from ...models.network import LAYERS, TrainedNetwork
from ..decoding.links import receptive_field


def project(network: TrainedNetwork, layer: str) -> np.ndarray:
    """Project the kernels of a layer through all layers below to the input.

    The projection goes through the transpose of every layer: that of a convolution applies its kernels, that of a
    pooling spreads a value evenly over its window. It is linear in each kernel, so it shows how a map weighs pixels,
    not which of them it needs to spike.

    Parameters
    ----------
    layer
        One of ``conv1, conv2, conv3``.

    Returns
    -------
    np.ndarray
        Shape (maps, rows, columns), float: weight of each pixel of a map's receptive field, summed over the input
        channels and over the paths that lead there.
    """
    projected = network.kernels[layer].swapaxes(0, 1)
    for below in reversed(LAYERS[: LAYERS.index(layer)]):
        size, stride, _ = receptive_field(network.config, below)
        projected = _transposed(projected, _kernel(network, below, len(projected), size), stride)
    return projected.sum(axis=0)


def _kernel(network: TrainedNetwork, layer: str, maps: int, size: tuple[int, int]) -> np.ndarray:
    """Kernel of any layer, (maps, features below, rows, columns); that of a pooling averages each map by itself."""
    if layer in network.kernels:
        return network.kernels[layer]
    return np.broadcast_to(np.eye(maps)[:, :, None, None] / np.prod(size), (maps, maps, *size))


def _transposed(images: np.ndarray, kernel: np.ndarray, stride: tuple[int, int]) -> np.ndarray:
    """Full transposed convolution: from images (maps, n, H, W) to (features, n, H', W'), with nothing cut off."""
    _, count, *sizes = images.shape
    _, features, *extent = kernel.shape
    reach = [step * (n - 1) + 1 for step, n in zip(stride, sizes, strict=True)]
    out = np.zeros((features, count, *(r + k - 1 for r, k in zip(reach, extent, strict=True))))
    for i, j in np.ndindex(*extent):
        window = np.s_[:, :, i : i + reach[0] : stride[0], j : j + reach[1] : stride[1]]
        out[window] += np.tensordot(kernel[:, :, i, j], images, axes=(0, 0))
    return out
