"""What ornaments are made of: painted ellipsoids, in the ornament's own coordinates.

x points to the right, y up and z towards the viewer. An ornament stands on y = 0 and is about 1 high.
Colours are red, green, blue from 0 to 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

Vector = tuple[float, float, float]


def rotation(axis: int, degrees: float) -> np.ndarray:
    """Right-handed rotation about x, y or z (0, 1, 2), shape (3, 3)."""
    first, second = (axis + 1) % 3, (axis + 2) % 3
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = np.eye(3)
    matrix[[first, second], [first, second]] = cos
    matrix[first, second], matrix[second, first] = -sin, sin
    return matrix


@dataclass(frozen=True)
class Mark:
    """A spot painted on an ellipsoid, in coordinates in which the ellipsoid is the unit sphere.

    Attributes
    ----------
    colour
        Colour of the paint.
    toward
        Direction of its middle as seen from the ellipsoid's centre; any length.
    width, height
        Half axes of the spot, below 1.
    turn
        Anticlockwise rotation on the surface, degrees.
    line
        Paint only the lower half of the outline, this thick to each side (a smile); None paints the whole spot.
    strength
        Opacity.
    """

    colour: Vector
    toward: Vector
    width: float
    height: float
    turn: float = 0.0
    line: float | None = None
    strength: float = 1.0

    @cached_property
    def frame(self) -> np.ndarray:
        """Rows (3, 3): directions of width and height, divided by the half axes, and `toward` with length 1."""
        toward = np.asarray(self.toward) / np.linalg.norm(self.toward)
        right = np.cross([0.0, 1.0, 1e-3], toward)
        right /= np.linalg.norm(right)
        across, up = rotation(2, -self.turn)[:2, :2] @ [right, np.cross(toward, right)]
        return np.array([across / self.width, up / self.height, toward], np.float32)


@dataclass(frozen=True, eq=False)
class Relief:
    """Surface roughness: a random field of plane waves in the ellipsoid's unit-sphere coordinates.

    Attributes
    ----------
    waves
        Wave vectors, shape (n, 3).
    phases
        Shape (n,), radians.
    tone
        Standard deviation of the brightness that goes with the height (pits are dark).
    slope
        Standard deviation, about, of the brightness that goes with the slope towards the light.
    """

    waves: np.ndarray
    phases: np.ndarray
    tone: float
    slope: float

    @classmethod
    def of(cls, spacing: Vector, tone: float, slope: float, waves: int = 24) -> Relief:
        """A field whose bumps are `spacing` apart along x, y and z; always the same one."""
        rng = np.random.default_rng(0)
        z = (np.arange(waves) + 0.5) / waves  # even over the half sphere: a Fibonacci lattice
        turn = np.arange(waves) * np.pi * (3 - np.sqrt(5))
        flat = np.sqrt(1 - z * z)
        directions = np.stack([flat * np.cos(turn), flat * np.sin(turn), z], axis=1)
        lengths = 2 * np.pi * rng.uniform(0.7, 1.3, size=(waves, 1)) / np.asarray(spacing)
        return cls((directions * lengths).astype(np.float32), rng.uniform(0, 2 * np.pi, waves), tone, slope)


@dataclass(frozen=True)
class Part:
    """One ellipsoid of an ornament.

    Attributes
    ----------
    colour
        Colour where no mark covers it.
    centre
        Its middle, in the ornament's coordinates.
    radii
        Half axes before the rotations.
    turn, nod
        Rotation about z (anticlockwise) after one about x (the top comes forward), degrees.
    marks
        Spots, each painted over the ones before.
    relief
        Roughness of the surface; None is smooth.
    gloss
        Strength of the highlight, 0 is matt.
    """

    colour: Vector
    centre: Vector
    radii: Vector
    turn: float = 0.0
    nod: float = 0.0
    marks: tuple[Mark, ...] = ()
    relief: Relief | None = None
    gloss: float = 0.3

    @cached_property
    def axes(self) -> np.ndarray:
        """Its three half axes, columns (3, 3): the ellipsoid is centre + axes u with |u| <= 1."""
        return rotation(2, self.turn) @ rotation(0, self.nod) @ np.diag(self.radii)

    def both_sides(self) -> tuple[Part, Part]:
        """The part and its mirror image in the plane x = 0; marks are not mirrored."""
        x, y, z = self.centre
        return self, replace(self, centre=(-x, y, z), turn=-self.turn)
