"""Events as input spikes in continuous time: at their own microsecond, rounded to steps, with a refractory time."""

from __future__ import annotations

import numpy as np


class Arrivals:
    """Turns events into input spikes, step by step. An input neuron that spikes is refractory for a time.

    Parameters
    ----------
    neurons
        Number of input neurons.
    refractory
        Steps from a spike of a neuron to the first one in which it can spike again, 1 at least.
    """

    def __init__(self, neurons: int, refractory: int):
        self._free, self._refractory = np.zeros(neurons, np.int64), refractory

    def spikes(self, step: np.ndarray, neuron: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Find which events become spikes.

        Parameters
        ----------
        step, neuron
            Step and input neuron of each event, (n,) int, sorted by step and not before those of earlier calls.

        Returns
        -------
        Step and neuron of each spike, sorted by step, then by neuron.
        """
        order = np.lexsort((step, neuron))
        step, neuron = step[order], neuron[order]
        kept = []
        while len(step):  # once for each spike of the neuron that has the most of them
            ready = step >= self._free[neuron]
            step, neuron = step[ready], neuron[ready]
            first = np.ones(len(neuron), bool)
            first[1:] = neuron[1:] != neuron[:-1]
            self._free[neuron[first]] = step[first] + self._refractory
            kept.append((step[first], neuron[first]))
            step, neuron = step[~first], neuron[~first]
        steps, neurons = (np.concatenate(column) for column in zip((step, neuron), *kept, strict=True))
        order = np.lexsort((neurons, steps))
        return steps[order], neurons[order]
