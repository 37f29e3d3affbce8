"""Who is connected to whom: sliding windows between layers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from spikeseg.spikes import Shape


def padded(shape: Shape, padding: tuple[int, int]) -> Shape:
    """Size of a learning layer's input with its padding.

    Inputs in the padding never fire, so learning depresses their weights (docs/model.md, rule 5).
    """
    return Shape(shape.features, shape.rows + 2 * padding[0], shape.columns + 2 * padding[1])


@dataclass(frozen=True)
class Window:
    """Connectivity of a convolution or a pooling: every target sees a window of the source.

    Target (m, oy, ox) sees source (c, oy * stride - pad_y + i, ox * stride - pad_x + j) for all i, j of the kernel
    that fall inside the source; for all c, or for c = m only where `depthwise`. Weights are shared between places:
    they are an array of `kernel_shape`, indexed by (m, c, i, j), or (m, 0, i, j) where depthwise.

    Attributes
    ----------
    source, target
        Sizes of the two layers.
    kernel, padding
        (rows, columns).
    stride
        The same for rows and columns.
    depthwise
        Each feature by itself, as in pooling.
    """

    source: Shape
    target: Shape
    kernel: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    stride: int = 1
    depthwise: bool = False

    @classmethod
    def convolution(
        cls, source: Shape, maps: int, kernel: tuple[int, int], stride: int = 1, padding: tuple[int, int] = (0, 0)
    ) -> Window:
        """`maps` feature maps over the whole source, at every place where the kernel fits."""
        return cls(source, Shape(maps, *_places(source, kernel, stride, padding)), kernel, padding, stride)

    @classmethod
    def pooling(cls, source: Shape, kernel: tuple[int, int], stride: int, padding: tuple[int, int] = (0, 0)) -> Window:
        """Each feature by itself, at every place where the kernel fits; also a depthwise convolution."""
        target = Shape(source.features, *_places(source, kernel, stride, padding))
        return cls(source, target, kernel, padding, stride, depthwise=True)

    @property
    def kernel_shape(self) -> tuple[int, int, int, int]:
        """Shape of the shared weights: target features, source features that each sees, rows, columns."""
        return (self.target.features, 1 if self.depthwise else self.source.features, *self.kernel)

    @property
    def weights(self) -> int:
        """Number of shared weights."""
        return math.prod(self.kernel_shape)

    def synapses(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Every synapse, listed by source neuron, then target neuron.

        Returns
        -------
        source, target, weight
            Flat indices, int32, shape (number of synapses,).
        """
        (_, H, W), (_, OH, OW), (M, C, KH, KW) = self.source, self.target, self.kernel_shape
        m, oy, ox, c, i, j = np.ogrid[:M, :OH, :OW, :C, :KH, :KW]
        y = oy * self.stride - self.padding[0] + i
        x = ox * self.stride - self.padding[1] + j
        inside = np.broadcast_to((y >= 0) & (y < H) & (x >= 0) & (x < W), np.broadcast(m, oy, ox, c, i, j).shape)

        def flat(index: np.ndarray) -> np.ndarray:
            return np.broadcast_to(index, inside.shape)[inside].astype(np.int32)

        feature = m if self.depthwise else c
        source, target = flat((feature * H + y) * W + x), flat((m * OH + oy) * OW + ox)
        weight = flat(((m * C + c) * KH + i) * KW + j)
        order = np.lexsort((target, source))
        return source[order], target[order], weight[order]


def _places(source: Shape, kernel: tuple[int, int], stride: int, padding: tuple[int, int]) -> list[int]:
    """Rows and columns of places where a kernel fits."""
    return [(n + 2 * p - k) // stride + 1 for n, p, k in zip(source[1:], padding, kernel, strict=True)]


def same_place(source: Shape, features: int) -> Window:
    """From every map to `features` maps, at the same place."""
    return Window(source, Shape(features, source.rows, source.columns))


def neighbourhood(shape: Shape, radius: int) -> Window:
    """Within a layer, from every map to every map, within `radius` rows and columns."""
    side = 2 * radius + 1
    return Window(shape, shape, (side, side), (radius, radius))


def same_map(shape: Shape) -> Window:
    """Within a layer, from every neuron to all of its map."""
    rows, columns = shape.rows - 1, shape.columns - 1
    return Window(shape, shape, (2 * rows + 1, 2 * columns + 1), (rows, columns), depthwise=True)


def own_feature(shape: Shape) -> Window:
    """From every neuron to one neuron that stands for its map."""
    return Window(shape, Shape(shape.features, 1, 1), (shape.rows, shape.columns), depthwise=True)


def whole_layer(shape: Shape, targets: int) -> Window:
    """From every neuron to each of `targets` neurons."""
    return Window(shape, Shape(targets, 1, 1), (shape.rows, shape.columns))


def one_to_one(shape: Shape) -> Window:
    """From every neuron to its twin."""
    return Window(shape, shape, depthwise=True)
