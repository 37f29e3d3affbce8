"""Names of classes, stimuli and files that others chose: what one may hold that goes into a path or to a terminal."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from .errors import SpikeSegError

LONGEST = 100
"""Characters of a class: with those of its picture, they are part of a file's name."""

_UNPRINTABLE = ("Cc", "Cs", "Zl", "Zp")
"""Unicode's control characters, escape sequences among them; what is no UTF-8; and ends of lines and paragraphs."""


def name_fault(name: str) -> str:
    """Say why a name cannot be part of a file's name; empty if nothing is wrong."""
    if not name.strip() or name in (".", ".."):
        return "it names nothing"
    if "/" in name or "\\" in name:
        return "it has a / or \\, which separate folders"
    return text_fault(name)


def text_fault(text: str) -> str:
    """Say why a text must not reach a terminal; empty if nothing is wrong."""
    if found := next((one for one in text if _unprintable(one)), None):
        return "it is not UTF-8" if unicodedata.category(found) == "Cs" else "it has a control character"
    return ""


def output_file(directory: Path, name: str) -> Path:
    """A file to write in a directory. Raises SpikeSegError for a name that is none, or that leads elsewhere."""
    check_file_name(name)
    return directory / name


def check_file_name(name: str) -> None:
    """Raise SpikeSegError where a file's name, without its folders, cannot be part of another one's."""
    if fault := name_fault(name):
        raise SpikeSegError(f"{printable(name, lines=False)} is no name for a file, {fault}: rename it")


def printable(text: str, lines: bool = True) -> str:
    """Write a text's control characters as Python does, with a backslash; with `lines`, but for ends of lines."""
    kept = "\n\t" if lines else ""
    return "".join(ascii(one)[1:-1] if _unprintable(one) and one not in kept else one for one in text)


def _unprintable(character: str) -> bool:
    return unicodedata.category(character) in _UNPRINTABLE
