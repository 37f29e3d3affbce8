"""Keep results that take long to compute in the user's cache directory."""

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
