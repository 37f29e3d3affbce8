"""Datasets that are folders of files, one folder a class."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

from spikeseg.errors import SpikeSegError


def files_by_class(folder: Path, classes: Sequence[str], pattern: str) -> dict[str, Path]:
    """Find the files of some classes; none is opened.

    Parameters
    ----------
    folder
        Holds a folder per class.
    classes
        Which of them to take.
    pattern
        Of the files' names, e.g. ``image_*.jpg``.

    Returns
    -------
    Path by name, ``<class>/<file>``, sorted by name.

    Raises
    ------
    SpikeSegError
        No such directory or class, or a class without a file.
    """
    if not folder.is_dir():
        raise SpikeSegError(f"{folder} is not a directory: a folder per class should be there")
    # Stripped: a list of folders with Windows' line ends, once it was unpacked, leaves carriage returns in their names.
    known = {path.name.strip(): path for path in folder.iterdir() if path.is_dir()}
    files = {}
    for label in classes:
        if label not in known:
            there = textwrap.shorten(", ".join(sorted(known)) or "none", 160, placeholder=" ...")
            raise SpikeSegError(f"{folder} has no class {label}; it has {there}")
        own = {f"{label}/{path.name}": path for path in known[label].glob(pattern)}
        if not own:
            raise SpikeSegError(f"class {label} is empty: no {pattern} in {known[label]}")
        files |= own
    return dict(sorted(files.items()))
