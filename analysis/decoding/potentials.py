"""Potentials of Conv3 over the spikes of a stimulus, and what is made of them to compare maps and places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy import fft

from spikeseg.spikes import SILENT, Recorded, Stack

from ...configs.schema import Config
from ...models.decay import decay_table, decayed
from ...models.network import GRID, TrainedNetwork

TOGETHER = 8  # stimuli whose potentials are computed at once: the weights' spectra are read once for all of them
STRONG = 0.5  # learned weights end near 0 or 1: a weight above this belongs to what the map has learned


class Responses(NamedTuple):
    """How the Conv3 neurons respond to a stimulus, (maps, H, W) float each.

    Attributes
    ----------
    drive
        Potential (see `Membranes`) / threshold; a neuron with 1 or more spikes.
    field
        By what the places of a map compete: the readout of rule 13; in a network without one, the potential with
        inhibition of rule 9.
    """

    drive: np.ndarray
    field: np.ndarray


def respond(network: TrainedNetwork, steps: Mapping[str, np.ndarray]) -> Responses:
    """Respond to a stimulus with these steps of spikes per layer, ``{layer: (C, H, W) int}``."""
    own, field = np.split(_responding(network).after(steps["pool2"] != SILENT), 2)
    return Responses(_drive(network, steps, own), field)


def respond_to_each(network: TrainedNetwork, recorded: Recorded) -> Iterator[tuple[Stack, list[Responses]]]:
    """Respond to several stimuli at a time, several times as fast as one by one; yields their steps, too."""
    for stack in recorded.stacks(TOGETHER):
        summed = _responding(network).after(stack["pool2"] != SILENT)
        each = enumerate(zip(*np.split(summed, 2, axis=1), strict=True))
        yield stack, [Responses(_drive(network, stack.one(n), own), field) for n, (own, field) in each]


@lru_cache(maxsize=1)
def _responding(network: TrainedNetwork) -> Potentials:
    """Potentials of the maps, without leak, followed by what their places compete by."""
    config, kernel = network.config, network.kernels["conv3"]
    compete = inhibited(kernel, config.decoder.inhibition) if network.presence is None else network.presence.weights
    return Potentials(np.concatenate([kernel, compete]), config.conv3.padding)


@lru_cache(maxsize=1)
def _weighing(network: TrainedNetwork) -> Potentials:
    """Potentials of the maps, without leak, followed by how many weak synapses inside a map's support were reached."""
    config, kernel = network.config, network.kernels["conv3"]
    return Potentials(np.concatenate([kernel, weak(kernel)]), config.conv3.padding)


@lru_cache(maxsize=1)
def _membranes(network: TrainedNetwork) -> Membranes:
    return Membranes(network.config, network.kernels["conv3"])


def stimulus_scale(network: TrainedNetwork, steps: Mapping[str, np.ndarray]) -> float:
    """Factor by which all thresholds adapt to the number of input events of a stimulus (docs/model.md, rule 4)."""
    return float(network.threshold_scale(np.asarray(np.count_nonzero(steps["input"] != SILENT))))


class Weighed(NamedTuple):
    """What speaks for each Conv3 neuron, (maps, H, W) float each.

    Attributes
    ----------
    drive
        See `Responses`.
    evidence
        How much of the features that its map has learned the neuron sees, minus other features: the final potential
        with inhibition (see `inhibited`), divided by the sum of the map's strong weights; 0 for a map without any.
    """

    drive: np.ndarray
    evidence: np.ndarray


def weigh(network: TrainedNetwork, steps: Mapping[str, np.ndarray]) -> Weighed:
    """Weigh what speaks for each Conv3 neuron; the steps are those of `respond`."""
    kernel, config = network.kernels["conv3"], network.config
    own, others = np.split(_weighing(network).after(steps["pool2"] != SILENT), 2)
    inhibited_by = np.rint(config.decoder.inhibition / GRID) * GRID  # so that sums stay exact
    learned = np.where(kernel > STRONG, kernel, 0).sum(axis=(1, 2, 3))[:, None, None]
    evidence = np.divide(own - inhibited_by * others, learned, out=np.zeros_like(own), where=learned > 0)
    return Weighed(_drive(network, steps, own), evidence)


