"""A bundled configuration with other values: its text, with its comments, for a file that people go on with."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .changes import written


def rewritten(text: str, heading: Sequence[str], settings: Mapping[str, tuple[Any, str]]) -> str:
    """The text of a configuration with another heading and some other settings.

    Parameters
    ----------
    text
        Of a bundled configuration: comments, then keys, then a table for each section; a value is on one line.
    heading
        Lines of the comment that replaces the one at the beginning.
    settings
        Value and comment by dotted key. A value of None leaves the key out; a key that the text lacks is added to the
        end of its table, which must be there.
    """
    left = dict(settings)
    sections = _without_heading(text).split("\n\n")
    done = [_section(section, left) for section in sections]
    if left:
        raise ValueError(f"no table for {', '.join(left)}")
    comment = "\n".join(f"# {line}".rstrip() for line in heading)
    return f"{comment}\n" + "\n\n".join(done).rstrip("\n") + "\n"


def _without_heading(text: str) -> str:
    lines = text.splitlines()
    first = next(number for number, line in enumerate(lines) if not line.startswith("#"))
    return "\n".join(lines[first:])


def _section(section: str, left: dict[str, tuple[Any, str]]) -> str:
    """One table with what `left` has for it, which is taken from there."""
    header = re.search(r"^\[(.+)\]$", section, re.MULTILINE)
    prefix = f"{header[1]}." if header else ""
    lines: list[str] = []
    for line in section.splitlines():
        key = prefix + line.partition(" = ")[0]
        if key not in left:
            lines.append(line)
            continue
        while lines and lines[-1].startswith("#"):  # a long comment stands above its key
            lines.pop()
        lines += _line(key, *left.pop(key))
    own = [key for key in left if key.rpartition(".")[0] == prefix.rstrip(".")]
    return "\n".join(lines + [line for key in own for line in _line(key, *left.pop(key))])


def _line(key: str, value: Any, comment: str) -> list[str]:
    """A key with its comment, which is above it where both are too long for a line."""
    if value is None:
        return []
    setting = f"{key.rpartition('.')[2]} = {written(value)}"
    if len(setting) + len(comment) + 4 <= 120:
        return [f"{setting}  # {comment}"]
    return [f"# {comment}", setting]
