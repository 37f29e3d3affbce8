"""The simulated recording to try things on: its scenes, and that it is the same for a seed and no other."""

from __future__ import annotations

import numpy as np
import pytest

from spikeseg import read_events
from spikeseg.datasets.camera.ornament_tour import SCENE_US, ornament_tour
from spikeseg.datasets.events.writing import write_recording
from spikeseg.files import read_table


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


@pytest.mark.compiled
def test_the_bundled_network_knows_what_is_there(tour, spikeseg, tmp_path):
    recording, stops = tour
    write_recording(tmp_path / "tour.npz", recording)
    assert spikeseg("stream", "orange-panda-sim", tmp_path / "tour.npz", "--out", tmp_path).code == 0
    rows = list(read_table((tmp_path / "stream.csv").open()))
    for stop in stops:
        told = [row["label"] for row in rows if stop.start <= int(row["start_us"]) and int(row["end_us"]) <= stop.end]
        assert len(told) > 15
        right = [label in (stop.classes or ("",)) for label in told]
        assert np.mean(right) >= 0.9, (stop, told)


def test_the_command_writes_it(tour, spikeseg, tmp_path):
    told = spikeseg("events", "simulate", tmp_path / "tour.npz", "--seed", 3)
    assert told.code == 0
    assert "nothing" in told.out
    found = read_events(tmp_path / "tour.npz")
    assert found.size == tour[0].size
    assert (found.events == tour[0].events).all()
