"""A first look at data of your own: how many there are of each class, of what size, and how large the objects are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spikeseg.boxes import Box
from spikeseg.errors import SpikeSegError

from ..dog import dog_kernel, prepare, responses
from ..events.events import describe
from ..events.formats import SUFFIXES as EVENT_SUFFIXES
from ..pictures import SUFFIXES as PICTURE_SUFFIXES
from .annotations import read_boxes
from .files import class_folders
from .pictures import OwnPictures
from .recordings import OwnRecordings, read_recording

LOOKED_AT = 200
"""Pictures or recordings that are opened at most, evenly spaced."""

EDGE = 0.3
"""Of a picture's strong edges (99.5 % of its pixels respond less): what responds more belongs to an edge."""

_SIDE = 160  # pixels: to look for edges, pictures are made so large that an area of as many squared is left

SENSORS = ((34, 34), (128, 128), (180, 240), (240, 304), (260, 346), (480, 640), (720, 1280))
"""Rows and columns of common sensors: N-MNIST's, DVS128, DAVIS240, ATIS, DAVIS346, Gen3 and Gen4."""

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Survey:
    """What data look like.

    Attributes
    ----------
    root
        The directory.
    counts
        Pictures or recordings per class.
    sizes
        Rows and columns of those looked at, (n, 2).
    objects
        Heights and widths of the boxes, in fractions of the picture, (k, 2).
    """

    root: Path
    counts: Counter[str]
    sizes: np.ndarray
    objects: np.ndarray

    def described(self) -> dict[str, str]:
        """What was seen, for people."""
        sizes = f"{_range(self.sizes[:, 1])} x {_range(self.sizes[:, 0])} pixels"
        boxes = "none"
        if len(self.objects):
            heights, widths = (_range(100 * sides) for sides in self.objects.T)
            boxes = f"{len(self.objects)}, {widths} % wide, {heights} % high"
        return {"looked at": str(len(self.sizes)), "sizes": sizes, "boxes": boxes}


@dataclass(frozen=True)
class PictureSurvey(Survey):
    """Of pictures. `edges` is the median share of a picture's pixels that belong to edges."""

    edges: float

    def described(self) -> dict[str, str]:
        """What was seen, for people."""
        return super().described() | {"edges": f"{self.edges:.0%} of the pixels"}


@dataclass(frozen=True)
class RecordingSurvey(Survey):
    """Of recordings.

    Attributes
    ----------
    rates
        Events per second of each that was looked at.
    durations
        In seconds.
    spread
        Standard deviation, over recordings, of the median row and column of their events, in fractions of the sensor,
        (2,): small where objects are centred.
    sensor
        Rows and columns that were made out from the events of files that do not name them; None where all do.
    unit
        Of times, for files that do not name it, as the caller says.
    """

    rates: np.ndarray
    durations: np.ndarray
    spread: np.ndarray
    sensor: tuple[int, int] | None
    unit: str | None = None

    def described(self) -> dict[str, str]:
        """What was seen, for people."""
        events = f"{_range(self.rates / 1000)} thousand per second"
        guessed = {"sensor": f"not named, taken for {describe(self.sensor)}"} if self.sensor else {}
        return super().described() | guessed | {"events": events, "duration": f"{_range(self.durations)} s"}


def survey(
    root: Path, progress: Progress = lambda done: None, unit: str | None = None
) -> PictureSurvey | RecordingSurvey:
    """Look at a directory of pictures or recordings, a folder per class; `unit` as for `OwnRecordings`.

    Raises
    ------
    SpikeSegError
        It holds neither, or both; or what `OwnPictures` and `OwnRecordings` raise.
    """
    classes = class_folders(root)
    kinds = {
        kind: next((path for label in classes for path in (root / label).iterdir() if _is(path, kind)), None)
        for kind in (PICTURE_SUFFIXES, EVENT_SUFFIXES)
    }
    picture, recording = kinds.values()
    if picture and recording:
        raise SpikeSegError(f"{root} has pictures ({picture}) and recordings ({recording}): keep one kind of them")
    if not picture and not recording:
        known = ", ".join((*PICTURE_SUFFIXES, *EVENT_SUFFIXES))
        raise SpikeSegError(f"no pictures and no recordings in {root / classes[0]}: they end in {known}")
    if picture and unit:
        raise SpikeSegError(f"--unit is that of recordings, and {root} has pictures: leave it out")
    return _pictures(root, classes, progress) if picture else _recordings(root, classes, progress, unit)


