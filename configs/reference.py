"""Every key of a configuration as a row of a table, read off the schema: the documentation shows what is checked."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel

from .schema import Config

BOUNDS = {"exclusiveMinimum": ">", "minimum": ">=", "exclusiveMaximum": "<", "maximum": "<="}
TYPES = {"integer": "integer", "number": "number", "string": "text"}
TABLE = "table"


class Key(NamedTuple):
    """A key of a configuration file, or a table of keys.

    Attributes
    ----------
    key
        In full, such as ``conv3.learning.a_plus``.
    type
        ``integer``, ``number``, ``text``, a list of these, or ``table``.
    default
        As TOML writes it; ``required`` where there is none, ``absent`` where nothing is set.
    allowed
        Bounds, or the words to choose from; empty where every value of the type is allowed.
    meaning
        What it does, with its unit; of a table, what it is about. Empty where the schema says nothing.
    """

    key: str
    type: str
    default: str
    allowed: str
    meaning: str


def keys(schema: type[BaseModel] = Config) -> list[Key]:
    """Rows for all keys of a schema in the order of the file; a table comes just before its keys."""
    root = schema.model_json_schema()
    return list(_rows(root, root.get("$defs", {})))


def _rows(section: Mapping[str, Any], definitions: Mapping[str, Any], at: str = "") -> Iterator[Key]:
    """Keys of one table; tables inside it come after its own keys, as a TOML file has them."""
    required = section.get("required", ())
    tables = []
    for name, field in section["properties"].items():
        key, content = f"{at}{name}", _without_null(field)
        default = "required" if name in required else _toml(field.get("default"))
        if "$ref" not in content:
            yield Key(key, _type(content), default, _allowed(content), field.get("description", ""))
            continue
        table = definitions[content["$ref"].rpartition("/")[2]]
        default = "required" if name in required else "absent" if field.get("default") is None else "its keys' defaults"
        about = inspect.cleandoc(table.get("description", "")).replace("\n", " ")
        tables.append((Key(key, TABLE, default, "", about), table))
    for row, table in tables:
        yield row
        yield from _rows(table, definitions, f"{row.key}.")


def _without_null(field: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a value that may be absent is when it is there."""
    kinds = [kind for kind in field.get("anyOf", [field]) if kind.get("type") != "null"]
    return kinds[0]


def _type(content: Mapping[str, Any]) -> str:
    if content.get("type") == "array":
        items = content.get("prefixItems", [content.get("items", {})])
        count = f"{len(items)} " if "prefixItems" in content else ""
        return f"list of {count}{_type(items[0])}s".replace("texts", "text")
    return TYPES[content.get("type", "string")]


def _allowed(content: Mapping[str, Any]) -> str:
    if content.get("type") == "array":
        return _allowed(content.get("prefixItems", [content.get("items", {})])[0])
    if "enum" in content:
        return ", ".join(f'"{word}"' for word in content["enum"])
    return ", ".join(f"{sign} {content[bound]:g}" for bound, sign in BOUNDS.items() if bound in content)


def _toml(value: Any) -> str:
    if value is None:
        return "absent"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return str(value)
