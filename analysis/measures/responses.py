"""Responses of the features of a layer to each stimulus: spike counts per step, and latency of the first spike."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spikeseg.spikes import SILENT, Spikes


def spike_counts(spikes: Spikes, steps: int) -> np.ndarray:
    """Number of spikes of each feature at each step, (stimuli, features, steps) int64.

    Parameters
    ----------
    spikes
        Spikes of one layer.
    steps
        Number of steps of a stimulus; every spike has a lower step.
    """
    shape = spikes.stimuli, spikes.shape.features, steps
    feature = spikes.neuron // (spikes.shape.rows * spikes.shape.columns)
    flat = (spikes.stimulus.astype(np.int64) * shape[1] + feature) * steps + spikes.step
    return np.bincount(flat, minlength=int(np.prod(shape))).reshape(shape)


class Latencies(NamedTuple):
    """First-spike latencies in steps since the onset of the stimulus, `SILENT` where there is no spike.

    Attributes
    ----------
    layer
        Step of a layer's first spike in each stimulus, (stimuli,) int.
    feature
        Step of each feature's first spike, (stimuli, features) int.
    winner
        Which feature spikes first, (stimuli,) int; `SILENT` without a spike. If several features spike at that step,
        it is the one with the most spikes at that step; among equals, the one with the lowest number.
    """

    layer: np.ndarray
    feature: np.ndarray
    winner: np.ndarray


def latencies(counts: np.ndarray) -> Latencies:
    """First-spike latencies of a layer, a code described by VanRullen, Guyonneau and Thorpe (2005).

    Parameters
    ----------
    counts
        See `spike_counts`, (stimuli, features, steps).
    """
    total = counts.sum(axis=1)
    layer, feature = _first(total), _first(counts)
    at_first = np.take_along_axis(counts, np.maximum(layer, 0)[:, None, None], axis=2)[:, :, 0]
    winner = np.where(layer == SILENT, SILENT, at_first.argmax(axis=1))
    return Latencies(layer, feature, winner)


def _first(counts: np.ndarray) -> np.ndarray:
    """Index along the last axis (steps) of the first entry with a spike; `SILENT` without one."""
    return np.where(counts.any(axis=-1), (counts > 0).argmax(axis=-1), SILENT)
