"""A stream in continuous time: decisions do not depend on how its events come, on what follows, or on its length."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from itertools import groupby, islice
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.networks import configuration, random_network
from helpers.runs import refusal
from spikeseg.analysis.decoding import motion
from spikeseg.analysis.decoding.tracking import Detection, Tracker
from spikeseg.datasets.events.arrivals import Arrivals
from spikeseg.datasets.events.events import Recording, pack
from spikeseg.errors import SpikeSegError
from spikeseg.runners.inference import watching
from spikeseg.runners.inference.segmenting import open_segmenter
from spikeseg.runners.inference.tracking import open_tracks
from spikeseg.runners.inference.watching import open_watch

SENSOR = 12, 17
CONFIG = configuration(
    data={"dataset": "orange-panda-sim", "classes": ["orange", "panda"], "test": 1},
    input={"rows": 14, "columns": 17, "dog": None, "buffer": {"duration_ms": 5, "fit": "pad"}},
    conv1={"orientations": 2, "kernel": 3},
    pool1={"window": 2, "stride": 2},
    conv2={"maps": 3, "kernel": [3, 3], "padding": [1, 1]},
    pool2={"window": 2, "stride": 2},
    conv3={"maps": 2, "kernel": [3, 3], "padding": [1, 1]},
)
NETWORK = replace(random_network(CONFIG, 4, "tenths"), map_labels=("orange", "panda"))


def recording(duration=100_000, events=1500) -> Recording:
    rng = np.random.default_rng(5)
    t = np.sort(rng.integers(0, duration, events)) + 7_000_000
    x, y = rng.integers(0, SENSOR[1], events), rng.integers(0, SENSOR[0], events)
    return Recording("made up", SENSOR, pack(x, y, t, rng.integers(0, 2, events), "made up"))


def seen(packets, dt_us=100):
    with open_watch(NETWORK, SENSOR, dt_us, "made up", "numpy") as watch:
        return list(watch.see(packets))


def told(stretches):
    """Decisions as plain values."""
    sightings = [sighting for stretch in stretches for sighting in stretch.sightings]
    return [(one.t, one.segmentation.label, one.place, one.box, one.mask.sum()) for one in sightings]


@pytest.fixture(scope="module")
def stretches():
    return seen([recording().events])


@pytest.fixture
def run(tmp_path) -> Path:
    (tmp_path / "run").mkdir()
    NETWORK.save(tmp_path / "run" / "network.npz")
    return tmp_path / "run"


@pytest.fixture
def file(tmp_path) -> Path:
    np.savez(tmp_path / "events.npz", events=recording().events, size=np.array(SENSOR))
    return tmp_path / "events.npz"


def test_there_are_decisions_and_they_have_masks(stretches):
    decisions = told(stretches)
    assert len(decisions) > 6
    assert len({label for _, label, *_ in decisions}) == 2
    assert sum(pixels > 0 for *_, pixels in decisions) > 3
    times = [t for t, *_ in decisions]
    assert times == sorted(times)


def test_a_class_is_decided_once_in_its_refractory_time(stretches):
    for label in ("orange", "panda"):
        times = np.array([t for t, found, *_ in told(stretches) if found == label])
        assert np.diff(times).min() >= 5000  # microseconds: a buffer


def test_it_does_not_matter_in_which_pieces_events_come(stretches):
    assert told(seen(np.array_split(recording().events, 700))) == told(stretches)


def test_it_does_not_matter_how_long_a_run_of_the_simulator_is(stretches, monkeypatch):
    monkeypatch.setattr(watching, "RUN_MS", 17.0)
    assert told(seen([recording().events])) == told(stretches)


def test_no_decision_depends_on_what_comes_after_it(stretches):
    events = recording().events
    early = told(seen([events[events["t"] < 7_050_000]]))
    assert [one for one in early if one[0] < 7_050_000] == [one for one in told(stretches) if one[0] < 7_050_000]


def test_after_a_long_pause_a_stream_begins_anew(stretches):
    again = recording().events.copy()
    again["t"] += 3_600_000_000
    both = told(seen([recording().events, again]))
    first = [one for one in both if one[0] < 8_000_000]
    assert first == told(stretches)
    later = [(t - 3_600_000_000, *rest) for t, *rest in both[len(first) :]]
    begun = stretches[0].buffer.start  # within a step of where the first one began
    assert len(later) > 6
    assert abs(later[0][0] - told(stretches)[0][0]) < 7000
    assert later[0][0] > begun


def test_an_hour_with_a_second_between_events_is_passed_in_no_time():
    events = recording().events[:2]
    events["t"] = 0, 3_600_000_000
    assert len(seen([events])) < 25


def test_an_input_neuron_waits_out_its_refractory_time():
    rng = np.random.default_rng(1)
    step, neuron = np.sort(rng.integers(0, 300, 2000)), rng.integers(0, 20, 2000)
    expected, free = [], np.zeros(20, int)
    for pair in sorted(set(zip(step.tolist(), neuron.tolist(), strict=True))):
        if pair[0] >= free[pair[1]]:
            expected.append(pair)
            free[pair[1]] = pair[0] + 30
    arrivals = Arrivals(20, 30)
    halves = [arrivals.spikes(step[part], neuron[part]) for part in (step < 140, step >= 140)]
    found = [tuple(pair) for half in halves for pair in np.transpose(half).tolist()]
    assert found == expected


def test_a_damaged_recording_leaves_what_was_decided():
    def damaged():
        yield from np.array_split(recording().events, 30)
        raise SpikeSegError("the cable is out")

    with open_watch(NETWORK, SENSOR, 100, "made up", "numpy") as watch:
        sight = watch.see(damaged())
        assert len(list(islice(sight, 1))) == 1
        with pytest.raises(SpikeSegError, match="the cable is out"):
            next(sight)


def test_the_command_writes_a_row_per_decision_a_film_and_a_summary(spikeseg, run, file, stretches, tmp_path):
    common = ("--out", tmp_path / "out", "--device", "numpy", "--video", tmp_path / "film.gif")
    assert spikeseg("stream", run, file, "--continuous", *common).code == 0
    with (tmp_path / "out" / "decisions.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    assert [(int(row["t_us"]), row["label"]) for row in rows] == [one[:2] for one in told(stretches)]
    assert [int(row["mask_pixels"]) for row in rows] == [pixels for *_, pixels in told(stretches)]
    summary = json.loads((tmp_path / "out" / "decisions.json").read_text())
    assert (summary["decisions"], summary["events"]) == (len(rows), 1500)
    assert Image.open(tmp_path / "film.gif").n_frames == len(stretches)


def moving() -> Recording:
    """Two blobs of events that move towards each other."""
    rng = np.random.default_rng(2)
    t = np.sort(rng.integers(0, 100_000, 4000))
    left = rng.random(4000) < 0.5
    column = np.where(left, 3 + t / 25_000, 13 - t / 25_000) + rng.normal(0, 1, 4000)
    x, y = column.round().clip(0, 16).astype(int), rng.normal(6, 1.5, 4000).round().clip(0, 11).astype(int)
    return Recording("moving", SENSOR, pack(x, y, t + 7_000_000, rng.integers(0, 2, 4000), "moving"))


def tracks(recording: Recording, continuous: bool):
    """All that is found of a recording when objects are tracked."""
    opened = (
        open_watch(NETWORK, SENSOR, 100, "moving", "numpy", tracks=True)
        if continuous
        else open_tracks(NETWORK, SENSOR, 5, 5, "moving", "numpy")
    )
    with opened as stream:
        return list(stream.see(np.array_split(recording.events, 9)))


def test_tracked_buffers_have_all_objects_of_each():
    stretches = tracks(moving(), continuous=False)
    buffers = [stretch.buffer for stretch in stretches]
    with open_segmenter(NETWORK, [CONFIG.input.size], "numpy") as segmenter:
        expected = [[one.segmentation for one in found] for found in segmenter.instances(buffers)]
    assert sum(len(found) > 1 for found in expected) > 3
    for stretch, found in zip(stretches, expected, strict=True):
        assert [one.segmentation.label for one in stretch.sightings] == [one.label for one in found if one.box]
        assert {one.t for one in stretch.sightings} <= {stretch.buffer.start + stretch.buffer.duration}
        for one, other in zip(stretch.sightings, [one for one in found if one.box], strict=True):
            np.testing.assert_array_equal(one.mask, other.mask[1:13])  # the sensor, centred on the input


@pytest.mark.parametrize("continuous", [False, True])
def test_numbers_are_those_of_the_tracker(continuous):
    stretches = tracks(moving(), continuous)
    sightings = [one for stretch in stretches for one in stretch.sightings]
    assert len({one.track for one in sightings} - {None}) > 0
    tracker = Tracker()
    for t, same in groupby(sightings, key=lambda one: one.t):
        found = list(same)
        boxes = [Detection(one.segmentation.label, one.box, one.velocity) for one in found if one.box is not None]
        assert tracker.track(t, boxes) == [one.track for one in found]


def test_velocities_do_not_depend_on_how_long_a_run_of_the_simulator_is(monkeypatch):
    def velocities():
        sightings = [one for stretch in tracks(moving(), continuous=True) for one in stretch.sightings]
        return [(one.t, one.velocity) for one in sightings]

    monkeypatch.setattr(motion, "FEWEST", 1)  # there are few events
    expected = velocities()
    assert sum(found is not None for _, found in expected) > 3
    monkeypatch.setattr(watching, "RUN_MS", 17.0)
    assert velocities() == expected


def test_objects_in_continuous_time_are_looked_for_every_buffer():
    stretches = tracks(moving(), continuous=True)
    times = sorted({one.t - stretches[0].buffer.start for stretch in stretches for one in stretch.sightings})
    assert len(times) > 5
    assert {t % 5000 for t in times} == {0}  # microseconds


@pytest.mark.parametrize("continuous", [(), ("--continuous",)])
def test_the_command_writes_the_numbers_of_tracked_objects(spikeseg, run, continuous, tmp_path):
    np.savez(tmp_path / "moving.npz", events=moving().events, size=np.array(SENSOR))
    common = ("--out", tmp_path / "out", "--device", "numpy", "--video", tmp_path / "film.gif")
    told = spikeseg("stream", run, tmp_path / "moving.npz", "--tracks", *continuous, *common)
    assert told.code == 0
    stretches = tracks(moving(), bool(continuous))
    sightings = [one for stretch in stretches for one in stretch.sightings]
    with (tmp_path / "out" / "decisions.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    assert [(row["t_us"], row["track"], row["label"]) for row in rows] == [
        (str(one.t), str(one.track or ""), one.segmentation.label) for one in sightings
    ]
    summary = json.loads((tmp_path / "out" / "decisions.json").read_text())["tracks"]
    assert set(summary) == {row["track"] for row in rows} - {""}
    for number, track in summary.items():
        own = [row for row in rows if row["track"] == number]
        assert (track["first_us"], track["last_us"]) == (int(own[0]["t_us"]), int(own[-1]["t_us"]))
        assert sum(track["labels"].values()) == len(own)
        assert f"track {number}, {track['label']}" in told.out
    assert Image.open(tmp_path / "film.gif").n_frames == len(stretches)


def test_options_that_do_not_go_together_are_refused(spikeseg, run, file, trained, tmp_path):
    common = ("--out", tmp_path / "out", "--device", "numpy")
    line = refusal(spikeseg("stream", run, file, "--continuous", "--buffer", "30ms", *common))
    assert line == "--continuous has no buffers: leave out --buffer"
    line = refusal(spikeseg("stream", run, file, "--dt", "50us", *common))
    assert line == "--dt is the duration of a step of --continuous: give both, or neither"
    line = refusal(spikeseg("stream", run, file, "--continuous", "--dt", "1s", *common))
    assert line == "--dt of 1000000 us: give 1us to 1ms"
    line = refusal(spikeseg("stream", run, file, "--tracks", "--confidence", "0.5", *common))
    assert line.startswith("--tracks finds objects by the evidence for each, not by --confidence")
    assert "learned from pictures" in spikeseg("stream", trained, file, "--continuous", *common).err
