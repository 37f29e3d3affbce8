"""Sizes of the layers: they follow from the size of the input, kernels, paddings and windows."""

from __future__ import annotations

from spikeseg.spikes import LARGEST_LAYER, Shape

from .schema import Config, Pool

LARGEST_KERNEL = 2**26
"""Weights of a layer."""

NEURON = 32
"""Bytes that a neuron takes at least, where it is simulated and decoded."""


def layer_shapes(config: Config, size: tuple[int, int]) -> dict[str, Shape]:
    """Shapes of ``input, conv1, pool1, conv2, pool2, conv3`` for an input of `size` (rows, columns).

    Raises
    ------
    ValueError
        A kernel or window does not fit its input, a stride leaves inputs uncovered, or a layer is too large.
    """
    shapes: dict[str, Shape] = {}

    def add(name: str, shape: Shape) -> None:
        _check_size(name, shape)
        shapes[name] = shape

    def convolve(name: str, below: str, maps: int, kernel, padding) -> None:
        features, *sizes = shapes[below]
        wide = Shape(features, sizes[0] + 2 * padding[0], sizes[1] + 2 * padding[1])
        _check_size(f"{name} with its padding", wide)
        if (weights := maps * features * kernel[0] * kernel[1]) > LARGEST_KERNEL:
            raise ValueError(
                f"{name}: {weights:,} weights take {8 * weights / 1e9:,.1f} GB: {LARGEST_KERNEL:,} at most"
            )
        out = [n + 2 * p - k + 1 for n, p, k in zip(sizes, padding, kernel, strict=True)]
        if min(out) < 1:
            raise ValueError(
                f"{name}: kernel {kernel[0]}x{kernel[1]} with padding {padding[0]}, {padding[1]} "
                f"does not fit its input of {sizes[0]}x{sizes[1]}"
            )
        add(name, Shape(maps, *out))

    def pool(name: str, below: str, layer: Pool) -> None:
        features, *sizes = shapes[below]
        if layer.stride > layer.window:
            raise ValueError(f"{name}: stride {layer.stride} skips inputs of window {layer.window}")
        if layer.window > min(sizes):
            raise ValueError(f"{name}: window {layer.window} does not fit its input of {sizes[0]}x{sizes[1]}")
        add(name, Shape(features, *(-(-(n - layer.window) // layer.stride) + 1 for n in sizes)))

    gabor = config.conv1
    add("input", Shape(config.input.shape.features, *size))
    convolve("conv1", "input", gabor.orientations, (gabor.kernel,) * 2, (gabor.padding,) * 2)
    pool("pool1", "conv1", config.pool1)
    convolve("conv2", "pool1", config.conv2.maps, config.conv2.kernel, config.conv2.padding)
    pool("pool2", "conv2", config.pool2)
    convolve("conv3", "pool2", config.conv3.maps, config.conv3.kernel, config.conv3.padding)
    return shapes


def _check_size(name: str, shape: Shape) -> None:
    """Raise ValueError for a layer that is too large."""
    if shape.size > LARGEST_LAYER:
        raise ValueError(
            f"{name}: {' x '.join(map(str, shape))} neurons take {shape.size * NEURON / 1e9:,.1f} GB or more, "
            f"{LARGEST_LAYER:,} neurons are the most"
        )
