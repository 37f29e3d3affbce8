"""Simulated recordings of several desk ornaments that cross each other before a hand-held DAVIS346, to track them.

Each ornament is rendered once; it then moves as a sheet before the desk, and its shadow with it. Which ornament is
where, and how much of it is seen, is known at every time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from spikeseg.boxes import Box, box_cells, box_columns, mask_box
from spikeseg.cache import kept_arrays, source
from spikeseg.errors import SpikeSegError
from spikeseg.files import write_table

from ..events.events import Recording
from ..rendered import arrangement, backdrop, ornaments, parts, rendering
from ..rendered.arrangement import moved, on_a_desk, side_by_side
from ..rendered.rendering import Ornament, Scene, extent, layer, render_objects, shadow
from . import dvs, handheld, optics, orange_panda_sim
from .dvs import DAVIS346, Camera
from .handheld import Hand, Handheld
from .optics import FINE, FRAME_US, Shift, light, look
from .orange_panda_sim import BEFORE_US, BLUR, enlarged_scene, reach, shifted

SIZE = (260, 346)
"""Rows and columns of the camera, a DAVIS346."""

DURATION_US = 3_000_000
"""Duration of a recording, in microseconds."""

TRUTH_US = 10_000
"""From one time at which the true boxes are written to the next one, in microseconds."""

STILL = Hand(tremor=0.0, drift=0.0)
"""Of a camera that nobody holds: only what moves before it makes events."""

_SEEDS = 8_000_000  # and above: far from those of the scenes that networks learn from
_GAPS = 0.0, 0.1  # between ornaments in the beginning, as fractions of the picture's height
_LANE, _APART = 0.12, 0.02  # from foot to foot of ornaments behind each other, and how much this varies; likewise
_BEGIN, _LASTS = (0.2, 0.9), (1.4, 1.9)  # seconds: when an ornament sets off, and how long it is on its way
_RAMP = 0.2  # of that time, in which it speeds up, and in which it slows down
_SWAY, _SWAY_HZ, _WAVES = (2.0, 6.0), (0.3, 1.2), 2  # amplitude in pixels, and frequency, of waves in each direction
_GAMMA = 2.2  # as `optics.light` has it
_EDGE = 6  # samples around an ornament, for the blur
_CODE = source(arrangement, backdrop, dvs, handheld, optics, orange_panda_sim, ornaments, parts, rendering)


class Seen(NamedTuple):
    """An object at a time.

    Attributes
    ----------
    number
        Which one, from 0 on: its identity.
    label
        Its class.
    box
        Around what is seen of it, in pixels of the sensor; None if nothing is.
    visible
        Fraction of its pixels that are seen: not hidden by nearer objects, and on the sensor.
    """

    number: int
    label: str
    box: Box | None
    visible: float


@dataclass(frozen=True)
class Course:
    """How an ornament moves before the desk: to the other side, at an even speed but for its start and end, swaying.

    Attributes
    ----------
    begin_us, lasts_us
        When it sets off and how long it is on its way, in microseconds.
    across
        Pixels to the right by which it moves in that time.
    sway
        Amplitude in pixels, frequency in hertz and phase of waves, (3, 2, waves) float: down, then to the right.
    """

    begin_us: float
    lasts_us: float
    across: float
    sway: np.ndarray

    def at(self, t_us: float) -> tuple[float, float]:
        """Pixels down and to the right from where it was at time 0."""
        share = np.clip((t_us - self.begin_us) / self.lasts_us, 0, 1)
        early, late = min(share, _RAMP), max(share - 1 + _RAMP, 0)
        way = (early**2 - late**2) / (2 * _RAMP) + share - early
        size, frequency, phase = self.sway
        swayed = (size * (np.sin(2e-6 * np.pi * frequency * t_us + phase) - np.sin(phase))).sum(axis=1)
        return float(swayed[0]), float(swayed[1] + self.across * way / (1 - _RAMP))


class _Sheet(NamedTuple):
    """An ornament, cut out: light times coverage, and coverage, `FINE` samples per pixel; (h, w) each."""

    light: np.ndarray
    alpha: np.ndarray


class Crossing:
    """A recording of ornaments that end in the reverse order from left to right; all of it follows from a seed.

    Every pair crosses, and the nearer ornament hides the farther one for a while. Ornaments do not turn, and their
    size stays.

    Parameters
    ----------
    seed
        Of scene, paths, hand and sensor, 0 or more.
    count
        Number of ornaments, 2 or 3.
    classes
        From which the class of each is drawn.
    hand
        How the camera is held.

    Raises
    ------
    SpikeSegError
        A number is out of range.
    """

    def __init__(
        self, seed: int, count: int = 3, classes: Sequence[str] = ("orange", "panda"), hand: Hand | None = None
    ):
        if seed < 0 or not 2 <= count <= 3:
            raise SpikeSegError(f"a crossing of {count} ornaments, seed {seed}: give 2 or 3, and a seed of 0 or more")
        self._seed, hand = [_SEEDS + seed, count], Hand() if hand is None else hand
        self._name, self._hand = f"crossing-{count}-{seed}", hand
        rng = np.random.default_rng(self._seed)
        labels = [str(label) for label in rng.choice(list(classes), count)]
        far_first = _behind_each_other(rng, side_by_side(rng, labels, SIZE, _GAPS))
        self.scene = on_a_desk(rng, tuple(far_first), SIZE)
        self._courses = [_course(rng, SIZE[1] - 2 * ornament.pose.column) for ornament in far_first]
        self._motion = Handheld(hand, rng)

    def recording(self) -> Recording:
        """The events, with times above 0 in microseconds; what was rendered once is kept in the cache directory."""
        courses = [(one.begin_us, one.lasts_us, one.across, one.sway.tolist()) for one in self._courses]
        key = repr((self._seed, self._hand, self.scene, courses, _RAMP, DURATION_US, DAVIS346, BLUR)).encode() + _CODE
        kept = kept_arrays("crossing", key, lambda: {"events": self._film()})
        return Recording(self._name, SIZE, kept["events"])

    def objects(self, t_us: int) -> list[Seen]:
        """All objects at a time in microseconds, by number."""
        visible: list[np.ndarray] = []
        whole: list[float] = []
        for window, _, alpha in self._sheets_at(t_us):
            whole.append(float(alpha.sum()))
            for farther in visible:
                farther[window[0]] *= 1 - alpha[window[1]]
            visible.append(np.zeros(SIZE, np.float32))
            visible[-1][window[0]] = alpha[window[1]]
        return [
            Seen(number, ornament.label, mask_box(mask > 0.5), float(mask.sum()) / whole[number])
            for number, (ornament, mask) in enumerate(zip(self.scene.ornaments, visible, strict=True))
        ]

    def _film(self) -> np.ndarray:
        camera = Camera(SIZE, DAVIS346, np.random.default_rng([*self._seed, 1]))
        events = camera.film(self._frames())
        return events[events["t"] > 0]

    def _frames(self) -> Iterator[tuple[int, np.ndarray]]:
        margin = reach(self._motion, SIZE, DURATION_US)
        rows, columns = (FINE * (length + 2 * margin) for length in SIZE)
        desk = enlarged_scene(replace(self.scene, ornaments=()), SIZE, margin)
        plane = light(np.rint(255 * render_objects(desk, (rows, columns))[0]).astype(np.uint8), BLUR)
        shift, seen = None, np.empty(0)
        for t in [*range(-BEFORE_US, DURATION_US, FRAME_US), DURATION_US]:
            if shift != self._motion(t):  # a camera that stands still sees the same desk all the time
                shift = self._motion(t)
                seen = look(plane, SIZE, shift)
            frame = seen.copy()
            for ornament in self._ornaments_at(t):
                frame *= shadow(ornament.pose, self.scene.light, SIZE) ** _GAMMA
            for (there, here), shown, alpha in self._sheets_at(t):
                frame[there] = frame[there] * (1 - alpha[here]) + shown[here]
            yield t, frame

    def _ornaments_at(self, t_us: int) -> list[Ornament]:
        """The ornaments as the camera sees them."""
        shift, seen = self._motion(t_us), []
        for ornament, course in zip(self.scene.ornaments, self._courses, strict=True):
            seen.append(shifted(moved(ornament, *course.at(t_us)), SIZE, shift))
        return seen

    @cached_property
    def _sheets(self) -> list[_Sheet]:
        return [_cut_out(ornament, self.scene) for ornament in self.scene.ornaments]

    def _sheets_at(self, t_us: int) -> Iterator[tuple[tuple, np.ndarray, np.ndarray]]:
        """Of each ornament, farthest first: where it is (see `_overlap`), light times coverage, and coverage."""
        roll = self._motion(t_us).roll
        for sheet, ornament in zip(self._sheets, self._ornaments_at(t_us), strict=True):
            size = tuple(-(-length // FINE) + 2 for length in sheet.alpha.shape)
            first = [
                at - length / 2 for at, length in zip((ornament.pose.row, ornament.pose.column), size, strict=True)
            ]
            corner = [int(np.floor(at)) for at in first]
            shift = Shift(first[0] - corner[0], first[1] - corner[1], roll)
            yield _overlap(corner, size), look(sheet.light, size, shift), look(sheet.alpha, size, shift)


def write_truth(path: Path, crossing: Crossing) -> None:
    """Write a row for each object every 10 ms: time, number from 1 on, class, what is seen of it, and its box.

    Raises
    ------
    SpikeSegError
        The file system refuses.
    """
    rows = [
        (t, one.number + 1, one.label, f"{one.visible:.3f}", *box_cells(one.box))
        for t in range(0, DURATION_US + 1, TRUTH_US)
        for one in crossing.objects(t)
    ]
    write_table(path, ("t_us", "object", "label", "visible", *box_columns()), rows)


def _behind_each_other(rng: np.random.Generator, beside: Sequence[Ornament]) -> list[Ornament]:
    """The ornaments in a random order of depth, the farthest first, in the middle of the picture; nearer ones lower."""
    unit, placed = SIZE[0], []
    for lane, number in enumerate(rng.permutation(len(beside))):
        foot = lane * _LANE + rng.uniform(-_APART, _APART)
        placed.append(moved(beside[number], unit * foot - extent(beside[number]).bottom, 0))
    top = min(extent(ornament).top for ornament in placed)
    bottom = max(extent(ornament).bottom for ornament in placed)
    return [moved(ornament, (unit - bottom - top) / 2, 0) for ornament in placed]


def _course(rng: np.random.Generator, across: float) -> Course:
    begin, lasts = (1e6 * rng.uniform(*limits) for limits in (_BEGIN, _LASTS))
    draws = (_SWAY, _SWAY_HZ, (0, 2 * np.pi))
    return Course(begin, lasts, across, np.array([rng.uniform(*limits, (2, _WAVES)) for limits in draws]))


def _cut_out(ornament: Ornament, scene: Scene) -> _Sheet:
    """Render an ornament alone, with its pivot in the middle of the sheet."""
    from scipy.ndimage import gaussian_filter  # slow to import, and few film anything

    at, box = ornament.pose, extent(ornament)
    reaches = max(at.row - box.top, box.bottom - at.row), max(at.column - box.left, box.right - at.column)
    size = rows, columns = [2 * (int(np.ceil(FINE * reach)) + _EDGE) for reach in reaches]
    pose = replace(at, row=rows / 2, column=columns / 2, height=FINE * at.height)
    window, colour, coverage = layer(replace(ornament, pose=pose), scene.light, (rows, columns))
    alpha, shown = np.zeros(size, np.float32), np.zeros((*size, 3), np.float32)
    alpha[window] = coverage
    shown[window] = colour / np.maximum(coverage, 1e-6)[..., None]
    linear = light(np.rint(255 * shown.clip(0, 1)).astype(np.uint8), 0)
    return _Sheet(*(gaussian_filter(plane, FINE * BLUR) for plane in (linear * alpha, alpha)))


def _overlap(corner: Sequence[int], size: Sequence[int]) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Which part of the sensor a window covers, and which part of the window that is."""
    there = [slice(max(at, 0), max(min(at + n, end), 0)) for at, n, end in zip(corner, size, SIZE, strict=True)]
    here = [slice(part.start - at, max(part.stop - at, 0)) for part, at in zip(there, corner, strict=True)]
    return tuple(there), tuple(here)
