"""Datasets that are folders of files, one folder per class."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

from spikeseg.errors import SpikeSegError
from spikeseg.files import require_regular
from spikeseg.names import check_file_name


def files_by_class(folder: Path, classes: Sequence[str], pattern: str) -> dict[str, Path]:
    """Find the files of some classes, without opening them.

    Parameters
    ----------
    folder
        Directory with one folder per class.
    classes
        Classes to find, by the names of their folders.
    pattern
        Pattern of the files' names, e.g. ``image_*.jpg``.

    Returns
    -------
    dict
        Path of each file, by the name ``<class>/<file>``; sorted by name.

    Raises
    ------
    SpikeSegError
        There is no such directory or class; or a class has no file, or has a device or a pipe among them, or a file
        whose name no other file can have.
    """
    if not folder.is_dir():
        raise SpikeSegError(f"{folder} is not a directory: a folder per class should be there")
    # Stripped: folders that were made from a list with Windows line ends have names that end with a carriage return.
    known = {path.name.strip(): path for path in folder.iterdir() if path.is_dir()}
    files = {}
    for label in classes:
        if label not in known:
            there = textwrap.shorten(", ".join(sorted(known)) or "none", 160, placeholder=" ...")
            raise SpikeSegError(f"{folder} has no class {label}; it has {there}")
        own = {f"{label}/{path.name}": path for path in known[label].glob(pattern)}
        if not own:
            raise SpikeSegError(f"class {label} is empty: no {pattern} in {known[label]}")
        for path in own.values():
            check_file_name(path.name)
            if path.exists():
                require_regular(path)
        files |= own
    return dict(sorted(files.items()))
