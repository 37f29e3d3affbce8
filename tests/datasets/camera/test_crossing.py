"""Ornaments that cross: every pair does, the nearer one hides the farther one, and the truth is what is filmed."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.runs import refusal
from spikeseg import read_events
from spikeseg.datasets.camera import crossing as module
from spikeseg.datasets.camera.crossing import DURATION_US, SIZE, STILL, Crossing, write_truth
from spikeseg.errors import SpikeSegError
from spikeseg.files import read_table


@pytest.fixture(scope="module")
def scenes() -> list[Crossing]:
    return [Crossing(seed, hand=STILL) for seed in range(8)]


@pytest.fixture
def short(monkeypatch, tmp_path):
    """Recordings that end soon, and are not there yet."""
    monkeypatch.setattr(module, "DURATION_US", 40_000)
    monkeypatch.setenv("SPIKESEG_CACHE", str(tmp_path / "cache"))


def middles(scene: Crossing, t: int) -> list[float]:
    return [(one.box.left + one.box.right) / 2 for one in scene.objects(t) if one.box is not None]


def test_every_pair_crosses(scenes):
    for scene in scenes:
        before, after = middles(scene, 0), middles(scene, DURATION_US)
        assert len(before) == len(after) == 3
        assert np.argsort(before).tolist() == np.argsort(after)[::-1].tolist()


def test_nothing_is_hidden_at_the_ends_and_something_is_in_between(scenes):
    for scene in scenes:
        ends = [one.visible for t in (0, DURATION_US) for one in scene.objects(t)]
        assert min(ends) > 0.9
        seen = np.array([[one.visible for one in scene.objects(t)] for t in range(0, DURATION_US, 100_000)])
        assert seen.min() < 0.7
        assert seen[:, -1].min() > 0.9  # the nearest is never hidden, at most a little beyond the sensor
        assert seen.max() <= 1.001


def test_objects_keep_their_classes_and_move_by_little_at_a_time(scenes):
    for scene in scenes:
        there = [scene.objects(t) for t in range(0, DURATION_US, 20_000)]
        assert {tuple(one.label for one in found) for found in there} == {tuple(o.label for o in scene.scene.ornaments)}
        assert [one.number for one in there[0]] == [0, 1, 2]
        nearest = [(found[-1].box.left, found[-1].box.top) for found in there if found[-1].box is not None]
        assert np.abs(np.diff(nearest, axis=0)).max() < 12  # pixels in 20 ms


def test_events_come_from_what_moves(short):
    scene = Crossing(3, hand=STILL)
    found = scene.recording()
    inside = np.zeros(SIZE, bool)
    for one in scene.objects(20_000):
        assert one.box is not None
        top, left, bottom, right = (round(edge) for edge in one.box)
        inside[max(top - 8, 0) : bottom + 8, max(left - 8, 0) : right + 8] = True
    events = found.events
    assert len(events) > 300
    assert inside[events["y"], events["x"]].mean() > 0.9
    assert inside.mean() < 0.6


def test_the_same_seed_gives_the_same_bits_and_another_hand_other_ones(short):
    first = Crossing(5, hand=STILL)._film()
    assert (first == Crossing(5, hand=STILL)._film()).all()
    held = Crossing(5)._film()
    assert len(held) > 1.2 * len(first)  # the desk moves as well


def test_the_truth_is_written_for_every_time(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "DURATION_US", 40_000)
    scene = Crossing(2, count=2)
    write_truth(tmp_path / "truth.csv", scene)
    rows = list(read_table((tmp_path / "truth.csv").open()))
    assert [(int(row["t_us"]), int(row["object"])) for row in rows] == [
        (t, n) for t in range(0, 40_001, 10_000) for n in (1, 2)
    ]
    box = scene.objects(20_000)[1].box
    assert box is not None
    assert [float(rows[5][f"{edge}_px"]) for edge in box._fields] == list(box)


def test_the_command_writes_the_recording_and_the_truth(short, spikeseg, tmp_path):
    told = spikeseg("events", "simulate", tmp_path / "two.npz", "--crossing", 2, "--seed", 4)
    assert told.code == 0
    assert "two_truth.csv" in told.out
    assert (tmp_path / "two_truth.csv").exists()
    assert (np.load(tmp_path / "two.npz")["t"] == Crossing(4, 2, hand=STILL).recording().events["t"]).all()


@pytest.mark.parametrize(("seed", "count"), [(-1, 3), (0, 1), (0, 4)])
def test_what_cannot_be_is_refused(seed, count):
    with pytest.raises(SpikeSegError, match="give 2 or 3, and a seed of 0 or more"):
        Crossing(seed, count)


def test_a_camera_in_the_hand_sees_the_whole_desk(spikeseg, short, tmp_path):
    for name, options in (("still", []), ("hand", ["--hand"])):
        assert spikeseg("events", "simulate", tmp_path / f"{name}.npz", "--crossing", 2, *options).code == 0
    still, hand = (len(read_events(tmp_path / f"{name}.npz").events) for name in ("still", "hand"))
    assert hand > 2 * still
    assert (tmp_path / "hand_truth.csv").exists()


def test_a_hand_without_a_crossing_is_refused(spikeseg, tmp_path):
    assert refusal(spikeseg("events", "simulate", tmp_path / "one.npz", "--hand")).startswith(
        "--hand is for --crossing"
    )
