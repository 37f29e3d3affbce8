"""Augmented buffers: each kind does what it says, and nothing but that."""

from __future__ import annotations

import numpy as np
import pytest

from spikeseg.configs.inputs import Augmentation
from spikeseg.datasets.events.augmentation import augmented, turned
from spikeseg.datasets.events.events import EVENT, Buffer

SIZE, START, DURATION = (40, 60), 5000, 30_000


def buffer(count: int = 2000, margin: int = 0) -> Buffer:
    """Events anywhere on the sensor, but for a margin. They cannot be written to."""
    rng = np.random.default_rng(0)
    events = np.empty(count, EVENT)
    events["x"] = rng.integers(margin, SIZE[1] - margin, count)
    events["y"] = rng.integers(margin, SIZE[0] - margin, count)
    events["t"] = np.sort(START + rng.integers(DURATION, size=count))
    events["p"] = rng.choice([-1, 1], count)
    events.setflags(write=False)
    return Buffer(events, SIZE, START, DURATION, "a")


def drawn(seen: Buffer, seed: int = 0, **kinds) -> np.ndarray:
    return augmented(seen, Augmentation(**kinds), np.random.default_rng(seed)).events


def differing(events: np.ndarray, seen: Buffer) -> set[str]:
    return {field for field in EVENT.fields or () if (events[field] != seen.events[field]).any()}


def test_nothing_changes_nothing():
    np.testing.assert_array_equal(drawn(buffer()), buffer().events)


def test_everything_moves_by_the_same_and_every_shift_is_drawn():
    seen = buffer(margin=2)
    shifts = set()
    for seed in range(300):
        events = drawn(seen, seed, shift=2)
        dy, dx = (np.unique(events[axis].astype(int) - seen.events[axis]) for axis in ("y", "x"))
        shifts.add((*dy.tolist(), *dx.tolist()))
        assert differing(events, seen) <= {"x", "y"}
    assert shifts == {(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3)}


def test_what_leaves_the_sensor_is_lost():
    seen = buffer()
    for seed in range(20):
        events = drawn(seen, seed, shift=30)
        assert (events["x"] < SIZE[1]).all()
        assert (events["y"] < SIZE[0]).all()
        assert len(events) < len(seen.events)


def test_polarity_flips_for_all_events_or_none():
    seen = buffer()
    flipped = [differing(drawn(seen, seed, flip=0.3), seen) for seed in range(300)]
    assert all(fields <= {"p"} for fields in flipped)
    assert 60 < sum(map(bool, flipped)) < 120
    np.testing.assert_array_equal(drawn(seen, flip=1)["p"], -seen.events["p"])


def test_a_share_up_to_the_given_one_is_dropped():
    seen = buffer()
    kept = [drawn(seen, seed, drop=0.5) for seed in range(200)]
    shares = np.array([len(events) / len(seen.events) for events in kept])
    assert shares.min() > 0.45
    np.testing.assert_allclose(shares.mean(), 0.75, atol=0.04)
    assert shares.std() > 0.1
    assert np.isin(kept[0], seen.events).all()
    assert (np.diff(kept[0]["t"]) >= 0).all()


def test_noise_has_its_rate_everywhere_and_at_any_time():
    empty = Buffer(np.empty(0, EVENT), SIZE, START, DURATION)
    events = np.concatenate([drawn(empty, seed, noise_hz=20) for seed in range(50)])
    expected = 20 * SIZE[0] * SIZE[1] * DURATION * 1e-6 * 50
    np.testing.assert_allclose(len(events), expected, rtol=0.03)
    for field, low, many in (("x", 0, SIZE[1]), ("y", 0, SIZE[0]), ("t", START, DURATION)):
        counts, _ = np.histogram(events[field], 10, (low, low + many))
        np.testing.assert_allclose(counts, expected / 10, rtol=0.06)
    np.testing.assert_allclose((events["p"] == 1).mean(), 0.5, atol=0.01)


def test_noise_is_added_in_the_order_of_time():
    seen = buffer()
    events = drawn(seen, noise_hz=10)
    assert len(events) > len(seen.events) + 300
    assert np.isin(seen.events, events).all()
    assert (np.diff(events["t"]) >= 0).all()


@pytest.mark.parametrize("kinds", [{"shift": 3, "flip": 0.5, "drop": 0.5, "noise_hz": 5}])
def test_it_follows_from_the_seed(kinds):
    seen = buffer()
    np.testing.assert_array_equal(drawn(seen, 1, **kinds), drawn(seen, 1, **kinds))
    assert len(drawn(seen, 1, **kinds)) != len(drawn(seen, 2, **kinds))


def transformation(seen: Buffer, events: np.ndarray) -> np.ndarray:
    """The linear map about the sensor's middle, (2, 2) for x and y, that fits best to where events have gone."""
    middle = (np.array(SIZE[::-1]) - 1) / 2
    before, after = (np.stack([one["x"], one["y"]], axis=1) - middle for one in (seen.events, events))
    return np.linalg.lstsq(before, after, rcond=None)[0].T


def test_all_events_turn_and_slant_alike_about_the_middle():
    seen, angles, slants = buffer(margin=18), [], []
    for seed in range(60):
        events = turned(seen, 12, 0.2, np.random.default_rng(seed)).events
        assert differing(events, seen) <= {"x", "y"}
        found = transformation(seen, events)
        angle = np.arctan2(found[1, 0], found[0, 0])
        slanted = (np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) @ found)[0, 1]
        expected = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ [[1, slanted], [0, 1]]
        np.testing.assert_allclose(found, expected, atol=0.03)
        angles.append(np.rad2deg(angle))
        slants.append(slanted)
    assert 9 < -min(angles) < 13.5
    assert 9 < max(angles) < 13.5
    assert 0.15 < -min(slants) < 0.23
    assert 0.15 < max(slants) < 0.23
    assert abs(np.corrcoef(angles, slants)[0, 1]) < 0.4


def test_unturned_events_stay_and_turned_ones_that_leave_are_lost():
    seen = buffer()
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(turned(seen, 0, 0, rng).events, seen.events)
    events = turned(seen, 90, 0, rng).events
    assert 0 < len(events) < len(seen.events)
    assert (events["x"] < SIZE[1]).all()
    assert (events["y"] < SIZE[0]).all()


def test_two_buffers_turn_alike_from_the_same_state():
    one, other = buffer(2000, 18), buffer(1500, 18)
    found = [transformation(seen, turned(seen, 30, 0.2, np.random.default_rng(3)).events) for seen in (one, other)]
    np.testing.assert_allclose(*found, atol=0.03)


def test_no_pattern_of_pixels_is_left_out():
    everywhere = buffer(60_000)
    events = turned(everywhere, 10, 0.1, np.random.default_rng(1)).events
    counts = np.zeros(SIZE, int)
    np.add.at(counts, (events["y"], events["x"]), 1)
    middle = counts[10:-10, 10:-10]
    assert middle.min() > 5  # 25 are expected, and that none of 800 has so few
