"""Traces: variables with ``(event-driven)`` equations, which belong to neurons and are computed where they are used.

In Synapses each synapse has traces of its own. Those that only the source's events change are equal in all synapses of
a source, and those that only the target's events change in all synapses of a target. So it is enough to keep them for
each neuron, with the time of its last event; in between they decay in closed form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from brian2 import Equations, NeuronGroup, Subgroup, get_dimensions, second
from brian2.equations.equations import PARAMETER, SingleEquation
from brian2.parsing.statements import parse_statement
from brian2.stateupdaters.base import UnsupportedEquationsException
from brian2.stateupdaters.exact import linear
from brian2.utils.stringtools import get_identifiers

from ...equations.neurons import LAYER
from ..layer import Layer
from .sides import Side

OTHER = {"pre": "post", "post": "pre"}
LAST = "_last"  # after a trace's name: when it was set last
THEN = "_then"  # after a trace's name, in pathways: its value at that time


class Trace(NamedTuple):
    """A trace of the neurons of a side.

    Attributes
    ----------
    name, dim
        Its name and its dimensions.
    side
        ``pre`` for the source's neurons, ``post`` for the target's.
    decayed
        Expression for its value at time ``t``, of ``NAME_then`` and ``NAME_last``.
    """

    name: str
    dim: Any
    side: str
    decayed: str


class Update(NamedTuple):
    """What the events of a pathway do to traces.

    Attributes
    ----------
    code
        Statements of a connection from each neuron to its keeper.
    before
        Whether they come before those for pairs, or after them.
    """

    code: str
    before: bool


class Traces:
    """The traces of a connection.

    Parameters
    ----------
    name
        Of the connection, for errors.
    equations, pathways
        Its model, and what runs when.

    Attributes
    ----------
    kernel
        The equations without those of traces.
    known
        All traces.

    Raises
    ------
    NotImplementedError
        An equation is no plain decay; a trace is set by the events of both sides, or of none; or of two pathways that
        run at the same time one sets what the other one uses.
    """

    def __init__(self, name: str, equations: Equations, pathways: Mapping[str, Side]):
        self._name = name
        driven = {key: equation for key, equation in equations.items() if "event-driven" in equation.flags}
        self.kernel = Equations([equation for key, equation in equations.items() if key not in driven])
        self.known: list[Trace] = []
        for key, equation in driven.items():
            setting = {side.side for side in pathways.values() if key in _targets(side.code)}
            if len(setting) != 1:
                which = "on_pre and on_post" if setting else "no statement"
                raise NotImplementedError(
                    f"{name}: {key} is set by {which}: a trace of ConvSynapses belongs to the neurons of one side, "
                    "whose events set it"
                )
            others = set(equations.names) - {key}
            trace = Trace(key, equation.dim, setting.pop(), _decayed(name, equation, others))
            _check_order(name, trace, pathways)
            self.known.append(trace)

    def of(self, side: str) -> list[Trace]:
        """The traces of a side."""
        return [trace for trace in self.known if trace.side == side]

    def divided(self, pathway: str, side: Side, kernel: Collection[str]) -> tuple[Side, Update | None]:
        """Divide the statements of a pathway into those for pairs and those that set traces, once for each event.

        Parameters
        ----------
        pathway, side
            Its name, and what it runs.
        kernel
            Names of the kernel's variables.

        Raises
        ------
        NotImplementedError
            A trace is set to what differs from pair to pair, or in the middle of what uses it.
        """
        if not self.known:
            return side, None
        own = {trace.name for trace in self.of(side.side)}
        lines = _lines(side.code)
        setting = [number for number, line in enumerate(lines) if _target(line) in own]
        pairs = [line for number, line in enumerate(lines) if number not in setting]
        read = get_identifiers("\n".join(pairs))
        first = [f"{trace.name} = {trace.decayed}" for trace in self.known if trace.name in read]
        reads = side._replace(code="\n".join([*first, *pairs]))
        if not setting:
            return reads, None
        local = _targets("\n".join(pairs)) | set(kernel) | {trace.name for trace in self.of(OTHER[side.side])}
        for number in setting:
            _check_of_neuron(f"{self._name}, {pathway}", lines[number], local, OTHER[side.side])
        before = _unread(lines, setting, range)
        if not before and not _unread(lines, setting, lambda number: range(number, len(lines))):
            raise NotImplementedError(
                f"{self._name}, {pathway}: {_target(lines[setting[0]])} is used before and after it is set: set traces "
                "first, or last"
            )
        return reads, Update(self._of_neuron(side.side, [lines[number] for number in setting]), before)

    def _of_neuron(self, side: str, setting: list[str]) -> str:
        """Statements that set traces, as those of a connection from each neuron to its keeper."""
        used = get_identifiers("\n".join(setting))
        lines = []
        for trace in (one for one in self.of(side) if one.name in used):
            left = trace.decayed.replace(trace.name + THEN, trace.name)
            # in two steps, as Brian2 would rearrange x = x * ..., and then round otherwise
            lines += [f"_{trace.name} = {left}", f"{trace.name} = _{trace.name}", f"{trace.name}{LAST} = t"]
        code = "\n".join([*lines, *setting])
        if side == "post":  # the target is the source of that connection
            code = re.sub(r"\b(\w+)_post\b", r"\1_pre", code)
        words = [word for trace in self.of(side) for word in (trace.name, trace.name + LAST)]
        return re.sub(rf"\b({'|'.join(words)})\b", r"\1_post", code)


def _check_order(name: str, trace: Trace, pathways: Mapping[str, Side]) -> None:
    """Raise NotImplementedError where it is not said which comes first, what sets a trace or what uses it."""
    own = {pathway: side for pathway, side in pathways.items() if side.side == trace.side}
    for pathway, side in own.items():
        for other, reader in own.items():
            both = side.event == reader.event and side.delay == reader.delay
            if pathway != other and both and trace.name in _targets(side.code) & get_identifiers(reader.code):
                raise NotImplementedError(
                    f"{name}: {pathway} sets {trace.name}, which {other} uses at the same time: make them one pathway, "
                    "or give one of them a delay"
                )


def _decayed(name: str, equation: SingleEquation, others: set[str]) -> str:
    """The value of a trace at time t. Raises NotImplementedError where it is no plain decay."""
    key = equation.varname
    try:
        first, *_ = linear(Equations([equation]), {key: None}).splitlines()
    except UnsupportedEquationsException:
        first = ""
    value = first.partition(" = ")[2]
    if not re.fullmatch(rf"{key}\*exp\(.*\)", value) or value.count("exp(") > 1 or get_identifiers(value) & others:
        raise NotImplementedError(
            f"{name}: {key} is no plain decay, d{key}/dt = -{key} / tau with a constant tau: only that is "
            "(event-driven) here; make it a variable of the group"
        )
    since = re.sub(r"\bdt\b", f"(t - {key}{LAST})", value)
    return re.sub(rf"\b{key}\b", f"{key}{THEN}", since)


def _unread(lines: list[str], setting: list[int], where: Callable[[int], range]) -> bool:
    """Whether no statement for pairs there, before or after those that set traces, reads what they set."""
    return not any(
        _target(lines[number]) in get_identifiers(lines[other])
        for number in setting
        for other in where(number)
        if other not in setting
    )


def _check_of_neuron(name: str, line: str, local: set[str], other: str) -> None:
    used = get_identifiers(line)
    if wrong := sorted(used & local) + sorted(word for word in used if word.endswith(f"_{other}")):
        raise NotImplementedError(
            f"{name}: a trace is set to what differs from pair to pair, {wrong[0]}: it belongs to the neuron, and can "
            "be set to numbers, constants, traces and variables of its own side"
        )


def keepers(group: Any, known: list[Trace], name: str) -> tuple[NeuronGroup, Any]:
    """Make the twins of a group's neurons, which keep their traces.

    Returns
    -------
    The twins of all neurons, and those of the group if that is a part of another.
    """
    equations = []
    for trace in known:
        equations += [
            SingleEquation(PARAMETER, trace.name, trace.dim),
            SingleEquation(PARAMETER, trace.name + LAST, get_dimensions(second)),
        ]
    model = Equations(equations)
    if isinstance(group, Layer):
        keeper = Layer(group.shape, model + Equations(LAYER), name=name, clock=group.clock)
        return keeper, keeper
    whole: Any = group.source if isinstance(group, Subgroup) else group
    keeper = NeuronGroup(len(whole), model, name=name, clock=group.clock)
    return keeper, keeper[group.start : group.stop] if isinstance(group, Subgroup) else keeper


def _lines(code: str) -> list[str]:
    """The statements, without comments."""
    said = (line.partition("#")[0].strip() for line in code.splitlines())
    return [line for line in said if line]


def _target(line: str) -> str:
    return parse_statement(line)[0]


def _targets(code: str) -> set[str]:
    return {_target(line) for line in _lines(code)}
