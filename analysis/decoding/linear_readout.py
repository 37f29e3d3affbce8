"""A supervised linear readout of spikes: what they say about the class, whatever the layers above make of them.

Networks that learn without labels are often reported with a linear classifier on their last features, which is fitted
to labels (Kheradpisheh et al. 2018, 2.5: a support vector machine on pooled potentials). This is such a readout, by
ridge regression (Hoerl and Kennard, Technometrics 12, 1970): one weight per feature and class, to give 1 for the class
and -1 for the others. The features are spikes, each worth the more the earlier it comes, added up within cells of a
layer's grid, or spread over neighbouring neurons, so that a stroke a neuron farther on looks alike. Layers may be
joined, each with features of the same mean squared distance from their mean. The readout is fitted to labelled stimuli,
so it is *supervised*: no answer of the network itself depends on it.

What is free (cells or spread, how the buffers of a recording are put together, the penalty on weights) is chosen on
the same stimuli that it is fitted to: with it, the fewest of them are answered wrongly by a fit without the picture or
recording that they come from (leave-one-out, in closed form). docs/model.md, rule 15; what was tried: docs/notebook.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from spikeseg.spikes import Spikes

from ...models.network import LAYERS

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Pooled = Literal["none", "mean", "side by side"]
"""How the features of a recording's buffers are put together: not, as their mean, or each with weights of its own."""

CELLS = (None, 8, 4, 1)  # cells along each side of the grid; None: every neuron is its own cell
SPREAD = 1.0  # neurons: standard deviation of the Gaussian by which features may be spread
WIDEST = 64  # neurons along a side, of layers in which they may be
PENALTIES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)  # in units of the mean squared distance of features from their mean
_BIAS = 1e3  # stands for "hardly regularised", in the same units


@dataclass(frozen=True)
class Labelled:
    """Spikes of some layers, and what the stimuli show.

    Attributes
    ----------
    spikes
        The spikes by layer: ``conv1, pool1, conv2, pool2, conv3``.
    steps
        Number of input steps.
    item
        Number of the picture or recording of each stimulus, from 0, ascending, (stimuli,) int.
    truth
        Number of the class of each picture or recording, (items,) int.
    """

    spikes: Mapping[str, Spikes]
    steps: int
    item: np.ndarray
    truth: np.ndarray

    @property
    def position(self) -> np.ndarray:
        """The how manieth of its recording each stimulus is, from 0, (stimuli,) int."""
        return np.arange(len(self.item)) - np.searchsorted(self.item, self.item)

    @property
    def buffers(self) -> int | None:
        """Stimuli per picture or recording; None where not all have as many."""
        counts = np.bincount(self.item)
        return int(counts[0]) if (counts == counts[0]).all() else None

    def features(self, layer: str, cells: int | None, spread: float = 0.0) -> csr_array | np.ndarray:
        """Spikes added up by map and cell, (stimuli, features): 1 for the earliest, towards a half for the latest.

        The array is sparse, unless features are spread.
        """
        from scipy.sparse import csr_array  # slow to import, and most evaluations have no such readout

        spikes, first = self.spikes[layer], 1 + LAYERS.index(layer)
        feature, row, column = np.unravel_index(spikes.neuron, spikes.shape)
        high, wide = (side if cells is None else min(cells, side) for side in spikes.shape[1:])
        row, column = row * high // spikes.shape.rows, column * wide // spikes.shape.columns
        value = 1 - 0.5 * (spikes.step - first) / self.steps
        place = np.ravel_multi_index((feature, row, column), (spikes.shape.features, high, wide))
        size = spikes.shape.features, high, wide
        added = csr_array((value, (spikes.stimulus, place)), (spikes.stimuli, int(np.prod(size))))
        if not spread:
            return added
        from scipy.ndimage import gaussian_filter  # slow to import, and few need it

        maps = gaussian_filter(added.toarray().reshape(-1, *size), (0, 0, spread, spread), mode="constant")
        return maps.reshape(added.shape)


@dataclass(frozen=True)
class Answers:
    """What a readout answers to stimuli that it was not fitted to, and what was chosen for it.

    Attributes
    ----------
    answered
        Number of the answered class, of each stimulus or of each recording, (n,) int.
    cells
        Cells along each side of the grid; None where every neuron is its own cell.
    spread
        By how many neurons the features are spread over neighbours.
    pooled
        How the buffers of a recording are put together.
    penalty
        Penalty on weights, in units of the mean squared distance of features from their mean.
    left_out
        What fits without its recording answer to each training stimulus, or training recording, (n,) int.
    """

    answered: np.ndarray
    cells: int | None
    spread: float
    pooled: Pooled
    penalty: float
    left_out: np.ndarray


class _Fit(NamedTuple):
    """Ridge regression in its dual form: weights of the training samples, the mean Gram row, and the penalty."""

    dual: np.ndarray
    mean: np.ndarray
    bias: float
    penalty: float
    left_out: np.ndarray
    wrong: int
    error: float

    def answers(self, cross: np.ndarray) -> np.ndarray:
        """The class of new samples, (m,), from their inner products with the training samples, (m, n)."""
        centred = cross - cross.mean(axis=1, keepdims=True) - self.mean
        return (centred @ self.dual + self.bias * self.dual.sum(axis=0)).argmax(axis=1)


