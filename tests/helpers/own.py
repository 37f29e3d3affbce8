"""Small data of one's own: a folder per class, of pictures or of recordings."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
from PIL import Image

from helpers import event_files
from helpers.runs import TINY
from spikeseg.configs import Config, validate

CLASSES = ("bar", "disc")
BOXES = {"bar": (20, 8, 44, 40), "disc": (16, 24, 56, 64)}  # top, left, bottom, right


def write_pictures(root: Path, count: int = 3, suffix: str = ".png", size: tuple[int, int] = (64, 80)) -> Path:
    """A dark rectangle at its place in `BOXES` on a light ground, brighter from picture to picture."""
    for label in CLASSES:
        (root / label).mkdir(parents=True)
        for number in range(count):
            picture = np.full(size, 200 + number, np.uint8)
            top, left, bottom, right = BOXES[label]
            picture[top:bottom, left:right] = 60
            Image.fromarray(picture).save(root / label / f"{number}{suffix}")
    return root


def events_of(label: str, number: int, count: int = 300) -> list[event_files.Event]:
    """Events on a sensor of 64 x 48: along a column of it, or along a row."""
    rng = np.random.default_rng([CLASSES.index(label), number])
    times = np.sort(rng.integers(1000, 90_000, count))
    along, across, p = rng.random(count), rng.integers(20, 23, count), rng.choice([-1, 1], count)
    x, y = (across, (48 * along).astype(int)) if label == "bar" else ((64 * along).astype(int), across)
    return [event_files.Event(*event) for event in np.stack([x, y, times, p], axis=1).tolist()]


WRITERS = {
    "aedat4": event_files.aedat4,
    "raw": event_files.evt3,
    "npz": event_files.npz,
    "csv": lambda events: b"t_us,x,y,p\n" + b"".join(b"%d,%d,%d,%d\n" % (e.t, e.x, e.y, e.p > 0) for e in events),
    "bin": event_files.atis,
}


def write_recordings(root: Path, formats: tuple[str, ...] = ("npz",), count: int = 3) -> Path:
    """Recordings of `events_of`, in the formats in turn."""
    for label in CLASSES:
        (root / label).mkdir(parents=True)
        for number in range(count):
            kind = formats[number % len(formats)]
            (root / label / f"{number}.{kind}").write_bytes(WRITERS[kind](events_of(label, number)))
    return root


def tiny(dataset: str, **changes) -> Config:
    """The configuration that trains in seconds, for these data."""
    content = tomllib.loads(TINY)
    content["data"] = {"dataset": dataset, "classes": list(CLASSES), "train": 2} | changes
    if dataset == "recordings" or changes.pop("events", False):
        del content["input"]["dog"]
        content["input"] |= {"rows": 48, "buffer": {"duration_ms": 45, "fit": "bin"}}
        content["data"].pop("events", None)
        content["conv2"]["threshold"] = 1.0
    return validate(content, "test")
