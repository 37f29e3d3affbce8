"""Change keys of a configuration, such as ``conv3.learning.a_plus``, and write such changes on one line."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from copy import deepcopy
from math import isfinite
from typing import Any

from spikeseg.errors import SpikeSegError

LONGEST = 60  # characters of a value in a list of differences


def changed(content: Mapping[str, Any], changes: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Replace the values of some keys of a configuration; tables that it lacks are added.

    Parameters
    ----------
    content
        Nested tables, not checked yet. They are copied, not changed.
    changes
        New values by dotted key.
    where
        What an error message names: the file, or the option that asks for the change.

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
    """Write changes on one line: ``seed=1, conv2.threshold=3.0``."""
    return ", ".join(f"{key}={written(value)}" for key, value in values.items())


def written(value: Any) -> str:
    """Write a value as in TOML, where numbers, texts and lists of them look as in JSON, but for inf."""
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def parsed(change: str) -> tuple[str, Any]:
    """Split ``KEY=VALUE`` into the key and its value, read as TOML. Raises SpikeSegError for anything else."""
    key, _, value = change.partition("=")
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError as error:
        raise SpikeSegError(f"--set {change}: say KEY=VALUE, with texts in quotation marks") from error


def _short(value: Any) -> str:
    text = written(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def differences(there: Mapping[str, Any], here: Mapping[str, Any], prefix: str = "") -> list[str]:
    """What differs between two configurations, a text per key: ``seed (0 there, 1 here)``. None counts as no value."""
    found: list[str] = []
    for key in dict.fromkeys([*there, *here]):
        one, other = there.get(key), here.get(key)
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            found += differences(one, other, f"{prefix}{key}.")
        elif one != other:
            found.append(f"{prefix}{key} ({_short(one)} there, {_short(other)} here)")
    return found
