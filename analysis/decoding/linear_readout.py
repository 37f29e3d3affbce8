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
    copies
        Spikes by layer of altered copies of the same stimuli, one element for each time that all were altered.
    """

    spikes: Mapping[str, Spikes]
    steps: int
    item: np.ndarray
    truth: np.ndarray
    copies: Sequence[Mapping[str, Spikes]] = ()

    @property
    def buffers(self) -> int | None:
        """Stimuli per picture or recording; None where not all have as many."""
        counts = np.bincount(self.item)
        return int(counts[0]) if (counts == counts[0]).all() else None

    def with_copies(self) -> Labelled:
        """The stimuli and then their copies, as items of their own."""
        parts, items = [self.spikes, *self.copies], len(self.truth)
        return Labelled(
            {layer: Spikes.join([part[layer] for part in parts]) for layer in self.spikes},
            self.steps,
            np.concatenate([self.item + number * items for number in range(len(parts))]),
            np.tile(self.truth, len(parts)),
        )

    def features(
        self, layer: str, cells: int | None, spread: float = 0.0, pooled: Pooled = "none"
    ) -> csr_array | np.ndarray:
        """Spikes added up by map and cell: 1 for the earliest, towards a half for the latest.

        Returns
        -------
        Features of stimuli or, pooled, of pictures or recordings, (n, features); dense if they are spread, else sparse.
        """
        from scipy.sparse import csr_array  # slow to import, and most evaluations have no such readout

        spikes, first = self.spikes[layer], 1 + LAYERS.index(layer)
        feature, row, column = np.unravel_index(spikes.neuron, spikes.shape)
        high, wide = (side if cells is None else min(cells, side) for side in spikes.shape[1:])
        row, column = row * high // spikes.shape.rows, column * wide // spikes.shape.columns
        value = 1 - 0.5 * (spikes.step - first) / self.steps
        place = np.ravel_multi_index((feature, row, column), (spikes.shape.features, high, wide))
        size = spikes.shape.features, high, wide
        added = self._pooled(csr_array((value, (spikes.stimulus, place)), (spikes.stimuli, int(np.prod(size)))), pooled)
        if not spread:
            return added
        from scipy.ndimage import gaussian_filter  # slow to import, and few need it

        maps = gaussian_filter(added.toarray().reshape(-1, high, wide), (0, spread, spread), mode="constant")
        return maps.reshape(added.shape)

    def _pooled(self, features: csr_array, pooled: Pooled) -> csr_array:
        """Features of pictures or recordings, from those of their stimuli."""
        from scipy.sparse import csr_array

        if pooled == "none":
            return features
        if pooled == "side by side":
            return features.reshape(len(self.truth), -1).tocsr()
        share = 1 / np.bincount(self.item)[self.item]
        return csr_array((share, (self.item, np.arange(len(self.item))))) @ features


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
    copies
        Number of altered copies of each stimulus or recording that it is fitted to as well.
    left_out
        What fits without its recording answer to each training stimulus, or training recording, (n,) int.
    """

    answered: np.ndarray
    cells: int | None
    spread: float
    pooled: Pooled
    penalty: float
    copies: int
    left_out: np.ndarray


class _Form(NamedTuple):
    """What features a readout has, see `Labelled.features`."""

    cells: int | None
    spread: float
    pooled: Pooled


class _Fit(NamedTuple):
    """Ridge regression in its dual form: weights of the training samples, the mean Gram row, and the penalty."""

    dual: np.ndarray
    mean: np.ndarray
    bias: float
    penalty: float
    left_out: np.ndarray
    score: tuple[int, float]

    def answers(self, cross: np.ndarray) -> np.ndarray:
        """The class of new samples, (m,), from their inner products with the training samples, (m, n)."""
        centred = cross - cross.mean(axis=1, keepdims=True) - self.mean
        return (centred @ self.dual + self.bias * self.dual.sum(axis=0)).argmax(axis=1)


def read_out(train: Labelled, shown: Labelled, classes: int, by_recording: bool = False) -> Answers:
    """Fit a readout to some stimuli, and let it answer others.

    Parameters
    ----------
    train
        What it is fitted to, labels included, and what all choices are made on. It is fitted to copies as well if that
        leaves fewer wrong answers, by fits without the item and its copies.
    shown
        What it answers; its labels are not used.
    classes
        Number of classes.
    by_recording
        Answer each recording by all its buffers together, instead of each buffer.
    """
    alike = train.buffers is not None and train.buffers == shown.buffers
    poolings: Sequence[Pooled] = (("mean", "side by side") if alike else ("mean",)) if by_recording else ("none",)
    forms = [_Form(*grid, pooled) for grid in _grids(train.spikes) for pooled in poolings]
    fitted_to = [train, train.with_copies()] if train.copies else [train]
    tried = ((_fit(part, form, classes, len(train.truth)), form, part) for part in fitted_to for form in forms)
    fitted, form, used = min(tried, key=lambda one: one[0].score)
    answered = fitted.answers(_inner_products(shown, used, form))
    copies = 0 if used is train else len(train.copies)
    return Answers(answered, *form, fitted.penalty, copies, fitted.left_out)


def _grids(spikes: Mapping[str, Spikes]) -> Iterator[tuple[int | None, float]]:
    """The cells to choose from, fewer along a side than neurons, and by how much features are spread."""
    longest = max(max(layer.shape[1:]) for layer in spikes.values())
    for cells in CELLS:
        if cells is None or cells < longest:
            yield cells, 0.0
        if cells is None and 1 < longest <= WIDEST:
            yield cells, SPREAD


def _inner_products(rows: Labelled, train: Labelled, form: _Form) -> np.ndarray:
    """Inner products with the training samples, (rows, n), each layer counting as much as any other."""
    products = np.zeros(())
    for layer in train.spikes:
        own: Any = train.features(layer, *form)  # sparse or not
        new = own if rows is train else rows.features(layer, *form)
        unit = max((own * own).sum() / own.shape[0] - (own.mean(axis=0) ** 2).sum(), 1e-9)
        found = new @ own.T
        products = products + (found if isinstance(found, np.ndarray) else found.toarray()) / unit
    return products


def _fit(train: Labelled, form: _Form, classes: int, items: int) -> _Fit:
    """Ridge regression with the penalty that answers the fewest samples wrongly, each by a fit without its item.

    Of equally good penalties the one with the least squared error is taken.

    Parameters
    ----------
    train
        Pictures or recordings, and copies of all of them, which are left out together with them, and do not count.
    form
        Features, of stimuli or of recordings.
    classes
        Number of classes.
    items
        Number of pictures or recordings, without copies.
    """
    samples = train.item if form.pooled == "none" else np.arange(len(train.truth))
    truth, own = train.truth[samples], samples < items
    groups = [np.flatnonzero(samples % items == item) for item in range(items)]
    gram = _inner_products(train, train, form)
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
        for group in groups:
            inverse = (vectors[group] * damped) @ vectors[group].T
            left_out[group] = target[group] - np.linalg.solve(inverse, dual[group])
        answered, error = left_out[own].argmax(axis=1), float(((left_out - target)[own] ** 2).mean())
        score = int((answered != truth[own]).sum()), error
        fits.append(_Fit(dual, mean - mean.mean(), _BIAS * unit, penalty, answered, score))
    return min(fits, key=lambda fit: fit.score)
