"""A still picture before a moving sensor: how its points move, and the light that each pixel gets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image

FINE = 2
"""Samples of the picture per sensor pixel and direction: with one, interpolation itself would make edges flicker."""

FRAME_US = 2000
"""Microseconds between frames; what moves here moves by less than half a pixel in that time."""

_GAMMA = 2.2  # of a monitor (IEC 61966-2-1, sRGB, about)


class Shift(NamedTuple):
    """How far the picture has moved on the sensor.

    Attributes
    ----------
    rows, columns
        Pixels down and to the right.
    roll
        Anticlockwise turn about the middle of the sensor in degrees; the picture is turned first, then moved.
    """

    rows: float
    columns: float
    roll: float = 0.0


Motion = Callable[[int], Shift]
"""Function of a time in microseconds that returns the shift of the picture."""


def light(picture: np.ndarray, blur: float) -> np.ndarray:
    """Convert a picture to the light that falls on the sensor, blurred by the lens.

    Parameters
    ----------
    picture
        (H, W, 3) or (H, W) uint8, `FINE` samples per sensor pixel.
    blur
        Standard deviation of the blur of lens and pixel aperture together, in sensor pixels.

    Returns
    -------
    numpy.ndarray
        (H, W) float32: linear intensity, of which white is 1.
    """
    from scipy.ndimage import gaussian_filter  # slow to import, and few film anything

    grey = np.asarray(Image.fromarray(picture).convert("L"), dtype=np.float32) / 255
    return gaussian_filter(grey**_GAMMA, FINE * blur, mode="nearest")


def look(plane: np.ndarray, size: tuple[int, int], shift: Shift) -> np.ndarray:
    """Sample what a sensor sees of a plane, by linear interpolation; beyond its edges the plane repeats them.

    Parameters
    ----------
    plane
        Light, `FINE` samples per sensor pixel and direction; without a shift the sensor looks at its middle.
    size
        Rows and columns of the sensor.
    shift
        How far the plane has moved.

    Returns
    -------
    numpy.ndarray
        Shape `size`, float32.
    """
    from scipy.ndimage import affine_transform

    cos, sin = np.cos(np.radians(shift.roll)), np.sin(np.radians(shift.roll))
    back = np.array([[cos, sin], [-sin, cos]])  # (row, column) of the picture for that of the sensor
    first = 0.5 - np.array(size) / 2 - (shift.rows, shift.columns)  # centre of the first pixel, seen from the middle
    offset = (FINE * back @ first + np.array(plane.shape) / 2 - 0.5).tolist()
    return affine_transform(plane, FINE * back, offset, size, np.float32, order=1, mode="nearest")


def film(
    plane: np.ndarray, size: tuple[int, int], motion: Motion, start_us: int, stop_us: int
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield a time and its frame (see `look`) every `FRAME_US` from `start_us`, and at `stop_us`; microseconds."""
    for t in [*range(start_us, stop_us, FRAME_US), stop_us]:
        yield t, look(plane, size, motion(t))
