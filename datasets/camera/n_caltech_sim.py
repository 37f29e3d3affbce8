"""A simulated stand-in for N-Caltech101: pictures under the three saccades of its camera, seen by DVS pixels."""

from __future__ import annotations

import zlib
from functools import partial

import numpy as np
from PIL import Image

from spikeseg.boxes import Box
from spikeseg.cache import kept_arrays, source
from spikeseg.errors import SpikeSegError

from ..events.events import Recording
from ..recordings import Recordings, Take
from ..sample import Dataset, Target
from . import dvs, optics, saccades
from .dvs import ATIS, Camera
from .optics import FINE, Shift

LARGEST = 180, 240
"""Rows and columns that a picture is fitted to, with its proportions kept (Orchard et al. 2015)."""

MARGIN = 7
"""Rows and columns by which the sensor sees less than the picture, so that it never sees past its edge: the
N-Caltech101 recordings of pictures 180 high are 173 high."""

BLUR = 0.35
"""Standard deviation of the blur of monitor, lens and pixel aperture together, in pixels; fitted like `ATIS`."""

_CODE = source(dvs, optics, saccades)


class NCaltechSim(Recordings):
    """A recording of 300 ms of each picture of a dataset.

    This is our own simulation, not the N-Caltech101 of Orchard et al. Boxes are those of the pictures, scaled, moved
    with the picture and clipped to the sensor; there are no masks. A recording depends on `seed`, its name and its
    picture, not on the order in which items are read. What was rendered once is kept in the cache directory.

    Parameters
    ----------
    pictures
        Dataset of the pictures to record, whose names and labels the recordings keep.
    seed
        Of the sensor's mismatch and noise, >= 0.
    """

    def __init__(self, pictures: Dataset, seed: int):
        self.names, self.labels = pictures.names, pictures.labels
        self._pictures, self._seed = pictures, seed

    def __getitem__(self, index: int) -> Take:
        """Load or render a recording.

        Raises
        ------
        SpikeSegError
            The picture is unreadable or too narrow to be seen, or the cache cannot be written.
        """
        sample = self._pictures[index]
        height, width = sample.image.shape[:2]
        scale = min(LARGEST[0] / height, LARGEST[1] / width)
        shown = round(height * scale), round(width * scale)
        size = shown[0] - MARGIN, shown[1] - MARGIN
        if min(size) < 1:
            raise SpikeSegError(f"{sample.name} of {height} x {width} pixels is too narrow: leave it out")
        seed = [self._seed, zlib.crc32(sample.name.encode())]
        key = repr((seed, ATIS, BLUR, size, sample.image.shape)).encode() + _CODE + sample.image.tobytes()
        kept = kept_arrays(
            "n-caltech-sim", key, lambda: {"events": _record(sample.image, shown, size, seed), "size": np.array(size)}
        )
        boxes = tuple(
            Target(target.label, target.box and target.box.scaled(shown[0] / height, shown[1] / width))
            for target in sample.targets
        )
        return Take(Recording(sample.name, size, kept["events"]), partial(_targets, boxes, size))


def _record(picture: np.ndarray, shown: tuple[int, int], size: tuple[int, int], seed: list[int]) -> np.ndarray:
    fine = Image.fromarray(picture).resize((FINE * shown[1], FINE * shown[0]), Image.Resampling.BILINEAR)
    plane = optics.light(np.asarray(fine), BLUR)
    camera = Camera(size, ATIS, np.random.default_rng(seed))
    return camera.film(optics.film(plane, size, saccades.triangle, 0, saccades.DURATION_US))


def _targets(targets: tuple[Target, ...], size: tuple[int, int], t_us: int) -> tuple[Target, ...]:
    shift = saccades.triangle(t_us)
    return tuple(Target(target.label, target.box and _seen(target.box, size, shift)) for target in targets)


def _seen(box: Box, size: tuple[int, int], shift: Shift) -> Box:
    """A box of the picture in pixels of the sensor, clipped."""
    moved = box.shifted(shift.rows - MARGIN / 2, shift.columns - MARGIN / 2)
    (top, bottom), (left, right) = np.clip(moved[::2], 0, size[0]), np.clip(moved[1::2], 0, size[1])
    return Box(float(top), float(left), float(bottom), float(right))
