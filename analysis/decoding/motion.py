"""How fast an object moves: its events are compared with those that it made shortly before.

An event camera sees motion itself, while it lasts. Of objects that cross, boxes are often around both or around half of
one, but the events of each go on in its own direction.
"""

from __future__ import annotations

import numpy as np
from numpy import fft

from spikeseg.boxes import mask_box

from .potentials import fast_length

SHARE = 3
"""The first and the last of so many parts of a stretch of time are compared."""

REACH = 8
"""Pixels of the sensor by which events are looked for farther on, in each direction."""

FEWEST = 60
"""With less contrast than this in a part, as the sum over pixels of ON minus OFF events, nothing is said."""


def velocity(events: np.ndarray, start_us: int, duration_us: int, mask: np.ndarray) -> tuple[float, float] | None:
    """Measure how an object moves: by which shift its late events agree best with its early ones (cross-correlation).

    Parameters
    ----------
    events
        Sorted by time, dtype `EVENT`; those outside the stretch of time or the mask have no say.
    start_us, duration_us
        The stretch of time in which the object was found.
    mask
        Its pixels on the sensor, (rows, columns) bool.

    Returns
    -------
    Down and to the right, in pixels per second; None where the events do not tell.
    """
    box = mask_box(mask)
    if box is None:
        return None
    top, left, bottom, right = (int(edge) for edge in box)
    late = start_us + duration_us - duration_us // SHARE
    parts = []
    for begin in (start_us, late):
        first, last = np.searchsorted(events["t"], (begin, begin + duration_us // SHARE))
        some = events[first:last]
        some = some[mask[some["y"], some["x"]]]
        pixel = (some["y"].astype(int) - top) * (right - left) + some["x"] - left
        signed = np.bincount(pixel, np.where(some["p"] > 0, 1.0, -1.0), (bottom - top) * (right - left))
        parts.append(signed.reshape(bottom - top, right - left))
    if min(np.abs(part).sum() for part in parts) < FEWEST:
        return None
    shift = _shift(*parts) * 1e6 / (late - start_us)
    return float(shift[0]), float(shift[1])


def _shift(early: np.ndarray, late: np.ndarray) -> np.ndarray:
    """By how many pixels down and to the right one picture is shifted against the other, to fractions of a pixel."""
    size = [fast_length(length + REACH) for length in early.shape]
    spectrum = fft.rfft2(early, size).conj() * fft.rfft2(late, size)
    agree = np.roll(fft.irfft2(spectrum, size), (REACH, REACH), (0, 1))[: 2 * REACH + 1, : 2 * REACH + 1]
    best = np.array(np.unravel_index(np.argmax(agree), agree.shape))
    between = [_vertex(np.roll(np.moveaxis(agree, axis, 0)[:, best[1 - axis]], 1 - best[axis])[:3]) for axis in (0, 1)]
    inside = (best > 0) & (best < 2 * REACH)  # at the edge, the neighbour beyond is not known
    return best - REACH + np.where(inside, between, 0.0)


def _vertex(three: np.ndarray) -> float:
    """Where the parabola through three neighbours has its top, from the middle one, which is the largest."""
    before, top, after = three
    bend = before - 2 * top + after
    return 0.0 if bend >= 0 else float((before - after) / bend / 2)
