"""Histograms of the weights of a layer while it learns: STDP drives weights towards 0 or 1."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

BINS = 50
"""Number of equal bins of a histogram over [0, 1]. A bin includes its lower edge; the last one also includes 1."""


class WeightHistory(NamedTuple):
    """Histograms of a layer's weights at several times of its training.

    Attributes
    ----------
    presented
        Number of stimuli presented so far at each of these times, ascending, (n,) int.
    histogram
        Number of weights in each bin at each of these times, (n, `BINS`) int.
    """

    presented: np.ndarray
    histogram: np.ndarray


def weight_histogram(w: np.ndarray) -> np.ndarray:
    """Count the weights in each of `BINS` equal bins of [0, 1].

    Parameters
    ----------
    w
        Weights from 0 to 1, of any shape.

    Returns
    -------
    (`BINS`,) int32.
    """
    return np.histogram(w, BINS, (0, 1))[0].astype(np.int32)
