"""How input arrives in the neurons of a convolutional layer, with or without leak."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from brian2 import Function, TimedArray, second

from ..equations import neurons
from .decay import decay_table
from .network import EXACT

WHOLE = Function(np.floor, arg_units=[1], return_unit=1, arg_names=["x"])
"""The largest whole number that is not larger. Brian2's own `floor` ends at 2**31 on numpy, and nowhere else."""
WHOLE.implementations.add_implementation("numpy", np.floor)
WHOLE.implementations.add_implementation("cpp", "static inline double whole(double x) { return floor(x); }")
WHOLE.implementations.add_implementation("cython", "cdef inline double whole(double x):\n    return floor(x)")


class Forward(NamedTuple):
    """How input arrives in a convolutional layer.

    Attributes
    ----------
    model
        What its neurons have besides.
    on_pre
        Statements for each input that fires and each neuron that sees it.
    namespace
        What the statements use.
    """

    model: str
    on_pre: str
    namespace: dict[str, Any]


def forward(tau: float | None, steps: int, dt: float) -> Forward:
    """Choose how input arrives in a layer whose potentials decay with the time constant `tau`.

    Parameters
    ----------
    tau
        In seconds; None for neurons without leak.
    steps
        Of a stimulus, beyond which nothing is remembered.
    dt
        Duration of a step in seconds.
    """
    if tau is None:
        return Forward("", neurons.CONV_FORWARD, {})
    remains = TimedArray(decay_table(tau / dt, steps), dt * second, name="remains*")
    return Forward(neurons.LEAK, neurons.LEAKY_FORWARD, {"remains": remains, "grid": 1 / EXACT, "whole": WHOLE})
