"""Simulated recordings of several desk ornaments before a hand-held DAVIS346, to count them."""

from __future__ import annotations

import zlib
from functools import partial

import numpy as np

from spikeseg.boxes import mask_box
from spikeseg.cache import kept_arrays, source

from ..events.events import Recording
from ..recordings import Recordings, Take
from ..rendered import backdrop, ornaments, parts, rendering
from ..rendered.ornament_groups import OrnamentGroups
from ..rendered.rendering import Scene, silhouette
from ..sample import Target
from . import dvs, handheld, optics, orange_panda_sim
from .dvs import DAVIS346
from .handheld import Hand, Handheld
from .orange_panda_sim import BLUR, film_scene, shifted

DURATION_US = 120_000
"""Duration of a recording, in microseconds."""

_CODE = source(backdrop, dvs, handheld, optics, orange_panda_sim, ornaments, parts, rendering)


class OrnamentGroupsSim(Recordings):
    """Recordings of the scenes of `OrnamentGroups`, each by a hand that shakes in its own way.

    The scene stands still and the camera moves, as in `OrangePandaSim`. Boxes and masks are exact at every time. What
    was rendered once is kept in the cache directory.
    """

    def __init__(self, pictures: OrnamentGroups):
        self._pictures = pictures
        self.names = [name.replace("orange-panda", "orange-panda-sim", 1) for name in pictures.names]
        self.labels = pictures.labels

    def __getitem__(self, index: int) -> Take:
        """Load or render a recording. Raises SpikeSegError if a scene has no room, or the cache cannot be written."""
        name, scene, size = self.names[index], self._pictures.scene(index), self._pictures.size
        seed = [self._pictures.seed, zlib.crc32(name.encode())]
        motion = Handheld(Hand(), np.random.default_rng(seed))
        key = repr((seed, scene, size, DURATION_US, DAVIS346, BLUR)).encode() + _CODE
        kept = kept_arrays(
            "orange-panda-sim", key, lambda: {"events": film_scene(scene, size, motion, DURATION_US, seed)}
        )
        return Take(Recording(name, size, kept["events"]), partial(_targets, scene, size, motion))


def _targets(scene: Scene, size: tuple[int, int], motion: Handheld, t_us: int) -> tuple[Target, ...]:
    """What is seen of each object at a time in microseconds, the farthest one first."""
    visible: list[np.ndarray] = []
    for ornament in scene.ornaments:
        mask = silhouette(shifted(ornament, size, motion(t_us)), size)
        for farther in visible:
            farther &= ~mask
        visible.append(mask)
    pairs = zip(scene.ornaments, visible, strict=True)
    return tuple(Target(ornament.label, mask_box(mask), mask) for ornament, mask in pairs if mask.any())
