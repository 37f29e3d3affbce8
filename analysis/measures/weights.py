"""How the weights of a layer are distributed while it learns: STDP drives them to 0 or 1."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

BINS = 50
"""Equal bins of [0, 1]; each holds its lower edge, the last one 1 as well."""


class WeightHistory(NamedTuple):
    """Weights of a layer over its learning.

    Attributes
    ----------
    presented
        How many stimuli had been presented, ascending, (n,) int.
    histogram
        Number of weights in each bin then, (n, `BINS`) int.
    """

    presented: np.ndarray
    histogram: np.ndarray


def weight_histogram(w: np.ndarray) -> np.ndarray:
    """Number of weights in each of `BINS` equal bins of [0, 1], (`BINS`,) int32, for weights of any shape."""
    return np.histogram(w, BINS, (0, 1))[0].astype(np.int32)
