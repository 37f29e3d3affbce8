"""Objects keep their numbers while they move, cross and hide each other; what is not sure has none."""

from __future__ import annotations

import numpy as np

from spikeseg.analysis.decoding.tracking import COAST_S, CONFIRM, Detection, Tracker
from spikeseg.boxes import Box

STEP_US = 30_000


def box(row: float, column: float, height: float = 50, width: float = 50) -> Box:
    return Box(row - height / 2, column - width / 2, row + height / 2, column + width / 2)


def orange(row: float, column: float) -> Detection:
    return Detection("orange", box(row, column))


def followed(tracker: Tracker, scenes, step: int = STEP_US) -> list[list[int | None]]:
    return [tracker.track(number * step, found) for number, found in enumerate(scenes)]


def crossing(hidden=(), step_s: float = 0.03, labels=("orange", "orange")):
    """Two objects that pass each other at 100 pixels per second; the first is not found in the steps `hidden`."""
    for number in range(round(3 / step_s)):
        at = 100 * step_s * number
        both = [Detection(labels[0], box(100, 50 + at)), Detection(labels[1], box(110, 350 - at))]
        yield both[1:] if number in hidden else both


def test_objects_that_cross_keep_their_numbers():
    numbers = followed(Tracker(), crossing())
    assert all(pair == [1, 2] for pair in numbers[CONFIRM - 1 :])


def test_an_object_that_is_hidden_while_it_crosses_keeps_its_number():
    hidden = range(42, 60)  # for half a second, in which the two pass each other
    numbers = followed(Tracker(), crossing(hidden))
    assert [found for pair in numbers[42:60] for found in pair] == [2] * 18
    assert all(pair == [1, 2] for pair in numbers[64:])


def test_it_does_not_matter_how_often_objects_are_found():
    numbers = followed(Tracker(), crossing(step_s=0.05), step=50_000)
    assert numbers[-1] == [1, 2]
    times = np.sort(np.random.default_rng(0).choice(3_000_000, 90, replace=False))
    tracker = Tracker()
    for t in times.tolist():
        last = tracker.track(t, [orange(100, 50 + t / 10_000), orange(110, 350 - t / 10_000)])
    assert last == [1, 2]


def test_what_is_found_seldom_has_no_number():
    scenes = [[orange(100, 100), *([orange(200, 300)] if number % 9 == 0 else [])] for number in range(50)]
    numbers = followed(Tracker(), scenes)
    assert all(found == [1] + [None] * (len(found) - 1) for found in numbers[CONFIRM:])


def test_a_box_around_two_objects_has_no_number_and_takes_none_away():
    scenes = list(crossing())
    around = Detection("orange", Box(75, 175, 135, 325))
    scenes[35] = [around]
    numbers = followed(Tracker(), scenes)
    assert numbers[35] == [None]
    assert all(pair == [1, 2] for pair in numbers[36:])


def test_a_box_beside_a_known_object_begins_no_track():
    scenes = [[orange(100, 100), orange(100, 130)] for _ in range(40)]
    numbers = followed(Tracker(), [[orange(100, 100)]] * 10 + scenes)
    assert {found[1] for found in numbers[10:]} == {None}


def test_the_class_tells_objects_apart_that_change_places():
    """Between two looks they change places: by their places alone they would change their numbers."""
    tracker = Tracker()
    places = [*np.linspace(200, 112, 40), *[112] * 20]
    numbers = followed(tracker, [[orange(100, 100), Detection("panda", box(100, place))] for place in places])
    assert numbers[-1] == [1, 2]
    changed = [Detection("panda", box(100, 100)), orange(100, 112)]
    assert tracker.track(len(places) * STEP_US, changed) == [2, 1]


def test_after_a_long_time_an_object_is_a_new_one():
    tracker = Tracker()
    followed(tracker, [[orange(100, 100)]] * 10)
    later = 9 * STEP_US + round(1e6 * COAST_S) + STEP_US
    numbers = [tracker.track(later + number * STEP_US, [orange(100, 100)]) for number in range(10)]
    assert [found for (found,) in numbers] == [None] * (CONFIRM - 1) + [2] * (11 - CONFIRM)


def turned(height: float) -> list[int | None]:
    """Numbers of an object that turns back while it is hidden, and is found again with this height."""
    scenes = [[orange(100, 50 + 3 * number)] for number in range(20)]
    back = Detection("orange", box(100, 90, height, height))
    return [found for numbers in followed(Tracker(), [*scenes, *[[]] * 20, *[[back]] * 10])[40:] for found in numbers]


def test_an_object_that_is_found_again_elsewhere_is_the_one_that_was_lost():
    assert turned(height=50) == [None] * (CONFIRM - 1) + [1] * (11 - CONFIRM)


def test_unless_its_size_is_another():
    assert turned(height=80) == [None] * (CONFIRM - 1) + [2] * (11 - CONFIRM)


def test_nothing_is_found_and_nothing_happens():
    tracker = Tracker()
    assert tracker.track(0, []) == []
    followed(tracker, [[orange(100, 100)]] * 10)
    assert tracker.track(10 * STEP_US, []) == []
    assert tracker.track(11 * STEP_US, [orange(100, 100)]) == [1]


def test_no_number_is_given_twice_at_a_time():
    rng = np.random.default_rng(3)
    tracker, given = Tracker(), 0
    for number in range(200):
        found = [
            Detection(
                str(rng.choice(["orange", "panda"], p=[0.9, 0.1])),
                box(*rng.normal((100, 60 * place), 6), *rng.uniform(40, 60, 2)),
            )
            for place in range(rng.integers(0, 6))
        ]
        numbers = [one for one in tracker.track(number * STEP_US, found) if one is not None]
        assert len(set(numbers)) == len(numbers)
        given += len(numbers)
    assert given > 100
