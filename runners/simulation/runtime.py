"""Runs a network in this process: `numpy` and `cython`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from spikeseg.spikes import Spikes

from ...models.model import Model
from .interface import Result, Times, recorded_spikes


class RuntimeSimulator:
    """Runs in this process."""

    def __init__(self, model: Model):
        self._model = model
        self.steps, self.ticks = model.steps, model.ticks
        model.network.store()

    def run(self, stimuli: Spikes, state: Mapping[str, np.ndarray]) -> Result:
        """See `Simulator.run`."""
        from brian2 import second

        model = self._model
        model.network.restore()
        for name, values in state.items():
            group, variable = model.state[name]
            group.variables[variable].get_value()[:] = values
        times = Times(model.steps, model.ticks, model.dt, model.spare)
        bins = stimuli.stimulus * times.period + stimuli.step
        model.source.set_spikes(stimuli.neuron, bins * model.dt * second, sorted=True)
        model.network.run(stimuli.stimuli * times.period * model.dt * second, namespace={})
        spikes = {
            name: recorded_spikes(
                model.shapes[name],
                stimuli.stimuli,
                np.asarray(monitor.i[:]),
                np.asarray(monitor.t_[:]),
                times,
                model.delays.get(name, 0),
            )
            for name, monitor in model.monitors.items()
        }
        final = {name: group.variables[v].get_value().copy() for name, (group, v) in model.state.items()}
        return Result(spikes, final)
