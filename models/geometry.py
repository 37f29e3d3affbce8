"""Which neurons are connected: sliding windows between layers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral

import numpy as np

from spikeseg.memory import require_memory
from spikeseg.spikes import LARGEST_LAYER, Shape


def padded(shape: Shape, padding: tuple[int, int]) -> Shape:
    """Size of a learning layer's input with its padding.

    Inputs in the padding never fire, so learning depresses their weights (docs/model.md, rule 5).
    """
    return Shape(shape.features, shape.rows + 2 * padding[0], shape.columns + 2 * padding[1])


Pair = tuple[int, int] | int
"""Rows and columns, or one number for both."""


def pair(value: Pair) -> tuple[int, int]:
    """Rows and columns."""
    return value if isinstance(value, tuple) else (value, value)


PAIR = 40
"""Bytes that a synapse takes where all are listed and sorted."""


@dataclass(frozen=True)
class Window:
    """Which neurons a convolution or a pooling connects: every target neuron sees a window of the source layer.

    Target neuron (m, oy, ox) sees the source neurons (c, oy * stride - pad_y + i * dilation, ox * stride - pad_x +
    j * dilation) for all rows i and columns j of the kernel, as far as they lie inside the source; for all features c,
    or if `depthwise` only for c = m. The weight is shared by all places (oy, ox): it is element (m, c, i, j) of an
    array of shape `kernel_shape`, or (m, 0, i, j) if `depthwise`.

    Sizes are numbers of neurons. Where a pair (rows, columns) is expected, one number stands for both.

    Attributes
    ----------
    source, target
        Features, rows and columns of the two layers. `convolution` and `pooling` compute those of the target.
    kernel
        Rows and columns of the window.
    padding
        Rows above and below the source, and columns to its left and right, that windows may reach into.
    stride
        Distance between neighbouring windows, in rows and in columns.
    depthwise
        Whether each feature is connected only with itself, as in pooling.
    dilation
        Distance between neighbouring neurons of a window, in rows and in columns: 1 without gaps.

    Raises
    ------
    ValueError
        A number is not whole or out of range, or a kernel larger than the source with its padding.
    """

    source: Shape
    target: Shape
    kernel: Pair = (1, 1)
    padding: Pair = (0, 0)
    stride: int = 1
    depthwise: bool = False
    dilation: int = 1

    def __post_init__(self):
        for name in ("kernel", "padding"):
            object.__setattr__(self, name, pair(getattr(self, name)))
        for name in ("source", "target"):
            object.__setattr__(self, name, Shape(*getattr(self, name)))
        sizes = {"source": self.source, "target": self.target, "kernel": pair(self.kernel), "stride": (self.stride,)}
        sizes["dilation"] = (self.dilation,)
        for name, numbers in (sizes | {"padding": pair(self.padding)}).items():
            _check_whole(name, numbers, least=0 if name == "padding" else 1)
        for name in ("source", "target"):
            if getattr(self, name).size > LARGEST_LAYER:
                raise ValueError(f"a window's {name} {tuple(getattr(self, name))}: {LARGEST_LAYER:,} neurons at most")

    @classmethod
    def convolution(
        cls, source: Shape, maps: int, kernel: Pair, stride: int = 1, padding: Pair = (0, 0), dilation: int = 1
    ) -> Window:
        """Connect `maps` target maps with all source features, at every place where the kernel fits."""
        target = Shape(maps, *_places(source, kernel, stride, padding, dilation))
        return cls(source, target, kernel, padding, stride, dilation=dilation)

    @classmethod
    def pooling(cls, source: Shape, kernel: Pair, stride: int, padding: Pair = (0, 0)) -> Window:
        """Connect each feature with itself, at every place where the kernel fits; also a depthwise convolution."""
        target = Shape(source.features, *_places(source, kernel, stride, padding))
        return cls(source, target, kernel, padding, stride, depthwise=True)

    @property
    def kernel_shape(self) -> tuple[int, int, int, int]:
        """Shape of the shared weights: target features, source features that each of them sees, rows, columns."""
        return (self.target.features, 1 if self.depthwise else self.source.features, *pair(self.kernel))

    @property
    def weights(self) -> int:
        """Number of shared weights."""
        return math.prod(self.kernel_shape)

    def synapses(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """List every synapse, sorted by source neuron, then by target neuron.

        Returns
        -------
        source, target, weight
            Flat indices of the neurons and of the weight, int32, shape (number of synapses,).

        Raises
        ------
        SpikeSegError
            This machine has not the memory for them.
        """
        (_, H, W), (_, OH, OW), (M, C, KH, KW) = self.source, self.target, self.kernel_shape
        pairs = OH * OW * math.prod(self.kernel_shape)
        require_memory(PAIR * pairs, f"a list of {pairs:,} synapses")
        m, oy, ox, c, i, j = np.ogrid[:M, :OH, :OW, :C, :KH, :KW]
        pad_y, pad_x = pair(self.padding)
        y = oy * self.stride - pad_y + i * self.dilation
        x = ox * self.stride - pad_x + j * self.dilation
        inside = np.broadcast_to((y >= 0) & (y < H) & (x >= 0) & (x < W), np.broadcast(m, oy, ox, c, i, j).shape)

        def flat(index: np.ndarray) -> np.ndarray:
            return np.broadcast_to(index, inside.shape)[inside].astype(np.int32)

        feature = m if self.depthwise else c
        source, target = flat((feature * H + y) * W + x), flat((m * OH + oy) * OW + ox)
        weight = flat(((m * C + c) * KH + i) * KW + j)
        order = np.lexsort((target, source))
        return source[order], target[order], weight[order]


def features_last(shape: Shape, neuron: np.ndarray) -> np.ndarray:
    """Where neurons of a stack of maps lie if those of a place lie side by side.

    That is (row * columns + column) * features + feature, for flat indices in `shape`, (n,) int.
    """
    feature, place = np.divmod(neuron, shape.rows * shape.columns)
    return place * shape.features + feature


def features_first(shape: Shape, position: np.ndarray) -> np.ndarray:
    """Flat indices in `shape` of the neurons that `features_last` puts to these positions, (n,) int."""
    place, feature = np.divmod(position, shape.features)
    return feature * (shape.rows * shape.columns) + place


def kernel_order(shape: tuple[int, ...]) -> np.ndarray:
    """Which weight of a kernel (maps, C, rows, columns), flat, lies at each position for targets with features last.

    The order is (source map, row, column from right to left, target map): what a spike adds to a row of places lies in
    one piece.
    """
    weights = np.arange(math.prod(shape)).reshape(shape)
    return weights[..., ::-1].transpose(1, 2, 3, 0).ravel()


def _places(source: Shape, kernel: Pair, stride: int, padding: Pair, dilation: int = 1) -> list[int]:
    """Number of places, in rows and in columns, where a kernel fits; ValueError if there is none."""
    for name, numbers, least in (("kernel", pair(kernel), 1), ("padding", pair(padding), 0), ("stride", (stride,), 1)):
        _check_whole(name, numbers, least)
    _check_whole("dilation", (dilation,), 1)
    spread = [(k - 1) * dilation + 1 for k in pair(kernel)]
    room = [n + 2 * p - k for n, p, k in zip(source[1:], pair(padding), spread, strict=True)]
    if min(room) < 0:
        told = f"kernel {pair(kernel)}" + (f", dilation {dilation}," if dilation > 1 else "")
        raise ValueError(f"a window's {told} with padding {pair(padding)} does not fit its source {tuple(source)}")
    return [free // stride + 1 for free in room]


def _check_whole(name: str, numbers: tuple[int, ...], least: int) -> None:
    wrong = [one for one in numbers if not isinstance(one, Integral) or isinstance(one, bool) or one < least]
    if wrong:
        raise ValueError(f"a window's {name} is {tuple(numbers)}: give whole numbers from {least} on")


def same_place(source: Shape, features: int) -> Window:
    """Connect every map with each of `features` target maps, at the same place."""
    return Window(source, Shape(features, source.rows, source.columns))


def neighbourhood(shape: Shape, radius: int) -> Window:
    """Connect every map of a layer with every map, within `radius` rows and columns."""
    side = 2 * radius + 1
    return Window(shape, shape, (side, side), (radius, radius))


def same_map(shape: Shape) -> Window:
    """Connect every neuron of a layer with all neurons of its map."""
    rows, columns = shape.rows - 1, shape.columns - 1
    return Window(shape, shape, (2 * rows + 1, 2 * columns + 1), (rows, columns), depthwise=True)


def own_feature(shape: Shape) -> Window:
    """Connect every neuron with the one target neuron that stands for its map."""
    return Window(shape, Shape(shape.features, 1, 1), (shape.rows, shape.columns), depthwise=True)


def whole_layer(shape: Shape, targets: int) -> Window:
    """Connect every neuron with each of `targets` neurons."""
    return Window(shape, Shape(targets, 1, 1), (shape.rows, shape.columns))


def one_to_one(shape: Shape) -> Window:
    """Connect every neuron with the target neuron of the same index."""
    return Window(shape, shape, depthwise=True)
