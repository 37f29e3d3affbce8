"""How few neurons and features of a layer take part in a stimulus, and in how few stimuli a feature does."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Sparsity(NamedTuple):
    """Sparsity of a layer.

    Attributes
    ----------
    active
        Spikes per neuron in each stimulus, (stimuli,) float: as a neuron spikes at most once, the fraction of the
        neurons that do.
    population
        Sparseness over the features in each stimulus, (stimuli,) float; NaN for a stimulus without a spike.
    lifetime
        Sparseness of each feature over the stimuli, (features,) float; NaN for a feature that never spikes.
    """

    active: np.ndarray
    population: np.ndarray
    lifetime: np.ndarray


def sparsity(response: np.ndarray, neurons: int) -> Sparsity:
    """Sparsity of a layer; a feature's response is the number of its spikes in a stimulus.

    Responses of single neurons would say nothing more than `active` does: they are 0 or 1, for which the sparseness
    is the fraction of silent neurons.

    Parameters
    ----------
    response
        (stimuli, features): `spike_counts` summed over the steps.
    neurons
        How many the layer has.
    """
    return Sparsity(response.sum(axis=1) / neurons, sparseness(response), sparseness(response.T))


def sparseness(response: np.ndarray) -> np.ndarray:
    """Sparseness S along the last axis: 0 where all of n responses are equal, 1 where one alone is not 0.

    S = (1 - a) / (1 - 1/n) with a = mean(r)^2 / mean(r^2) (Vinje and Gallant, Science 287, 2000; a is the sparseness
    of Treves and Rolls, TrainedNetwork 2, 1991).

    Parameters
    ----------
    response
        (..., n), none negative.

    Returns
    -------
    (...) float in [0, 1]; NaN where all are 0, and where n is 1.
    """
    response = np.asarray(response, float)
    n = response.shape[-1]
    square = (response**2).mean(axis=-1)
    known = (square > 0) & (n > 1)
    a = np.divide(response.mean(axis=-1) ** 2, square, out=np.full(square.shape, np.nan), where=known)
    return (1 - a) / (1 - 1 / max(n, 2))