def read_out(train: Labelled, shown: Labelled, classes: int, by_recording: bool = False) -> Answers:
    """Fit a readout to some stimuli, and let it answer others.

    Parameters
    ----------
    train
        What it is fitted to, labels included, and what all choices are made on.
    shown
        What it answers; its labels are not used.
    classes
        Number of classes.
    by_recording
        Answer each recording by all its buffers together, instead of each buffer.
    """
    best: tuple[tuple[int, float], _Fit, np.ndarray, tuple[int | None, float], Pooled] | None = None
    for grid in _grids(train.spikes):
        gram, cross = _grams(train, shown, *grid)
        for pooled in _poolings(train, shown) if by_recording else ("none",):
            groups = np.arange(len(train.truth)) if by_recording else train.item
            truth = train.truth if by_recording else train.truth[train.item]
            found = _fit(_pool(gram, train, train, pooled), groups, truth, classes)
            if best is None or (found.wrong, found.error) < best[0]:
                best = (found.wrong, found.error), found, _pool(cross, shown, train, pooled), grid, pooled
    assert best is not None
    _, fit, cross, grid, pooled = best
    return Answers(fit.answers(cross), *grid, pooled, fit.penalty, fit.left_out)


def _grids(spikes: Mapping[str, Spikes]) -> Iterator[tuple[int | None, float]]:
    """The cells to choose from, fewer along a side than neurons, and by how much features are spread."""
    longest = max(max(layer.shape[1:]) for layer in spikes.values())
    for cells in CELLS:
        if cells is None or cells < longest:
            yield cells, 0.0
        if cells is None and 1 < longest <= WIDEST:
            yield cells, SPREAD


def _grams(train: Labelled, shown: Labelled, cells: int | None, spread: float) -> tuple[np.ndarray, np.ndarray]:
    """Inner products of training stimuli, and of others with these, each layer counting as much as any other."""
    gram, cross = np.zeros((len(train.item),) * 2), np.zeros((len(shown.item), len(train.item)))
    for layer in train.spikes:
        own, new = train.features(layer, cells, spread), shown.features(layer, cells, spread)
        products = _inner(own, own)
        unit = max(np.diag(products).mean() - products.mean(), 1e-9)
        gram += products / unit
        cross += _inner(new, own) / unit
    return gram, cross


def _inner(one: csr_array | np.ndarray, other: csr_array | np.ndarray) -> np.ndarray:
    """Inner products of rows, (n, m)."""
    products: Any = one @ other.T
    return products if isinstance(products, np.ndarray) else products.toarray()


def _poolings(train: Labelled, shown: Labelled) -> Sequence[Pooled]:
    """Side by side needs equally many buffers everywhere."""
    alike = train.buffers is not None and train.buffers == shown.buffers
    return ("mean", "side by side") if alike else ("mean",)


def _pool(gram: np.ndarray, rows: Labelled, columns: Labelled, pooled: Pooled) -> np.ndarray:
    """Inner products of recordings, from those of their stimuli."""
    if pooled == "none":
        return gram
    if pooled == "side by side":
        return _added(gram * (rows.position[:, None] == columns.position), rows, columns)
    return _added(gram, rows, columns) / np.bincount(rows.item)[:, None] / np.bincount(columns.item)


def _added(gram: np.ndarray, rows: Labelled, columns: Labelled) -> np.ndarray:
    starts = [np.searchsorted(one.item, np.arange(len(one.truth))) for one in (rows, columns)]
    return np.add.reduceat(np.add.reduceat(gram, starts[0], axis=0), starts[1], axis=1)


def _fit(gram: np.ndarray, groups: np.ndarray, truth: np.ndarray, classes: int) -> _Fit:
    """Ridge regression with the penalty that answers the fewest samples wrongly, each by a fit without its group.

    Of equally good penalties the one with the least squared error is taken.

    Parameters
    ----------
    gram
        Inner products of the training samples, (n, n).
    groups
        Samples of a group are left out together, (n,), ascending.
    truth
        Number of the class of each sample, (n,).
    classes
        Number of classes.
    """
    mean = gram.mean(axis=0)
    centred = gram - mean - mean[:, None] + mean.mean()
    unit = max(np.trace(centred) / len(gram), 1e-9)
    values, vectors = np.linalg.eigh(centred + _BIAS * unit)
    target = np.where(truth[:, None] == np.arange(classes), 1.0, -1.0)
    rotated = vectors.T @ target
    fits = []
    for penalty in PENALTIES:
        damped = 1 / (np.maximum(values, 0) + penalty * unit)
        dual = vectors @ (damped[:, None] * rotated)
        left_out = np.empty_like(target)
        for group in np.split(np.arange(len(groups)), np.flatnonzero(np.diff(groups)) + 1):
            inverse = (vectors[group] * damped) @ vectors[group].T
            left_out[group] = target[group] - np.linalg.solve(inverse, dual[group])
        answered, error = left_out.argmax(axis=1), float(((left_out - target) ** 2).mean())
        wrong = int((answered != truth).sum())
        fits.append(_Fit(dual, mean - mean.mean(), _BIAS * unit, penalty, answered, wrong, error))
    return min(fits, key=lambda fit: (fit.wrong, fit.error))
