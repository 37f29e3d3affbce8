"""A simulated stand-in for NVS-OrangePanda: rendered pictures of two desk ornaments with exact annotation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from spikeseg.errors import SpikeSegError

from .backdrop import Backdrop
from .ornaments import ORNAMENTS
from .rendering import Light, Ornament, Pose, Scene, extent, render, silhouette
from .sample import Box, Sample, Target

MAX_OVERLAP = 0.9
HEIGHTS = 0.35, 0.75
"""Of an ornament's box, as fractions of the picture's height."""

_SMALLEST = 64  # rows
_MARGIN = 0.02  # of the picture's height, around the ornaments
_TOLERANCE = 0.01  # of the overlap
_TRIES = 1000


class OrangePanda:
    """Pictures of an orange mascot and a panda on a cluttered desk, everything from a seed.

    The data that the paper calls NVS-OrangePanda, two textured ornaments before an event camera, is not published.
    This is a simulation of our own, not the authors' data: the same classes and the same task, with exact masks
    and boxes. Position, size, pose, light and clutter vary. Item i depends on (seed, i) and on what is asked for
    (size, scene, overlap, classes), not on `count` or on what was read before.

    Parameters
    ----------
    count
        Number of pictures.
    seed
        Of everything random, >= 0.
    size
        Rows and columns in pixels: at least 64 rows, at least as many columns as rows.
    scene
        ``single``: one ornament, the classes in turn. ``both``: two of different classes that overlap, either in
        front; the classes are the first target in turn.
    overlap
        With ``both``: intersection of the two whole silhouettes over the smaller one's area, from 0 to 0.9; met
        within about 0.02.
    classes
        Of ``orange`` and ``panda``; both for ``both``.

    Raises
    ------
    SpikeSegError
        An argument is out of its range.
    """

    names: Sequence[str]
    labels: Sequence[str]

    def __init__(
        self,
        count: int,
        seed: int,
        size: tuple[int, int] = (160, 250),
        scene: Literal["single", "both"] = "single",
        overlap: float = 0.5,
        classes: Sequence[str] = ("orange", "panda"),
    ):
        _check(count, seed, size, scene, overlap, classes)
        self.seed, self.size, self.kind, self.overlap = seed, (size[0], size[1]), scene, overlap
        self.classes = tuple(classes)
        folder = scene if scene == "single" else f"{scene}-{overlap:g}"
        self.names = [f"orange-panda/{folder}/seed{seed}/{index:05d}" for index in range(count)]
        self.labels = [self.classes[index % len(self.classes)] for index in range(count)]

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Sample:
        index = range(len(self))[index]
        image, masks = render(self.scene(index), self.size)
        first = self.labels[index]
        order = sorted(masks, key=lambda label: label != first)
        targets = tuple(Target(label, _box(masks[label]), masks[label]) for label in order)
        return Sample(self.names[index], np.rint(255 * image).astype(np.uint8), targets)

    def __iter__(self) -> Iterator[Sample]:
        return (self[index] for index in range(len(self)))

    def scene(self, index: int) -> Scene:
        """What picture `index` shows, e.g. to move its ornaments and render it again."""
        index = range(len(self))[index]
        rng = np.random.default_rng([self.seed, index])
        if self.kind == "single":
            ornaments = _placed(rng, (_held(rng, self.labels[index], self.size),), self.size)
        else:
            ornaments = _overlapping(rng, self.classes, self.size, self.overlap)
        floor = min(extent(ornament).bottom for ornament in ornaments) / self.size[0]
        horizon = rng.uniform(0.15, min(0.5, floor - 0.1))
        light = Light(
            azimuth=rng.uniform(30, 150),
            elevation=rng.uniform(20, 60),
            strength=rng.uniform(0.45, 0.65),
            ambient=rng.uniform(0.38, 0.54),
            highlight=rng.uniform(0.2, 0.9),
        )
        return Scene(ornaments, light, Backdrop(int(rng.integers(2**32)), horizon))


def _check(count, seed, size, scene, overlap, classes) -> None:
    """Refuse arguments out of range with one line."""
    rules = (
        (count >= 1, f"count is {count}: give at least 1 picture"),
        (seed >= 0, f"seed is {seed}: give 0 or more"),
        (
            len(size) == 2 and _SMALLEST <= size[0] <= size[1],
            f"size is {tuple(size)}: give (rows, columns), {_SMALLEST} rows or more and no fewer columns",
        ),
        (scene in ("single", "both"), f"scene is {scene!r}: give 'single' or 'both'"),
        (0 <= overlap <= MAX_OVERLAP, f"overlap is {overlap}: give 0 to {MAX_OVERLAP}"),
        (
            0 < len(classes) == len(set(classes) & set(ORNAMENTS)),
            f"classes are {tuple(classes)}: give different ones of {', '.join(ORNAMENTS)}",
        ),
        (scene != "both" or len(classes) == 2, f"scene 'both' needs 2 classes, not {tuple(classes)}"),
    )
    for holds, problem in rules:
        if not holds:
            raise SpikeSegError(f"orange-panda: {problem}")


def _box(mask: np.ndarray) -> Box:
    """Extremities of a mask that is not empty."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)


