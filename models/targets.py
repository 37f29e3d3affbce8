"""What the current Brian2 device and code target support, and the templates of ours that they use."""

from __future__ import annotations

from typing import Any

from brian2 import Clock, defaultclock, get_device, second
from brian2.codegen.runtime.cython_rt import CythonCodeObject
from brian2.devices.cpp_standalone.codeobject import CPPStandaloneCodeObject

PROCEDURAL = (CPPStandaloneCodeObject, CythonCodeObject)
for target in PROCEDURAL:
    target.templater = target.templater.derive("spikeseg.models")


def procedural() -> bool:
    """Whether the current device and code target can compute connections in generated code, from our templates."""
    device: Any = get_device()
    known = type(device).__name__ in ("CPPStandaloneDevice", "RuntimeDevice")  # others derive from these
    return known and device.code_object_class() in PROCEDURAL


def standalone() -> bool:
    """Whether the same holds, and the whole network becomes a C++ program."""
    return procedural() and type(get_device()).__name__ == "CPPStandaloneDevice"


def genn() -> bool:
    """Whether GeNN simulates, which has no linked variables, no custom events, and only the default clock."""
    return type(get_device()).__name__ == "GeNNDevice"


def step_clock(dt: float) -> Any:
    """A clock that ticks every `dt` seconds; with GeNN it is the default clock."""
    if not genn():
        return Clock(dt * second, name="step")
    defaultclock.dt = dt * second
    return defaultclock
