"""A recording of events as an animation, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from spikeseg.errors import SpikeSegError
from spikeseg.files import replacing

from ...datasets.events.events import EVENT
from .frames import frame
from .gif import Gif

SHORTEST = 20
"""Milliseconds of a frame that viewers keep to."""


def slices(packets: Iterable[np.ndarray], length: int) -> Iterator[np.ndarray]:
    """Cut packets of events into slices of `length` microseconds, empty ones too, from the first event on."""
    waiting, start = np.empty(0, EVENT), None
    for packet in packets:
        waiting = np.concatenate((waiting, packet))
        start = int(packet["t"][0]) if start is None else start
        while start + length <= waiting["t"][-1]:
            count = np.searchsorted(waiting["t"], start + length)
            yield waiting[:count]
            waiting, start = waiting[count:], start + length
    if start is not None:
        yield waiting


def write_film(
    path: Path,
    packets: Iterable[np.ndarray],
    size: tuple[int, int],
    step: int,
    speed: float,
    advance: Callable[[int], None],
) -> None:
    """Write a GIF with a frame per slice of time.

    Parameters
    ----------
    packets
        Events in order, on a sensor of `size` (rows, columns).
    step
        Microseconds of a slice.
    speed
        Of the animation: 0.1 shows a second in ten.
    advance
        Called with the number of frames done.

    Raises
    ------
    SpikeSegError
        The frames would be shorter than viewers can show, or the file system refused.
    """
    shown = round(step / speed / 10_000) * 10
    if shown < SHORTEST:
        raise SpikeSegError(f"frames of {shown} ms are too short to be shown: give a longer --step or a lower --speed")
    with replacing(path) as temporary, temporary.open("wb") as file, Gif(file, shown) as film:
        for count, part in enumerate(slices(packets, step)):
            film.add(frame(part, size, f"{count * step / 1e6:.3f} s"))
            advance(count + 1)
