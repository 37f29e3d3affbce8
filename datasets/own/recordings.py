"""Recordings of your own: ``DATA/<class>/<file>``, of any event camera, in every format that can be read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from spikeseg.boxes import Box
from spikeseg.errors import SpikeSegError

from ..events.events import EVENT, Recording
from ..events.formats import SUFFIXES, Invalid, UnknownUnitError, open_events
from ..recordings import Take
from ..sample import Target
from .annotations import clipped, read_boxes
from .files import own_files


class OwnRecordings:
    """Recordings of one object each, sorted by name; all are found, none is loaded, at the start.

    Parameters
    ----------
    root
        Holds a folder of recordings per class. It may hold boxes (see `read_boxes`), in pixels of the sensor, which
        count for the whole recording: for an object that stays about where it is.
    classes
        Which classes to take, by the names of their folders.
    sensor
        Rows and columns of the sensor, for formats that do not name them.
    invalid
        What becomes of events off the sensor or out of order, see `open_events`.
    unit
        Of times, for text, NumPy and HDF5 that do not name it.

    Attributes
    ----------
    names, labels
        ``<class>/<file>`` and ``<class>`` of every recording.
    invalid_events
        By name, how many events of a recording were left out or moved, of those loaded so far.

    Raises
    ------
    SpikeSegError
        No such directory or class, a class without a recording, a file that is none, or boxes that do not fit.
    """

    names: Sequence[str]
    labels: Sequence[str]
    invalid_events: dict[str, int]

    def __init__(
        self,
        root: str | Path,
        classes: Sequence[str],
        sensor: tuple[int, int] | None = None,
        invalid: Invalid = "error",
        unit: str | None = None,
    ) -> None:
        self._files = own_files(Path(root), classes, SUFFIXES, "recording")
        self.names = tuple(self._files)
        self.labels = tuple(name.split("/")[0] for name in self.names)
        self._boxes = read_boxes(Path(root), self.names, classes)
        self._sensor = sensor
        self._invalid: Invalid = invalid
        self._unit = unit
        self.invalid_events = {}

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Take:
        """Load a recording with its box, where it has one.

        Raises
        ------
        SpikeSegError
            It is damaged, holds no events, does not name its sensor or its unit where `sensor` and `unit` do not
            either, or its box lies outside of it.
        """
        name, label = self.names[index], self.labels[index]
        path = self._files[name]
        try:
            size, events, self.invalid_events[name] = read_recording(path, self._sensor, self._invalid, self._unit)
        except UnknownUnitError as error:
            raise SpikeSegError(f'{path} does not name the unit of its times: set data.unit, e.g. "us"') from error
        if size is None:
            raise SpikeSegError(f"{path} does not name the sensor's size: set data.sensor = [ROWS, COLUMNS]")
        box: Box | None = self._boxes.get(name)
        targets = (Target(label, box and clipped(box, size, str(path))),)
        return Take(Recording(name, size, events), lambda t: targets)


def read_recording(
    path: Path, sensor: tuple[int, int] | None = None, invalid: Invalid = "error", unit: str | None = None
) -> tuple[tuple[int, int] | None, np.ndarray, int]:
    """Rows and columns of the sensor, None where nobody says; all events; how many were invalid.

    Raises
    ------
    SpikeSegError
        It is damaged, cut off, or holds no events; or its sensor is not that of `sensor`. `UnknownUnitError`: neither
        the file nor `unit` says the unit of its times.
    """
    with open_events(path, unit=unit) as stream:
        named = stream.size
    with open_events(path, size=named or sensor, invalid=invalid, unit=unit) as stream:
        packets = list(stream)
        events = np.concatenate(packets) if packets else np.empty(0, EVENT)
        if stream.truncated:
            raise SpikeSegError(f"{path} is cut off, with {stream.truncated} at its end: get it again, or take it out")
    if not len(events):
        raise SpikeSegError(f"{path} holds no events: take it out of the folder")
    return stream.size, events, stream.dropped + stream.moved
