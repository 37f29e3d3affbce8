"""N-Caltech101: Caltech-101's pictures, recorded by an event camera under three saccades (Orchard et al. 2015)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from spikeseg.boxes import Box
from spikeseg.errors import SpikeSegError

from .caltech101 import filled
from .camera import saccades
from .events.events import Recording, describe
from .events.formats import Invalid, read_events
from .folders import files_by_class
from .recordings import Recordings, Take
from .sample import Target

RECORDINGS, ANNOTATIONS = "Caltech101", "Caltech101_annotations"

LARGEST = 180, 240
"""Most rows and columns of a recording: pictures were scaled to fit into them, with their proportions kept."""


class NCaltech101(Recordings):
    """N-Caltech101's recordings, each with one annotated object, sorted by name.

    Opening the dataset looks for all files. A file is read only when its item is asked for.

    A file does not name the size of the sensor, and its events cover only the part that the picture took. So the size
    of a recording is the smallest that holds all of its events. The one recording at hand,
    ``Faces_easy/image_0001.bin``, has 173 rows and 151 columns.

    An annotation says where the object is at the beginning. Here the object moves with the picture, as in the authors'
    viewer (``movingContour.m``), but along the path that was fitted to the recordings, `saccades.triangle`.

    Parameters
    ----------
    root
        Holds ``Caltech101`` and, unless there are to be no boxes, ``Caltech101_annotations``. A class without a folder
        there has no boxes, as the official ``BACKGROUND_Google``.
    classes
        Which classes to take, by the names of their folders.
    invalid
        What becomes of events off the sensor or out of order, see `open_events`.

    Attributes
    ----------
    names, labels
        ``<class>/image_NNNN.bin`` and ``<class>`` of every recording.
    invalid_events
        How many events were left out or moved, by name, of the recordings that were loaded.

    Raises
    ------
    SpikeSegError
        No such directory or class, a class without a recording, or a recording without annotation in a class that
        has some.
    """

    names: Sequence[str]
    labels: Sequence[str]
    invalid_events: dict[str, int]

    def __init__(self, root: str | Path, classes: Sequence[str], invalid: Invalid = "error") -> None:
        self._invalid: Invalid = invalid
        self.invalid_events = {}
        self._files = files_by_class(Path(root) / RECORDINGS, classes, "image_*.bin")
        self._annotations = Path(root) / ANNOTATIONS
        self._annotated = {label for label in classes if (self._annotations / label).is_dir()}
        self.names = tuple(self._files)
        self.labels = tuple(name.split("/")[0] for name in self.names)
        for name, label in zip(self.names, self.labels, strict=True):
            if label in self._annotated and not self._annotation(name).is_file():
                raise SpikeSegError(f"{name} has no annotation: {self._annotation(name)} is missing")

    def __getitem__(self, index: int) -> Take:
        """Load a recording with its annotation.

        Raises
        ------
        SpikeSegError
            One of them is damaged, or they do not belong together.
        """
        name, label = self.names[index], self.labels[index]
        path = self._files[name]
        recording = read_events(path, "atis", LARGEST, invalid=self._invalid)
        events, self.invalid_events[name] = recording.events, recording.invalid
        if not len(events):
            raise SpikeSegError(f"{path} holds no events: get it again")
        size = int(events["y"].max()) + 1, int(events["x"].max()) + 1
        outline = read_outline(self._annotation(name), size) if label in self._annotated else None
        return Take(Recording(name, size, events), partial(_targets, label, outline, size))

    def _annotation(self, name: str) -> Path:
        label, file = name.split("/")
        return self._annotations / label / file.replace("image", "annotation")


class Outline(NamedTuple):
    """An object at the beginning of its recording: its box, and its contour: columns x and rows y from 0, (n,) each."""

    box: Box
    x: np.ndarray
    y: np.ndarray


def read_outline(path: Path, size: tuple[int, int]) -> Outline:
    """Read an annotation; `size` are the rows and columns of its recording.

    The file holds two contours: the corners of the box, then the outline of the object. Each contour is a matrix of
    int16: the number of rows (2: x and y), the number of columns, then the values column by column
    (``Read_annotation.m``). MATLAB counts pixels from 1.

    Raises
    ------
    SpikeSegError
        The file cannot be read, is no annotation, or its box lies off the sensor.
    """
    try:
        numbers = np.fromfile(path, "<i2").astype(float)
    except OSError as error:
        raise SpikeSegError(f"cannot read {path}: {error.strerror or error}") from error
    contours = []
    for _ in range(2):
        rows, columns = numbers[:2].astype(int) if len(numbers) > 1 else (0, 0)
        if rows != 2 or columns < 3 or len(numbers) < 2 + 2 * columns:
            raise SpikeSegError(f"{path} does not hold the contours of a box and an object: get it again")
        contours.append(numbers[2 : 2 + 2 * columns].reshape(columns, 2).T)
        numbers = numbers[2 + 2 * columns :]
    corners, contour = contours
    (left, top), (right, bottom) = corners.min(axis=1) - 1, corners.max(axis=1)
    box = Box(*(float(edge) for edge in (top, left, bottom, right)))
    if _clipped(box, size).area == 0:
        raise SpikeSegError(f"{path} does not fit its recording of {describe(size)} pixels: its box is {box}")
    return Outline(box, *(contour - 1))


def _targets(label: str, outline: Outline | None, size: tuple[int, int], t_us: int) -> tuple[Target, ...]:
    """The object at a time, microseconds, in pixels of the recording."""
    if outline is None:
        return (Target(label, None),)
    start, now = saccades.triangle(0), saccades.triangle(t_us)
    rows, columns = now.rows - start.rows, now.columns - start.columns
    box = _clipped(outline.box.shifted(rows, columns), size)
    return (Target(label, box, filled(outline.x + columns, outline.y + rows, size)),)


def _clipped(box: Box, size: tuple[int, int]) -> Box:
    return Box(*np.clip(box, 0, [*size, *size]).tolist())
