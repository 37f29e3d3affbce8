"""Durations as people write them."""

from __future__ import annotations

import re

import typer

_UNITS = {"us": 1e-3, "ms": 1.0, "": 1.0, "s": 1e3}
_SHORTEST = 1e-3  # milliseconds: events have whole microseconds


def milliseconds(text: str | float) -> float:
    """``30ms``, ``30``, ``0.03s`` or ``30000us``.

    Raises
    ------
    typer.BadParameter
        It is none of these, or less than a microsecond.
    """
    found = re.fullmatch(r"([0-9]*\.?[0-9]+)\s*(us|ms|s|)", str(text).strip())
    value = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if value < _SHORTEST:
        raise typer.BadParameter(f"{text!r} is no duration: give e.g. 30ms, 0.03s or 30000us")
    return value