def _drive(network: TrainedNetwork, steps: Mapping[str, np.ndarray], potentials: np.ndarray) -> np.ndarray:
    """Potential / threshold, of potentials without leak; with leak they are computed anew."""
    own = potentials if network.config.conv3.tau_ms is None else _membranes(network).compared(steps["pool2"])
    return own / (network.thresholds["conv3"] * stimulus_scale(network, steps))[:, None, None]


class Potentials:
    """Potentials of a layer after all spikes of a stimulus.

    They are correlations of spikes and weights: products over spatial frequencies, to which Fourier transforms lead
    along columns, and a product with a matrix of waves along rows, which is quicker there; but inexactly. Sums of
    weights are multiples of `GRID`, so rounding makes them exact again, on every machine: errors are thousands of times
    smaller.

    Parameters
    ----------
    kernel
        Weights, (maps, C, kernel rows, kernel columns); they are rounded to multiples of `GRID`.
    padding
        Rows and columns of padding.
    """

    def __init__(self, kernel: np.ndarray, padding: tuple[int, int]):
        self._padding = padding
        self._kernel = np.rint(kernel / GRID) * GRID
        self._transformed = lru_cache(maxsize=4)(self._transform)  # by size: pictures of several zooms alternate

    def _transform(self, size: tuple[int, int]) -> np.ndarray:
        """The weights over spatial frequencies, (frequencies, maps, C) complex."""
        spectra = np.empty((size[0] * (size[1] // 2 + 1), *self._kernel.shape[:2]), complex)
        for number, weights in enumerate(self._kernel):  # one by one, for less memory
            spectra[:, number] = _spectra(weights[None], 0, size)[0].conj().reshape(len(weights), -1).T
        return spectra

    def after(self, spikes: np.ndarray) -> np.ndarray:
        """Compute the potentials.

        Parameters
        ----------
        spikes
            Which neurons of the layer below spiked, (C, H, W) bool; or how often each counts, int, which may be less
            than 0. Of several stimuli, (n, C, H, W).

        Returns
        -------
        (maps, H', W') float; of several stimuli, (n, maps, H', W').
        """
        if spikes.ndim == 3:
            return self.after(spikes[None])[0]
        maps, _, *kernel = self._kernel.shape
        rows, columns = (list(_stretches(*axis)) for axis in zip(spikes.shape[2:], kernel, self._padding, strict=True))
        found = np.empty((len(spikes), maps, rows[-1].places.stop, columns[-1].places.stop))
        for row, column in product(rows, columns):
            seen = spikes[:, :, row.inputs, column.inputs]
            found[:, :, row.places, column.places] = self._correlated(seen, row, column)
        return np.rint(found / GRID) * GRID

    def _correlated(self, spikes: np.ndarray, row: _Stretch, column: _Stretch) -> np.ndarray:
        """Sums of weights, (n, maps, rows, columns), at the places of two stretches, for the inputs that they see."""
        size = fast_length(row.period), column.period
        spectra = _spectra(spikes.astype(float), column.first, size)
        frequencies = spectra.shape[2:]
        spectra = np.ascontiguousarray(spectra.reshape(*spectra.shape[:2], -1).T)  # (frequencies, C, n)
        sums = np.ascontiguousarray(np.matmul(self._transformed(size), spectra).T)
        sums = fft.ifft(sums.reshape(*sums.shape[:2], *frequencies), axis=2)
        places = np.arange(row.places.stop - row.places.start) - row.first  # the inputs lie at the beginning
        back = _back(size[1], column.places.stop - column.places.start)
        return sums.take(places % size[0], axis=2).view(float) @ back


class _Stretch(NamedTuple):
    """Places of a layer that are computed together, along an axis.

    Attributes
    ----------
    places
        Which they are.
    inputs, first
        Which inputs they see, and where the first of these lies in a period.
    period
        A length after which everything may come round.
    """

    places: slice
    inputs: slice
    first: int
    period: int


def _stretches(inputs: int, kernel: int, padding: int) -> Iterator[_Stretch]:
    """Divide many places evenly, for bounded memory.

    Where all are looked at together, zeros of the padding at their end need not be there: those at the beginning come
    round.
    """
    places = inputs + 2 * padding - kernel + 1
    parts = -(-places // max(2 * kernel, 32))
    if parts == 1:
        yield _Stretch(slice(0, places), slice(0, inputs), padding, max(inputs + padding, places, kernel))
        return
    together = -(-places // parts)
    for start in range(0, places, together):
        end = min(start + together, places)
        seen = np.clip([start - padding, end + kernel - 1 - padding], 0, inputs).tolist()
        yield _Stretch(slice(start, end), slice(*seen), seen[0] - start + padding, together + kernel - 1)


def _spectra(values: np.ndarray, first: int, size: tuple[int, int]) -> np.ndarray:
    """Values (n, C, H, W) over frequencies, (n, C, frequencies along columns, along rows) complex.

    Parameters
    ----------
    first
        Column of the first of them; their first row is 0.
    size
        Rows and columns after which everything comes round.
    """
    along_rows = (values @ _waves(size[1], first, values.shape[3])).view(complex)
    return fft.fft(along_rows, size[0], axis=2)


@lru_cache(maxsize=8)
def _waves(period: int, first: int, places: int) -> np.ndarray:
    """Waves of all frequencies up to half of the period, (places, 2 * frequencies): cosine and minus sine of each."""
    phase = np.outer(np.arange(first, first + places), np.arange(period // 2 + 1)) % period
    return np.exp(-2j * np.pi / period * phase).view(float)


@lru_cache(maxsize=8)
def _back(period: int, places: int) -> np.ndarray:
    """What leads from the frequencies of `_waves` back to the first places, (2 * frequencies, places)."""
    waves = _waves(period, 0, places).reshape(places, -1, 2) / period
    waves[:, 1 : (period + 1) // 2] *= 2  # these stand for their conjugates, too
    return np.ascontiguousarray(waves.reshape(places, -1).T)


def fast_length(least: int) -> int:
    """The smallest length of at least `least` whose only prime factors are 2, 3 and 5, which is transformed fast.

    The transforms themselves are NumPy's: SciPy takes as long to import as everything else that segments a picture.
    """
    length = max(least, 1)
    while not _fast(length):
        length += 1
    return length


def _fast(length: int) -> bool:
    for prime in (2, 3, 5):
        while length % prime == 0:
            length //= prime
    return length == 1


class Membranes:
    """Potentials by which Conv3 neurons are compared: those after all spikes, or, with leak, the largest they reach.

    Parameters
    ----------
    config
        Of the network.
    kernel
        Weights, (maps, C, kernel rows, kernel columns).
    """

    def __init__(self, config: Config, kernel: np.ndarray):
        self._added = Potentials(kernel, config.conv3.padding)
        self._reached = Potentials(np.ones((1, *kernel.shape[1:])), config.conv3.padding)
        self._left, tau_ms = None, config.conv3.tau_ms
        if tau_ms is not None:
            self._left = decay_table(tau_ms / config.input.dt_ms, config.input.total_steps)

    def compared(self, steps: np.ndarray) -> np.ndarray:
        """Potentials (maps, H', W') for the steps of Pool2's spikes, (C, H, W) int, -1 without a spike."""
        if self._left is None:
            return self._added.after(steps != SILENT)
        now = largest = self._added.after(steps == 0)
        last = np.zeros(now.shape[1:], int)
        for step in np.unique(steps[steps > 0]):
            reached = self._reached.after(steps == step)[0] > 0
            now = decayed(now, np.where(reached, self._left[step - last], 1.0)) + self._added.after(steps == step)
            last[reached] = step
            largest = np.maximum(largest, now)
        return np.maximum(largest, 0.0)


def inhibited(kernel: np.ndarray, inhibition: float) -> np.ndarray:
    """Kernel by which the places of a map compete: weak synapses inside the map's support inhibit (rule 9).

    The support of a map are the cells (row, column) of its kernel with at least one strong synapse. An object is where
    its features are and others are not. Nothing is learned here.

    Parameters
    ----------
    kernel
        Weights, (maps, C, kernel rows, kernel columns).
    inhibition
        Subtracted from the weak weights inside the support.
    """
    return np.where(weak(kernel), kernel - inhibition, kernel)


def weak(kernel: np.ndarray) -> np.ndarray:
    """Which synapses of a kernel are weak, inside the support of its map; of the kernel's shape, bool."""
    return (kernel > STRONG).any(axis=1, keepdims=True) & (kernel < STRONG)
