"""What columns of events are called, and the unit of time that a name says.

It imports nothing of this package: the process that reads HDF5 loads it by its path, see `hdf5_reader`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

FIELDS = ("x", "y", "t", "p")

UNITS = {"s": (1_000_000, 1), "ms": (1000, 1), "us": (1, 1), "ns": (1, 1000)}
"""Microseconds of a unit of time, as a numerator and a denominator."""

_SPELLINGS = {
    "s": ("s", "sec", "secs", "second", "seconds"),
    "ms": ("ms", "msec", "millis", "millisecond", "milliseconds"),
    "us": ("us", "usec", "\N{MICRO SIGN}s", "\N{GREEK SMALL LETTER MU}s", "micros", "microsecond", "microseconds"),
    "ns": ("ns", "nsec", "nanos", "nanosecond", "nanoseconds"),
}
_UNIT_OF = {spelling: unit for unit, spellings in _SPELLINGS.items() for spelling in spellings}
_COLUMNS = {
    "x": ("x", "xs", "x_pos", "pos_x", "x_coordinate", "col", "column"),
    "y": ("y", "ys", "y_pos", "pos_y", "y_coordinate", "row"),
    "p": ("p", "ps", "pol", "polarity", "polarities", "on"),
}
_FIELD_OF = {name: field for field, names in _COLUMNS.items() for name in names}
_TIME = re.compile(r"(?:time_?stamps?|times?|ts?)(?:(?:[\s_.:-]+|[\s_.:-]*[\[(])\s*(\w+)\s*[\])]?)?")


class Columns(NamedTuple):
    """The name of each field's column, and what the time's name says about its unit: `UNITS`, another word, or None."""

    names: dict[str, str]
    unit: str | None


def find_columns(names: Iterable[str]) -> Columns | None:
    """Find x, y, t and p among names; None where one of them is missing, or is there twice."""
    found: dict[str, list[str]] = {field: [] for field in FIELDS}
    units: dict[str, str | None] = {}
    for name in names:
        plain = name.strip().strip("\"'").lower()
        if time := _TIME.fullmatch(plain):
            units[name] = _UNIT_OF.get(time[1], time[1])
            found["t"].append(name)
        elif field := _FIELD_OF.get(plain.replace("-", "_")):
            found[field].append(name)
    if len(found["t"]) > 1:  # t beside t_offset
        found["t"] = [name for name in found["t"] if units[name] in (None, *UNITS)]
    if any(len(columns) != 1 for columns in found.values()):
        return None
    return Columns({field: columns[0] for field, columns in found.items()}, units[found["t"][0]])
