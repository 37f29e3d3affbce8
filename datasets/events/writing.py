"""Recordings of events to files that are read again to the microsecond."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np

from spikeseg.errors import SpikeSegError
from spikeseg.files import replacing

from .events import Recording
from .formats.records import optional

_CLOCK_MARK = 1 << 13  # microseconds; see `atis`
_LATEST = 1 << 32  # microseconds that the two oldest formats count to
_ROW_OF_MARKS = 240
_LINES = 100_000  # of text that are made at a time


def check_writable(path: Path, signed: bool) -> None:
    """Raise SpikeSegError where there is no format for the suffix of `path`, or none with a `signed` polarity."""
    writers = {**_SIGNED, **_BITS}
    suffix = path.suffix.lower()
    if suffix not in writers:
        raise SpikeSegError(f"cannot write events to {path}: give it one of the suffixes {', '.join(writers)}")
    if signed and suffix in _BITS:
        raise SpikeSegError(f"{suffix} has one bit for a polarity: leave out --signed")


def write_recording(path: Path, recording: Recording, signed: bool = False) -> None:
    """Write a recording in the format of the suffix of `path`.

    ==============  =================================================================================
    ``.npz``        arrays x, y, t, p, and the sensor's `size`
    ``.h5``         ``events/x``, ``y``, ``t``, ``p``, and ``height`` and ``width``, as DSEC
    ``.csv``        a heading ``t_us,x,y,p``; it does not name the sensor's size
    ``.txt``        the sensor's columns and rows, then ``t x y p`` in seconds, as E2VID
    ``.bin``        N-MNIST and N-Caltech101
    ``.dat``        Prophesee DAT, version 2
    ==============  =================================================================================

    Parameters
    ----------
    signed
        An OFF event is -1, not 0.

    Raises
    ------
    SpikeSegError
        `check_writable`, the format cannot hold the recording, or the file system refuses.
    """
    check_writable(path, signed)
    off = -1 if signed else 0
    columns = {field: recording.events[field] for field in "xyt"}
    columns["p"] = np.where(recording.events["p"] > 0, 1, off).astype(np.int8)
    suffix = path.suffix.lower()
    with replacing(path) as draft, draft.open("wb") as file:
        (_SIGNED.get(suffix) or _BITS[suffix])(file, columns, recording.size, str(path))


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


def _atis(file: BinaryIO, columns: dict[str, np.ndarray], size: tuple[int, int], where: str) -> None:
    x, y, t, p = (columns[field].astype(np.int64) for field in "xytp")
    if x.max(initial=0) > 255 or y.max(initial=0) >= _ROW_OF_MARKS:
        raise SpikeSegError(f"{where}: this format has 256 columns and {_ROW_OF_MARKS} rows: cut it with --region")
    _check_times(t, where)
    # A mark puts the clock on; so many of them before each event that the rest of its time has 23 bits.
    marks = np.maximum.accumulate(np.maximum(t - (1 << 23) + _CLOCK_MARK, 0) // _CLOCK_MARK)
    new = np.diff(marks, prepend=0)
    at = np.cumsum(new + 1) - 1  # of each event among events and marks
    packed = np.zeros((len(t) + int(new.sum()), 5), np.uint8)
    packed[:, 1] = _ROW_OF_MARKS
    rest = t - marks * _CLOCK_MARK
    high = (p > 0) << 7 | rest >> 16
    packed[at] = np.stack([x, y, high, rest >> 8 & 0xFF, rest & 0xFF], axis=1)
    file.write(packed.tobytes())


def _dat(file: BinaryIO, columns: dict[str, np.ndarray], size: tuple[int, int], where: str) -> None:
    x, y, t, p = (columns[field].astype(np.int64) for field in "xytp")
    _check_times(t, where)
    file.write(b"% Data file containing CD events.\n% Version 2\n")
    file.write(f"% Width {size[1]}\n% Height {size[0]}\n".encode() + b"\x0c\x08")
    file.write(np.stack([t, (p > 0) << 28 | y << 14 | x], axis=1).astype("<u4").tobytes())


def _check_times(t: np.ndarray, where: str) -> None:
    if len(t) and (t[0] < 0 or t[-1] >= _LATEST):
        raise SpikeSegError(f"{where}: this format holds times from 0 to {_LATEST:,} us: give --from-zero")


_Writer = Callable[[BinaryIO, dict[str, np.ndarray], tuple[int, int], str], None]
_SIGNED: dict[str, _Writer] = {".npz": _npz, ".h5": _hdf5, ".hdf5": _hdf5, ".csv": _csv, ".txt": _txt}
_BITS: dict[str, _Writer] = {".bin": _atis, ".dat": _dat}
