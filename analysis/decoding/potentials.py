"""Potentials of Conv3 over the spikes of a stimulus, and what is made of them to compare maps and places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from scipy.sparse import csc_array

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
        Potential (see `membrane_potentials`) / threshold; a neuron with 1 or more spikes.
    field
        By what the places of a map compete: the readout of rule 13; in a network without one, the potential with
        inhibition of rule 9.
    """

    drive: np.ndarray
    field: np.ndarray


def respond(network: TrainedNetwork, steps: Mapping[str, np.ndarray]) -> Responses:
    """Respond to a stimulus with these steps of spikes per layer, ``{layer: (C, H, W) int}``."""
    kernel = network.kernels["conv3"]
    if network.presence is None:
        compete = inhibited(kernel, network.config.decoder.inhibition)
    else:
        compete = network.presence.weights
    final = potentials(steps["pool2"], np.concatenate([kernel, compete]), network.config.conv3.padding)
    own = final[: len(kernel)]
    if network.config.conv3.tau_ms is not None:
        own = membrane_potentials(network.config, steps["pool2"], kernel)
    thresholds = network.thresholds["conv3"] * stimulus_scale(network, steps)
    return Responses(own / thresholds[:, None, None], final[len(kernel) :])


def stimulus_scale(network: TrainedNetwork, steps: Mapping[str, np.ndarray]) -> float:
    """Factor by which all thresholds adapt to the number of input events of a stimulus (docs/model.md, rule 4)."""
    return float(network.threshold_scale(np.asarray(np.count_nonzero(steps["input"] != SILENT))))


def evidence(network: TrainedNetwork, steps: Mapping[str, np.ndarray]) -> np.ndarray:
    """How much of the features that its map has learned each Conv3 neuron sees, minus other features, (maps, H, W).

    This is the final potential with inhibition (see `inhibited`), divided by the sum of the map's strong weights; it is
    0 for a map without strong weights.
    """
    config, kernel = network.config, network.kernels["conv3"]
    final = potentials(steps["pool2"], inhibited(kernel, config.decoder.inhibition), config.conv3.padding)
    learned = np.where(kernel > STRONG, kernel, 0).sum(axis=(1, 2, 3))[:, None, None]
    return np.divide(final, learned, out=np.zeros_like(final), where=learned > 0)


def potentials(pool2_steps: np.ndarray, kernel: np.ndarray, padding: tuple[int, int]) -> np.ndarray:
    """Potentials of Conv3 after all spikes of the stimulus.

    Parameters
    ----------
    pool2_steps
        Step of each Pool2 neuron's spike, -1 without one, (C, H, W) int.
    kernel
        Weights, (maps, C, kernel rows, kernel columns).
    padding
        Rows and columns of padding.

    Returns
    -------
    (maps, H', W') float. Sums of weights are exact (`models.network.EXACT`), so the order of the spikes does not
    matter.
    """
    maps, channels, rows, columns = kernel.shape
    height, width = np.array(pool2_steps.shape[1:]) + 2 * np.array(padding) + (rows - 1, columns - 1)
    channel, row, column = np.nonzero(pool2_steps != SILENT)
    place = (row + padding[0] + rows - 1) * width + column + padding[1] + columns - 1  # with a kernel's margin around
    back = np.ravel(np.arange(rows)[:, None] * width + np.arange(columns))[:, None]
    counts = np.bincount(channel, minlength=channels)
    # What each place sees, as a sparse matrix: its rows are places, its columns the kernel's (feature, i, j), and an
    # entry is 1 where the place has a spike there.
    own = np.split(place.astype(np.int32), np.cumsum(counts)[:-1])
    reached = np.concatenate([np.ravel(places - back.astype(np.int32)) for places in own])
    ends = np.concatenate([[0], np.cumsum(np.repeat(counts, rows * columns))]).astype(np.int32)
    seen = csc_array((np.ones(ends[-1]), reached, ends), (height * width, channels * rows * columns))
    around = (seen @ kernel.reshape(maps, -1).T).reshape(height, width, maps)
    inside = around[rows - 1 : height - rows + 1, columns - 1 : width - columns + 1]
    return np.ascontiguousarray(np.moveaxis(inside, -1, 0))


def membrane_potentials(config: Config, pool2_steps: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Potentials by which Conv3 neurons are compared: those after all spikes, or, with leak, the largest they reach.

    Parameters
    ----------
    config
        Of the network.
    pool2_steps, kernel
        See `potentials`.

    Returns
    -------
    (maps, H', W') float.
    """
    padding = config.conv3.padding
    if config.conv3.tau_ms is None:
        return potentials(pool2_steps, kernel, padding)
    table = decay_table(config.conv3.tau_ms / config.input.dt_ms, config.input.total_steps)
    sees = np.ones((1, *kernel.shape[1:]))
    now = largest = last = np.zeros(())
    for step in range(config.input.total_steps):
        arriving = np.where(pool2_steps == step, step, SILENT)
        if step > 0 and (arriving == SILENT).all():
            continue
        reached = potentials(arriving, sees, padding)[0] > 0
        left = np.where(reached, table[(step - last).astype(int)], 1.0)
        now = decayed(now, left) + potentials(arriving, kernel, padding)
        last = np.where(reached, step, last)
        largest = np.maximum(largest, now)
    return largest


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
