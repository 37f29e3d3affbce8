"""Recordings take the same way as pictures, from training to evaluation, a buffer at a time."""

from __future__ import annotations

import csv
import json
from collections import Counter

import numpy as np
import pytest

from helpers.runs import TINY
from spikeseg.configs import load
from spikeseg.datasets.recordings import Noisy
from spikeseg.recording import load_recording
from spikeseg.runners.evaluation.selection import select
from spikeseg.runners.training.training import train

NUMPY = ("--device", "numpy")
EVENTS = (
    TINY.replace('"orange-panda"', '"orange-panda-sim"')
    .replace("rows = 64\ncolumns = 64", "rows = 52\ncolumns = 70")
    .replace("[input.dog]\nevents = 400", '[input.buffer]\nduration_ms = 30\nfit = "bin"\ntrain = 1')
)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A network that learned from recordings; for reading only."""
    path = tmp_path_factory.mktemp("recorded")
    (path / "events.toml").write_text(EVENTS)
    train(load(path / "events.toml"), None, path / "run", "numpy")
    return path / "run"


def test_every_buffer_of_a_test_recording_is_answered(spikeseg, recorded, tmp_path):
    told = spikeseg("evaluate", recorded, "--out", tmp_path / "out", *NUMPY)
    assert told.code == 0
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    with (tmp_path / "out" / "outcomes.csv").open(newline="") as file:
        names = [row["name"] for row in csv.DictReader(file)]
    recordings = {name.split("@")[0] for name in names}
    assert metrics["decisions"]["recordings"] == len(recordings) == 4
    assert metrics["n"] == len(names) == 16  # 120 ms each
    assert "first Conv3 spike" in told.out


def test_buffers_and_thresholds_may_differ_from_training(spikeseg, recorded, tmp_path):
    told = spikeseg("evaluate", recorded, "--buffer", "60ms", "--fixed-thresholds", "--out", tmp_path / "out", *NUMPY)
    assert told.code == 0
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["n"] == 8
    assert metrics["input"]["buffer"]["duration_ms"] == 60
    assert metrics["input"]["threshold_variation"] == 0


def test_background_events_come_on_top_the_same_each_time(spikeseg, recorded, tmp_path):
    told = spikeseg("evaluate", recorded, "--noise-hz", "5", "--out", tmp_path / "out", *NUMPY)
    assert told.code == 0
    assert "5 background events per pixel and second" in (tmp_path / "out" / "metrics.json").read_text()
    plain = select(recorded, None, "test").dataset
    noisy = Noisy(plain, 5)
    without, with_noise, again = (source[1].recording for source in (plain, noisy, noisy))
    assert np.array_equal(with_noise.events, again.events)
    assert (np.diff(with_noise.events["t"]) >= 0).all()
    rows, columns = without.size
    expected = 5e-6 * without.duration * rows * columns
    assert abs(len(with_noise.events) - len(without.events) - expected) < 5 * np.sqrt(expected)
    assert not Counter(without.events.tolist()) - Counter(with_noise.events.tolist())  # all that were there still are


def test_the_range_of_events_is_that_of_all_training_buffers(recorded):
    from spikeseg.datasets.catalogue import open_dataset
    from spikeseg.datasets.split import Split
    from spikeseg.datasets.stimuli import samples, stimuli
    from spikeseg.models.network import TrainedNetwork

    network = TrainedNetwork.load(recorded / "network.npz")
    dataset, inputs = open_dataset(network.config, None), network.config.input
    parts = Split.from_json(json.loads((recorded / "split.json").read_text()), dataset.names)
    shown = [sample.view for sample in samples(dataset, parts.train, inputs)]
    counts = np.bincount(stimuli(shown, inputs, inputs.size).stimulus, minlength=len(shown))
    assert len(shown) == 32  # of which the network learned from 8
    assert network.event_range == (counts.min(), counts.max())
    assert network.threshold_scale(counts).min() < 1 < network.threshold_scale(counts).max()


def test_spikes_of_buffers_go_to_disk_with_their_names(spikeseg, recorded, tmp_path):
    assert spikeseg("encode", recorded, "--out", tmp_path / "spikes.npz", *NUMPY).code == 0
    spikes, header = load_recording(tmp_path / "spikes.npz")
    assert spikes["input"].stimuli == len(header["names"]) == 16
    assert all(name.endswith("ms") for name in header["names"])


@pytest.mark.parametrize("options", [("--canvas",), ("--buffer", "0ms"), ("--buffer", "soon")])
def test_what_does_not_go_with_recordings_is_told(spikeseg, recorded, tmp_path, options):
    told = spikeseg("evaluate", recorded, *options, "--out", tmp_path / "out", *NUMPY)
    assert told.code != 0
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("option", [("--buffer", "30ms"), ("--noise-hz", "1"), ("--fit", "crop")])
def test_what_is_for_recordings_is_told_of_pictures(spikeseg, trained, tmp_path, option):
    told = spikeseg("evaluate", trained, *option, "--out", tmp_path / "out", *NUMPY)
    assert f"{option[0]} is for recordings, and the network learned from pictures" in told.err
