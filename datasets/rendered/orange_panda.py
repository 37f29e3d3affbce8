"""A simulated stand-in for NVS-OrangePanda: rendered pictures of desk ornaments with exact annotation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from spikeseg.boxes import mask_box
from spikeseg.errors import SpikeSegError

from ..sample import Dataset, Sample, Target
from .arrangement import MAX_OVERLAP, held, on_a_desk, overlapping, placed
from .ornaments import ORNAMENTS
from .rendering import Scene, render

_SMALLEST = 64  # rows


class OrangePanda(Dataset):
    """Pictures of an orange mascot, a panda and other ornaments on a cluttered desk, all of which follow from a seed.

    The data that the paper calls NVS-OrangePanda, two textured ornaments before an event camera, are not published.
    This is our own simulation, not the authors' data: the same classes and the same task, with exact masks and boxes.
    Eight more ornaments, of our own choice, are for experiments with more classes. Position, size, pose, light and
    clutter vary. Item i depends on `seed`, i, `size`, `scene`, `overlap` and `classes`, but neither on `count` nor on
    what was read before.

    Parameters
    ----------
    count
        Number of pictures.
    seed
        Seed of everything random, 0 or more.
    size
        Rows and columns in pixels: at least 64 rows, at least as many columns as rows.
    scene
        ``single``: one ornament; the classes take turns. ``both``: two ornaments of different classes that overlap,
        either of them in front; the classes take turns at being the first target.
    overlap
        With ``both``: intersection of the two whole silhouettes over the area of the smaller one, from 0 to 0.9. What
        is rendered differs from it by at most about 0.02.
    classes
        Some of the ornaments in `ORNAMENTS`, each once; ``both`` needs two of them.

    Raises
    ------
    SpikeSegError
        An argument is out of its range.
    """

    def __init__(
        self,
        count: int,
        seed: int,
        size: tuple[int, int] = (160, 250),
        scene: Literal["single", "both"] = "single",
        overlap: float = 0.5,
        classes: Sequence[str] = ("orange", "panda"),
    ):
        _check(count, seed, size, scene, overlap, classes)
        self.seed, self.size, self.kind, self.overlap = seed, (size[0], size[1]), scene, overlap
        self.classes = tuple(classes)
        folder = scene if scene == "single" else f"{scene}-{overlap:g}"
        self.names = [f"orange-panda/{folder}/seed{seed}/{index:05d}" for index in range(count)]
        self.labels = [self.classes[index % len(self.classes)] for index in range(count)]

    def __getitem__(self, index: int) -> Sample:
        index = range(len(self))[index]
        image, masks = render(self.scene(index), self.size)
        first = self.labels[index]
        order = sorted(masks, key=lambda label: label != first)
        targets = tuple(Target(label, mask_box(masks[label]), masks[label]) for label in order)
        return Sample(self.names[index], np.rint(255 * image).astype(np.uint8), targets)

    def scene(self, index: int) -> Scene:
        """The scene of picture `index`, e.g. to move its ornaments and render it again."""
        index = range(len(self))[index]
        rng = np.random.default_rng([self.seed, index])
        if self.kind == "single":
            ornaments = placed(rng, (held(rng, self.labels[index], self.size),), self.size)
        else:
            ornaments = overlapping(rng, self.classes, self.size, self.overlap)
        return on_a_desk(rng, ornaments, self.size)


def _check(count, seed, size, scene, overlap, classes) -> None:
    """Raise SpikeSegError for the first argument that is out of range."""
    rules = (
        (count >= 1, f"count is {count}: give at least 1 picture"),
        (seed >= 0, f"seed is {seed}: give 0 or more"),
        (
            len(size) == 2 and _SMALLEST <= size[0] <= size[1],
            f"size is {tuple(size)}: give (rows, columns), {_SMALLEST} rows or more and no fewer columns",
        ),
        (scene in ("single", "both"), f"scene is {scene!r}: give 'single' or 'both'"),
        (0 <= overlap <= MAX_OVERLAP, f"overlap is {overlap}: give 0 to {MAX_OVERLAP}"),
        (
            0 < len(classes) == len(set(classes) & set(ORNAMENTS)),
            f"classes are {tuple(classes)}: give different ones of {', '.join(ORNAMENTS)}",
        ),
        (scene != "both" or len(classes) == 2, f"scene 'both' needs 2 classes, not {tuple(classes)}"),
    )
    for holds, problem in rules:
        if not holds:
            raise SpikeSegError(f"orange-panda: {problem}")
