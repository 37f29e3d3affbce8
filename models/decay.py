"""What is left of a potential, or of anything else that decays, after some time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np

from ..configs.language.files import in_seconds, remains
from ..configs.neurons.neuron import PREFIX, STEP
from ..configs.schema import Neurons

EXACT = 2.0**-38  # potentials that leak are multiples of it: their sums are exact, in any order of adding


def decay_table(tau: float, steps: int) -> np.ndarray:
    """What is left of a potential after 0, 1, ..., `steps` steps, as multiples of 2**-38, and 2**-38 at least.

    `tau` is in steps. Rounded like this, the table is the same whatever library computes the exponential; and since no
    factor is 0, the potential of minus infinity, of a neuron that has fired, remains.
    """
    return np.array([max(round(math.exp(-step / tau) / EXACT), 1) * EXACT for step in range(steps + 1)])


def constant_values(
    parameters: Mapping[str, float], prefix: str, decays: Iterable[tuple[str, str]], dt: float
) -> dict[str, float]:
    """Values of the constants of a rule or a neuron model, by their names in Brian2's code, times in seconds.

    Parameters
    ----------
    parameters
        Values by key of its file.
    prefix
        Of its names in Brian2's code.
    decays
        Variables that decay, and their time constants, as named there.
    dt
        Duration of a step in seconds.
    """
    known = {prefix + name: value for name, value in in_seconds(parameters).items()}
    return known | {remains(name): decay_table(known[tau] / dt, 1)[1] for name, tau in decays}


def neuron_constants(neurons: Neurons, dt: float) -> dict[str, np.ndarray]:
    """Values of `NeuronModel.constants`, (1,) each; none for the default. `dt` is the duration of a step in seconds."""
    model = neurons.neuron_model
    if model is None:
        return {}
    known = constant_values(neurons.values, PREFIX, model.decays, dt) | {PREFIX + STEP: dt}
    return {name: np.array([known[name]]) for name in model.constants}


def decayed(potentials: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Potentials times their factors, rounded down to multiples of 2**-38."""
    return np.floor(potentials * factors / EXACT) * EXACT
