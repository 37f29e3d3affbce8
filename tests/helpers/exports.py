"""Exported files, and what other people's tools read in them."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from helpers.networks import configuration, judged, random_network, random_stimuli, shapes_of, to_spikes
from spikeseg.analysis.export.exporter import SUFFIXES, exporter
from spikeseg.excerpt import take_excerpt
from spikeseg.models.network import TrainedNetwork
from spikeseg.recording import save_recording
from spikeseg.spikes import Spikes

EXTRA = 'not installed: pip install "spikeseg[export]"'
neo, pynwb, pq = (pytest.importorskip(name, reason=EXTRA) for name in ("neo", "pynwb", "quantities"))
parquet = pytest.importorskip("pyarrow.parquet", exc_type=ImportError)  # the newest want NumPy 2

NAMES = ["empty", 'a "full", one', "ä/c.jpg", "d"]
LABELS = ["cat", "dog", "cat", "dog, wet"]
STARTED = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
DT = 0.1  # ms: not a whole number, and not one that floats have exactly


@cache
def network() -> TrainedNetwork:
    """A small one, of all six layers."""
    config = configuration(
        data={"classes": ["cat", "dog"]},
        input={"rows": 4, "columns": 5, "steps": 3, "flush_steps": 6, "dt_ms": DT},
        conv1={"orientations": 2, "kernel": 3},
        pool1={"window": 2, "stride": 2},
        conv2={"maps": 3, "kernel": [2, 1], "padding": [1, 0]},
        pool2={"window": 2, "stride": 1},
        conv3={"maps": 2, "kernel": [2, 1], "padding": [1, 0]},
    )
    return replace(random_network(config, 1, "real"), map_labels=("cat", "dog"))


@cache
def spikes() -> dict[str, Spikes]:
    """What it fires; nothing in the first stimulus."""
    stimuli = random_stimuli(shapes_of(network().config)["input"], len(NAMES), 3, 0)
    return {layer: to_spikes(steps) for layer, steps in judged(network(), stimuli).items()}


def record(path: Path, spikes: dict[str, Spikes], **about) -> Path:
    count = next(iter(spikes.values())).stimuli
    content = {
        "names": NAMES[:count],
        "labels": LABELS[:count],
        "dt_ms": DT,
        "steps": 9,
        "started": STARTED.isoformat(),
        "config": "abc",
    }
    save_recording(path, spikes, content | about)
    return path


def exported(kind: str, recording: Path, directory: Path, *choice, **silent) -> Path:
    out = directory / f"out{SUFFIXES[kind]}"
    exporter(kind, out)(take_excerpt(recording, *choice, **silent), lambda done: None)
    return out


# Readers: (stimulus, layer, feature, row, col, step) of every spike, sorted.


@cache  # it takes 10 ms per train
def read_block(path):
    """A whole NIX file."""
    with neo.io.NixIO(str(path), "ro") as file:
        return file.read_block()


def place(train):
    return tuple(train.annotations[name] for name in ("layer", "feature", "row", "col"))


def from_neo(path):
    return [
        (segment.annotations["stimulus"], *place(train), round(float(t * train.sampling_rate)))
        for segment in read_block(path).segments
        for train in segment.spiketrains
        for t in train.times
    ]


def from_nwb(path):
    with pynwb.NWBHDF5IO(path, "r") as io:
        file = io.read()
        units, trials, resolution = file.units.to_dataframe(), file.trials.to_dataframe(), file.units.resolution
    found = []
    for unit in units.itertuples():
        trial = np.searchsorted(trials.start_time, unit.spike_times, "right") - 1
        assert np.all(unit.spike_times < trials.stop_time.to_numpy()[trial])
        steps = np.rint((unit.spike_times - trials.start_time.to_numpy()[trial]) / resolution)
        for stimulus, step in zip(trials.index[trial], steps, strict=True):
            found.append((stimulus, unit.layer, unit.feature, unit.row, unit.col, int(step)))
    return found


def table_csv(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def from_csv(path):
    whole = ("feature", "row", "col", "step")
    return [
        (int(row["stimulus"]), row["layer"], *(int(row[name]) for name in whole))
        for row in table_csv(path)
        if row["step"]
    ]


def from_parquet(path):
    columns = parquet.read_table(path).to_pydict()
    rows = zip(*(columns[name] for name in ("stimulus", "layer", "feature", "row", "col", "step")), strict=True)
    return [row for row in rows if row[-1] is not None]


READERS = {"neo": from_neo, "nwb": from_nwb, "csv": from_csv, "parquet": from_parquet}


def read(kind: str, path: Path) -> list[tuple]:
    return sorted(READERS[kind](path))


def rows_of(spikes: dict[str, Spikes], stimuli=(0, 1, 2, 3)) -> list[tuple]:
    """The same of our own spikes."""
    return sorted(
        (number, layer, *(int(i) for i in np.unravel_index(neuron, recorded.shape)), int(step))
        for layer, recorded in spikes.items()
        for number in stimuli
        for step, neuron in zip(*recorded.of(number), strict=True)
    )
