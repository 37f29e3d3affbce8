"""Layers: groups of neurons with the shape of a stack of maps, whose thresholds cost little while they are quiet.

The neurons of a place lie side by side, whatever their map, as a spike reaches all maps of its neighbourhood, and as
maps compete at a place.

Most neurons are far from their threshold most of the time. With C++ standalone a layer checks its thresholds place by
place, in loops that the compiler vectorises, and only at places where a spike has arrived since the last check. A
neuron that can fire only after another event is checked only then. Other devices check every neuron in every step,
with the same outcome. Potentials go back to rest in the same way: only where a spike has been.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from brian2 import NeuronGroup

from spikeseg.spikes import Shape

from .geometry import features_last
from .targets import procedural, standalone

BLOCK = 32  # neurons, about, that are checked together: those of some neighbouring places


class Layer(NeuronGroup):
    """A NeuronGroup with the shape of a stack of maps: neuron (row * columns + column) * features + feature.

    `model` has to declare ``feature : integer (constant)`` and ``changed : boolean (shared)``. The layer sets
    ``feature`` to the map of each neuron; `link_per_map` uses it.

    A place is checked for neurons at threshold once ConvSynapses have reached it. Anything else that may bring a neuron
    to its threshold has to set ``changed`` to True, and then the whole layer is checked once. So a neuron fires at the
    first check that finds it at its threshold, or not at all: a neuron that a refractory period keeps from firing is
    not checked again when that period ends.

    Parameters
    ----------
    shape
        Features, rows and columns.
    model, options
        Arguments of NeuronGroup.
    among
        Name of an event that is scheduled before the thresholds. Only neurons that had it in the same step can fire.
    """

    def __init__(self, shape: Shape, model: str, *, among: str | None = None, **options: Any):
        self.shape = shape
        super().__init__(shape.size, model, **options)
        self.feature = np.tile(np.arange(shape.features), self.places)
        words = -(-self.blocks // 64)
        if procedural():
            self.variables.add_array("_touched", size=words, dtype=np.uint64)
        if not standalone():
            return
        self.variables.add_array("_reached", size=words, dtype=np.uint64)
        for event, thresholder in self.thresholder.items():
            thresholder.codeobj_class = procedural()
            if among is not None and event == "spike":
                self._check_among(thresholder, among)
            else:
                self._check_by_place(thresholder)

    @property
    def places(self) -> int:
        """Rows times columns."""
        return self.shape.rows * self.shape.columns

    @property
    def block(self) -> int:
        """Places that are checked together."""
        return max(1, BLOCK // self.shape.features)

    @property
    def blocks(self) -> int:
        """How many times places are checked together; the last time there may be fewer."""
        return -(-self.places // self.block)

    def link_per_map(self, variable: str, group: NeuronGroup, other: str | None = None) -> None:
        """Link a variable of each neuron to that of neuron ``feature`` of `group`, which has one neuron per map.

        In `group` it is called `other`, or the same.
        """
        self.variables.add_reference(variable, group, other or variable, index="feature")

    def return_to_rest(self, statements: str, **options: Any) -> None:
        """Run statements regularly that set neurons back to what they began with, and only ConvSynapses change.

        With C++ standalone they are run only where ConvSynapses have been. `options` are those of ``run_regularly``.
        """
        runner = self.run_regularly(statements, **options)
        if standalone():
            self._by_place(runner, "reached")

    def _by_place(self, runner: Any, template: str) -> None:
        """Let code be generated from a template that knows places, and where ConvSynapses have been."""
        runner.template, runner.codeobj_class = template, procedural()
        runner.template_kwds = (runner.template_kwds or {}) | {
            "features": self.shape.features,
            "places": self.places,
            "block": self.block,
            "blocks": self.blocks,
            "touched_variable": self.variables["_touched"],
            "reached_variable": self.variables["_reached"],
        }
        runner.needed_variables += ["_touched", "_reached"]

    def _check_by_place(self, thresholder: Any) -> None:
        self._by_place(thresholder, "place_threshold")
        self._count_maps(thresholder)

    def _check_among(self, thresholder: Any, event: str) -> None:
        eventspace = f"_{event}space"
        thresholder.template = "among_threshold"
        thresholder.template_kwds |= {"among_variable": self.variables[eventspace], "features": self.shape.features}
        thresholder.needed_variables.append(eventspace)
        self._count_maps(thresholder)

    def _count_maps(self, thresholder: Any) -> None:
        """Let the template say which map a neuron is of, instead of memory that is as large as the layer."""
        thresholder.variables.add_auxiliary_variable("feature", dtype=np.int32)


def positions(group: Any, neuron: np.ndarray) -> np.ndarray:
    """Index in a group of neurons that are given by their flat index in a shape, (n,) int."""
    return features_last(group.shape, neuron) if isinstance(group, Layer) else neuron
