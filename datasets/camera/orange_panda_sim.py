"""Simulated event-camera recordings of the desk ornaments, at the size of a DAVIS346 held in the hand."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

import numpy as np

from spikeseg.boxes import mask_box
from spikeseg.cache import kept_arrays, source
from spikeseg.errors import SpikeSegError

from ..events.events import Recording
from ..recordings import Recordings, Take
from ..rendered import backdrop, ornaments, parts, rendering
from ..rendered.orange_panda import OrangePanda
from ..rendered.rendering import Ornament, Scene, render, silhouette
from ..sample import Target
from . import dvs, handheld, optics
from .dvs import DAVIS346, Camera
from .handheld import Hand, Handheld
from .optics import FINE, FRAME_US, Shift

BLUR = 0.5
"""Standard deviation of the blur of lens and pixel aperture together, in pixels."""

BEFORE_US = 20_000
"""Microseconds for which the camera has been running when a recording starts."""

_CODE = source(backdrop, dvs, handheld, optics, ornaments, parts, rendering)


class OrangePandaSim(Recordings):
    """Recordings of the scenes of `OrangePanda`, each by a hand that shakes in its own way; all follows from a seed.

    This is our own simulation, not NVS-OrangePanda, which is not published. The scene stands still and the camera
    moves; at time 0 it sees what the picture shows. Masks and boxes are exact at every time: a mask has the pixels
    whose middle the ornament covers and no nearer one does. What was rendered once is kept in the cache directory.

    Parameters
    ----------
    count, seed, size, scene, overlap, classes
        See `OrangePanda`; motion, mismatch and noise follow from `seed` as well.
    duration_us
        Duration of a recording in microseconds.

    Raises
    ------
    SpikeSegError
        An argument is out of range.
    """

    def __init__(
        self,
        count: int,
        seed: int,
        size: tuple[int, int] = (260, 346),
        scene: Literal["single", "both"] = "single",
        overlap: float = 0.5,
        classes: Sequence[str] = ("orange", "panda"),
        duration_us: int = 120_000,
    ):
        if duration_us < 1:
            raise SpikeSegError(f"orange-panda-sim: a recording of {duration_us} us: give 1 or more")
        self._pictures = OrangePanda(count, seed, size, scene, overlap, classes)
        self._duration = duration_us
        self.names = [name.replace("orange-panda", "orange-panda-sim", 1) for name in self._pictures.names]
        self.labels = self._pictures.labels

    def __getitem__(self, index: int) -> Take:
        """Load or render a recording. Raises SpikeSegError if the cache cannot be written."""
        name, scene, size = self.names[index], self._pictures.scene(index), self._pictures.size
        seed = [self._pictures.seed, zlib.crc32(name.encode())]
        motion = Handheld(Hand(), np.random.default_rng(seed))
        key = repr((seed, scene, size, self._duration, DAVIS346, BLUR)).encode() + _CODE
        kept = kept_arrays(
            "orange-panda-sim",
            key,
            lambda: {"events": film_scene(scene, size, motion, self._duration, seed), "size": np.array(size)},
        )
        return Take(Recording(name, size, kept["events"]), partial(_targets, scene, size, motion, self.labels[index]))


def film_scene(scene: Scene, size: tuple[int, int], motion: Handheld, duration_us: int, seed: list[int]) -> np.ndarray:
    """Film a scene with a moving DAVIS346.

    Parameters
    ----------
    scene
        At time 0 the camera sees it as it is.
    size
        Rows and columns of the camera, which are also those of the scene.
    motion
        Of the camera.
    duration_us
        In microseconds.
    seed
        Of the sensor's mismatch and noise.

    Returns
    -------
    The events with times above 0, dtype `EVENT`, sorted by time.
    """
    margin = reach(motion, size, duration_us)
    rows, columns = (FINE * (length + 2 * margin) for length in size)
    image, _ = render(enlarged_scene(scene, size, margin), (rows, columns))
    plane = optics.light(np.rint(255 * image).astype(np.uint8), BLUR)
    camera = Camera(size, DAVIS346, np.random.default_rng([*seed, 1]))
    events = camera.film(optics.film(plane, size, motion, -BEFORE_US, duration_us))
    return events[events["t"] > 0]


def reach(motion: Handheld, size: tuple[int, int], duration_us: int) -> int:
    """Most pixels by which a point of the picture moves in so many microseconds; the corners move most."""
    shifts = np.abs([motion(t) for t in range(-BEFORE_US, duration_us + FRAME_US, FRAME_US)])
    return int(np.ceil(shifts[:, :2].max() + np.radians(shifts[:, 2].max()) * max(size)))


def enlarged_scene(scene: Scene, size: tuple[int, int], margin: int) -> Scene:
    """The scene of `size` with a `margin` of so many pixels added on each side, at `FINE` samples per pixel."""

    def enlarged(ornament: Ornament) -> Ornament:
        row, column = FINE * (ornament.pose.row + margin), FINE * (ornament.pose.column + margin)
        return replace(
            ornament, pose=replace(ornament.pose, row=row, column=column, height=FINE * ornament.pose.height)
        )

    horizon = (scene.backdrop.horizon * size[0] + margin) / (size[0] + 2 * margin)
    ornaments = tuple(enlarged(ornament) for ornament in scene.ornaments)
    return replace(scene, ornaments=ornaments, backdrop=replace(scene.backdrop, horizon=horizon))


def _targets(scene: Scene, size: tuple[int, int], motion: Handheld, first: str, t_us: int) -> tuple[Target, ...]:
    """The objects in sight at a time in microseconds, those of class `first` before others."""
    visible: dict[str, np.ndarray] = {}
    for ornament in scene.ornaments:
        mask = silhouette(shifted(ornament, size, motion(t_us)), size)
        for farther in visible.values():
            farther &= ~mask
        visible[ornament.label] = mask
    order = sorted(visible, key=lambda label: label != first)
    return tuple(Target(label, mask_box(visible[label]), visible[label]) for label in order if visible[label].any())


def shifted(ornament: Ornament, size: tuple[int, int], shift: Shift) -> Ornament:
    """An ornament as a sensor of `size` sees it that has moved."""
    pose, turn = ornament.pose, np.radians(shift.roll)
    down, right = pose.row - size[0] / 2, pose.column - size[1] / 2
    row = size[0] / 2 + shift.rows + down * np.cos(turn) - right * np.sin(turn)
    column = size[1] / 2 + shift.columns + down * np.sin(turn) + right * np.cos(turn)
    return replace(ornament, pose=replace(pose, row=row, column=column, roll=pose.roll + shift.roll))
