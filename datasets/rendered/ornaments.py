"""What the desk ornaments look like: their parts, in the coordinates of `parts`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .parts import Mark, Part, Relief, rotation

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

_CLAY, _FLOWER = (0.72, 0.36, 0.22), (0.98, 0.45, 0.62)
_POT = (
    Part(_CLAY, (0.0, 0.13, 0.0), (0.20, 0.14, 0.20), gloss=0.2),
    Part(_CLAY, (0.0, 0.235, 0.0), (0.235, 0.05, 0.235), marks=(Mark(WOOD, _TOP, 0.8, 0.8),), gloss=0.2),
)

_RIBS = Relief.of((0.28, 9.0, 0.28), tone=0.10, slope=0.16)
_CACTUS_GREEN = (0.24, 0.52, 0.26)

_CACTUS = (
    *_POT,
    Part(_CACTUS_GREEN, (0.0, 0.58, 0.0), (0.145, 0.38, 0.145), relief=_RIBS, gloss=0.1),
    Part(_CACTUS_GREEN, (0.19, 0.50, 0.0), (0.13, 0.07, 0.07), turn=10, relief=_RIBS, gloss=0.1),
    Part(_CACTUS_GREEN, (0.285, 0.63, 0.0), (0.078, 0.18, 0.078), relief=_RIBS, gloss=0.1),
    Part(_CACTUS_GREEN, (-0.17, 0.62, 0.0), (0.13, 0.062, 0.062), turn=-10, relief=_RIBS, gloss=0.1),
    Part(_CACTUS_GREEN, (-0.265, 0.74, 0.0), (0.07, 0.16, 0.07), relief=_RIBS, gloss=0.1),
    Part(_FLOWER, (0.0, 0.965, 0.02), (0.085, 0.05, 0.085), marks=(Mark(WHITE, _TOP, 0.4, 0.4),)),
    Part(_FLOWER, (0.285, 0.815, 0.01), (0.05, 0.035, 0.05)),
)

_BEAK, _DOWN, _WING = (0.96, 0.42, 0.06), (0.99, 0.83, 0.16), (0.93, 0.70, 0.10)

_DUCK = (
    Part(_DOWN, (-0.36, 0.42, 0.0), (0.17, 0.07, 0.11), turn=-38),
    Part(_DOWN, (-0.03, 0.27, 0.0), (0.41, 0.27, 0.31), gloss=0.5),
    Part(_WING, (-0.08, 0.32, 0.24), (0.22, 0.12, 0.10), turn=-14, marks=(Mark(LIMB, _FRONT, 0.8, 0.7, line=0.05),)),
    Part(_WING, (-0.08, 0.32, -0.24), (0.22, 0.12, 0.10), turn=-14),
    Part(
        _DOWN,
        (0.19, 0.71, 0.0),
        (0.245, 0.25, 0.235),
        marks=(Mark(BLACK, (0.62, 0.18, 0.75), 0.16, 0.20), Mark(BLACK, (0.62, 0.18, -0.75), 0.16, 0.20)),
        gloss=0.5,
    ),
    Part(_BEAK, (0.46, 0.69, 0.0), (0.13, 0.045, 0.12), turn=8, gloss=0.4),
    Part(_BEAK, (0.43, 0.635, 0.0), (0.10, 0.035, 0.09), turn=-8, gloss=0.4),
)

_SNOW, _COAL = (0.95, 0.96, 0.98), (0.08, 0.08, 0.09)

_SNOWMAN = (
    Part(_SNOW, (0.0, 0.23, 0.0), (0.285, 0.24, 0.285), relief=_FUR, gloss=0.1),
    Part(
        _SNOW,
        (0.0, 0.51, 0.0),
        (0.205, 0.18, 0.205),
        marks=tuple(Mark(_COAL, (0.0, y, 1.0), 0.13, 0.13) for y in (0.35, -0.15, -0.6)),
        relief=_FUR,
        gloss=0.1,
    ),
    *Part(WOOD, (0.27, 0.56, 0.05), (0.15, 0.02, 0.02), turn=28, gloss=0.1).both_sides(),
    Part(
        _SNOW,
        (0.0, 0.735, 0.0),
        (0.155, 0.15, 0.155),
        marks=(
            *(Mark(_COAL, (x, 0.25, 1.0), 0.13, 0.15) for x in (-0.4, 0.4)),
            Mark(_COAL, (0.0, -0.25, 1.0), 0.5, 0.34, line=0.07),
        ),
        relief=_FUR,
        gloss=0.1,
    ),
    Part((0.80, 0.12, 0.14), (0.0, 0.625, 0.0), (0.185, 0.045, 0.185), gloss=0.1),
    Part((0.80, 0.12, 0.14), (0.11, 0.52, 0.19), (0.04, 0.12, 0.03), turn=10, gloss=0.1),
    Part(_BEAK, (0.0, 0.73, 0.20), (0.03, 0.03, 0.11), gloss=0.2),
    Part(_COAL, (0.0, 0.855, -0.01), (0.22, 0.025, 0.22), gloss=0.3),
    Part(_COAL, (0.0, 0.93, -0.01), (0.135, 0.10, 0.135), gloss=0.3),
)

_CAP = (0.80, 0.10, 0.09)

_TOADSTOOL = (
    Part((0.92, 0.88, 0.78), (0.0, 0.10, 0.0), (0.19, 0.11, 0.19), gloss=0.1),
    Part((0.94, 0.91, 0.82), (0.0, 0.34, 0.0), (0.125, 0.34, 0.125), gloss=0.1),
    Part((0.90, 0.86, 0.74), (0.0, 0.52, 0.0), (0.20, 0.035, 0.20), gloss=0.1),
    Part(
        _CAP,
        (0.0, 0.76, 0.0),
        (0.43, 0.235, 0.43),
        marks=tuple(
            Mark(WHITE, (np.cos(angle) * flat, up, np.sin(angle) * flat), size, size)
            for up, flat, size, first, count in (
                (0.95, 0.25, 0.17, 40, 3),
                (0.35, 0.9, 0.15, 10, 7),
                (-0.2, 1.0, 0.1, 30, 9),
            )
            for angle in np.radians(first + 360 / count * np.arange(count))
        ),
        gloss=0.6,
    ),
)

_HULL, _FIN = (0.88, 0.90, 0.93), (0.78, 0.14, 0.12)

_ROCKET = (
    Part(BLACK, (0.0, 0.12, 0.0), (0.10, 0.10, 0.10), gloss=0.3),
    *Part(_FIN, (0.19, 0.17, 0.0), (0.075, 0.20, 0.025), turn=32, gloss=0.4).both_sides(),
    Part(_FIN, (0.0, 0.17, -0.19), (0.025, 0.20, 0.075), gloss=0.4),
    Part(
        _HULL,
        (0.0, 0.56, 0.0),
        (0.18, 0.45, 0.18),
        marks=(
            Mark(_FIN, _TOP, 0.62, 0.62),
            Mark(_FIN, (0.0, -1.0, 0.0), 0.55, 0.55),
            *(Mark(BLACK, (x, 0.22, z), 0.34, 0.14) for x, z in ((0.0, 1.0), (1.0, 0.0), (-1.0, 0.0))),
            *(Mark((0.45, 0.72, 0.88), (x, 0.22, z), 0.24, 0.10) for x, z in ((0.0, 1.0), (1.0, 0.0), (-1.0, 0.0))),
            Mark(BLACK, (0.0, -0.25, 1.0), 0.20, 0.085),
        ),
        gloss=0.8,
    ),
    Part(_FIN, (0.0, 0.17, 0.19), (0.025, 0.20, 0.075), gloss=0.4),
)

_GOLD = (0.95, 0.76, 0.22)


def _rays(part: Part, count: int) -> tuple[Part, ...]:
    """A part that stands upright above the origin, as often turned about z as makes a circle."""
    angles = 360 / count * np.arange(count)
    return tuple(
        replace(part, centre=tuple((rotation(2, angle) @ part.centre).tolist()), turn=float(angle)) for angle in angles
    )


def _raised(parts: Sequence[Part], height: float) -> tuple[Part, ...]:
    """The parts, moved upwards."""
    return tuple(replace(part, centre=(part.centre[0], part.centre[1] + height, part.centre[2])) for part in parts)


_STAR = (
    Part(WOOD, (0.0, 0.035, 0.0), (0.22, 0.045, 0.16), gloss=0.2),
    Part(WOOD, (0.0, 0.17, 0.0), (0.03, 0.16, 0.03), gloss=0.2),
    *_raised(_rays(Part(_GOLD, (0.0, 0.22, 0.0), (0.115, 0.22, 0.0575), gloss=0.9), 5), 0.56),
    Part(
        _GOLD,
        (0.0, 0.56, 0.0),
        (0.20, 0.20, 0.125),
        marks=(
            *(Mark(BLACK, (x, 0.25, 1.0), 0.13, 0.17) for x in (-0.35, 0.35)),
            Mark(MOUTH, (0.0, -0.1, 1.0), 0.42, 0.34, line=0.06),
        ),
        gloss=0.9,
    ),
)

_NEEDLES = Relief.of((0.18, 0.5, 0.18), tone=0.10, slope=0.14)
_BAUBLES = (0.85, 0.12, 0.14), (0.95, 0.80, 0.25), (0.30, 0.45, 0.85)

_TREE = (
    Part(WOOD, (0.0, 0.10, 0.0), (0.07, 0.12, 0.07), gloss=0.1),
    *(
        Part(
            (0.13, 0.38, 0.20),
            (0.0, up, 0.0),
            (wide, high, wide),
            marks=tuple(
                Mark(_BAUBLES[(number + first) % 3], (np.cos(angle), -0.25, np.sin(angle)), 0.13, 0.26)
                for number, angle in enumerate(np.radians(first * 25 + 45 * np.arange(8)))
            ),
            relief=_NEEDLES,
            gloss=0.1,
        )
        for first, (up, wide, high) in enumerate(
            ((0.27, 0.38, 0.13), (0.45, 0.31, 0.125), (0.61, 0.235, 0.115), (0.76, 0.16, 0.105))
        )
    ),
    Part((0.13, 0.38, 0.20), (0.0, 0.87, 0.0), (0.085, 0.10, 0.085), relief=_NEEDLES, gloss=0.1),
    Part(_GOLD, (0.0, 0.975, 0.0), (0.05, 0.05, 0.05), gloss=0.9),
)

_PETAL, _SEEDS = (0.98, 0.78, 0.10), Relief.of((0.22, 0.22, 0.22), tone=0.14, slope=0.16)

_SUNFLOWER = (
    *_POT,
    Part(LEAF, (0.0, 0.42, 0.0), (0.03, 0.24, 0.03), gloss=0.1),
    Part(LEAF, (0.14, 0.38, 0.03), (0.15, 0.06, 0.03), turn=28, nod=-25, marks=(Mark(VEIN, _FRONT, 0.95, 0.09),)),
    Part(LEAF, (-0.14, 0.43, 0.03), (0.15, 0.06, 0.03), turn=-28, nod=-25, marks=(Mark(VEIN, _FRONT, 0.95, 0.09),)),
    *_raised(_rays(Part(_PETAL, (0.0, 0.20, 0.0), (0.062, 0.105, 0.031), gloss=0.2), 12), 0.72),
    Part(WOOD, (0.0, 0.72, 0.02), (0.155, 0.155, 0.07), relief=_SEEDS, gloss=0.1),
)

ORNAMENTS: dict[str, tuple[Part, ...]] = {
    "orange": _ORANGE,
    "panda": _PANDA,
    "cactus": _CACTUS,
    "duck": _DUCK,
    "rocket": _ROCKET,
    "snowman": _SNOWMAN,
    "star": _STAR,
    "sunflower": _SUNFLOWER,
    "toadstool": _TOADSTOOL,
    "tree": _TREE,
}
"""Parts by class. A part is laid over the earlier ones where it is nearer, so hidden parts come first."""
