"""Pictures and recordings that are measured, made from nothing: `python -m benchmarks.commands.inputs DIRECTORY`.

A process of its own makes them: what a process had in memory counts as memory of those that it starts.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.cbook import get_sample_data
from PIL import Image

from spikeseg.datasets.camera.ornament_tour import SIZE, ornament_tour
from spikeseg.datasets.events.events import EVENT

from .cases import (
    BUFFER_US,
    EVENTS,
    FIRST_BUFFER,
    PHOTOGRAPHS,
    PICTURES,
    RECORDING,
    events_file,
    photograph_file,
    picture_file,
)

MEGAPIXELS_12 = 4000, 3000  # columns, rows


def make_pictures(directory: Path) -> None:
    """Cut a photograph that Matplotlib brings at several places: pictures of 480 x 300, and enlarged ones."""
    with Image.open(get_sample_data("grace_hopper.jpg", asfileobj=False)) as photograph:
        for number in range(PICTURES):
            left, top = number % 8 * 4, number // 8 * 8
            photograph.crop((left, top, left + 480, top + 300)).save(directory / picture_file(number))
        for number in range(PHOTOGRAPHS):
            cut = photograph.crop((number, number, number + 480, number + 360))
            cut.resize(MEGAPIXELS_12, Image.Resampling.BICUBIC).save(directory / photograph_file(number), quality=92)


def make_recordings(directory: Path) -> None:
    """Simulate a camera before ornaments, and its first buffer alone; draw events of one buffer at random."""
    events = ornament_tour(0)[0].events
    _write(directory / RECORDING, events)
    _write(directory / FIRST_BUFFER, events[events["t"] < BUFFER_US])
    rng = np.random.default_rng(0)
    for count in EVENTS:
        events = np.empty(count, EVENT)
        limits = {"x": SIZE[1], "y": SIZE[0], "t": BUFFER_US, "p": 2}
        for field, limit in limits.items():
            events[field] = rng.integers(0, limit, count)
        events["t"].sort()
        _write(directory / events_file(count), events)


def _write(path: Path, events: np.ndarray) -> None:
    """Write events in a form that every version reads."""
    np.savez(path, events=events, size=np.array(SIZE))


def main() -> None:
    """Make all of them, in the directory that the argument names."""
    directory = Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    make_pictures(directory)
    make_recordings(directory)
    (directory / "complete").touch()


if __name__ == "__main__":
    main()
