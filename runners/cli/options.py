"""Options that several commands share, and the parsing of options."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import Field, fields
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from ...datasets.events.events import Invalid
from ...datasets.split import AnyPart
from ..simulation.devices import Device

_UNITS = {"us": 1e-3, "ms": 1.0, "": 1.0, "s": 1e3}
_MICROSECONDS = {"us": 1, "ms": 1000, "": 1000, "s": 1_000_000}
_SHORTEST = 1e-3  # milliseconds: times of events are whole microseconds


def milliseconds(text: str | float) -> float:
    """Parse a duration such as ``30ms``, ``30``, ``0.03s`` or ``30000us``.

    Returns
    -------
    The duration in milliseconds.

    Raises
    ------
    typer.BadParameter
        The text has another form, or the duration is less than a microsecond.
    """
    found = re.fullmatch(r"([0-9]*\.?[0-9]+)\s*(us|ms|s|)", str(text).strip())
    value = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if value < _SHORTEST:
        raise typer.BadParameter(f"{text!r} is not a duration: give e.g. 30ms, 0.03s or 30000us")
    return value


def clock(text: str | int) -> int:
    """Read a time on the clock of a recording: a number with s, ms or us; without, milliseconds.

    Returns
    -------
    Microseconds, exactly.

    Raises
    ------
    typer.BadParameter
        It is none of these, or no whole number of microseconds.
    """
    found = re.fullmatch(r"([-+]?[0-9]*\.?[0-9]+)\s*(us|ms|s|)", str(text).strip())
    value = Decimal(found[1]) * _MICROSECONDS[found[2]] if found else Decimal("0.5")
    if value != int(value):
        raise typer.BadParameter(f"{text!r} is no time in whole microseconds: give e.g. 1.5s, 1500ms or 1500000us")
    return int(value)


RunArgument = Annotated[str, typer.Argument(help="Run directory, or the name of a bundled network.")]
ConfigArgument = Annotated[str, typer.Argument(help="TOML file, or the name of a bundled configuration.")]
DataOption = Annotated[Path | None, typer.Option("--data", help="Directory of the dataset.")]
DeviceOption = Annotated[Device, typer.Option("--device", help="Where Brian2 simulates: docs/devices.md.")]
JobsOption = Annotated[
    int, typer.Option("--jobs", min=1, help="Simulations to run at a time; only 1 with cython and numpy.")
]
SplitOption = Annotated[AnyPart, typer.Option("--split", help="Part of the run's split; `all` is the whole dataset.")]
RunsOption = Annotated[Path, typer.Option("--out", help="Directory with a run directory for each point.")]
InvalidOption = Annotated[
    Invalid,
    typer.Option("--invalid", help="Events that are off the sensor or out of order: drop them, or sort by time."),
]
ConfidenceOption = Annotated[
    float,
    typer.Option(
        "--confidence", min=0, max=1, help="Presence from which an object counts as there; 0 finds one everywhere."
    ),
]
SizeOption = Annotated[str | None, typer.Option("--size", help="COLUMNSxROWS of the sensor, if the file does not say.")]


def dataclass_options(kind: type) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a command that has a parameter of the dataclass `kind`: replace it by an option for every field.

    The metadata of a field have its ``help``, and may have ``flag``, ``min`` and ``max``. With ``unit`` "ms" the option
    is parsed by `milliseconds`, with "clock" by `clock`.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(command, eval_str=True)
        own = [one for one in signature.parameters.values() if one.annotation is not kind]
        (name,) = signature.parameters.keys() - {one.name for one in own}
        hints = get_type_hints(kind)
        added = [_option(field, hints[field.name]) for field in fields(kind)]

        def run(**values: Any) -> Any:
            options = kind(**{parameter.name: values.pop(parameter.name) for parameter in added})
            return command(**values, **{name: options})

        run.__name__, run.__doc__ = command.__name__, command.__doc__
        parameters = sorted([*own, *added], key=lambda one: one.default is not inspect.Parameter.empty)
        run.__signature__ = signature.replace(parameters=parameters)  # pyright: ignore[reportFunctionMemberAccess]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return run

    return decorate


def _option(field: Field, hint: Any) -> inspect.Parameter:
    settings = dict(field.metadata)
    flag = settings.pop("flag", f"--{field.name.replace('_', '-')}")
    if unit := settings.pop("unit", None):
        settings["parser"] = {"ms": milliseconds, "clock": clock}[unit]
    option = typer.Option(flag, **settings)
    return inspect.Parameter(
        field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=Annotated[hint, option]
    )
