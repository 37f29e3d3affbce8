"""Which class each feature prefers, and how clearly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Selectivity(NamedTuple):
    """Responses of a layer's features to the classes; a response is the number of spikes in a stimulus.

    Attributes
    ----------
    classes
        Those of which there are stimuli, in the order that was given.
    mean
        Mean response of each feature to each class, (classes, features) float.
    preferred
        Which of `classes` each feature responds to most, (features,) int; the first of equal ones.
    index
        (m - o) / (m + o), with m the mean response to the preferred class and o the mean of the means of the others,
        (features,) float: 0 where all classes are alike, 1 for a feature of one class alone (Morcos, Barrett,
        Rabinowitz and Botvinick, ICLR 2018). NaN for a feature that never spikes, and where there is but one class.
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
        All there are.
    """
    own = [np.asarray(labels, str) == label for label in classes]
    present = [number for number, chosen in enumerate(own) if chosen.any()]
    mean = np.array([response[own[number]].mean(axis=0) for number in present])
    most, total = mean.max(axis=0), mean.sum(axis=0)
    known = (total > 0) & (len(present) > 1)
    others = (total - most) / max(1, len(present) - 1)
    index = np.divide(most - others, most + others, out=np.full(most.shape, np.nan), where=known)
    return Selectivity(tuple(classes[number] for number in present), mean, mean.argmax(axis=0), index)
