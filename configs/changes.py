"""Changes to a configuration by dotted key, such as ``conv3.learning.a_plus``, and how they are written on one line."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from spikeseg.errors import SpikeSegError


def changed(content: Mapping[str, Any], changes: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Content of a configuration with other values for some keys; tables that it lacks are added.

    Parameters
    ----------
    content
        Nested tables, not checked yet; they stay as they are.
    changes
        New values by dotted key.
    where
        What an error names: the file, or who asks for the change.

    Raises
    ------
    SpikeSegError
        A key leads through a value that is no table.
    """
    outcome = deepcopy(dict(content))
    for key, value in changes.items():
        *tables, last = key.split(".")
        table = outcome
        for name in tables:
            table = table.setdefault(name, {})
            if not isinstance(table, dict):
                raise SpikeSegError(f"{where}: unknown key {key}")
        table[last] = deepcopy(value)
    return outcome


def described(values: Mapping[str, Any]) -> str:
    """Changes on one line: ``seed=1, conv2.threshold=3.0``."""
    return ", ".join(f"{key}={written(value)}" for key, value in values.items())


def written(value: Any) -> str:
    """A value as TOML has it: numbers, texts and lists of them are written as in JSON."""
    return json.dumps(value, ensure_ascii=False, default=str)


def parsed(change: str) -> tuple[str, Any]:
    """Dotted key and value of ``KEY=VALUE``, the value in TOML. Raises SpikeSegError where it is not of that form."""
    key, _, value = change.partition("=")
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError as error:
        raise SpikeSegError(f"--set {change}: say KEY=VALUE, with texts in quotation marks") from error
