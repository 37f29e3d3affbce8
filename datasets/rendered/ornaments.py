"""What the two desk ornaments look like: painted ellipsoids, in the ornament's own coordinates.

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


BLACK, WHITE = (0.05, 0.05, 0.06), (0.97, 0.96, 0.93)
PEEL, LIMB, BLUSH = (1.0, 0.58, 0.10), (0.85, 0.33, 0.05), (0.95, 0.30, 0.12)
LEAF, VEIN, WOOD = (0.20, 0.50, 0.14), (0.42, 0.68, 0.28), (0.36, 0.25, 0.12)
MOUTH, PAD, GREY = (0.30, 0.07, 0.03), (0.62, 0.50, 0.48), (0.35, 0.34, 0.34)

_FRONT, _TOP = (0.0, 0.0, 1.0), (0.0, 1.0, 0.0)
_GLINT = Mark(WHITE, (0.22, 0.35, 1.0), 0.22, 0.2)

_ORANGE = (
    *Part(LIMB, (0.42, 0.42, 0.05), (0.07, 0.16, 0.08), turn=32, gloss=0.4).both_sides(),
    Part(
        PEEL,
        (0.0, 0.47, 0.0),
        (0.43, 0.405, 0.42),
        marks=(
            Mark((0.55, 0.52, 0.10), _TOP, 0.24, 0.24, strength=0.7),
            *(Mark(BLUSH, (x, -0.10, 0.85), 0.17, 0.12, strength=0.65) for x in (-0.55, 0.55)),
            Mark(MOUTH, (0.0, -0.14, 1.0), 0.30, 0.24, line=0.045),
        ),
        relief=Relief.of((0.15, 0.15, 0.15), tone=0.075, slope=0.13),
        gloss=0.5,
    ),
    *Part(LIMB, (0.17, 0.065, 0.17), (0.13, 0.065, 0.17), gloss=0.4).both_sides(),
    Part(WOOD, (0.0, 0.90, 0.0), (0.032, 0.075, 0.032), turn=-8, gloss=0.1),
    Part(
        LEAF,
        (0.155, 0.925, 0.03),
        (0.165, 0.075, 0.02),
        turn=20,
        nod=-35,
        marks=(Mark(VEIN, _FRONT, 0.95, 0.09),),
    ),
    Part(LEAF, (-0.10, 0.905, 0.02), (0.105, 0.05, 0.02), turn=-28, nod=-40),
    *Part(
        WHITE,
        (0.15, 0.56, 0.365),
        (0.075, 0.10, 0.05),
        nod=-8,
        marks=(Mark(BLACK, (0.0, -0.1, 1.0), 0.58, 0.62), _GLINT),
        gloss=0.2,
    ).both_sides(),
)

_FUR = Relief.of((0.16, 0.55, 0.16), tone=0.05, slope=0.07)

_PANDA = (
    *Part(
        BLACK, (0.225, 0.905, -0.02), (0.092, 0.092, 0.055), turn=-20, marks=(Mark(GREY, _FRONT, 0.5, 0.5),)
    ).both_sides(),
    Part(
        WHITE,
        (0.0, 0.31, 0.0),
        (0.285, 0.31, 0.25),
        marks=(Mark(BLACK, _TOP, 0.86, 0.86),),
        relief=_FUR,
        gloss=0.1,
    ),
    *Part(BLACK, (0.20, 0.115, 0.13), (0.12, 0.105, 0.2), turn=-10).both_sides(),
    *Part(
        BLACK,
        (0.235, 0.115, 0.27),
        (0.105, 0.115, 0.08),
        marks=(
            Mark(PAD, (0.0, -0.15, 1.0), 0.40, 0.34),
            *(Mark(PAD, (x, y, 1.0), 0.13, 0.15) for x, y in ((-0.45, 0.4), (0.0, 0.6), (0.45, 0.4))),
        ),
    ).both_sides(),
    *Part(BLACK, (0.225, 0.37, 0.16), (0.075, 0.17, 0.085), turn=-24, nod=-10).both_sides(),
    Part(
        WHITE,
        (0.0, 0.70, 0.04),
        (0.30, 0.25, 0.26),
        marks=(
            Mark(BLACK, (-0.46, 0.02, 0.9), 0.23, 0.30, turn=-32),
            Mark(BLACK, (0.46, 0.02, 0.9), 0.23, 0.30, turn=32),
        ),
        relief=_FUR,
        gloss=0.15,
    ),
    Part(
        WHITE,
        (0.0, 0.615, 0.245),
        (0.115, 0.085, 0.085),
        marks=(Mark(BLACK, (0.0, -0.15, 1.0), 0.45, 0.40, line=0.07),),
        gloss=0.15,
    ),
    Part(BLACK, (0.0, 0.665, 0.325), (0.05, 0.034, 0.03), gloss=0.9),
    *Part(
        WHITE,
        (0.118, 0.712, 0.255),
        (0.036, 0.042, 0.03),
        marks=(Mark(BLACK, _FRONT, 0.72, 0.72), _GLINT),
        gloss=0.3,
    ).both_sides(),
)

ORNAMENTS: dict[str, tuple[Part, ...]] = {"orange": _ORANGE, "panda": _PANDA}
"""Parts by class. A part is laid over the earlier ones where it is nearer, so hidden parts come first."""
