"""The reference of all keys of a configuration, read from the schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .changes import written
from .schema import Config

TYPES = {"integer": "whole number", "number": "number", "string": "text", "boolean": "true or false"}
LIMITS = {"exclusiveMinimum": ">", "minimum": ">=", "exclusiveMaximum": "<", "maximum": "<="}

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Key:
    """One key of a configuration.

    Attributes
    ----------
    key
        Its name after those of its tables, such as ``conv3.learning.a_plus``.
    type
        Such as ``whole number``, ``text`` or ``list of texts``.
    default
        As written in TOML; ``required`` if its table must have the key, ``absent`` if it may be left out.
    allowed
        Limits or choices, such as ``> 0, < 1``; empty where anything of that type is allowed.
    unit
        Empty if it has none.
    meaning
        What it does.
    """

    key: str
    type: str
    default: str
    allowed: str
    unit: str
    meaning: str


def all_keys() -> list[Key]:
    """Every key that a configuration may have, in the order of the schema."""
    schema = Config.model_json_schema()
    return list(_keys(schema, schema["$defs"], ""))


def _keys(table: Schema, tables: Mapping[str, Schema], prefix: str) -> Iterator[Key]:
    for name, field in table["properties"].items():
        value = _without_null(field)
        if "$ref" in value:
            yield from _keys(tables[value["$ref"].rpartition("/")[2]], tables, f"{prefix}{name}.")
        else:
            default = "required" if name in table.get("required", ()) else _default(field["default"])
            unit = value.get("unit", "")
            yield Key(prefix + name, _type(value), default, _allowed(value), unit, field["description"])


def _without_null(field: Schema) -> Schema:
    """The schema of a key's value; a key that may be absent has two, the other of which is that of null."""
    return next((option for option in field.get("anyOf", ()) if option.get("type") != "null"), field)


def _limit(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:g}"


def _default(value: Any) -> str:
    return "absent" if value is None else written(value)


def _type(value: Schema) -> str:
    if "prefixItems" in value:
        return f"[rows, columns], or one {TYPES[value['prefixItems'][0]['type']]} for both"
    if value["type"] == "object":
        return f"table of {TYPES[value['additionalProperties']['type']]}s"
    if value["type"] == "array":
        return f"list of {TYPES[value['items']['type']]}s"
    return TYPES[value["type"]]


def _allowed(value: Schema) -> str:
    if "enum" in value:
        return ", ".join(map(written, value["enum"]))
    number = value["prefixItems"][0] if "prefixItems" in value else value
    limits = [f"{sign} {_limit(number[limit])}" for limit, sign in LIMITS.items() if limit in number]
    if number.get("not") == {"multipleOf": 2}:
        limits.append("odd")
    if value.get("minItems") == 1:
        limits.append("at least one")
    return ", ".join(limits)
