"""Identity switches are counted where there are some, and ways of linking know as much as they should."""

from __future__ import annotations

import pytest

from benchmarks.tracking import Frame, accumulated, find_all, measured, nearest, switches, tracker, true_class
from spikeseg.analysis.decoding.tracking import Detection
from spikeseg.boxes import Box
from spikeseg.files import read_json, write_json

pytest.importorskip("motmetrics", reason="py-motmetrics is not installed: pip install .[benchmark]")


def box(column: float) -> Box:
    return Box(10, column, 50, column + 40)


def frames(places, labels=("orange", "panda")) -> list[Frame]:
    """Objects at these columns, each found where it is."""
    return [
        Frame(
            30_000 * number,
            [(k, label, box(column)) for k, (label, column) in enumerate(zip(labels, columns, strict=True))],
            [Detection(label, box(column)) for label, column in zip(labels, columns, strict=True)],
        )
        for number, columns in enumerate(places)
    ]


PASSING = [(3 * number, 297 - 3 * number) for number in range(100)]
JUMPING = [(100, 160) if number < 50 else (160, 100) for number in range(100)]


def told(recording, numbers):
    """Switches of each object when what is found gets these numbers, frame by frame."""
    given = iter(numbers)
    return {number: count for number, (count, _) in switches(accumulated(recording, lambda _: next(given))).items()}


def test_switches_are_counted_for_the_object_that_has_them():
    recording = frames(PASSING)
    assert told(recording, [[1, 2]] * 100) == {0: 0, 1: 0}
    assert told(recording, [[1, 2]] * 50 + [[3, 2]] * 50) == {0: 1, 1: 0}
    assert told(recording, [[1, 2]] * 30 + [[2, 1]] * 30 + [[1, 2]] * 40) == {0: 2, 1: 2}


def test_an_object_that_is_not_found_has_no_switch_and_no_time():
    recording = frames(PASSING)
    numbers = iter([[1, None]] * 25 + [[None, None]] * 75)
    found = switches(accumulated(recording, lambda _: next(numbers)))
    assert found == {0: (0, 0.25), 1: (0, 0.0)}


def test_the_tracker_follows_objects_that_pass_each_other_and_the_nearest_box_does_not_always():
    passing = frames(PASSING, ("orange", "orange"))
    assert [count for count, _ in switches(accumulated(passing, tracker())).values()] == [0, 0]
    jumping = frames(JUMPING)
    assert [count for count, _ in switches(accumulated(jumping, nearest())).values()] == [1, 1]


def test_the_true_class_is_enough_for_objects_of_different_classes_only():
    assert [count for count, _ in switches(accumulated(frames(JUMPING), true_class())).values()] == [0, 0]
    alike = frames(JUMPING, ("orange", "orange"))
    assert [count for count, _ in switches(accumulated(alike, true_class())).values()] == [1, 1]


def test_what_was_found_is_read_again_and_kept(tmp_path):
    content = [
        {
            "t": frame.t,
            "there": [(n, label, list(b)) for n, label, b in frame.there],
            "found": [(o.label, list(o.box), (0, v)) for o, v in zip(frame.found, (100, -100), strict=True)],
        }
        for frame in frames(PASSING)
    ]
    write_json(tmp_path / "3.json", {"frames": content})
    find_all("orange-panda-sim", tmp_path, range(3, 4), hand=False, continuous=False)  # it is there
    assert read_json(tmp_path / "3.json")["frames"][0]["t"] == 0
    rows = {row[0]: row[1:] for row in measured(tmp_path)}
    assert rows["tracker"][:3] == ["100.0%", "100.0% of 2", "0.00"]
