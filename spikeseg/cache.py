"""What takes long to make is kept in the user's cache directory."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np

from .errors import SpikeSegError
from .files import read_arrays, write_arrays


def cache_directory() -> Path:
    """Where such things are kept: SPIKESEG_CACHE, or `spikeseg` in the user's cache directory."""
    if chosen := os.environ.get("SPIKESEG_CACHE"):
        return Path(chosen).absolute()
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "spikeseg"
    except RuntimeError as error:
        raise SpikeSegError("no home directory to keep a cache in: set SPIKESEG_CACHE") from error


def make_cache() -> None:
    """Make the cache directory, for nobody but its user. Raises SpikeSegError where it cannot be made."""
    path = cache_directory()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise SpikeSegError(f"cannot write {path}: {error.strerror or error}") from error


def kept_arrays(kind: str, key: bytes, make: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Arrays out of the cache; made, and put there, where it has none or its file is damaged.

    Parameters
    ----------
    kind
        Name of a folder in the cache.
    key
        All that the arrays depend on, of any length.
    make
        Makes them.

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
    """Source code of modules, for a key: what other code has made is made anew."""
    return b"".join(Path(str(module.__file__)).read_bytes() for module in modules)
