"""Check what a file holds against a schema; one line says what is wrong with it."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from .errors import SpikeSegError

MOST = 5  # faults that a line names
LONGEST = 60  # characters of a key in it

Checked = TypeVar("Checked")


def checked(schema: type[Checked] | TypeAdapter[Checked], content: Any, where: str) -> Checked:
    """Check content against a schema, a model of pydantic's or an adapter of another type.

    Raises
    ------
    SpikeSegError
        It does not fit; one line names the wrong keys.
    """
    adapter = schema if isinstance(schema, TypeAdapter) else TypeAdapter(schema)
    try:
        return adapter.validate_python(content)
    except ValidationError as error:
        faults = [_explain(one) for one in error.errors(include_url=False)]
        rest = f"; and {len(faults) - MOST} more" if len(faults) > MOST else ""
        raise SpikeSegError(f"{where}: {'; '.join(faults[:MOST])}{rest}") from error


def _explain(error: Any) -> str:
    key = ".".join(str(part)[:LONGEST] for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"unknown key {key}"
    message = error["msg"].removeprefix("Value error, ")[: 4 * LONGEST]
    return f"{key}: {message}" if key else message
