"""Identities of objects over time: what is found in a stream is linked into tracks.

Tracking by detection, as in SORT (Bewley, Ge, Ott, Ramos, Upcroft: Simple online and realtime tracking, ICIP 2016): a
Kalman filter with constant velocity predicts the box of each object, and the Hungarian method assigns what is found to
what is predicted, by the IoU of their boxes. A track that is not found, because another object hides it, coasts along
its velocity for a while. The rest is ours, because what a spiking network finds of objects that cross is often one box
around two of them, or of the wrong class:

- class and size that a track has had so far speak for or against a box;
- the more a track lies behind or before others, the less a box moves it;
- a box that is not like the predicted one, or as much like that of another track, is not given a number: no identity is
  better than a wrong one;
- a new track that is like one that was lost nearby is that one.

All numbers were chosen on recordings on which no result is measured (docs/tracking.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from spikeseg.boxes import Box, box_iou

OVERLAP = 0.25
"""A found and a predicted box are of one object only if their IoU, less what speaks against it, is more than this."""

OTHER_CLASS = 0.6
"""What speaks against it, in units of IoU, where the track has always been of another class."""

OTHER_SIZE = 0.3
"""The same for sides that differ by a factor of e, where no other track is near (see `_Track.unlike`)."""

NOISE = 0.16
"""Standard deviation of the middle of a found box, in sizes of the object: the geometric mean of its box's sides."""

VELOCITY_NOISE = 1.2
"""Standard deviation of what is found of its velocity, in sizes per second."""

OTHER_MOTION = 0.6
"""What speaks against it where it moves quite otherwise."""

BESIDE_OTHERS = 3.0
"""Added to a noise of 1 where another track covers the whole predicted box; in proportion where it covers less."""

ACCELERATION = 3.0
"""By how much velocities change within a second: standard deviation, in sizes of the object per second."""

KEPT_S = 1.5
"""Within so many seconds a velocity that is not measured again falls to 1 / e: what moved may have stopped."""

SPEED = 2.0
"""Standard deviation of the velocity of an object that is found for the first time, in its sizes per second."""

RESIZE = 0.05
"""Weight of a found box in the size of the predicted one, at least; the first ones weigh alike."""

ALONE = 0.05
"""Where another track covers more of a predicted box, what is found changes no size, and counts less for the class."""

APART = 0.2
"""What is not assigned begins a track if it shares at most this fraction of the smaller of two boxes with any other."""

SURE = 0.6
"""A box has the number of its track from this IoU with the predicted box on."""

MARGIN = 0.1
"""And only if so much more speaks against it being any other object."""

CONFIRM = 3
"""A track has a number once it was found this often: what is found less often may be clutter."""

LOST = 2.0
"""A new track may be one that is not found now and was last thought to be so near, in sizes of it."""

ALIKE = 0.15
"""And only if it is of its class, and their sides differ by no more than this on average, as logarithms of ratios."""

COAST_S = 3.0
"""For so many seconds a track goes on without being found."""

TENTATIVE_S = 0.1
"""The same for a track without a number."""


class Detection(NamedTuple):
    """What was found at a time: class and box, in pixels, and how it moves, if that is known.

    `velocity` is down and to the right, in pixels per second.
    """

    label: str
    box: Box
    velocity: tuple[float, float] | None = None


