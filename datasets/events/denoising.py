"""Background-activity filter: events that no neighbouring pixel supports are left out."""

from __future__ import annotations

import numpy as np

NEIGHBOURS = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)]


def denoised(events: np.ndarray, size: tuple[int, int], window: int) -> np.ndarray:
    """Keep the events that have another event, on a neighbouring pixel, at most `window` microseconds before them.

    The filter is that of Delbruck 2008, "Frame-free dynamic digital vision". Neighbours are the 8 pixels around a
    pixel; the polarity of their events does not count.

    Parameters
    ----------
    events
        Shape (n,), dtype `EVENT`, sorted by time.
    size
        Rows and columns of the sensor.
    window
        Microseconds.
    """
    t = events["t"].astype(np.int64)
    if not len(t):
        return events
    width = size[1] + 2  # a margin of one pixel: neighbours of border pixels are pixels that never fire
    pixel = (events["y"].astype(np.int64) + 1) * width + events["x"] + 1
    span = int(t[-1] - t[0]) + window + 2
    key = pixel * span + (t - t[0])
    known = np.sort(key)
    supported = np.zeros(len(t), bool)
    for dy, dx in NEIGHBOURS:
        wanted = key + (dy * width + dx) * span
        before = np.searchsorted(known, wanted, side="right") - 1
        supported |= (before >= 0) & (known[before] >= wanted - np.minimum(window, t - t[0]))
    return events[supported]
