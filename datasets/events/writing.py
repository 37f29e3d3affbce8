"""Recordings of events to files that are read again to the microsecond."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np

from spikeseg.errors import SpikeSegError
from spikeseg.files import replacing

from . import encoding
from .events import Recording
from .formats.records import optional

Evt = Literal["2", "3"]
"""Version of Prophesee's EVT."""

_LINES = 100_000  # of text that are made at a time


def check_writable(path: Path, signed: bool = False, evt: Evt | None = None) -> None:
    """Raise SpikeSegError where the suffix of `path` has no format, none with a `signed` polarity, or no `evt`."""
    writers = {**_SIGNED, **_BITS}
    suffix = path.suffix.lower()
    if suffix not in writers:
        raise SpikeSegError(f"cannot write events to {path}: give it one of the suffixes {', '.join(writers)}")
    if signed and suffix in _BITS:
        raise SpikeSegError(f"{suffix} has one bit for a polarity: leave out --signed")
    if evt is not None and suffix != ".raw":
        raise SpikeSegError(f"--evt is the version of a .raw file: leave it out for {suffix}")


def write_recording(path: Path, recording: Recording, signed: bool = False, evt: Evt | None = None) -> None:
    """Write a recording in the format of the suffix of `path`.

    ==============  =================================================================================
    ``.npz``        arrays x, y, t, p, and the sensor's `size`
    ``.h5``         ``events/x``, ``y``, ``t``, ``p``, and ``height`` and ``width``, as DSEC
    ``.csv``        a heading ``t_us,x,y,p``; it does not name the sensor's size
    ``.txt``        the sensor's columns and rows, then ``t x y p`` in seconds, as E2VID
    ``.raw``        Prophesee EVT 2.0 or 3.0, see `evt`
    ``.aedat4``     AEDAT 4, compressed by LZ4
    ``.dat``        Prophesee DAT, version 2
    ``.bin``        N-MNIST and N-Caltech101
    ==============  =================================================================================

    Parameters
    ----------
    signed
        An OFF event is -1, not 0.
    evt
        Version of a ``.raw``; 2 by default, which more libraries read rightly, see docs/events.md.

    Raises
    ------
    SpikeSegError
        `check_writable`, the format cannot hold the recording, or the file system refuses.
    """
    check_writable(path, signed, evt)
    off = -1 if signed else 0
    columns = {field: recording.events[field] for field in "xyt"}
    columns["p"] = np.where(recording.events["p"] > 0, 1, off).astype(np.int8)
    suffix = path.suffix.lower()
    with replacing(path) as draft, draft.open("wb") as file:
        if suffix in _SIGNED:
            _SIGNED[suffix](file, columns, recording.size, str(path))
        else:
            encode = _EVT[evt] if evt else _BITS[suffix]
            file.write(encode(columns, recording.size, str(path)))


def _npz(file: BinaryIO, columns: dict[str, np.ndarray], size: tuple[int, int], where: str) -> None:
    arrays: dict[str, np.ndarray] = {**columns, "size": np.array(size)}
    np.savez_compressed(file, **arrays)  # pyright: ignore[reportArgumentType]


def _hdf5(file: BinaryIO, columns: dict[str, np.ndarray], size: tuple[int, int], where: str) -> None:
    with optional("h5py", where).File(file, "w") as hdf5:
        group = hdf5.create_group("events")
        for field, values in columns.items():
            group.create_dataset(field, data=values, compression="gzip", compression_opts=4)
        group["height"], group["width"] = size


def _csv(file: BinaryIO, columns: dict[str, np.ndarray], size: tuple[int, int], where: str) -> None:
    file.write(b"t_us,x,y,p\n")
    _lines(file, columns, "{},{},{},{}\n", columns["t"])


def _txt(file: BinaryIO, columns: dict[str, np.ndarray], size: tuple[int, int], where: str) -> None:
    file.write(f"{size[1]} {size[0]}\n".encode())
    _lines(file, columns, "{}{}.{:06d} {} {} {}\n", *_seconds(columns["t"]))


def _lines(file: BinaryIO, columns: dict[str, np.ndarray], line: str, *times: np.ndarray) -> None:
    """Lines of times, however they are made, and of x, y and p."""
    kept = [*times, columns["x"], columns["y"], columns["p"]]
    for start in range(0, len(columns["t"]), _LINES):
        rows = zip(*(column[start : start + _LINES].tolist() for column in kept), strict=True)
        file.write("".join(line.format(*row) for row in rows).encode())


def _seconds(t: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The sign, the whole seconds, and the microseconds of times."""
    whole, rest = np.divmod(np.abs(t), 1_000_000)
    return np.where(t < 0, "-", ""), whole, rest


_Writer = Callable[[BinaryIO, dict[str, np.ndarray], tuple[int, int], str], None]
_SIGNED: dict[str, _Writer] = {".npz": _npz, ".h5": _hdf5, ".hdf5": _hdf5, ".csv": _csv, ".txt": _txt}
_BITS: dict[str, Callable[[dict[str, np.ndarray], tuple[int, int], str], bytes]] = {
    ".raw": encoding.evt2,
    ".aedat4": encoding.aedat4,
    ".dat": encoding.dat,
    ".bin": encoding.atis,
}
_EVT = {"2": encoding.evt2, "3": encoding.evt3}
