"""The motion behind N-MNIST and N-Caltech101: three saccades around a triangle (Orchard et al. 2015).

Orchard, Jayawant, Cohen, Thakor 2015, Frontiers in Neuroscience 9:437: an ATIS on two motors, tilt and pan, looks at a
picture on a monitor and makes three saccades of 100 ms, along the sides of an isosceles triangle. The picture moves
down and to the right, then up and to the right, then back to the left. The authors' own `movingContour.m` describes it
by straight lines at constant speed, 7 pixels high and 7 wide.

The recordings tell more: few events come for some 20 ms between saccades, speed rises and falls evenly within each,
the tilt leads the pan, and the triangle is about 5 pixels high and wide. Times and lengths below follow the mean place
of the events of 600 N-MNIST recordings (root mean square distance 0.2 pixels down, 0.3 to the right) and the event
rates of the recorded face of N-Caltech101, which show the same motion. The triangle closes here; the recorded pictures
stop about a pixel short of where they started.
"""

from __future__ import annotations

from typing import NamedTuple

from .optics import Shift

DURATION_US = 300_000
"""Duration of a recording in microseconds."""


class Move(NamedTuple):
    """One motion of a motor, from rest to rest: constant acceleration for half the time, then as much deceleration."""

    start_us: int
    stop_us: int
    pixels: float

    def travelled(self, t_us: float) -> float:
        """Distance covered up to a time in microseconds, in pixels."""
        share = min(max((t_us - self.start_us) / (self.stop_us - self.start_us), 0.0), 1.0)
        return self.pixels * (2 * share**2 if share < 0.5 else 1 - 2 * (1 - share) ** 2)


TILT = (Move(6_000, 80_000, 5.0), Move(112_000, 191_000, -5.0))
"""Motions of the tilt, which moves the picture down."""

PAN = (
    Move(38_000, 90_000, 2.0),
    Move(98_000, 174_000, 1.9),
    Move(148_000, 212_000, 1.1),
    Move(214_000, 300_000, -5.0),
)
"""Motions of the pan, which moves the picture to the right."""


def triangle(t_us: int) -> Shift:
    """Shift of the picture at a time in microseconds; the triangle is centred on the sensor."""
    rows = sum(move.travelled(t_us) for move in TILT) - TILT[0].pixels / 2
    columns = sum(move.travelled(t_us) for move in PAN) + PAN[-1].pixels / 2
    return Shift(rows, columns)
