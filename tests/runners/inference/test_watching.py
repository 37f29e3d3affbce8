"""A stream in continuous time: decisions do not depend on how its events come, on what follows, or on its length."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.networks import configuration, random_network
from helpers.runs import refusal
from spikeseg.datasets.events.arrivals import Arrivals
from spikeseg.datasets.events.events import Recording, pack
from spikeseg.errors import SpikeSegError
from spikeseg.runners.inference import watching
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


def test_options_that_do_not_go_together_are_refused(spikeseg, run, file, trained, tmp_path):
    common = ("--out", tmp_path / "out", "--device", "numpy")
    line = refusal(spikeseg("stream", run, file, "--continuous", "--buffer", "30ms", *common))
    assert line == "--continuous has no buffers: leave out --buffer"
    line = refusal(spikeseg("stream", run, file, "--dt", "50us", *common))
    assert line == "--dt is the duration of a step of --continuous: give both, or neither"
    line = refusal(spikeseg("stream", run, file, "--continuous", "--dt", "1s", *common))
    assert line == "--dt of 1000000 us: give 1us to 1ms"
    assert "learned from pictures" in spikeseg("stream", trained, file, "--continuous", *common).err