@dataclass(eq=False)
class _Track:
    """An object.

    Attributes
    ----------
    state
        Position and velocity (rows) of its middle, down and to the right (columns), in pixels and seconds.
    covariance
        Of position and velocity, the same in both directions, (2, 2) float.
    sides
        Height and width of its box, in pixels, (2,) float.
    t, found_t
        Microseconds: of the state, and of the last detection.
    votes
        Detections by class; those beside others count a tenth.
    found
        Number of detections.
    number
        Its identity; None before it is confirmed.
    covered
        Largest fraction of its predicted box that another confirmed track covers.
    """

    state: np.ndarray
    covariance: np.ndarray
    sides: np.ndarray
    t: int
    found_t: int
    votes: dict[str, float]
    found: int = 1
    number: int | None = None
    covered: float = 0.0
    box: Box = field(init=False)

    def __post_init__(self) -> None:
        self._place()

    @classmethod
    def of(cls, one: Detection, t: int) -> _Track:
        middle, sides = _middle(one.box), _sides(one.box)
        size = np.sqrt(sides.prod())
        covariance = np.diag([(NOISE * size) ** 2, (SPEED * size) ** 2])
        return cls(np.array([middle, (0.0, 0.0)]), covariance, sides, t, t, {one.label: 1.0})

    @property
    def size(self) -> float:
        return float(np.sqrt(self.sides.prod()))

    @property
    def patience(self) -> float:
        """For how many seconds it goes on without being found."""
        return TENTATIVE_S if self.number is None else COAST_S

    @property
    def label(self) -> str:
        """What it was called most often."""
        return max(self.votes, key=self.votes.__getitem__)

    def predict(self, t: int) -> None:
        """Move on to a time."""
        dt = (t - self.t) / 1e6
        kept = np.exp(-dt / KEPT_S)
        step = np.array([[1, KEPT_S * (1 - kept)], [0, kept]])
        noise = (ACCELERATION * self.size) ** 2 * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
        self.state, self.covariance, self.t = step @ self.state, step @ self.covariance @ step.T + noise, t
        self._place()

    def against(self, one: Detection) -> float:
        """How much class and size speak against a detection, in units of IoU."""
        strange = 1 - self.votes.get(one.label, 0.0) / sum(self.votes.values())
        alone = max(1 - 2 * self.covered, 0)
        return (
            OTHER_CLASS * strange + OTHER_SIZE * alone * self.unlike(one.box) + OTHER_MOTION * self.moves_otherwise(one)
        )

    def moves_otherwise(self, one: Detection) -> float:
        """How surely a detection moves otherwise, from 0 to 1."""
        if one.velocity is None:
            return 0.0
        off = np.square(np.subtract(one.velocity, self.state[1])).sum()
        return float(1 - np.exp(-off / 2 / (self.covariance[1, 1] + (VELOCITY_NOISE * self.size) ** 2)))

    def unlike(self, box: Box) -> float:
        """How much a box differs in size: mean of the absolute logarithms of the ratios of its sides."""
        return float(np.abs(np.log(_sides(box) / self.sides)).mean())

    def correct(self, one: Detection) -> None:
        """Take in a detection of this time."""
        doubt = self.size * (1 + BESIDE_OTHERS * self.covered)
        self._measure(0, _middle(one.box), NOISE * doubt)
        if one.velocity is not None:
            self._measure(1, np.array(one.velocity), VELOCITY_NOISE * doubt)
        alone = self.covered < ALONE
        if alone:
            self.sides = self.sides + max(RESIZE, 1 / (self.found + 1)) * (_sides(one.box) - self.sides)
        self.votes[one.label] = self.votes.get(one.label, 0.0) + (1.0 if alone else 0.1)
        self.found, self.found_t = self.found + 1, self.t

    def _measure(self, row: int, value: np.ndarray, noise: float) -> None:
        """Take in a measurement of position (row 0) or velocity (1), whose standard deviation is `noise`."""
        gain = self.covariance[:, row] / (self.covariance[row, row] + noise**2)
        self.state = self.state + np.outer(gain, value - self.state[row])
        self.covariance = self.covariance - np.outer(gain, self.covariance[row])

    def _place(self) -> None:
        """The box at the predicted place."""
        self.box = Box(*(self.state[0] - self.sides / 2).tolist(), *(self.state[0] + self.sides / 2).tolist())


