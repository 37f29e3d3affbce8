"""Which format a file or stream of events is in: what its name or first bytes show, or what the caller says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from spikeseg.errors import SpikeSegError

from .aedat import Aedat4
from .aedat_old import Aedat2, Aedat3
from .arrays import Npy, Npz
from .atis import Atis
from .event_stream import EventStreamFile
from .hdf5 import Hdf5
from .layout import Layout, read_layout
from .prophesee import Dat, Raw
from .records import Decoder
from .rosbag import Rosbag
from .text import Text


class Container(Protocol):
    """A file that is read here and there, not through; its attributes are those of a `Decoder`."""

    size: tuple[int, int] | None
    format: str
    leftover: str

    def packets(self) -> Iterator[np.ndarray]:
        """Give the events, dtype `EVENT`."""
        ...


DECODERS: dict[str, Callable[[str, Layout, str | None], Decoder]] = {
    "atis": lambda where, layout, stream: Atis(where),
    "aedat2": lambda where, layout, stream: Aedat2(where),
    "aedat3": lambda where, layout, stream: Aedat3(where, stream),
    "aedat4": lambda where, layout, stream: Aedat4(where, stream),
    "raw": lambda where, layout, stream: Raw(where),
    "evt2": lambda where, layout, stream: Raw(where, "EVT2"),
    "evt21": lambda where, layout, stream: Raw(where, "EVT21"),
    "evt3": lambda where, layout, stream: Raw(where, "EVT3"),
    "dat": lambda where, layout, stream: Dat(where),
    "es": lambda where, layout, stream: EventStreamFile(where),
    "text": lambda where, layout, stream: Text(where, layout),
    "npy": lambda where, layout, stream: Npy(where, layout),
}
CONTAINERS: dict[str, Callable[[Path, Layout, str | None], Container]] = {
    "npz": lambda path, layout, stream: Npz(path, layout),
    "hdf5": Hdf5,
    "rosbag": lambda path, layout, stream: Rosbag(path, stream),
}
_WITH_LAYOUT = ("text", "npy", "npz", "hdf5")
WITH_STREAMS = ("aedat3", "aedat4", "hdf5", "rosbag")

FORMATS = (*DECODERS, *CONTAINERS)
"""Names of the formats."""

_KNOWN = f"{', '.join(FORMATS)}, or a layout such as us or xytp-us"

BEGINNING = 16  # bytes that show a format
_SUFFIXES = {
    ".bin": "atis",
    ".aedat4": "aedat4",
    ".dat": "dat",
    ".es": "es",
    ".txt": "text",
    ".csv": "text",
    ".npy": "npy",
    ".npz": "npz",
    ".h5": "hdf5",
    ".hdf5": "hdf5",
}
SUFFIXES = (*_SUFFIXES, ".raw", ".aedat", ".bag")
"""Of files of events; what a ``.raw`` or ``.aedat`` holds, its first bytes show."""

_BEGINNINGS = (
    (rb"#!AER-DAT4", "aedat4"),
    (rb"#!AER-DAT3\.1", "aedat3"),
    (rb"#!AER-DAT2", "aedat2"),
    (rb"Event Stream", "es"),
    (rb"#ROSBAG V2\.0", "rosbag"),
    (rb"% Data file", "dat"),
    (rb"%geometry|%columns", "text"),
    (rb"% ", "raw"),
    (rb"\x93NUMPY", "npy"),
    (rb"PK\x03\x04", "npz"),
    (rb"\x89HDF", "hdf5"),
    (rb"[-+.\d#][-+.,\d\s#eE]", "text"),
)
_NOT_READ = (  # what is known by its first bytes, and what to do about it
    (rb"#!AER-DAT3\.0", "AEDAT 3.0", "convert it to AEDAT 3.1 or 4 with DV"),
    (rb"#!AER-DAT1", "AEDAT 1.0", "convert it to AEDAT 2.0 with jAER"),
    (rb"adde[rc]", "ADDER", "transcode it, e.g. to AEDAT 4"),
    (rb"\x89MCAP0", "MCAP", "give the folder of the ROS 2 bag, with its metadata.yaml"),
    (rb"SQLite format 3", "SQLite, perhaps of a ROS 2 bag", "give the folder of the bag, with its metadata.yaml"),
    (rb"MATLAB", "MATLAB", "save x, y, t and p as .npz"),
    (rb"\x1f\x8b|BZh|7z\xbc\xaf|Rar!|\xfd7zXZ", "a compressed archive", "unpack it"),
)


def find_format(format: str | None, said: Layout, head: bytes, name: str) -> tuple[str, Layout]:
    """Find the format, one of `FORMATS`, and what the caller says about the layout.

    Parameters
    ----------
    format
        What the caller says: one of `FORMATS`, a layout, see `read_layout`, or None.
    said
        What else the caller says about the layout.
    head
        The first bytes, `BEGINNING` at least unless there are fewer.
    name
        Of the file, whose suffix counts where the bytes do not show the format.

    Raises
    ------
    SpikeSegError
        `format` is unknown, or it is None and the format cannot be told, or is one that is not read; or the format
        has columns and a unit of its own, which are not the ones that are said.
    """
    layout = None if format in (None, *FORMATS) else read_layout(format)
    if format not in (None, *FORMATS) and layout is None:
        raise SpikeSegError(f"unknown format {format!r} of events: it is one of {_KNOWN}")
    if layout is not None:
        known = next((kind for beginning, kind in _BEGINNINGS if re.match(beginning, head)), None)
        return (known if known in _WITH_LAYOUT else "text"), layout
    kind = format or _recognise(head, Path(name).suffix.lower(), name)
    if kind not in _WITH_LAYOUT and (said.order is not None or said.unit not in (None, "us")):
        option = "--columns" if said.order else "--unit"
        raise SpikeSegError(f"{name}: {kind} has columns and a unit of its own: leave out {option}")
    return kind, said


def _recognise(head: bytes, suffix: str, name: str) -> str:
    """The format that a suffix or first bytes show."""
    if suffix not in (".bin", ".txt", ".csv"):  # of which any bytes can be the first
        for beginning, what, advice in _NOT_READ:
            if re.match(beginning, head):
                raise SpikeSegError(f"{name} is {what}, which is not read: {advice}")
        for beginning, kind in _BEGINNINGS:
            if re.match(beginning, head) and (suffix not in _SUFFIXES or kind not in ("raw", "text")):
                return kind
    if suffix not in _SUFFIXES:
        raise SpikeSegError(f"{name}: name its format, one of {_KNOWN}")
    return _SUFFIXES[suffix]
