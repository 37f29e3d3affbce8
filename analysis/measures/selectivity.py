"""Class selectivity: which class each feature prefers, and how clearly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Selectivity(NamedTuple):
    """Responses of a layer's features to the classes; a response is the number of spikes in a stimulus.

    Attributes
    ----------
    classes
        The classes with at least one stimulus, in the order of the configuration.
    mean
        Mean response of each feature to each class, (classes, features) float.
    preferred
        Index in `classes` of the class that each feature responds to most, (features,) int; the first among equals.
    index
        Selectivity of each feature, (features,) float (Morcos, Barrett, Rabinowitz and Botvinick, ICLR 2018): (m - o) /
        (m + o), where m is the mean response to the preferred class, and o the mean over the other classes of the mean
        response to each. It is 0 for equal responses to all classes, and 1 for responses to one class only. NaN for a
        feature that never spikes, and if there is only one class.
    """

    classes: tuple[str, ...]
    mean: np.ndarray
    preferred: np.ndarray
    index: np.ndarray


def selectivity(response: np.ndarray, labels: Sequence[str], classes: Sequence[str]) -> Selectivity:
    """Class selectivity of the features of a layer.

    Parameters
    ----------
    response
        Number of spikes of each feature in each stimulus, (stimuli, features): `spike_counts` summed over the steps.
    labels
        Class of each stimulus, (stimuli,).
    classes
        All classes of the configuration.
    """
    own = [np.asarray(labels, str) == label for label in classes]
    present = [number for number, chosen in enumerate(own) if chosen.any()]
    mean = np.array([response[own[number]].mean(axis=0) for number in present])
    most, total = mean.max(axis=0), mean.sum(axis=0)
    known = (total > 0) & (len(present) > 1)
    others = (total - most) / max(1, len(present) - 1)
    index = np.divide(most - others, most + others, out=np.full(most.shape, np.nan), where=known)
    return Selectivity(tuple(classes[number] for number in present), mean, mean.argmax(axis=0), index)