def _held(rng: np.random.Generator, label: str, size: tuple[int, int]) -> Ornament:
    """An ornament of random height and pose, in the middle of the picture."""
    pose = Pose(
        row=size[0] / 2,
        column=size[1] / 2,
        height=1.0,
        roll=rng.uniform(-15, 15),
        yaw=rng.uniform(-40, 40),
        stretch=rng.uniform(0.93, 1.07),
    )
    box = extent(Ornament(label, pose))
    height = rng.uniform(*HEIGHTS) * size[0] / (box.bottom - box.top)
    return Ornament(label, replace(pose, height=height))


def _moved(ornament: Ornament, rows: float, columns: float) -> Ornament:
    pose = ornament.pose
    return replace(ornament, pose=replace(pose, row=pose.row + rows, column=pose.column + columns))


def _placed(rng: np.random.Generator, ornaments: tuple[Ornament, ...], size: tuple[int, int]) -> tuple[Ornament, ...]:
    """The ornaments moved together to a random place where they fit the picture."""
    boxes = np.array([extent(ornament) for ornament in ornaments])
    (top, left), (bottom, right) = boxes[:, :2].min(0), boxes[:, 2:].max(0)
    margin = _MARGIN * size[0]
    rows = rng.uniform(margin - top, size[0] - margin - bottom)
    columns = rng.uniform(margin - left, size[1] - margin - right)
    return tuple(_moved(ornament, rows, columns) for ornament in ornaments)


def _overlapping(
    rng: np.random.Generator, classes: tuple[str, ...], size: tuple[int, int], overlap: float
) -> tuple[Ornament, ...]:
    """Two ornaments, the farther first, with the overlap asked for: any displacement that does and that fits."""
    for _ in range(_TRIES):
        far, near = (_held(rng, classes[i], size) for i in rng.permutation(2))
        allowed = np.argwhere(_displacements(far, near, size, overlap))
        if len(allowed):
            rows, columns = (rng.choice(allowed) - np.array(size) + 1).tolist()
            return _placed(rng, (far, _moved(near, rows, columns)), size)
    raise SpikeSegError(f"orange-panda: no room for an overlap of {overlap} in {size}: give more columns")


def _displacements(far: Ornament, near: Ornament, size: tuple[int, int], overlap: float) -> np.ndarray:
    """Which displacements of `near` do, (2 rows - 1, 2 columns - 1) bool; no displacement is in the middle."""
    from scipy.signal import correlate  # slow to import, and few need it

    shapes = [silhouette(ornament, size).astype(np.float32) for ornament in (far, near)]
    shared = correlate(shapes[0], shapes[1], method="fft") / min(shape.sum() for shape in shapes)
    fits = np.abs(shared - overlap) < _TOLERANCE
    first, second = extent(far), extent(near)
    rows, columns = (np.arange(1 - n, n) for n in size)
    height = np.maximum(first.bottom, second.bottom + rows) - np.minimum(first.top, second.top + rows)
    width = np.maximum(first.right, second.right + columns) - np.minimum(first.left, second.left + columns)
    room = (1 - 2 * _MARGIN) * size[0], size[1] - 2 * _MARGIN * size[0]
    nearer = second.bottom + rows - first.bottom  # what is nearer stands lower in the picture
    fits &= ((height < room[0]) & (nearer > 0) & (nearer < 0.25 * size[0]))[:, None]
    fits &= width < room[1]
    return fits
