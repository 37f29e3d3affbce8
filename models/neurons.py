"""What the neurons of a convolutional layer are: counters, neurons that leak, or those of a model that is named."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from brian2 import Function, TimedArray, second

from ..configs.language.files import remains
from ..configs.neurons.neuron import PREFIX, NeuronModel
from ..equations import neurons
from .decay import decay_table
from .layer import Layer
from .network import EXACT

WHOLE = Function(np.floor, arg_units=[1], return_unit=1, arg_names=["x"])
"""The largest whole number that is not larger. Brian2's own `floor` ends at 2**31 on numpy, and nowhere else."""
WHOLE.implementations.add_implementation("numpy", np.floor)
WHOLE.implementations.add_implementation("cpp", "static inline double whole(double x) { return floor(x); }")
WHOLE.implementations.add_implementation("cython", "cdef inline double whole(double x):\n    return floor(x)")

THETA = "theta : 1 (linked)"  # how equations declare the threshold of a neuron's map

ORDER = -10
"""In the slot ``synapses``, of what neurons do by themselves: thresholds of maps move before, spikes arrive after."""

NEXT = "next_"  # before the name of what a variable may be about to be


@dataclass(frozen=True)
class Neurons:
    """What distinguishes the neurons of a layer; here, that of counters.

    Attributes
    ----------
    more
        What they have besides.
    on_pre, namespace
        Statements for each input that fires and each neuron that sees it, and what these use.
    reset, silence
        Statements that keep a neuron that has fired, or its competitors, from firing in this stimulus.
    linked
        The variable that is linked to the threshold of a neuron's map.
    """

    more: str = ""
    on_pre: str = neurons.CONV_FORWARD
    namespace: dict[str, Any] = field(default_factory=dict)
    reset: str = neurons.RESET
    silence: str = neurons.SILENCE
    linked: str = "theta"

    def equations(self, model: str) -> str:
        """The equations of a layer, of which `model` has what all kinds of neurons need."""
        return model + self.more

    def condition(self, reached: str) -> str:
        """The condition to fire, or to be a candidate, of which `reached` is what all kinds of neurons need."""
        return reached

    def new_stimulus(self, statements: str) -> str:
        """What happens when a stimulus begins, of which `statements` are what all kinds of neurons need."""
        return statements

    @property
    def constants(self) -> Iterable[str]:
        """Variables of the layer that a run has to set."""
        return ()

    def every_step(self, layer: Layer, clock: Any) -> None:
        """Let what neurons do by themselves happen, in every step of a clock."""


@dataclass(frozen=True)
class _Own(Neurons):
    """Neurons of a model that is named. What it compares its potential with is their ``theta``."""

    model: NeuronModel = field(kw_only=True)

    def equations(self, model: str) -> str:
        own = f"theta = {self.model.threshold} : 1\n{PREFIX}{THETA}"
        return model.replace(THETA, own) + neurons.SILENT + self.model.equations

    @property
    def constants(self) -> Iterable[str]:
        return self.model.constants

    def condition(self, reached: str) -> str:
        return f"{reached} and {neurons.AWAKE}"

    def new_stimulus(self, statements: str) -> str:
        anew = "\n".join(f"{variable.name} = 0" for variable in self.model.variables if variable.name != "v")
        return "\n".join([statements, neurons.AWAKEN, anew, self.model.statements.get("new_stimulus", "")])

    def every_step(self, layer: Layer, clock: Any) -> None:
        if self.model.restless:
            code = "\n".join([neurons.RESTLESS, self._decay(), self._on_step()])
            layer.run_regularly(code, clock=clock, when="synapses", order=ORDER, name=f"{layer.name}_every_step")

    def _decay(self) -> str:
        return "\n".join(f"{name} *= {remains(name)}" for name, _ in self.model.decays)

    def _on_step(self) -> str:
        """The statements of on_step, for neurons that have neither reached their threshold nor been silenced."""
        statements, names = self.model.statements.get("on_step", ""), [one.name for one in self.model.variables]
        if not statements:
            return ""
        own = re.compile(rf"\b({'|'.join(names)})\b")
        before = [f"{NEXT}{name} = {name}" for name in names]
        after = [f"{NEXT}{name} = staying * {name} + moving * {NEXT}{name}\n{name} = {NEXT}{name}" for name in names]
        return "\n".join([neurons.MOVING, *before, own.sub(rf"{NEXT}\g<0>", statements), *after])


def neurons_of(model: NeuronModel | None, tau: float | None, steps: int, dt: float) -> Neurons:
    """Choose what the neurons of a layer are.

    Parameters
    ----------
    model
        The model that is named; None for the default.
    tau
        Time constant of the default neuron in seconds; None without leak.
    steps
        Of a stimulus, beyond which nothing is remembered.
    dt
        Duration of a step in seconds.
    """
    if model is not None:
        on_pre = re.sub(rf"\b(v|{PREFIX}\w+)\b", r"\g<0>_post", model.statements["on_input"])
        return _Own(
            on_pre=on_pre,
            reset=neurons.FALL_SILENT,
            silence=neurons.SILENCE_COMPETITOR,
            linked=f"{PREFIX}theta",
            model=model,
        )
    if tau is None:
        return Neurons()
    remaining = TimedArray(decay_table(tau / dt, steps), dt * second, name="remains*")
    leak = {"remains": remaining, "grid": 1 / EXACT, "whole": WHOLE}
    return Neurons(neurons.LEAK, neurons.LEAKY_FORWARD, leak)
