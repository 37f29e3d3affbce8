"""Is a class there at all? A readout of each Conv3 map, fitted to what the map answers and to what it must not answer.

A map spikes for whatever drives it, and in a world of its own training stimuli that is enough. Elsewhere it is not: it
has never seen anything else. So once its weights are learned, each map gets a readout: weights of either sign on the
same Pool2 spikes that the map sees, fitted by ridge regression, without labels. They speak for the training stimuli
that the map wins, and against those of other classes and against the same stimuli cut into blocks and shuffled, which
have the features of an object but not their arrangement. The largest readout over all places is the *margin* of a map.

What a margin means is learned as well: `TrainedNetwork.presence` turns it into the fraction of the class's own
training stimuli with a smaller one. For these, margins are those of a readout that was fitted without the stimulus:
so the number is what new stimuli can expect, as in conformal prediction (Vovk, Gammerman, Shafer: Algorithmic Learning
in a Random World, 2005). docs/model.md, rule 13; what was tried: docs/notebook.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from spikeseg.spikes import SILENT

from ...models.network import GRID, RANKS, Presence, TrainedNetwork
from .potentials import TOGETHER, Potentials, inhibited

CONFIDENCE = 0.08
"""An object counts as present if its presence is at least this: 8 of 100 own training stimuli look less like it."""

RIDGE = 0.2  # regularisation, in units of the mean squared distance of a window from the mean window
BLOCKS = 4  # blocks along each side of the Pool2 grid that are shuffled
SHUFFLES = 2  # shuffled copies of the training stimuli
ROUNDS = 2  # fits: from the second on, what else looks most like the object is looked for by the readout itself
FEWEST, MOST = 100, 400  # windows of one kind that speak against a map, at most; between them twice its own
OWN = 800  # windows that speak for a map, at most
_COLUMNS = 2048
_BIAS = 1e3  # stands for "hardly regularised", relative to the mean squared distance


class _Patterns(NamedTuple):
    """Pool2 spikes of several stimuli, (n, C, H, W) bool, and the kernel and padding of the layer that sees them."""

    spikes: np.ndarray
    kernel: tuple[int, int]
    padding: tuple[int, int]

    def places(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where each kernel of weights (maps, C, rows, columns) responds most, flat, and how much, (n, maps) each."""
        potentials, places, largest = Potentials(weights, self.padding), [], []
        for first in range(0, len(self.spikes), TOGETHER):
            responses = potentials.after(self.spikes[first : first + TOGETHER])
            flat = responses.reshape(*responses.shape[:2], -1)
            places.append(flat.argmax(axis=2))
            largest.append(flat.max(axis=2))
        return np.concatenate(places), np.concatenate(largest)

    def windows(self, chosen: np.ndarray, places: np.ndarray) -> np.ndarray:
        """What the neuron at a place sees of each chosen stimulus: (m, C * rows * columns) bool, packed as bits."""
        (rows, columns), (top, left) = self.kernel, self.padding
        width = self.spikes.shape[3] + 2 * left - columns + 1
        padded = np.pad(self.spikes[chosen], ((0, 0), (0, 0), (top, top), (left, left)))
        row, column = np.divmod(places[chosen], width)
        seen = [one[:, r : r + rows, c : c + columns] for one, r, c in zip(padded, row, column, strict=True)]
        packed = [np.packbits(one) for one in seen]
        return np.array(packed, np.uint8).reshape(len(chosen), -(-self.spikes.shape[1] * rows * columns // 8))


def winners(network: TrainedNetwork, scores: np.ndarray, items: np.ndarray) -> np.ndarray:
    """The map that wins each training stimulus: the best one of the class that its picture or recording is taken for.

    The buffers of a recording show the same object, so they are taken for one class: that with the largest sum of its
    maps' largest scores.

    Parameters
    ----------
    scores
        Largest potential over threshold of each map for each stimulus, (stimuli, maps).
    items
        Number of the picture or recording of each stimulus, (stimuli,).

    Returns
    -------
    (stimuli,) int.
    """
    names = np.array(network.map_labels)
    classes = [names == label for label in network.config.data.classes]
    best = np.array([np.where(own, scores, -np.inf).max(axis=1) for own in classes])
    sums = np.array([np.bincount(items, one) for one in best])
    taken_for = np.array(classes)[sums.argmax(axis=0)[items]]
    return np.where(taken_for, scores, -np.inf).argmax(axis=1)


def learn_presence(
    network: TrainedNetwork, stimuli: Iterable[Mapping[str, np.ndarray]], winner: np.ndarray
) -> Presence | None:
    """Fit the readouts of a network whose maps have names.

    Parameters
    ----------
    network
        The network.
    stimuli
        Spike steps per layer of each training stimulus, ``{layer: (C, H, W) int}``.
    winner
        The map that wins each of them (see `winners`), (stimuli,). It stands for the class of the stimulus; labels are
        not used.

    Returns
    -------
    The readouts; None where nothing speaks against a class: a single class on a Pool2 grid of one cell.
    """
    kernel, inhibition = network.kernels["conv3"], network.config.decoder.inhibition
    spikes = np.array([steps["pool2"] != SILENT for steps in stimuli])
    names = np.array(network.map_labels)
    maps = [_Map.of(number, names, winner) for number in np.flatnonzero(names != "")]
    maps = [one for one in maps if len(one.own)]
    used = np.unique(np.concatenate([one.shuffled for one in maps]))
    copies = _shuffled(spikes, used)
    if not copies and not all(len(one.others) for one in maps):
        return None
    seen = [_Patterns(copy, kernel.shape[2:], network.config.conv3.padding) for copy in (spikes, *copies)]
    weights, offsets = inhibited(kernel, inhibition), np.full(len(kernel), -1.0)
    left_out = np.empty((len(winner), len(kernel)))
    earlier: dict[int, list[np.ndarray]] = {}
    common = {one.number: CommonSpikes() for one in maps}
    for left in reversed(range(ROUNDS)):
        places = [one.places(weights)[0] for one in seen]
        weights = np.zeros(kernel.shape)
        for one in maps:
            at = [kind[:, one.number] for kind in places]
            chosen = [one.others] + [np.searchsorted(used, one.shuffled)] * len(copies)
            against = [kind.windows(*pair) for kind, *pair in zip(seen, chosen, at, strict=True)]
            both = [np.concatenate(kind) for kind in zip(earlier.get(one.number, against), against, strict=True)]
            earlier[one.number] = against
            known = common[one.number] if left else common.pop(one.number)
            flat, offsets[one.number], alone = ridge(seen[0].windows(one.own, at[0]), both, known)
            weights[one.number] = flat[: kernel[0].size].reshape(kernel.shape[1:])
            left_out[one.own, one.number] = alone
    margins = seen[0].places(weights)[1] + offsets
    for one in maps:
        margins[one.own, one.number] = left_out[one.own, one.number]
    ranks = [_ranks(margins, names == label, names[winner] == label) for label in network.config.data.classes]
    return Presence(weights, offsets, np.array(ranks))


def margins(network: TrainedNetwork, readout: np.ndarray) -> np.ndarray:
    """Margin of each map, (maps,), from the readout at all places, (maps, H, W); -inf for a map without a name."""
    assert network.presence is not None
    largest = readout.max(axis=(1, 2)) + network.presence.offsets
    return np.where(np.array(network.map_labels) == "", -np.inf, largest)


def presence_of(network: TrainedNetwork, label: str, margin: float) -> float:
    """Fraction of a class's own training stimuli whose margin is smaller, from 0 to 1.

    From a margin of 0 on, where more speaks for the object than against it, this is at least `CONFIDENCE`: of several
    objects in a picture one may hide half of another, which looks less like its class than all that was learned from.
    """
    assert network.presence is not None
    own = network.presence.ranks[network.config.data.classes.index(label)]
    rank = float(np.interp(margin, own, np.linspace(0, 1, RANKS), left=0.0, right=1.0))
    return max(rank, CONFIDENCE) if margin >= 0 else rank


class _Map(NamedTuple):
    """A map, the stimuli that speak for it, and those of other classes and those to shuffle, which speak against it."""

    number: int
    own: np.ndarray
    others: np.ndarray
    shuffled: np.ndarray

    @classmethod
    def of(cls, number: int, names: np.ndarray, winner: np.ndarray) -> _Map:
        own = _spread(np.flatnonzero(winner == number), OWN)
        most = min(MOST, max(FEWEST, 2 * len(own)))
        others = np.flatnonzero(names[winner] != names[number])
        return cls(number, own, _spread(others, most), _spread(np.arange(len(winner)), most))


class CommonSpikes:
    """How many spikes windows have in common, counted exactly; those of one round of fits are known to the next."""

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}
        self._counts = np.empty((0, 0), np.float32)

    def of(self, windows: np.ndarray) -> np.ndarray:
        """Common spikes of each two of windows that are packed as bits, (n, d / 8) uint8: (n, n) float.

        Up to half of them are like others, or were there in the round before, and are not counted again.
        """
        rows = [row.tobytes() for row in windows]
        wanted = dict.fromkeys(rows)
        known = [row for row in self._numbers if row in wanted]
        before = [self._numbers[row] for row in known]
        fresh = [row for row in wanted if row not in self._numbers]
        self._numbers = {row: number for number, row in enumerate(known + fresh)}
        counts, old = np.zeros((len(wanted), len(wanted)), np.float32), len(known)
        counts[:old, :old] = self._counts[np.ix_(before, before)]
        for part in _parts(np.frombuffer(b"".join(self._numbers), np.uint8).reshape(len(wanted), -1)):
            numbers = part.astype(np.float32)
            counts[old:, old:] += numbers[old:] @ numbers[old:].T
            counts[old:, :old] += numbers[old:] @ numbers[:old].T
        counts[:old, old:] = counts[old:, :old].T
        self._counts = counts
        places = [self._numbers[row] for row in rows]
        return counts[np.ix_(places, places)].astype(float)


def ridge(
    own: np.ndarray, against: Sequence[np.ndarray], common_spikes: CommonSpikes
) -> tuple[np.ndarray, float, np.ndarray]:
    """Fit weights that give 1 for windows of an object and -1 for others, by ridge regression in its dual form.

    Parameters
    ----------
    own
        Windows that speak for the object, (n, d) bool, packed as bits: (n, d / 8) uint8.
    against
        Windows that speak against it, by kind: the first kind, other classes, weighs as much as all others together.
    common_spikes
        What is known of these windows from the fit before.

    Returns
    -------
    weights
        (d,) float, multiples of `GRID`.
    offset
        Added to the sum of weights.
    left_out
        For each of `own`, what a fit without it would give (leave-one-out, in closed form), (n,).
    """
    # Only training needs it, and it takes long to import.
    from scipy.linalg import cho_solve, cholesky, solve_triangular

    kinds = [kind for kind in against if len(kind)]
    shares = [1.0] + [1.0 / max(1, len(against) - 1)] * (len(against) - 1)
    shares = [share for share, kind in zip(shares, against, strict=True) if len(kind)]
    parts = [np.full(len(kind), share / len(kind)) for share, kind in zip(shares, kinds, strict=True)]
    weight = np.concatenate([np.full(len(own), 0.5 / len(own)), 0.5 * np.concatenate(parts) / sum(shares)])
    windows = np.concatenate([own, *kinds])
    truth = np.where(np.arange(len(windows)) < len(own), 1.0, -1.0)
    mean = _combined(weight, windows)
    gram = common_spikes.of(windows).T  # symmetric, and turned into the order that LAPACK works in: it needs no copy
    common = gram.T @ weight
    centred = weight @ common - common
    for column, share in zip(gram.T, common, strict=True):
        column += centred - share
    spread = weight @ np.diag(gram)
    bias = _BIAS * max(spread, 1e-9)
    gram += bias
    gram[np.diag_indices(len(windows))] += RIDGE * max(spread, 1e-9) / len(windows) / weight
    triangle = cholesky(gram, lower=True, overwrite_a=True, check_finite=False)
    dual = cho_solve((triangle, True), truth, check_finite=False)
    weights = GRID * np.rint((_combined(dual, windows) - dual.sum() * mean) / GRID)
    offset = GRID * np.rint((bias * dual.sum() - weights @ mean) / GRID)
    alone = solve_triangular(triangle, np.eye(len(windows), len(own)), lower=True, check_finite=False)
    left_out = truth[: len(own)] - dual[: len(own)] / np.square(alone).sum(axis=0)  # the diagonal of the inverse
    return weights, float(offset), left_out


def _combined(factors: np.ndarray, windows: np.ndarray) -> np.ndarray:
    """The sum of all windows, packed as bits, each with its factor, (d,) float."""
    return np.concatenate([factors @ part for part in _parts(windows)])


def _parts(windows: np.ndarray) -> Iterator[np.ndarray]:
    """Some columns of windows at a time, (n, columns) of 0 and 1: unpacked, they take many times the memory."""
    for part in np.array_split(windows, -(-8 * windows.shape[1] // _COLUMNS), axis=1):
        yield np.unpackbits(part, axis=1)


def _shuffled(spikes: np.ndarray, used: np.ndarray) -> list[np.ndarray]:
    """Copies of the used ones of spikes (n, C, H, W), the grid cut into equal blocks that change places.

    How they do depends on the number of the stimulus, and is the same every time.
    """
    stimuli, _, rows, columns = spikes.shape
    side = min(BLOCKS, rows, columns)
    if side == 1:
        return []
    high, wide = rows // side, columns // side
    copies = []
    for seed in range(1, SHUFFLES + 1):
        rng, copy = np.random.default_rng(seed), np.zeros((len(used), *spikes.shape[1:]), bool)
        orders = [rng.permutation(side * side) for _ in range(stimuli)]
        for new, stimulus in zip(copy, used, strict=True):
            for to, origin in enumerate(orders[stimulus]):
                (row, column), (from_row, from_column) = divmod(to, side), divmod(int(origin), side)
                block = spikes[
                    stimulus,
                    :,
                    from_row * high : (from_row + 1) * high,
                    from_column * wide : (from_column + 1) * wide,
                ]
                new[:, row * high : (row + 1) * high, column * wide : (column + 1) * wide] = block
        copies.append(copy)
    return copies


def _spread(indices: np.ndarray, most: int) -> np.ndarray:
    """At most so many of some indices, evenly spaced."""
    if len(indices) <= most:
        return indices
    return indices[np.linspace(0, len(indices) - 1, most).astype(int)]


def _ranks(margins: np.ndarray, maps: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Quantiles of the margins of a class's own stimuli, (RANKS,), ascending; 0 for a class without any.

    They are rounded as weights are: those that were left out of a fit differ in the last bits from library to library.
    """
    if not maps.any() or not own.any():
        return np.zeros(RANKS)
    return GRID * np.rint(np.quantile(margins[np.ix_(own, maps)].max(axis=1), np.linspace(0, 1, RANKS)) / GRID)
