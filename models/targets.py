"""Where code is generated from our own templates."""

from __future__ import annotations

from typing import Any

from brian2 import Clock, defaultclock, get_device, second
from brian2.codegen.runtime.cython_rt import CythonCodeObject
from brian2.devices.cpp_standalone.codeobject import CPPStandaloneCodeObject

PROCEDURAL = (CPPStandaloneCodeObject, CythonCodeObject)
for target in PROCEDURAL:
    target.templater = target.templater.derive("spikeseg.models")


def procedural() -> bool:
    """Whether connections can be computed by generated code, for the current device and target."""
    device: Any = get_device()
    known = type(device).__name__ in ("CPPStandaloneDevice", "RuntimeDevice")  # others derive from these
    return known and device.code_object_class() in PROCEDURAL


def standalone() -> bool:
    """Whether they are, and the whole network is a C++ program."""
    return procedural() and type(get_device()).__name__ == "CPPStandaloneDevice"


def genn() -> bool:
    """Whether GeNN simulates: without linked variables, custom events and clocks other than the default."""
    return type(get_device()).__name__ == "GeNNDevice"


def step_clock(dt: float) -> Any:
    """A clock that ticks every `dt` seconds."""
    if not genn():
        return Clock(dt * second, name="step")
    defaultclock.dt = dt * second
    return defaultclock
