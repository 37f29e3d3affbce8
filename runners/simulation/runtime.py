"""Runs a network where Brian2 is imported: `numpy` and `cython`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from spikeseg.spikes import Spikes

from .interface import Result, Times, recorded_spikes

if TYPE_CHECKING:
    from ...models.model import Model


class RuntimeSimulator:
    """A `Simulator` that runs in this process."""

    def __init__(self, model: Model):
        self._model = model
        self.times = Times(model.steps, model.ticks, model.dt, model.spare)
        self.steps, self.ticks = model.steps, model.ticks
        model.network.store()

    def run(self, stimuli: Spikes, state: Mapping[str, np.ndarray]) -> Result:
        """See `Simulator.run`."""
        from brian2 import second

        model, times = self._model, self.times
        model.network.restore()
        for name, values in state.items():
            group, variable = model.state[name]
            group.variables[variable].get_value()[:] = values
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
