"""How fast an object moves is read from its events, whatever else moves in the picture."""

from __future__ import annotations

import numpy as np
import pytest

from spikeseg.analysis.decoding.motion import FEWEST, velocity
from spikeseg.datasets.events.events import pack

SIZE = 100, 120
START, DURATION = 5_000_000, 30_000


def moving(down: float, right: float, top: int, left: int, count: int = 60, seed: int = 0):
    """Points of a patch of 30 by 30 pixels, each with an event per millisecond; its mask at half the time."""
    rng = np.random.default_rng(seed)
    row, column = rng.uniform(0, 30, (2, count, 1))
    polarity = np.broadcast_to(rng.integers(0, 2, (count, 1)), (count, 30))
    t = np.broadcast_to(np.arange(30) * 1000, (count, 30))
    since = (t - DURATION / 2) / 1e6
    y, x = (np.rint(at + start + speed * since) for at, start, speed in ((row, top, down), (column, left, right)))
    mask = np.zeros(SIZE, bool)
    mask[top - 5 : top + 35, left - 5 : left + 35] = True
    return (x.ravel().astype(int), y.ravel().astype(int), START + t.ravel(), polarity.ravel()), mask


def events(*patches):
    x, y, t, p = (np.concatenate(parts) for parts in zip(*patches, strict=True))
    order = np.argsort(t, kind="stable")
    return pack(x[order], y[order], t[order], p[order], "made up")


@pytest.mark.parametrize(("down", "right"), [(0, 0), (0, 150), (-80, 40), (200, -250)])
def test_velocity_is_that_of_the_events(down, right):
    patch, mask = moving(down, right, 30, 40)
    assert velocity(events(patch), START, DURATION, mask) == pytest.approx((down, right), abs=12)


def test_only_events_in_the_mask_and_in_the_time_count():
    patch, mask = moving(0, 150, 30, 20)
    other, elsewhere = moving(0, -150, 30, 75, seed=1)
    x, y, t, p = patch
    before = x[::-1], y[::-1], t - DURATION, p[::-1]
    both = events(before, patch, other)
    assert velocity(both, START, DURATION, mask & ~elsewhere) == velocity(
        events(patch), START, DURATION, mask & ~elsewhere
    )


def test_where_there_is_little_to_see_nothing_is_said():
    patch, mask = moving(0, 150, 30, 40, count=2)
    few = events(patch)[: FEWEST // 2]
    assert velocity(few, START, DURATION, mask) is None
    assert velocity(few, START, DURATION, np.zeros(SIZE, bool)) is None
    assert velocity(few[:0], START, DURATION, mask) is None
