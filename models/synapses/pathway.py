"""A pathway whose generated code computes who is connected to whom."""

from __future__ import annotations

from typing import Any

import numpy as np
from brian2 import Quantity, Subgroup
from brian2.core.variables import ArrayVariable, Subexpression, Variables
from brian2.groups.group import CodeRunner
from brian2.parsing.statements import parse_statement
from brian2.utils.stringtools import get_identifiers

from ..geometry import pair
from ..layer import Layer
from ..targets import procedural
from .sides import Side, check_delay

ORDER = {"pre": -1, "post": 1}  # within a step, as in Synapses
FEATURE = "feature_pre"  # the map of a neuron in a layer, which the templates compute besides
RING = "_ring"  # the end of the name of what keeps a pathway's events that are under way


class ConvPathway(CodeRunner):
    """Runs the statement of one side in generated code that computes the indices of all variables itself.

    With a delay of k steps, events wait in a ring of k places: the place of a step holds those of k steps ago, which
    are processed, and then takes those of now.
    """

    def __init__(self, conv: Any, kernel: Any, name: str, side: Side):
        self._conv, self._pathway, self._ring, self._delay = conv, name, f"_{name}{RING}", side.delay
        firing = conv.source if side.side == "pre" else conv.target
        self.variables = _variables(conv, kernel, side)
        eventspace = f"_{side.event}space"
        self.variables.add_reference(eventspace, firing)
        self.variables.add_reference("t_in_timesteps", firing)
        needed, touched = [eventspace], None
        if side.side == "pre" and isinstance(conv.target, Layer):
            touched = conv.target.variables["_touched"]
            self.variables.add_reference("_touched_post", conv.target, "_touched", index="0")
            needed.append("_touched_post")
        keywords = {
            "eventspace_variable": firing.variables[eventspace],
            "places": firing.variables[eventspace].size,
            "time_variable": firing.variables["t_in_timesteps"],
            "touched_variable": touched,
            "block": None if touched is None else conv.target.block,
            "independent": _independent(side.code, self.variables, side.side),
            "of_target": _arrays(self.variables, "_postsynaptic_idx"),
        }
        super().__init__(
            conv,
            f"conv_{side.side}",
            code=side.code,
            when="synapses",
            order=ORDER[side.side],
            name=f"{conv.name}_{name}",
            clock=firing.clock,
            needed_variables=needed,
            template_kwds=keywords | _sizes(conv),
            codeobj_class=procedural(),
        )

    @property
    def delay(self) -> Quantity:
        """Time from an event to the statement, for all pairs. A change takes effect with the next run."""
        return self._delay

    @delay.setter
    def delay(self, delay: Quantity) -> None:
        check_delay(f"{self._conv.name}, {self._pathway}", delay)
        self._delay = delay

    @property
    def delay_steps(self) -> int:
        """The delay in steps: the nearest number, half a step goes up."""
        return int(np.floor(float(self.delay / self.clock.dt) + 0.5))

    def before_run(self, run_namespace: dict[str, Any]) -> None:
        """Make the ring that the delay needs."""
        keywords: Any = self.template_kwds
        keywords["delay"] = self.delay_steps
        if self.delay_steps > 0:
            keywords["ring_variable"] = self._sized_ring(self.delay_steps * keywords["places"])
        super().before_run(run_namespace)

    def _sized_ring(self, size: int) -> Any:
        """The ring as a variable of the connection, which stores and restores it."""
        name, variables = self._ring, self._conv.variables
        if name not in variables or variables[name].size != size:
            variables.add_array(name, size=size, dtype=np.int32)
            self.variables.add_reference(name, self._conv, index="0")
            self.needed_variables = [*dict.fromkeys([*self.needed_variables, name, "t_in_timesteps"])]
        return variables[name]


def _variables(conv: Any, kernel: Any, side: Side) -> Variables:
    """The variables that the statement may use, each with the index by which its array is read."""
    variables = Variables(conv)
    indices = {"pre": "_presynaptic_idx", "post": "_postsynaptic_idx", "kernel": "_weight_idx"}
    for index in indices.values():
        variables.add_auxiliary_variable(index, dtype=np.int32)
        variables[index].unique = True  # pyright: ignore - pairs come one by one: no warning about their order

    def refer(word: str, group: Any, name: str, role: str) -> None:
        index = "0" if group.variables[name].scalar else indices[role]
        variables.add_reference(word, group, name, index=index)

    for name in kernel.equations.names:
        refer(name, kernel, name, "kernel")
    for word in sorted(get_identifiers(side.code)):
        stem, _, role = word.rpartition("_")
        group = {"pre": conv.source, "post": conv.target}.get(role)
        if word == FEATURE and side.side == "pre" and isinstance(group, Layer):
            variables.add_auxiliary_variable(word, dtype=np.int32)
        elif group is not None and stem in group.variables:
            refer(word, group, stem, role)
    for word, group, name, role in conv.traces_of():
        refer(word, group, name, role)
    return variables


def _arrays(variables: Variables, index: str) -> list[ArrayVariable]:
    """The arrays that are read or written with an index, each once."""
    found = [variable for name, variable in variables.items() if variables.indices[name] == index]
    return list({id(one): one for one in found if isinstance(one, ArrayVariable)}.values())


def _independent(code: str, variables: Variables, side: str) -> bool:
    """Whether the pairs of one event and row can be processed in parallel: no pair writes what another one uses."""
    firing = f"_{side}synaptic_idx"
    written = {parse_statement(line)[0] for line in code.splitlines() if line.strip()}
    for name in written & set(variables):
        if variables.indices[name] in (firing, "0"):
            return False
        same = [other for other in variables if variables[other] is variables[name]]
        if len({variables.indices[other] for other in same}) > 1:
            return False
    return not any(isinstance(variable, Subexpression) for variable in variables.values())


def _sizes(conv: Any) -> dict[str, Any]:
    """The window as variables of the templates: C, H, W of the source; M, OH, OW of the target; and so on."""
    window = conv.window
    (C, H, W), (M, OH, OW), (_, KC, KH, KW) = window.source, window.target, window.kernel_shape
    PY, PX = pair(window.padding)
    return {
        **{"C": C, "H": H, "W": W, "M": M, "OH": OH, "OW": OW, "KC": KC, "KH": KH, "KW": KW},
        **{"PY": PY, "PX": PX, "S": window.stride, "D": window.dilation, "depthwise": window.depthwise},
        "whole": min(OW, -(-KW // window.stride)),
        "source_start": conv.source.start,
        "target_start": conv.target.start,
        "source_last": isinstance(conv.source, Layer),
        "target_last": isinstance(conv.target, Layer),
        "source_is_part": isinstance(conv.source, Subgroup),
        "target_is_part": isinstance(conv.target, Subgroup),
    }
