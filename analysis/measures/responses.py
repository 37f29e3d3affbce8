"""What each feature of a layer does in a stimulus: how many spikes at which step, and when the first."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spikeseg.spikes import SILENT, Spikes


def spike_counts(spikes: Spikes, steps: int) -> np.ndarray:
    """Number of spikes of each feature at each step, (stimuli, features, steps) int64.

    Parameters
    ----------
    spikes
        Of one layer.
    steps
        Of a stimulus; every spike comes before.
    """
    shape = spikes.stimuli, spikes.shape.features, steps
    feature = spikes.neuron // (spikes.shape.rows * spikes.shape.columns)
    flat = (spikes.stimulus.astype(np.int64) * shape[1] + feature) * steps + spikes.step
    return np.bincount(flat, minlength=int(np.prod(shape))).reshape(shape)


class Latencies(NamedTuple):
    """First spikes: steps since the stimulus began, `SILENT` where there is no spike.

    Attributes
    ----------
    layer
        Step of a layer's first spike in each stimulus, (stimuli,) int.
    feature
        Step of each feature's first spike, (stimuli, features) int.
    winner
        Which feature spikes first, (stimuli,) int. Of several at that step the one with the most spikes then, of
        equal ones the lowest; `SILENT` without a spike.
    """

    layer: np.ndarray
    feature: np.ndarray
    winner: np.ndarray


def latencies(counts: np.ndarray) -> Latencies:
    """First-spike latencies of a layer (VanRullen, Guyonneau and Thorpe 2005: the code that SpikeSEG decides by).

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
    """First step, the last axis, at which there is a spike."""
    return np.where(counts.any(axis=-1), (counts > 0).argmax(axis=-1), SILENT)
