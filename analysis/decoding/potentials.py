"""Potentials of Conv3 over the spikes of a stimulus, and what is made of them to compare maps and places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy import fft

from spikeseg.spikes import SILENT, Recorded

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


def respond_to_each(
    network: TrainedNetwork, recorded: Recorded
) -> Iterator[tuple[dict[str, np.ndarray], list[Responses]]]:
    """Respond to several stimuli at a time, several times as fast as one by one; yields their steps, too."""
    for steps in recorded.stacks(TOGETHER):
        summed = _responding(network).after(steps["pool2"] != SILENT)
        alone = (one_of(steps, number) for number in range(len(summed)))
        each = zip(alone, *np.split(summed, 2, axis=1), strict=True)
        yield steps, [Responses(_drive(network, one, own), field) for one, own, field in each]


def one_of(steps: Mapping[str, np.ndarray], number: int) -> dict[str, np.ndarray]:
    """The steps of one of several stimuli."""
    return {layer: all_[number] for layer, all_ in steps.items()}


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

    They are correlations of spikes and weights, which Fourier transforms give quickly but inexactly. Sums of weights
    are multiples of `GRID`, so rounding makes them exact again, on every machine: errors are thousands of times
    smaller.

    Parameters
    ----------
    kernel
        Weights, (maps, C, kernel rows, kernel columns); they are rounded to multiples of `GRID`.
    padding
        Rows and columns of padding.
    """

    def __init__(self, kernel: np.ndarray, padding: tuple[int, int]):
        top, left = padding
        self._padding = (top, top), (left, left)
        self._kernel = np.rint(kernel / GRID) * GRID
        self._transformed = lru_cache(maxsize=4)(self._transform)  # by size: pictures of several zooms alternate

    def _transform(self, size: tuple[int, int]) -> np.ndarray:
        """The weights over spatial frequencies, (frequencies, maps, C) complex."""
        frequencies = size[0] * (size[1] // 2 + 1)
        spectra = np.empty((frequencies, *self._kernel.shape[:2]), complex)
        for number, weights in enumerate(self._kernel):
            spectra[:, number] = fft.rfft2(weights, size).conj().reshape(len(weights), -1).T
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
        padded = np.pad(spikes, ((0, 0), (0, 0), *self._padding))
        places = [n - own + 1 for n, own in zip(padded.shape[2:], kernel, strict=True)]
        both = zip(padded.shape[2:], kernel, self._padding, strict=True)
        (high, rows), (wide, columns) = (_stretch(n, own, margin) for n, own, (margin, _) in both)
        size, found = (high, wide), np.empty((len(spikes), maps, *places))
        for row in range(0, places[0], rows):
            for column in range(0, places[1], columns):
                seen = padded[..., row : row + size[0], column : column + size[1]]
                here = found[..., row : row + rows, column : column + columns]
                here[...] = self._correlated(seen, size)[..., : here.shape[2], : here.shape[3]]
        return np.rint(found / GRID) * GRID

    def _correlated(self, spikes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Sums of weights (n, maps, *size) for spikes (n, C, H, W) from each place on; further ones come round."""
        spectrum = fft.rfft2(spikes, size)
        stimuli, channels, *across = spectrum.shape
        per_frequency = np.ascontiguousarray(spectrum.reshape(stimuli, channels, -1).T)  # (frequencies, C, n)
        sums = np.matmul(self._transformed(size), per_frequency).T
        return fft.irfft2(sums.reshape(stimuli, -1, *across), size)


def _stretch(inputs: int, kernel: int, padding: int) -> tuple[int, int]:
    """How many inputs, padded, to look at together along an axis, and for how many places that is enough.

    Where all are looked at, zeros of the padding at their end need not be there: those at the beginning come round.
    Many places are divided evenly, for bounded memory.
    """
    places = inputs - kernel + 1
    parts = -(-places // max(2 * kernel, 32))
    enough = max(inputs - padding, places, kernel) if parts == 1 else -(-places // parts) + kernel - 1
    size = fast_length(enough)
    return size, places if parts == 1 else size - kernel + 1


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
