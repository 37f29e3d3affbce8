"""Weight-shared connections for Brian2: convolutions, poolings and their relatives.

`connect` joins two groups by a `Window`. On `cpp_standalone` the generated code computes the indices of targets and
weights on the fly and stores no synapse; on any other device the same statements run over explicit Synapses that
read their weight from the kernel group by reference. Both visit targets in the same order: results are equal to the
last bit.
"""

from __future__ import annotations

import re
import weakref
from typing import Any, Literal

import numpy as np
from brian2 import NeuronGroup, Synapses, get_device
from brian2.codegen.codeobject import create_runner_codeobj
from brian2.core.base import BrianObject
from brian2.core.variables import Variables
from brian2.devices.cpp_standalone.codeobject import CPPStandaloneCodeObject
from brian2.groups.group import CodeRunner

from .geometry import Window

CPPStandaloneCodeObject.templater = CPPStandaloneCodeObject.templater.derive("spikeseg.models")


def connect(
    source: Any,
    target: NeuronGroup,
    window: Window,
    statement: str,
    *,
    name: str,
    kernel: NeuronGroup | None = None,
    on: Literal["pre", "post"] = "pre",
    event: str = "spike",
    when: str = "synapses",
    order: int = 0,
) -> BrianObject:
    """Run `statement` for every connected pair of neurons when one side fires.

    Parameters
    ----------
    source, target
        Groups whose sizes are those of `window`.
    statement
        Abstract code over `<variable>_pre`, `<variable>_post` and, with a kernel, `w`.
    kernel
        Group of `window.weights` neurons with a variable `w`, which the statement may read and write.
    on, event
        Which side's event sets the statement off.
    when, order
        Where in Brian2's schedule it runs.

    Returns
    -------
    BrianObject
        To be added to the network.
    """
    if not (window.source.size == source.N and window.target.size == target.N):
        raise ValueError(f"{name}: groups of {source.N} and {target.N} neurons do not fit {window}")
    if type(get_device()).__name__ == "CPPStandaloneDevice":
        return ProceduralPathway(source, target, window, statement, name, kernel, on, event, when, order)
    synapses = SharedSynapses(source, target, kernel, statement, name, on, event)
    pathway = getattr(synapses, on)
    pathway.when, pathway.order = when, order
    pre, post, weight = window.synapses()
    synapses.connect(i=pre, j=post)
    if kernel is not None:
        synapses.kernel_index = weight
    return synapses


class SharedSynapses(Synapses):
    """Explicit synapses whose `w` is an element of a kernel group."""

    def __init__(self, source, target, kernel, statement: str, name: str, on: str, event: str):
        self._kernel = kernel
        model = "kernel_index : integer (constant)" if kernel is not None else ""
        pathway = {f"on_{on}": statement, "on_event": {on: event}}
        clock = (source if on == "pre" else target).clock
        super().__init__(source, target, model=model, name=name, clock=clock, **pathway)

    def _create_variables(self, equations, user_dtype=None):
        super()._create_variables(equations, user_dtype=user_dtype)
        if self._kernel is not None:
            self.variables.add_reference("w", self._kernel, "w", index="kernel_index")


class ProceduralPathway(CodeRunner):
    """The same connection for C++ standalone, its indices computed by the generated code."""

    def __init__(
        self,
        source: Any,
        target: NeuronGroup,
        window: Window,
        statement: str,
        name: str,
        kernel: NeuronGroup | None,
        on: str,
        event: str,
        when: str,
        order: int,
    ):
        side = source if on == "pre" else target
        eventspace = f"_{event}space"
        super().__init__(
            target,
            f"window_{on}",
            code=statement,
            when=when,
            order=order,
            name=name,
            clock=side.clock,
            needed_variables=[eventspace],
            template_kwds={
                "eventspace_variable": side.variables[eventspace],
                "events": side.N,
                "C": window.source.features,
                "H": window.source.rows,
                "W": window.source.columns,
                "M": window.target.features,
                "OH": window.target.rows,
                "OW": window.target.columns,
                "KH": window.kernel[0],
                "KW": window.kernel[1],
                "PY": window.padding[0],
                "PX": window.padding[1],
                "S": window.stride,
                "depthwise": window.depthwise,
            },
            check_units=False,
        )
        self.variables = variables = Variables(self)
        variables.add_reference(eventspace, side)
        for index in ("_presynaptic_idx", "_postsynaptic_idx", "_weight_idx"):
            variables.add_auxiliary_variable(index, dtype=np.int32)
            variables[index].unique = False  # pyright: ignore
        for word in sorted(set(re.findall(r"\b\w+_(?:pre|post)\b", statement))):
            variable, _, end = word.rpartition("_")
            group = source if end == "pre" else target
            scalar = group.variables[variable].scalar
            variables.add_reference(word, group, variable, index="0" if scalar else f"_{end}synaptic_idx")
        if kernel is not None:
            variables.add_reference("w", kernel, "w", index="_weight_idx")
        self._code_object: Any = None

    def create_code_objects(self, run_namespace) -> None:
        """Generate the code once; Brian2 keeps weak references only."""
        if self._code_object is None:
            self._code_object = create_runner_codeobj(
                self.group,
                self.abstract_code,
                self.template,
                name=f"{self.name}_codeobject",
                check_units=False,
                additional_variables=self.variables,
                needed_variables=self.needed_variables,
                run_namespace=run_namespace,
                template_kwds=self.template_kwds,
            )
        self.code_objects[:] = [weakref.proxy(self._code_object)]
