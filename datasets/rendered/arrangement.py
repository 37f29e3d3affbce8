"""Random arrangements of ornaments: their poses, their places and the light on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from spikeseg.errors import SpikeSegError

from .backdrop import Backdrop
from .rendering import Light, Ornament, Pose, Scene, extent, silhouette

HEIGHTS = 0.35, 0.75
"""Least and largest height of an ornament's box, as fractions of the picture's height."""

MAX_OVERLAP = 0.9
"""Largest overlap of two ornaments that can be asked for: their shared area over the area of the smaller one."""

DEPTH = 0.25
"""How much lower in the picture the foot of a nearer ornament may be, as a fraction of the picture's height."""

_MARGIN = 0.02  # around the ornaments, as a fraction of the picture's height
_TOLERANCE = 0.01  # by which the overlap may differ from the one asked for
_TRIES = 1000


def held(rng: np.random.Generator, label: str, size: tuple[int, int]) -> Ornament:
    """An ornament of random height and pose, in the middle of a picture of `size` (rows, columns)."""
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


def moved(ornament: Ornament, rows: float, columns: float) -> Ornament:
    """The ornament, moved by so many pixels down and to the right."""
    pose = ornament.pose
    return replace(ornament, pose=replace(pose, row=pose.row + rows, column=pose.column + columns))


def placed(rng: np.random.Generator, ornaments: tuple[Ornament, ...], size: tuple[int, int]) -> tuple[Ornament, ...]:
    """The ornaments, moved together to a random place where they fit into the picture."""
    (top, left), (bottom, right) = _around(ornaments)
    margin = _MARGIN * size[0]
    rows = rng.uniform(margin - top, size[0] - margin - bottom)
    columns = rng.uniform(margin - left, size[1] - margin - right)
    return tuple(moved(ornament, rows, columns) for ornament in ornaments)


def overlapping(
    rng: np.random.Generator, labels: Sequence[str], size: tuple[int, int], overlap: float
) -> tuple[Ornament, ...]:
    """Two ornaments, the farther one first, at a random distance from each other that gives the overlap asked for.

    Parameters
    ----------
    labels
        Their two classes.
    size
        Rows and columns of the picture.
    overlap
        Intersection of the two silhouettes over the area of the smaller one.

    Raises
    ------
    SpikeSegError
        The picture is too narrow for two ornaments with this overlap.
    """
    for _ in range(_TRIES):
        far, near = (held(rng, labels[int(i)], size) for i in rng.permutation(2))
        allowed = np.argwhere(_displacements(far, near, size, overlap))
        if len(allowed):
            rows, columns = (rng.choice(allowed) - np.array(size) + 1).tolist()
            return placed(rng, (far, moved(near, rows, columns)), size)
    raise SpikeSegError(f"orange-panda: no room for an overlap of {overlap} in {size}: give more columns")


def side_by_side(
    rng: np.random.Generator, labels: Sequence[str], size: tuple[int, int], gaps: tuple[float, float]
) -> tuple[Ornament, ...]:
    """Ornaments from left to right, with gaps between their boxes; nearer ones stand lower in the picture.

    Parameters
    ----------
    labels
        Class of each ornament.
    gaps
        Least and largest width of a gap, as fractions of the picture's height.

    Raises
    ------
    SpikeSegError
        The picture is too narrow for the ornaments.
    """
    for _ in range(_TRIES):
        ornaments: list[Ornament] = []
        right = 0.0
        for label in labels:
            ornament = held(rng, label, size)
            box = extent(ornament)
            left = right + rng.uniform(*gaps) * size[0]
            foot = rng.uniform(0, DEPTH) * size[0]
            ornaments.append(moved(ornament, foot - box.bottom, left - box.left))
            right = left + box.right - box.left
        if _fit(ornaments, size):
            return placed(rng, tuple(ornaments), size)
    raise SpikeSegError(f"orange-panda: no room for {len(labels)} ornaments in {size}: give more columns")


def on_a_desk(rng: np.random.Generator, ornaments: tuple[Ornament, ...], size: tuple[int, int]) -> Scene:
    """Put ornaments, the farthest one first, under a random light and before a random backdrop."""
    floor = min(extent(ornament).bottom for ornament in ornaments) / size[0]
    horizon = rng.uniform(0.15, min(0.5, floor - 0.1))
    light = Light(
        azimuth=rng.uniform(30, 150),
        elevation=rng.uniform(20, 60),
        strength=rng.uniform(0.45, 0.65),
        ambient=rng.uniform(0.38, 0.54),
        highlight=rng.uniform(0.2, 0.9),
    )
    return Scene(ornaments, light, Backdrop(int(rng.integers(2**32)), horizon))


def _around(ornaments: Sequence[Ornament]) -> tuple[np.ndarray, np.ndarray]:
    """Top and left, bottom and right of all ornaments together."""
    boxes = np.array([extent(ornament) for ornament in ornaments])
    return boxes[:, :2].min(0), boxes[:, 2:].max(0)


def _fit(ornaments: Sequence[Ornament], size: tuple[int, int]) -> bool:
    (top, left), (bottom, right) = _around(ornaments)
    margins = 2 * _MARGIN * size[0]
    return bottom - top < size[0] - margins and right - left < size[1] - margins


def _displacements(far: Ornament, near: Ornament, size: tuple[int, int], overlap: float) -> np.ndarray:
    """Displacements of `near` that give the overlap and fit: (2 rows - 1, 2 columns - 1) bool, none in the middle."""
    from scipy.signal import correlate  # slow to import, and few need it

    shapes = [silhouette(ornament, size).astype(np.float32) for ornament in (far, near)]
    shared = correlate(shapes[0], shapes[1], method="fft") / min(shape.sum() for shape in shapes)
    fits = np.abs(shared - overlap) < _TOLERANCE
    first, second = extent(far), extent(near)
    rows, columns = (np.arange(1 - n, n) for n in size)
    height = np.maximum(first.bottom, second.bottom + rows) - np.minimum(first.top, second.top + rows)
    width = np.maximum(first.right, second.right + columns) - np.minimum(first.left, second.left + columns)
    room = (1 - 2 * _MARGIN) * size[0], size[1] - 2 * _MARGIN * size[0]
    nearer = second.bottom + rows - first.bottom  # the nearer ornament stands lower in the picture
    fits &= ((height < room[0]) & (nearer > 0) & (nearer < DEPTH * size[0]))[:, None]
    fits &= width < room[1]
    return fits
