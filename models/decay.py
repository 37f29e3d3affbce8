"""What is left of the potential of a neuron that leaks."""

from __future__ import annotations

import math

import numpy as np

from .network import EXACT


def decay_table(tau: float, steps: int) -> np.ndarray:
    """What is left of a potential after 0, 1, ..., `steps` steps, as multiples of 2**-38, and 2**-38 at least.

    `tau` is in steps. Rounded like this, the table is the same whatever library computes the exponential; and since no
    factor is 0, the potential of minus infinity, of a neuron that has fired, remains.
    """
    return np.array([max(round(math.exp(-step / tau) / EXACT), 1) * EXACT for step in range(steps + 1)])


def decayed(potentials: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Potentials times their factors, rounded down to multiples of 2**-38."""
    return np.floor(potentials * factors / EXACT) * EXACT
