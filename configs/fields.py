"""Types of numbers in a configuration, with their limits and units."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field


def pair(value: Any) -> Any:
    """One number stands for both of a pair."""
    return (value, value) if isinstance(value, int) else value


def odd(value: int) -> int:
    """Make sure that a number is odd. Raises ValueError."""
    if value % 2 == 0:
        raise ValueError(f"{value} has no centre: make it odd")
    return value


def in_unit(unit: str, **schema: Any) -> Any:
    """Add the unit of a key, and other entries, to its JSON Schema, from which the reference of all keys is made."""
    return Field(json_schema_extra={"unit": unit, **schema})


ODD = {"not": {"multipleOf": 2}}  # in JSON Schema

Count = Annotated[int, Field(gt=0)]
Natural = Annotated[int, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Share = Annotated[float, Field(ge=0, lt=1)]
Rate = Annotated[float, Field(gt=0, lt=1)]
Size = Annotated[tuple[Count, Count], BeforeValidator(pair), in_unit("neurons")]
Margin = Annotated[tuple[Natural, Natural], BeforeValidator(pair), in_unit("neurons")]