def _is(path: Path, suffixes: Sequence[str]) -> bool:
    return path.suffix.lower() in suffixes and not path.name.startswith(".")


def _some(count: int) -> list[int]:
    """Which of so many are looked at."""
    return np.unique(np.linspace(0, count - 1, min(count, LOOKED_AT)).astype(int)).tolist()


def _pictures(root: Path, classes: Sequence[str], progress: Progress) -> PictureSurvey:
    dataset = OwnPictures(root, classes)
    sizes, objects, edges = [], [], []
    for done, index in enumerate(_some(len(dataset)), start=1):
        sample = dataset[index]
        size = sample.image.shape[:2]
        sizes.append(size)
        objects += _relative(sample.targets[0].box, size)
        edges.append(_edges(sample.image, size))
        progress(done)
    return PictureSurvey(root, Counter(dataset.labels), np.array(sizes), _pairs(objects), float(np.median(edges)))


def _recordings(root: Path, classes: Sequence[str], progress: Progress, unit: str | None) -> RecordingSurvey:
    dataset = OwnRecordings(root, classes)
    boxes = read_boxes(root, dataset.names, classes)
    found, unnamed, rates, durations, middles = [], [], [], [], []
    looked_at = _some(len(dataset))
    for done, index in enumerate(looked_at, start=1):
        size, events, _ = read_recording(root / dataset.names[index], unit=unit)
        if size is None:
            unnamed.append((int(events["y"].max()) + 1, int(events["x"].max()) + 1))
        seconds = max(int(events["t"][-1] - events["t"][0]), 1) / 1e6
        durations.append(seconds)
        rates.append(len(events) / seconds)
        middles.append((np.median(events["y"]), np.median(events["x"])))
        found.append(size)
        progress(done)
    sensor = known_sensor(np.max(unnamed, axis=0)) if unnamed else None
    sizes = [size or sensor or (0, 0) for size in found]
    objects = [
        pair
        for index, size in zip(looked_at, sizes, strict=True)
        for pair in _relative(boxes.get(dataset.names[index]), size)
    ]
    counts = Counter(dataset.labels)
    spread = (np.array(middles) / sizes).std(axis=0)
    return RecordingSurvey(
        root, counts, np.array(sizes), _pairs(objects), np.array(rates), np.array(durations), spread, sensor, unit
    )


def known_sensor(extent: Sequence[int]) -> tuple[int, int]:
    """The smallest common sensor that rows and columns fit in, if they nearly fill it; else the extent itself."""
    rows, columns = map(int, extent)
    for sensor in SENSORS:
        if 0.9 * sensor[0] <= rows <= sensor[0] and 0.9 * sensor[1] <= columns <= sensor[1]:
            return sensor
    return rows, columns


def _relative(box: Box | None, size: tuple[int, int]) -> list[tuple[float, float]]:
    return [] if box is None else [((box.bottom - box.top) / size[0], (box.right - box.left) / size[1])]


def _range(values: np.ndarray) -> str:
    """Smallest to largest; once where they are alike."""
    low, high = f"{values.min():.3g}", f"{values.max():.3g}"
    return low if low == high else f"{low} to {high}"


def _pairs(values: list[tuple[float, float]]) -> np.ndarray:
    return np.array(values, float).reshape(-1, 2)


def _edges(image: np.ndarray, size: tuple[int, int]) -> float:
    """Share of the pixels that belong to edges."""
    scale = min(1.0, _SIDE / np.sqrt(size[0] * size[1]))
    small = max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)
    response = np.abs(responses(prepare(image, small), dog_kernel(7, 1.0, 2.0)))
    strong = np.percentile(response, 99.5)
    return float((response > EDGE * strong).mean()) if strong > 0 else 0.0
