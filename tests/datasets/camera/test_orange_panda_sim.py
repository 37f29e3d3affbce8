"""Simulated recordings of the ornaments: masks and boxes are exact at every time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spikeseg.boxes import mask_box
from spikeseg.datasets.camera.dvs import Camera
from spikeseg.datasets.camera.optics import Shift
from spikeseg.datasets.camera.orange_panda_sim import OrangePandaSim
from spikeseg.datasets.events.events import check
from spikeseg.datasets.rendered.rendering import Scene, render
from spikeseg.errors import SpikeSegError

SIZE = (130, 173)
LENGTH = 60_000


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("SPIKESEG_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def recordings(count: int = 2, seed: int = 0, **asked) -> OrangePandaSim:
    return OrangePandaSim(count, seed, **{"size": SIZE, "duration_us": LENGTH, **asked})


def shift(take, t: int) -> Shift:
    """How far the picture has moved."""
    return take.targets.args[2](t)


def shifted(scene: Scene, shift: Shift) -> Scene:
    """The scene with its ornaments turned about the middle of the sensor, and then moved."""
    turn, middle = np.exp(-1j * np.radians(shift.roll)), complex(SIZE[1] / 2, SIZE[0] / 2)  # right, and down
    ornaments = []
    for ornament in scene.ornaments:
        pose = ornament.pose
        place = (complex(pose.column, pose.row) - middle) * turn + middle + complex(shift.columns, shift.rows)
        pose = replace(pose, row=place.imag, column=place.real, roll=pose.roll + shift.roll)
        ornaments.append(replace(ornament, pose=pose))
    return replace(scene, ornaments=tuple(ornaments))


@pytest.mark.parametrize("scene", ["single", "both"])
def test_masks_and_boxes_are_those_of_a_fresh_rendering_at_that_time(scene):
    dataset = recordings(scene=scene)
    for index in range(2):
        take = dataset[index]
        for t in (0, 17_000, 60_000):
            _, fresh = render(shifted(dataset._pictures.scene(index), shift(take, t)), SIZE)
            targets = take.targets(t)
            assert {target.label for target in targets} == set(fresh)
            for target in targets:
                mask = fresh[target.label]
                assert (target.mask & mask).sum() / (target.mask | mask).sum() > 0.99
                np.testing.assert_allclose(target.box, mask_box(mask), atol=1)


def test_at_time_0_the_scene_is_that_of_the_picture():
    dataset = recordings(scene="both")
    for target, pictured in zip(dataset[0].targets(0), dataset._pictures[0].targets, strict=True):
        assert target.label == pictured.label
        assert (target.mask ^ pictured.mask).sum() < 0.01 * pictured.mask.sum()


def test_masks_of_overlapping_objects_are_disjoint_and_boxes_enclose_them():
    targets = recordings(scene="both")[1].targets(30_000)
    assert len(targets) == 2
    assert not (targets[0].mask & targets[1].mask).any()
    for target in targets:
        assert target.box == mask_box(target.mask)


def test_events_are_sound_and_gather_on_the_objects():
    for take in (recordings()[index] for index in range(2)):
        events = take.recording.events
        check(events, SIZE, "recording")
        assert events["t"][0] >= 1
        assert events["t"][-1] <= LENGTH
        (target,) = take.targets(LENGTH // 2)
        box = target.box
        inside = (events["x"] > box.left - 3) & (events["x"] < box.right + 3)
        inside &= (events["y"] > box.top - 3) & (events["y"] < box.bottom + 3)
        share = (box.bottom - box.top + 6) * (box.right - box.left + 6) / np.prod(SIZE)
        assert inside.mean() > min(0.7, 2 * share)


def test_the_outline_of_the_events_moves_with_the_mask():
    """Each event of an edge lies nearer to the edge of its own time than to that of the recording's start."""
    take = recordings(4, seed=2)[1]
    shifts = np.array([shift(take, t)[:2] for t in range(0, LENGTH + 1, 1000)])
    far = int(np.argmax(np.hypot(*shifts.T))) * 1000
    assert np.hypot(*shifts.T).max() > 1.5
    events = take.recording.events
    part = events[np.abs(events["t"] - far) < 5000]

    def rim(t: int) -> np.ndarray:
        (target,) = take.targets(t)
        up, left = np.gradient(target.mask.astype(float))
        return np.hypot(up, left) > 0

    then, before = (rim(t)[part["y"], part["x"]].mean() for t in (far, 0))
    assert then > before


def test_same_seed_same_bits_in_any_order_and_of_any_count(cache, monkeypatch):
    first = [recordings(2)[index] for index in (0, 1)]
    monkeypatch.setenv("SPIKESEG_CACHE", str(cache / "other"))
    longer = recordings(5)
    for index in (1, 0):
        again = longer[index]
        assert again.recording.name == first[index].recording.name
        np.testing.assert_array_equal(again.recording.events, first[index].recording.events)
        np.testing.assert_array_equal(again.targets(9999)[0].mask, first[index].targets(9999)[0].mask)
    assert not np.array_equal(recordings(seed=1)[0].recording.events, first[0].recording.events)


def test_a_recording_is_rendered_once(monkeypatch):
    first = recordings()[0]
    monkeypatch.setattr(Camera, "film", lambda *_: pytest.fail("rendered again"))
    again = recordings()[0]
    np.testing.assert_array_equal(again.recording.events, first.recording.events)
    np.testing.assert_array_equal(again.targets(5000)[0].mask, first.targets(5000)[0].mask)


def test_classes_take_turns_and_names_say_what_they_are():
    dataset = recordings(4)
    assert list(dataset.labels) == ["orange", "panda"] * 2
    assert dataset[1].targets(0)[0].label == "panda"
    assert dataset.names[1] == "orange-panda-sim/single/seed0/00001"
    assert len(set(dataset.names)) == len(dataset) == 4
    with pytest.raises(IndexError):
        dataset[4]


def test_a_recording_can_be_longer_and_begins_the_same_way():
    short, long = (recordings(duration_us=length)[0] for length in (30_000, 90_000))
    assert long.recording.events["t"][-1] > 80_000
    assert shift(short, 25_000) == shift(long, 25_000)


@pytest.mark.parametrize(("asked", "complaint"), [({"duration_us": 0}, "0 us"), ({"overlap": 2}, "overlap")])
def test_arguments_out_of_range_are_refused(asked, complaint):
    with pytest.raises(SpikeSegError, match=complaint):
        recordings(**asked)
