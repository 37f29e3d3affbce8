"""The motion of a camera in the hand: tremor and drift, as smooth functions of time.

Physiological tremor of the hand has its peak between 6 and 12 Hz (Lakie et al. 2015, J Physiol 593:4411), of which
8 to 12 Hz is the band studied most (Novak, Newell 2017, Neuroscience Letters); slower sway comes with it. The camera
mainly turns: at a pixel of 18.5 um (DAVIS346) behind a lens of 6 mm, one pixel is 0.18 degrees. There is no
parallax. How large the motion is varies with whoever holds the camera; the sizes here are our choice, of a hand that
holds a small camera without support.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .optics import Shift

_WAVES = 4  # sinusoids per band and direction


@dataclass(frozen=True)
class Hand:
    """How a camera is held.

    Attributes
    ----------
    tremor
        Root mean square displacement by the tremor, in each direction, pixels.
    tremor_hz
        Lowest and highest frequency of the tremor, hertz.
    drift
        Root mean square speed of the drift, in each direction, pixels per second.
    drift_hz
        Lowest and highest frequency of the drift, hertz.
    roll
        Degrees by which the camera turns about its optical axis per pixel of motion.
    """

    tremor: float = 0.6
    tremor_hz: tuple[float, float] = (8.0, 12.0)
    drift: float = 50.0
    drift_hz: tuple[float, float] = (0.5, 3.0)
    roll: float = 0.1


class Handheld:
    """One random motion of a hand, a `Motion`; at time 0 nothing is shifted."""

    def __init__(self, hand: Hand, rng: np.random.Generator):
        shape = 3, _WAVES  # rows, columns, roll
        slow, quick = rng.uniform(*hand.drift_hz, shape), rng.uniform(*hand.tremor_hz, shape)
        rms = np.hstack([hand.drift / (2 * np.pi * slow), np.full(shape, hand.tremor)])
        self._size = rms * np.sqrt(2 / _WAVES) * np.array([[1], [1], [hand.roll]])
        self._omega = 2e-6 * np.pi * np.hstack([slow, quick])  # radians per microsecond
        self._phase = rng.uniform(0, 2 * np.pi, (3, 2 * _WAVES))

    def __call__(self, t_us: int) -> Shift:
        """Shift of the picture at a time in microseconds."""
        moved = np.sin(self._omega * t_us + self._phase) - np.sin(self._phase)
        return Shift(*(self._size * moved).sum(1).tolist())
