"""Keep results that take long to compute in the user's cache directory."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np

from .errors import SpikeSegError
from .files import read_arrays, write_arrays

ENTRY = re.compile(r"[0-9a-f]{16}|[0-9a-f]{32}\.npz")
"""Names of what is kept: hashes, of programs and of arrays."""

REMOVED = ".removed-"
"""What the names of programs begin with that are being removed: none is ever seen without some of its files."""


def cache_directory() -> Path:
    """The cache directory: SPIKESEG_CACHE if set, else ``spikeseg`` in the user's cache directory.

    Raises
    ------
    SpikeSegError
        The user has no home directory.
    """
    if chosen := os.environ.get("SPIKESEG_CACHE"):
        return Path(chosen).absolute()
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "spikeseg"
    except RuntimeError as error:
        raise SpikeSegError("there is no home directory for the cache: set SPIKESEG_CACHE to a directory") from error


def make_cache() -> None:
    """Make the cache directory, for nobody but its user. Raises SpikeSegError where it cannot be made."""
    path = cache_directory()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise SpikeSegError(f"cannot write {path}: {error.strerror or error}") from error


class Kept(NamedTuple):
    """What the cache keeps of one kind: its entries, and their bytes in all."""

    paths: list[Path]
    size: int


def cache_content() -> dict[str, Kept]:
    """What is in the cache, by kind. Files that are not the cache's own do not count."""
    found: dict[str, Kept] = {}
    for folder in sorted(path for path in cache_directory().glob("*") if path.is_dir()):
        paths = [path for path in sorted(folder.iterdir()) if ENTRY.fullmatch(path.name)]
        files = (file for path in paths for file in ([path] if path.is_file() else path.rglob("*")))
        if paths:
            found[folder.name] = Kept(paths, sum(file.lstat().st_size for file in files))
    return found


def clear_cache() -> int:
    """Remove what is in the cache; it comes back when it is needed.

    Returns
    -------
    Bytes that were removed.

    Raises
    ------
    SpikeSegError
        The file system refuses.
    """
    content = cache_content()
    for kind, kept in content.items():
        for path in kept.paths:
            try:
                _remove(path)
            except FileNotFoundError:  # another process removes it
                pass
            except OSError as error:
                raise SpikeSegError(f"cannot remove {path}: {error.strerror or error}") from error
        with suppress(OSError):  # something else is in it
            (cache_directory() / kind).rmdir()
    return sum(kept.size for kept in content.values())


def _remove(path: Path) -> None:
    if not path.is_dir():
        path.unlink()
        return
    removed = path.with_name(f"{REMOVED}{path.name}")
    shutil.rmtree(removed, ignore_errors=True)  # of a process that was killed
    path.rename(removed)
    shutil.rmtree(removed)


def kept_arrays(kind: str, key: bytes, make: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Read arrays from the cache. If they are missing or damaged there, compute and store them.

    Parameters
    ----------
    kind
        Name of a folder in the cache.
    key
        Everything that the arrays depend on, of any length.
    make
        Computes the arrays.

    Raises
    ------
    SpikeSegError
        There is no cache directory, or it cannot be written.
    """
    path = cache_directory() / kind / f"{hashlib.sha256(key).hexdigest()[:32]}.npz"
    try:
        return read_arrays(path)
    except SpikeSegError:
        arrays = make()
        make_cache()
        write_arrays(path, arrays)
        return arrays


def source(*modules: ModuleType) -> bytes:
    """Source code of modules, as part of a key: when the code changes, cached results are computed anew."""
    return b"".join(Path(str(module.__file__)).read_bytes() for module in modules)
