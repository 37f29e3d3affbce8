"""Layers: groups of neurons with a shape, whose thresholds cost little while the neurons are quiet.

Most neurons are far from their threshold most of the time. With C++ standalone a layer checks its thresholds map by
map, in loops that the compiler vectorises, and only at places that something has reached since the last check; a neuron
that can fire only after another event is checked only then. Other devices check every neuron in every step, and find
the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from brian2 import NeuronGroup

from spikeseg.spikes import Shape

from .targets import procedural, standalone

BLOCK = 32  # places that are checked together


class Layer(NeuronGroup):
    """Neurons of `shape`, map by map.

    Its model has an integer ``feature``, the map of a neuron, by which variables of maps can be linked, and a shared
    boolean ``changed``. ConvSynapses mark the places that they reach; anything else that lets neurons fire has to set
    ``changed``. A neuron that could fire and does not may not fire later without either.

    Parameters
    ----------
    shape
        Features, rows, columns.
    model, options
        What NeuronGroup takes.
    among
        An event that comes before the threshold: only neurons that had it in the same step can fire.
    """

    def __init__(self, shape: Shape, model: str, *, among: str | None = None, **options: Any):
        self.shape = shape
        super().__init__(shape.size, model, **options)
        self.feature = np.repeat(np.arange(shape.features), shape.rows * shape.columns)
        if procedural():
            places = shape.rows * shape.columns
            self.variables.add_array("_touched", size=-(-places // BLOCK), dtype=bool)
        if not standalone():
            return
        for event, thresholder in self.thresholder.items():
            thresholder.codeobj_class = procedural()
            if among is not None and event == "spike":
                self._check_among(thresholder, among)
            else:
                self._check_by_map(thresholder)

    def link_per_map(self, variable: str, group: NeuronGroup) -> None:
        """Let a linked variable of each neuron be that of its map's neuron in `group`."""
        self.variables.add_reference(variable, group, variable, index="feature")

    def _check_by_map(self, thresholder: Any) -> None:
        thresholder.template = "map_threshold"
        thresholder.template_kwds |= {
            "features": self.shape.features,
            "places": self.shape.rows * self.shape.columns,
            "block": BLOCK,
            "touched_variable": self.variables["_touched"],
        }
        thresholder.needed_variables.append("_touched")
        thresholder.variables.add_auxiliary_variable("feature", dtype=np.int32)  # the template counts it

    def _check_among(self, thresholder: Any, event: str) -> None:
        eventspace = f"_{event}space"
        thresholder.template = "among_threshold"
        thresholder.template_kwds["among_variable"] = self.variables[eventspace]
        thresholder.needed_variables.append(eventspace)
