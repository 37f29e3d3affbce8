"""The kinds of numbers and names in a configuration, each with the limits of what computes with it or keeps it.

Numbers are numbers: neither ``true`` nor ``"3"`` is one. Generated code counts in 32 bits, recordings keep steps in 16.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from spikeseg.names import LONGEST, name_fault, text_fault
from spikeseg.spikes import MOST_STEPS

LARGEST_INT = 2**31 - 1
"""Of generated code, where indices, counts and time are 32 bits wide."""

LONGEST_SIDE = 2**14
"""Rows or columns of a layer, and of everything in it; also of the largest sensor that is read."""

LARGEST_FILTER = 999
"""Rows or columns of a fixed filter, which is made as a whole for every picture."""

MOST_ITEMS = 10**7
"""Pictures, recordings or presentations; their order is drawn at once."""

MOST_MAPS = 2**12
"""Of a layer; Conv1 and Conv3 have one per orientation and per class or more."""

MOST_CLASSES = 1000

MOST_PER_CHUNK = 10**4
"""Stimuli between two checkpoints, which are simulated at once."""


def pair(value: Any) -> Any:
    """One whole number for both rows and columns."""
    return (value, value) if isinstance(value, int) else value


def odd(value: int) -> int:
    """Raise ValueError for an even number."""
    if value % 2 == 0:
        raise ValueError(f"{value} has no centre: make it odd")
    return value


def in_unit(unit: str, **schema: Any) -> Any:
    """Add the unit of a key, and other entries, to its JSON Schema, from which the reference of all keys is made."""
    return Field(json_schema_extra={"unit": unit, **schema})


def _finite(value: Any) -> Any:
    return None if value == float("inf") else value


def _class_name(name: str) -> str:
    if len(name) > LONGEST:
        raise ValueError(f"a class of {len(name)} characters: {LONGEST} at most")
    if fault := name_fault(name):
        raise ValueError(f"no class can be called {name!a}, {fault}: it becomes part of names of files")
    return name


def _text(text: str) -> str:
    if fault := text_fault(text):
        raise ValueError(f"{text!a} cannot be shown, {fault}")
    return text


ODD = {"not": {"multipleOf": 2}}  # in JSON Schema

Whole = Annotated[int, Field(strict=True)]
Real = Annotated[float, Field(strict=True)]

Count = Annotated[Whole, Field(gt=0, le=LARGEST_INT)]
Natural = Annotated[Whole, Field(ge=0, le=LARGEST_INT)]
Items = Annotated[Whole, Field(gt=0, le=MOST_ITEMS)]
Steps = Annotated[Whole, Field(gt=0, le=MOST_STEPS)]
Maps = Annotated[Whole, Field(gt=0, le=MOST_MAPS)]
Chunk = Annotated[Whole, Field(gt=0, le=MOST_PER_CHUNK)]
Side = Annotated[Whole, Field(gt=0, le=LONGEST_SIDE)]
Reach = Annotated[Whole, Field(ge=0, le=LONGEST_SIDE)]
FilterSide = Annotated[Whole, Field(gt=0, le=LARGEST_FILTER), AfterValidator(odd)]
Seed = Annotated[Whole, Field(ge=0, lt=2**63)]

Positive = Annotated[Real, Field(gt=0)]
Width = Annotated[Real, Field(ge=1e-3, le=1e6)]
Tau = Annotated[
    Annotated[Width, in_unit("ms")] | None,
    BeforeValidator(_finite),
    Field(description="time constant with which potentials decay between inputs; when absent or inf, they do not"),
]
"""Of a layer's leak; an infinite one is none."""
NotNegative = Annotated[Real, Field(ge=0)]
Fraction = Annotated[Real, Field(ge=0, le=1)]
Share = Annotated[Real, Field(ge=0, lt=1)]
Rate = Annotated[Real, Field(gt=0, lt=1)]
Size = Annotated[tuple[Side, Side], BeforeValidator(pair)]
Margin = Annotated[tuple[Reach, Reach], BeforeValidator(pair)]

ClassName = Annotated[str, AfterValidator(_class_name)]
Text = Annotated[str, Field(max_length=1000), AfterValidator(_text)]


class Section(BaseModel):
    """A table of the file. Unknown keys, NaN and infinities are errors; values cannot change afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
