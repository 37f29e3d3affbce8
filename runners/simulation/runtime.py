"""Runs a network where Brian2 is imported: `numpy` and `cython`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from spikeseg.spikes import Spikes

from ...models.geometry import features_first
from .interface import Order, Result, Times, recorded_spikes

if TYPE_CHECKING:
    from ...models.model import Model


class RuntimeSimulator:
    """A `Simulator` that runs in this process."""

    def __init__(self, model: Model):
        self._model = model
        self.times = Times(model.steps, model.ticks, model.dt, model.spare)
        self.steps, self.ticks = model.steps, model.ticks
        self._orders = {name: Order.of_kernel(shape) for name, shape in model.kernels.items()}
        model.network.store()

    def run(self, stimuli: Spikes, state: Mapping[str, np.ndarray]) -> Result:
        """See `Simulator.run`."""
        from brian2 import second

        model, times = self._model, self.times
        model.network.restore()
        for name, values in state.items():
            group, variable = model.state[name]
            values = np.broadcast_to(values, (group.variables[variable].size,))
            group.variables[variable].get_value()[:] = values[self._orders[name].of] if name in self._orders else values
        bins = stimuli.stimulus * times.period + stimuli.step
        model.source.set_spikes(stimuli.neuron, bins * model.dt * second, sorted=True)
        model.network.run(stimuli.stimuli * times.period * model.dt * second, namespace={})
        spikes = {}
        for name, monitor in model.monitors.items():
            shape, neuron, t = model.shapes[name], np.asarray(monitor.i[:]), np.asarray(monitor.t_[:])
            if name in model.features_last:
                neuron = features_first(shape, neuron)
            spikes[name] = recorded_spikes(shape, stimuli.stimuli, neuron, t, times, model.delays.get(name, 0))
        final = {name: group.variables[v].get_value().copy() for name, (group, v) in model.results.items()}
        final |= {name: final[name][order.back] for name, order in self._orders.items() if name in final}
        return Result(spikes, final)
