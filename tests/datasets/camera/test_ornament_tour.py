"""The simulated recording to try things on: its scenes, and that it is the same for a seed and no other."""

from __future__ import annotations

import numpy as np
import pytest

from spikeseg.datasets.camera.ornament_tour import SCENE_US, ornament_tour


@pytest.fixture(scope="module")
def tour():
    return ornament_tour(3)


def test_scenes_follow_one_another(tour):
    recording, stops = tour
    times = recording.events["t"]
    assert (np.diff(times) >= 0).all()
    assert [stop.start for stop in stops] == [number * SCENE_US for number in range(4)]
    for start, end, _ in stops:
        assert ((times >= start) & (times < end)).sum() > 20_000  # each has something to see
    assert times[-1] <= stops[-1].end


def test_an_orange_a_panda_both_and_nothing(tour):
    _, stops = tour
    assert [set(stop.classes) for stop in stops] == [{"orange"}, {"panda"}, {"orange", "panda"}, set()]


def test_the_command_writes_it(tour, spikeseg, tmp_path):
    from spikeseg import read_events

    told = spikeseg("events", "simulate", tmp_path / "tour.npz", "--seed", 3)
    assert told.code == 0
    assert "nothing" in told.out
    found = read_events(tmp_path / "tour.npz")
    assert found.size == tour[0].size
    assert (found.events == tour[0].events).all()