class Tracker:
    """Gives detections the numbers of objects, one time after the other."""

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._numbers = 0

    def track(self, t: int, found: Sequence[Detection]) -> list[int | None]:
        """Link what was found at a time to what was found before.

        Parameters
        ----------
        t
            Microseconds, later than in the call before.
        found
            All that was found at that time.

        Returns
        -------
        For each detection the number of its object, from 1 on; None where it is not sure.
        """
        for track in self._tracks:
            track.predict(t)
        tracks = [track for track in self._tracks if t - track.found_t <= 1e6 * track.patience]
        self._tracks = list(tracks)
        self._cover()
        overlap = box_iou(_boxes([one.box for one in found])[:, None], _boxes([track.box for track in tracks]))
        against = [track.against(one) for one in found for track in tracks]
        cost = 1 - overlap + np.reshape(against, overlap.shape)
        linked = _assigned(cost)
        for place, own in linked.items():
            tracks[own].correct(found[place])
        numbers: list[int | None] = [None] * len(found)
        for place, own in linked.items():
            if tracks[own].number is None and tracks[own].found >= CONFIRM:
                self._confirm(tracks[own])
            if overlap[place, own] >= SURE and _clear(cost[place], own, tracks):
                numbers[place] = tracks[own].number
        for place, one in enumerate(found):
            if place not in linked and all(_apart(one.box, track.box) for track in self._tracks):
                self._tracks.append(_Track.of(one, t))
        return numbers

    def _confirm(self, track: _Track) -> None:
        """Give a track a number: that of an object of its class that was lost nearby, or the next one."""
        far = {
            other: float(np.hypot(*(other.state[0] - track.state[0]))) / track.size
            for other in self._tracks
            if other.number is not None and other.found_t < track.t and other.label == track.label
            if other.unlike(track.box) <= ALIKE
        }
        if far and min(far.values()) <= LOST:
            same = min(far, key=far.__getitem__)
            track.number, track.votes = same.number, same.votes
            self._tracks.remove(same)
        else:
            self._numbers += 1
            track.number = self._numbers

    def _cover(self) -> None:
        """Find out how much of each predicted box others cover."""
        confirmed = [track for track in self._tracks if track.number is not None]
        for track in self._tracks:
            shares = [_shared(track.box, other.box) / track.box.area for other in confirmed if other is not track]
            track.covered = max(shares, default=0.0)


def _clear(cost: np.ndarray, own: int, tracks: Sequence[_Track]) -> bool:
    """Whether no other object is nearly as likely as a detection's own track; cost of each track, (n,)."""
    others = [cost[k] for k, track in enumerate(tracks) if k != own and track.number is not None]
    return cost[own] + MARGIN <= min(others, default=np.inf)


def _assigned(cost: np.ndarray) -> dict[int, int]:
    """The track of each detection, so that the sum of costs is least (Hungarian method); cost is (detections, tracks).

    To leave a detection and a track alone costs as much as the most unlike pair that may be assigned.
    """
    from scipy.optimize import linear_sum_assignment  # slow to import, and most streams are not tracked

    pairs = zip(*linear_sum_assignment(np.minimum(cost, 1 - OVERLAP)), strict=True)
    return {int(place): int(track) for place, track in pairs if cost[place, track] < 1 - OVERLAP}


def _boxes(boxes: Sequence[Box]) -> np.ndarray:
    return np.reshape(boxes, (-1, 4)).astype(float)


def _middle(box: Box) -> np.ndarray:
    return np.array([box.top + box.bottom, box.left + box.right]) / 2


def _sides(box: Box) -> np.ndarray:
    return np.array([box.bottom - box.top, box.right - box.left])


def _apart(one: Box, other: Box) -> bool:
    """Whether two boxes share little of the smaller one."""
    return _shared(one, other) <= APART * min(one.area, other.area)


def _shared(one: Box, other: Box) -> float:
    """Area of the overlap of two boxes."""
    return Box(*np.maximum(one[:2], other[:2]), *np.minimum(one[2:], other[2:])).area
