"""What runs on the events of a connection's two sides: pathways, as the arguments of Synapses say them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from brian2 import Quantity, Subgroup, second
from brian2.units.fundamentalunits import fail_for_dimension_mismatch
from brian2.utils.stringtools import get_identifiers

NO_DELAY: Any = 0 * second

Code = str | Mapping[str, str] | None
"""Statements of a side: of its one pathway, or of several by name."""


class Side(NamedTuple):
    """A pathway: what runs when a neuron of one side has an event.

    Attributes
    ----------
    side
        Whose events: ``pre``, the source's, or ``post``, the target's.
    code
        The statements.
    event
        The event's name.
    delay
        Time from the event to the statements.
    """

    side: str
    code: str
    event: str
    delay: Any


def sides(
    name: str,
    statements: Mapping[str, Code],
    on_event: str | Mapping[str, str],
    delay: Quantity | Mapping[str, Quantity],
) -> dict[str, Side]:
    """Read the pathways of a connection, by name; that of a side with one statement is called as the side.

    Parameters
    ----------
    name
        Of the connection, for errors.
    statements
        ``on_pre`` and ``on_post``, by ``pre`` and ``post``.
    on_event, delay
        As `ConvSynapses` takes them.

    Raises
    ------
    ValueError
        A delay or an event is that of no pathway, a delay is below 0, or two pathways have one name.
    NotImplementedError
        A statement or a delay asks for something that belongs to a synapse.
    """
    named: dict[str, tuple[str, str]] = {}
    for side, code in statements.items():
        for pathway, text in (code if isinstance(code, Mapping) else {side: code}).items():
            if pathway in named:
                raise ValueError(f"{name}: on_pre and on_post both have a pathway {pathway}: choose another name")
            if text:
                _check_statements(f"{name}, {pathway}", text)
                named[pathway] = side, text
    events = dict.fromkeys(named, on_event) if isinstance(on_event, str) else on_event
    delays = delay if isinstance(delay, Mapping) else {"pre": delay}
    for pathway, time in delays.items():
        check_delay(f"{name}, {pathway}", time)
        if pathway not in named and time > NO_DELAY:
            known = ", ".join(named) or "none"
            raise ValueError(f"{name}: a delay of {pathway!r}, which is no pathway here: those are {known}")
    return {
        pathway: Side(side, code, events.get(pathway, "spike"), delays.get(pathway, NO_DELAY))
        for pathway, (side, code) in named.items()
    }


def check_linked(name: str, pathways: Mapping[str, Side], groups: Mapping[str, Any]) -> None:
    """Raise NotImplementedError for a statement with a linked variable of a group, of ``pre`` or ``post``."""
    for pathway, side in pathways.items():
        for word in get_identifiers(side.code):
            variable, _, role = word.rpartition("_")
            group = groups.get(role)
            whole = group.source if isinstance(group, Subgroup) else group
            if whole is None or variable not in whole.variables or whole.variables[variable].scalar:
                continue
            if whole.variables.indices[variable] != "_idx":
                raise NotImplementedError(
                    f"{name}, {pathway}: a statement cannot use {word}, as {variable} is linked to another group: give "
                    "the neurons a variable of their own"
                )


def check_delay(name: str, delay: Any) -> None:
    """Raise an error for what is no single time from 0 on."""
    fail_for_dimension_mismatch(delay, second, f"{name}: a delay needs a unit of time")
    if np.ndim(delay) > 0:
        raise NotImplementedError(f"{name}: all pairs of ConvSynapses share one delay, and one value is asked for")
    if not 0 <= float(delay) < np.inf:
        raise ValueError(f"{name}: a delay of {delay}: it has to be 0 or more")


def _check_statements(name: str, code: Any) -> None:
    """Raise NotImplementedError for what belongs to a synapse."""
    if found := {"i", "j", "lastupdate"} & get_identifiers(code):
        raise NotImplementedError(
            f"{name}: a statement cannot use {sorted(found)[0]}: ConvSynapses stores nothing per synapse; "
            "use a variable of the groups"
        )
