"""How code is generated: from templates of our own where the device allows it; Brian2's classes stay as they are."""

from __future__ import annotations

from typing import Any

from brian2 import Clock, defaultclock, get_device, second
from brian2.codegen.runtime.cython_rt import CythonCodeObject
from brian2.devices.cpp_standalone.codeobject import CPPStandaloneCodeObject


class StandaloneCode(CPPStandaloneCodeObject):
    """C++ of our own templates, as part of a program."""

    templater = CPPStandaloneCodeObject.templater.derive("spikeseg.models")


class CythonCode(CythonCodeObject):
    """Cython of our own templates."""

    templater = CythonCodeObject.templater.derive("spikeseg.models")


PROCEDURAL: dict[Any, Any] = {CPPStandaloneCodeObject: StandaloneCode, CythonCodeObject: CythonCode}


def procedural() -> Any:
    """The class of the code that computes connections, for the current device and target; None where none can."""
    device: Any = get_device()
    known = type(device).__name__ in ("CPPStandaloneDevice", "RuntimeDevice")  # others derive from these
    return PROCEDURAL.get(device.code_object_class()) if known else None


def standalone() -> bool:
    """Whether they are, and the whole network is a C++ program."""
    return procedural() is StandaloneCode


def genn() -> bool:
    """Whether GeNN simulates, which has no linked variables, no custom events, and only the default clock."""
    return type(get_device()).__name__ == "GeNNDevice"


def schedule() -> list[str]:
    """In which order the parts of a step come: Brian2's own, or the only one that GeNN has."""
    if genn():
        return ["start", "synapses", "groups", "thresholds", "resets", "end"]
    return ["start", "groups", "thresholds", "synapses", "resets", "end"]


def step_clock(dt: float) -> Any:
    """A clock that ticks every `dt` seconds; with GeNN it is the default clock."""
    if not genn():
        return Clock(dt * second, name="step")
    defaultclock.dt = dt * second
    return defaultclock
