"""Pictures of several desk ornaments, to count them: of the same or of different classes, each with its mask."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spikeseg.boxes import mask_box
from spikeseg.errors import SpikeSegError

from ..sample import Dataset, Sample, Target
from .arrangement import MAX_OVERLAP, on_a_desk, overlapping, side_by_side
from .rendering import Scene, extent, render_objects

GAPS = 0.05, 0.3
"""Least and largest gap between the boxes of neighbours, as fractions of the picture's height."""


class OrnamentGroups(Dataset):
    """Pictures of one or more of the ornaments of `OrangePanda`, all of which follow from a seed.

    Item i depends on i and on the arguments other than `count`, not on what was read before.

    Parameters
    ----------
    count
        Number of pictures.
    seed
        Seed of everything random.
    size
        Rows and columns in pixels.
    objects
        Ornaments per picture.
    alike
        True: all ornaments of a picture are of one class, and the classes take turns from picture to picture. False:
        the classes take turns within a picture.
    overlap
        None: ornaments stand side by side with gaps. A number, for two ornaments: their silhouettes share this fraction
        of the area of the smaller one, to within about 0.02, and either is in front.
    classes
        Some of the ornaments in `ORNAMENTS`, two or more unless `alike`.

    Raises
    ------
    SpikeSegError
        An argument is out of its range; or, when an item is read, the picture is too narrow for its ornaments.
    """

    def __init__(
        self,
        count: int,
        seed: int,
        size: tuple[int, int],
        objects: int,
        alike: bool,
        overlap: float | None = None,
        classes: Sequence[str] = ("orange", "panda"),
    ):
        _check(objects, alike, overlap, classes)
        self.seed, self.size, self.overlap = seed, size, overlap
        step = 0 if alike else 1
        self._classes = [[classes[(i + step * k) % len(classes)] for k in range(objects)] for i in range(count)]
        self.labels = [labels[0] for labels in self._classes]
        kind = f"{objects}-{'alike' if alike else 'mixed'}-{'apart' if overlap is None else f'{overlap:g}'}"
        self.names = [f"orange-panda/{kind}/seed{seed}/{index:05d}" for index in range(count)]

    def __getitem__(self, index: int) -> Sample:
        index = range(len(self))[index]
        scene = self.scene(index)
        image, masks = render_objects(scene, self.size)
        targets = tuple(
            Target(ornament.label, mask_box(mask), mask) for ornament, mask in zip(scene.ornaments, masks, strict=True)
        )
        return Sample(self.names[index], np.rint(255 * image).astype(np.uint8), targets)

    def scene(self, index: int) -> Scene:
        """The scene of picture `index`, with its farthest ornament first."""
        index = range(len(self))[index]
        rng = np.random.default_rng([self.seed, index])
        labels = rng.permutation(self._classes[index]).tolist()
        if self.overlap is None:
            ornaments = side_by_side(rng, labels, self.size, GAPS)
        else:
            ornaments = overlapping(rng, labels, self.size, self.overlap)
        farthest_first = sorted(ornaments, key=lambda ornament: extent(ornament).bottom)
        return on_a_desk(rng, tuple(farthest_first), self.size)


def _check(objects: int, alike: bool, overlap: float | None, classes: Sequence[str]) -> None:
    """Raise SpikeSegError for the first argument that is out of range."""
    if objects < 1:
        raise SpikeSegError(f"{objects} objects cannot be shown: give 1 or more")
    if not alike and len(classes) < 2:
        raise SpikeSegError(f"objects of different classes need 2 classes, not only {classes[0]}")
    if overlap is not None and objects != 2:
        raise SpikeSegError(f"an overlap is that of 2 objects, not of {objects}")
    if overlap is not None and not 0 <= overlap <= MAX_OVERLAP:
        raise SpikeSegError(f"an overlap of {overlap} is out of range: give 0 to {MAX_OVERLAP}")
