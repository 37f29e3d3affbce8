"""The files of a dataset of your own: ``DATA/<class>/<file>``, and nothing else in the folder of a class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from spikeseg.errors import SpikeSegError
from spikeseg.names import check_file_name

from ..folders import files_by_class

MASKS, VOC = "masks", "voc"
RESERVED = MASKS, VOC
"""Folders beside those of the classes, which hold annotations."""

_LEFT_BEHIND = ("Thumbs.db", "desktop.ini")  # what file managers leave in a folder of pictures


def own_files(root: Path, classes: Sequence[str], suffixes: Sequence[str], what: str) -> dict[str, Path]:
    """Find the files of some classes; none is opened.

    Parameters
    ----------
    root
        Holds a folder per class. Hidden files in it do not count.
    classes
        Which of them to take.
    suffixes
        That a file may have, in lower case.
    what
        They are, for messages: ``picture``.

    Returns
    -------
    Path by name, ``<class>/<file>``, sorted by name.

    Raises
    ------
    SpikeSegError
        No such directory or class, a class without a file, or with something in its folder that is no such file.
    """
    for label in classes:
        if label in RESERVED:
            raise SpikeSegError(
                f"a class cannot be called {label}: {root / label} holds annotations; rename the folder"
            )
    found = {name: path for name, path in files_by_class(root, classes, "*").items() if _counts(path)}
    for label in classes:
        if not any(name.startswith(f"{label}/") for name in found):
            raise SpikeSegError(f"class {label} is empty: no {what} in {root / label}")
    for name, path in found.items():
        if path.is_dir():
            raise SpikeSegError(f"{path} is a folder: the {what}s of {name.split('/')[0]} lie in {path.parent} itself")
        if path.suffix.lower() not in suffixes:
            raise SpikeSegError(
                f"{path} is no {what} that can be read: take it out of the folder, or convert it to one of "
                f"{', '.join(suffixes)}"
            )
    return found


def class_folders(root: Path) -> list[str]:
    """The classes that a directory holds, by name, sorted. Raises SpikeSegError where there are fewer than two."""
    if not root.is_dir():
        raise SpikeSegError(f"{root} is not a directory: a folder per class should be there")
    folders = (path for path in root.iterdir() if path.is_dir())
    classes = sorted(path.name for path in folders if path.name not in RESERVED and not path.name.startswith("."))
    if len(classes) < 2:
        there = f"only {classes[0]}" if classes else "none"
        raise SpikeSegError(f"{root} needs two folders or more, one per class; it has {there}")
    for name in classes:
        check_file_name(name)
    return classes


def _counts(path: Path) -> bool:
    return not path.name.startswith(".") and path.name not in _LEFT_BEHIND
