"""A simulated recording to try a network on: a hand-held camera before an orange, a panda, both, and an empty desk."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..events.events import Recording
from ..rendered.orange_panda import OrangePanda
from ..rendered.rendering import Scene
from .handheld import Hand, Handheld
from .orange_panda_sim import film_scene

SIZE = (260, 346)
"""Rows and columns of the camera, a DAVIS346."""

SCENE_US = 600_000
"""Duration of each scene, in microseconds."""

_SEEDS = 7_000_000  # and above: far from those of the scenes that networks learn from


class Stop(NamedTuple):
    """A scene of the tour: microseconds from which and to which it is shown, and the classes that are in it."""

    start: int
    end: int
    classes: tuple[str, ...]


def ornament_tour(seed: int) -> tuple[Recording, list[Stop]]:
    """Simulate the recording; between scenes the camera is covered, so the first moments of each are their own.

    Parameters
    ----------
    seed
        Of the scenes, the hand and the sensor, 0 or more. No scene of it is one of the dataset orange-panda-sim's.

    Returns
    -------
    recording
        Its events, sorted by time, in microseconds.
    stops
        What is shown when.
    """
    both = OrangePanda(1, _SEEDS + seed, SIZE, "both", 0.0).scene(0)
    alone = OrangePanda(2, _SEEDS + seed, SIZE)
    scenes: list[Scene] = [alone.scene(0), alone.scene(1), both, replace(both, ornaments=())]
    events, stops = [], []
    for number, scene in enumerate(scenes):
        start, own = number * SCENE_US, [_SEEDS + seed, number]
        filmed = film_scene(scene, SIZE, Handheld(Hand(), np.random.default_rng(own)), SCENE_US, own)
        filmed["t"] += start
        events.append(filmed)
        stops.append(Stop(start, start + SCENE_US, tuple(ornament.label for ornament in scene.ornaments)))
    return Recording(f"ornaments-{seed}", SIZE, np.concatenate(events)), stops
