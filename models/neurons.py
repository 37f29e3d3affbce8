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
from ..equations import continuous, neurons
from .decay import EXACT, decay_table
from .layer import Layer

WHOLE = Function(np.floor, arg_units=[1], return_unit=1, arg_names=["x"])
"""The largest whole number that is not larger. Brian2's own `floor` ends at 2**31 on numpy, and nowhere else."""
WHOLE.implementations.add_implementation("numpy", np.floor)
WHOLE.implementations.add_implementation("cpp", "static inline double whole(double x) { return floor(x); }")
WHOLE.implementations.add_implementation("cython", "cdef inline double whole(double x):\n    return floor(x)")


def not_less(x):
    """The smallest number of single precision that is not less than a number; an array, or one for each of an array."""
    number = np.asarray(x, float)
    nearest = number.astype(np.float32)
    return np.where(nearest < number, np.nextafter(nearest, np.float32(np.inf)), nearest)


NOT_LESS = Function(not_less, arg_units=[1], return_unit=1, arg_names=["x"])
NOT_LESS.implementations.add_implementation("numpy", not_less)
NOT_LESS.implementations.add_implementation(
    "cpp",
    """
    static inline float not_less(double x) {
        const float nearest = x;
        return nearest < x ? nextafterf(nearest, INFINITY) : nearest;
    }
    """,
)
NOT_LESS.implementations.add_implementation(
    "cython",
    """
    cdef extern from "<math.h>":
        float nextafterf(float, float)
        float INFINITY
    cdef inline float not_less(double x):
        cdef float nearest = <float>x
        return nextafterf(nearest, INFINITY) if nearest < x else nearest
    """,
)

THETA = "theta : 1 (linked)"  # how equations declare the threshold of a neuron's map

ORDER = -10
"""In the slot ``synapses``, of what neurons do by themselves: thresholds of maps move before, spikes arrive after."""

NEXT = "next_"  # before the name of what a variable may be about to be


@dataclass(frozen=True)
class NeuronKind:
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
    starts_at_rest
        Whether neurons begin a stimulus as they were made, and below their threshold; only inputs change them.
    precision
        Of potentials and weights. Single is enough for sums of weights, which are exact (`network.summable`), and takes
        half the time; not for what is left of them after a while.
    """

    more: str = ""
    on_pre: str = neurons.CONV_FORWARD
    namespace: dict[str, Any] = field(default_factory=dict)
    reset: str = neurons.RESET
    silence: str = neurons.SILENCE
    linked: str = "theta"
    starts_at_rest: bool = True
    precision: type[np.floating] = np.float64

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


COUNTER = NeuronKind(precision=np.float32)
"""A neuron that adds up what it receives: the default, and those of pooling layers."""


@dataclass(frozen=True)
class _Own(NeuronKind):
    """Neurons of a model that is named. What it compares its potential with is their ``theta``."""

    model: NeuronModel = field(kw_only=True)

    def equations(self, model: str) -> str:
        own = f"theta = {self.model.threshold} : 1\n{PREFIX}{THETA}"
        return "\n".join([model.replace(THETA, own), self.more, self.model.equations])

    @property
    def constants(self) -> Iterable[str]:
        return self.model.constants

    def condition(self, reached: str) -> str:
        return f"{reached} and awake"

    def new_stimulus(self, statements: str) -> str:
        anew = "\n".join(f"{name} = 0" for name in self.model.names if name != "v")
        return "\n".join([statements, neurons.AWAKEN, anew, self.model.statements.get("new_stimulus", "")])

    def every_step(self, layer: Layer, clock: Any) -> None:
        if self.model.restless:
            code = "\n".join([neurons.RESTLESS, self._decay(), self._on_step()])
            layer.run_regularly(code, clock=clock, when="synapses", order=ORDER, name=f"{layer.name}_every_step")

    def _decay(self) -> str:
        return "\n".join(f"{name} *= {remains(name)}" for name, _ in self.model.decays)

    def _on_step(self) -> str:
        """The statements of on_step, for neurons that are awake and have not reached their threshold."""
        statements = self.model.statements.get("on_step", "")
        return f"{neurons.MOVING}\n{_where('moving', 'staying', statements, self.model.names)}" if statements else ""


def _where(yes: str, no: str, statements: str, names: list[str], suffix: str = "") -> str:
    """Statements that set some variables where `yes` is 1, and leave them where `no` is 1.

    In Brian2's code variables have a `suffix`, which other names of a model have there already.
    """
    own = re.compile(rf"\b({'|'.join(names)})\b")
    used = [name for name in names if re.search(rf"\b{name}\b", statements)]
    changed = [name for name in names if re.search(rf"^{name} ", statements, re.MULTILINE)]
    before = [f"{NEXT}{name} = {yes} * {name}{suffix}" for name in used]  # numpy would change the variable itself
    after = [
        f"{NEXT}{name} = {no} * {name}{suffix} + {yes} * {NEXT}{name}\n{name}{suffix} = {NEXT}{name}"
        for name in changed
    ]
    return "\n".join([*before, own.sub(rf"{NEXT}\g<0>", statements), *after])


def _of_target(code: str, names: list[str]) -> str:
    """Statements of a group as those of a connection that ends in it, where `names` are the group's."""
    return re.sub(rf"\b({'|'.join(names)})\b", r"\g<0>_post", code) if names else code


def neurons_of(model: NeuronModel | None, tau: float | None, steps: int, dt: float) -> NeuronKind:
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
        return _Own(
            more=f"{neurons.SILENT}\n{neurons.AWAKE}",
            on_pre=_of_target(model.statements["on_input"], [*model.names, *model.constants]),
            reset=neurons.FALL_SILENT,
            silence=neurons.SILENCE_COMPETITOR,
            linked=f"{PREFIX}theta",
            starts_at_rest=False,
            model=model,
        )
    if tau is None:
        return COUNTER
    remaining = TimedArray(decay_table(tau / dt, steps), dt * second, name="remains*")
    leak = {"remains": remaining, "grid": 1 / EXACT, "whole": WHOLE}
    return NeuronKind(neurons.LEAK, neurons.LEAKY_FORWARD, leak)


def continuous_neurons_of(model: NeuronModel | None) -> NeuronKind:
    """Choose what the neurons of a layer in continuous time are: those of a model, or of the default."""
    if model is None:
        return NeuronKind(continuous.CONV, continuous.CONV_FORWARD, reset=continuous.RESET, silence=continuous.SILENCE)
    statements = _of_target(model.statements["on_input"], [*model.constants])
    return _Own(
        more=f"{continuous.CONV}\n{continuous.AWAKE}",
        on_pre=f"{continuous.TAKING}\n{_where('taking', 'waiting', statements, model.names, '_post')}",
        reset="\n".join([model.statements.get("on_spike", ""), continuous.REFRACTORY]),
        silence=continuous.SILENCE_OTHERS,
        linked=f"{PREFIX}theta",
        model=model,
    )
