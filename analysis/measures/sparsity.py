"""Sparsity: how few neurons and features of a layer respond to a stimulus, and to how few stimuli a feature does."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Sparsity(NamedTuple):
    """Sparsity of a layer.

    Attributes
    ----------
    active
        Fraction of the neurons that spike in each stimulus, (stimuli,) float. A neuron spikes at most once, so this is
        the number of spikes per neuron.
    population
        Sparseness of the responses of all features to each stimulus, (stimuli,) float; NaN without a spike.
    lifetime
        Sparseness of the responses of each feature to all stimuli, (features,) float; NaN for a feature that never
        spikes.
    """

    active: np.ndarray
    population: np.ndarray
    lifetime: np.ndarray


def sparsity(response: np.ndarray, neurons: int) -> Sparsity:
    """Sparsity of a layer; a feature's response is the number of its spikes in a stimulus.

    The sparseness of single neurons would add nothing to `active`: their responses are 0 or 1, and then the sparseness
    is the fraction of silent neurons.

    Parameters
    ----------
    response
        Number of spikes of each feature in each stimulus, (stimuli, features): `spike_counts` summed over the steps.
    neurons
        Number of neurons in the layer.
    """
    return Sparsity(response.sum(axis=1) / neurons, sparseness(response), sparseness(response.T))


def sparseness(response: np.ndarray) -> np.ndarray:
    """Sparseness S along the last axis: 0 if all n responses are equal, 1 if only one of them is not 0.

    S = (1 - a) / (1 - 1/n) with a = mean(r)^2 / mean(r^2) (Vinje and Gallant, Science 287, 2000; a is the sparseness
    of Treves and Rolls, Network 2, 1991).

    Parameters
    ----------
    response
        Responses, (..., n) float, 0 or larger.

    Returns
    -------
    (...) float from 0 to 1; NaN where all responses are 0, and if n is 1.
    """
    response = np.asarray(response, float)
    n = response.shape[-1]
    square = (response**2).mean(axis=-1)
    known = (square > 0) & (n > 1)
    a = np.divide(response.mean(axis=-1) ** 2, square, out=np.full(square.shape, np.nan), where=known)
    return (1 - a) / (1 - 1 / max(n, 2))
