"""Information in a layer's spikes about the class of the stimulus, in bits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .responses import latencies

LEVELS = 4
"""Number of levels into which a feature's spike counts are divided; levels are as equal in size as ties allow."""


class Information(NamedTuple):
    """Mutual information of class and response, all in bits.

    Attributes
    ----------
    classes
        Entropy of the classes: the information in a perfect code.
    first
        Information in which feature spikes first. A stimulus without a spike is a response of its own.
    count
        Information in each feature's number of spikes, divided into `LEVELS` levels, (features,) float.
    """

    classes: float
    first: float
    count: np.ndarray


def information(counts: np.ndarray, labels: Sequence[str]) -> Information:
    """Information about the class in the first spike of a layer, and in the spike counts of its features.

    Parameters
    ----------
    counts
        See `spike_counts`, (stimuli, features, steps).
    labels
        Class of each stimulus, (stimuli,).
    """
    classes = np.unique(np.asarray(labels, str), return_inverse=True)[1]
    first = mutual_information(classes, latencies(counts).winner)
    per_feature = [mutual_information(classes, levels(count)) for count in counts.sum(axis=2).T]
    return Information(entropy(np.bincount(classes)), first, np.array(per_feature))


def levels(values: np.ndarray) -> np.ndarray:
    """Level of each value, from 0 to `LEVELS` - 1, (n,) int.

    The limits between levels are quantiles of all values. Equal values have the same level.
    """
    return np.searchsorted(np.quantile(values, np.arange(1, LEVELS) / LEVELS), values)


def mutual_information(classes: np.ndarray, response: np.ndarray) -> float:
    """Mutual information of two discrete variables in bits, corrected for the number of stimuli.

    The estimate from relative frequencies, I = H(C) + H(R) - H(C, R), is too large by about
    (K - C - R + 1) / (2 N ln 2) bits, where K pairs, C classes and R responses occur in N stimuli (Miller 1955;
    Panzeri and Treves, Network 7, 1996). This bias is subtracted, and the result is clipped to 0 and H(C).

    Parameters
    ----------
    classes, response
        Class and response of each stimulus, (n,), of any type; only equality matters.
    """
    pairs = np.stack([np.asarray(classes), np.asarray(response)])
    table = [np.unique(of, axis=-1, return_counts=True)[1] for of in (*pairs, pairs)]
    c, r, k = map(len, table)
    h_c, h_r, h_joint = map(entropy, table)
    excess = (k - c - r + 1) / (2 * pairs.shape[1] * np.log(2))
    return float(np.clip(h_c + h_r - h_joint - excess, 0, h_c))


def entropy(count: np.ndarray) -> float:
    """Entropy in bits of a variable; `count` says how often each of its values occurs, (n,) int."""
    share = count[count > 0] / count.sum()
    return float(-(share * np.log2(share)).sum()) + 0.0  # never -0.0
