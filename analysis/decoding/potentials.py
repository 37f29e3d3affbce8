"""Potentials of Conv3 over the spikes of a stimulus, and what is made of them to compare maps and places."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from spikeseg.spikes import SILENT

from ...configs.schema import Config
from ...models.decay import decay_table, decayed
from ...models.network import TrainedNetwork

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
    conv3, final = network.config.conv3, _responding(network).after(steps["pool2"] != SILENT)
    own = final[: conv3.maps] if conv3.tau_ms is None else _membranes(network).compared(steps["pool2"])
    thresholds = network.thresholds["conv3"] * stimulus_scale(network, steps)
    return Responses(own / thresholds[:, None, None], final[conv3.maps :])


@lru_cache(maxsize=1)
def _responding(network: TrainedNetwork) -> Potentials:
    """Potentials of the maps, without leak, followed by what their places compete by."""
    config, kernel = network.config, network.kernels["conv3"]
    compete = inhibited(kernel, config.decoder.inhibition) if network.presence is None else network.presence.weights
    return Potentials(np.concatenate([kernel, compete]), config.conv3.padding)


@lru_cache(maxsize=1)
def _membranes(network: TrainedNetwork) -> Membranes:
    return Membranes(network.config, network.kernels["conv3"])


def stimulus_scale(network: TrainedNetwork, steps: Mapping[str, np.ndarray]) -> float:
    """Factor by which all thresholds adapt to the number of input events of a stimulus (docs/model.md, rule 4)."""
    return float(network.threshold_scale(np.asarray(np.count_nonzero(steps["input"] != SILENT))))


def evidence(network: TrainedNetwork, steps: Mapping[str, np.ndarray]) -> np.ndarray:
    """How much of the features that its map has learned each Conv3 neuron sees, minus other features, (maps, H, W).

    This is the final potential with inhibition (see `inhibited`), divided by the sum of the map's strong weights; it is
    0 for a map without strong weights.
    """
    config, kernel = network.config, network.kernels["conv3"]
    speaking = Potentials(inhibited(kernel, config.decoder.inhibition), config.conv3.padding)
    final = speaking.after(steps["pool2"] != SILENT)
    learned = np.where(kernel > STRONG, kernel, 0).sum(axis=(1, 2, 3))[:, None, None]
    return np.divide(final, learned, out=np.zeros_like(final), where=learned > 0)


class Potentials:
    """Potentials of a layer after all spikes of a stimulus, for one stimulus after the other.

    Parameters
    ----------
    kernel
        Weights, (maps, C, kernel rows, kernel columns).
    padding
        Rows and columns of padding.
    """

    def __init__(self, kernel: np.ndarray, padding: tuple[int, int]):
        self._shape, self._padding = kernel.shape, padding
        channels, rows = kernel.shape[1:3]
        # What a spike adds to a row of places, from right to left and with all maps of a place side by side.
        self._rows = np.moveaxis(kernel[..., ::-1], 0, -1).reshape(channels * rows, -1)

    def after(self, spikes: np.ndarray) -> np.ndarray:
        """Compute the potentials.

        Parameters
        ----------
        spikes
            Which neurons of the layer below spiked, (C, H, W) bool; or by how often each counts, which may be less than
            0.

        Returns
        -------
        (maps, H', W') float. Sums of weights are exact (`models.network.EXACT`), so the order of the spikes does not
        matter.
        """
        (maps, _, rows, columns), (top, left) = self._shape, self._padding
        height, width = spikes.shape[1] + 2 * top - rows + 1, spikes.shape[2] + 2 * left - columns + 1
        channel, row, column = (index.astype(np.int32)[:, None] for index in np.nonzero(spikes))
        # Which rows of kernels each row of places sees, as a sparse matrix of ones; the spikes of every column apart.
        # Places that only the edges of kernels reach are left out at the end.
        kernel_row, reached = np.arange(rows, dtype=np.int32), spikes.shape[1] + rows - 1
        where = (column * reached + row + rows - 1 - kernel_row).ravel(), (channel * rows + kernel_row).ravel()
        times = np.repeat(spikes[spikes != 0].astype(float), rows)
        seen = csr_array((times, where), (spikes.shape[2] * reached, len(self._rows)))
        around = np.zeros((reached + 2 * top, width + 2 * (columns - 1), maps))
        for first, added in enumerate((seen @ self._rows).reshape(-1, reached, columns, maps), left):
            around[top : top + reached, first : first + columns] += added
        inside = around[rows - 1 : rows - 1 + height, columns - 1 : columns - 1 + width]
        return np.ascontiguousarray(np.moveaxis(inside, -1, 0))


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
    support = (kernel > STRONG).any(axis=1, keepdims=True)
    return np.where(support & (kernel < STRONG), kernel - inhibition, kernel)
