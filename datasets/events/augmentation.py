"""Buffers as the same scene could have given them another time: shifted, fewer events, other polarity, noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...configs.inputs import Augmentation
from .events import EVENT, Buffer, on_sensor


def augmented(buffer: Buffer, config: Augmentation, rng: np.random.Generator) -> Buffer:
    """Draw another version of a buffer.

    Events move and get lost with the scene; background events are the camera's, so they come last.

    Parameters
    ----------
    buffer
        Is not changed.
    config
        How far versions may differ.
    rng
        What is drawn depends on its state alone.
    """
    events = _flipped(_thinned(_shifted(buffer.events, buffer.size, config, rng), config, rng), config, rng)
    return replace(
        buffer, events=with_background(events, buffer.size, buffer.start, buffer.duration, config.noise_hz, rng)
    )


def turned(buffer: Buffer, degrees: float, slant: float, rng: np.random.Generator) -> Buffer:
    """Draw a version of a buffer that is turned and slanted about the middle of the sensor.

    Parameters
    ----------
    buffer
        Is not changed.
    degrees
        All events are turned by up to this, either way.
    slant
        All events move to the right or left by up to this share of their distance from the middle row.
    rng
        What is drawn depends on its state alone, turn and slant first.

    Returns
    -------
    The events at the nearest pixels, after each was moved within its own at random, so that no pattern of pixels is
    left out. What leaves the sensor is lost.
    """
    angle, slanted = np.deg2rad(rng.uniform(-degrees, degrees)), rng.uniform(-slant, slant)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = (np.array(buffer.size[::-1]) - 1)[:, None] / 2
    place = np.stack([buffer.events["x"], buffer.events["y"]]) + rng.uniform(-0.5, 0.5, (2, len(buffer.events)))
    x, y = np.rint(turn @ [[1, slanted], [0, 1]] @ (place - middle) + middle).astype(np.int64)
    return replace(buffer, events=_moved(buffer.events, x, y, buffer.size))


def _moved(events: np.ndarray, x: np.ndarray, y: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Events at other pixels, (n,) int64 each; what leaves the sensor is lost."""
    moved = events.copy()
    moved["x"], moved["y"] = x.astype(np.uint16), y.astype(np.uint16)  # below 0 wraps to a number beyond every sensor
    return moved[on_sensor(moved, size)]


def _shifted(events: np.ndarray, size: tuple[int, int], config: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """Move all events by as many rows and columns, each from -shift to shift; what leaves the sensor is lost."""
    y, x = (events[axis].astype(np.int64) + rng.integers(-config.shift, config.shift + 1) for axis in ("y", "x"))
    return _moved(events, x, y, size)


def _thinned(events: np.ndarray, config: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """Drop every event with the same probability, which is drawn from 0 to `drop`."""
    return events[rng.random(len(events)) >= rng.uniform(0, config.drop)]


def _flipped(events: np.ndarray, config: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """Swap ON and OFF of all events, or of none."""
    flipped = events.copy()
    flipped["p"] *= -1 if rng.random() < config.flip else 1
    return flipped


def with_background(
    events: np.ndarray, size: tuple[int, int], start: int, duration: int, noise_hz: float, rng: np.random.Generator
) -> np.ndarray:
    """Add events that every pixel fires at any time and of any polarity, a Poisson process.

    Parameters
    ----------
    events
        Those of the scene, dtype `EVENT`.
    size
        Rows and columns of the sensor.
    start, duration
        Microseconds in which the others are added.
    noise_hz
        Events per pixel and second.
    rng
        What is drawn depends on its state alone.

    Returns
    -------
    All events, sorted by time.
    """
    rows, columns = size
    noise = np.empty(rng.poisson(noise_hz * rows * columns * duration * 1e-6), EVENT)
    noise["x"] = rng.integers(columns, size=len(noise))
    noise["y"] = rng.integers(rows, size=len(noise))
    noise["t"] = start + rng.integers(duration, size=len(noise))
    noise["p"] = rng.choice([-1, 1], len(noise))
    both = np.concatenate([events, noise])
    return both[np.argsort(both["t"], kind="stable")]
