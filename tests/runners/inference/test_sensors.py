"""Any sensor: recordings of a DAVIS346 and of 1280 x 720 pixels train, evaluate and stream; and how one is fitted."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from helpers import event_files
from helpers.own import CLASSES, events_of, tiny, write_recordings
from helpers.runs import refusal
from spikeseg.runners.evaluation import reporting
from spikeseg.runners.training.training import train

NUMPY = ("--device", "numpy")
DAVIS346, HD = (260, 346), (720, 1280)


@pytest.fixture(autouse=True)
def _without_figures(monkeypatch):
    monkeypatch.setattr(reporting, "draw_evaluation", lambda *_: None)  # which take seconds, and are not looked at


def scaled(label: str, number: int, sensor: tuple[int, int]) -> list[event_files.Event]:
    """The events of `events_of` on another sensor, in the middle of where their pixel is there."""
    rows, columns = sensor
    small = events_of(label, number)
    return [event._replace(x=(2 * event.x + 1) * columns // 128, y=(2 * event.y + 1) * rows // 96) for event in small]


def write(path: Path, sensor: tuple[int, int], events: list[event_files.Event]) -> Path:
    """A file as such a camera gives it: AEDAT 4 of a DAVIS346, EVT 3 of 1280 x 720."""
    if sensor == DAVIS346:
        xml = event_files.XML.replace(">64<", ">346<").replace(">48<", ">260<")
        path = path.with_suffix(".aedat4")
        path.write_bytes(event_files.aedat4(events, xml=xml))
    else:
        header = event_files.RAW_HEADER.format(3).replace("64x48", "1280x720")
        path = path.with_suffix(".raw")
        path.write_bytes(event_files.evt3(events, header))
    return path


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("sensor", [DAVIS346, HD], ids=["DAVIS346", "1280 x 720"])
def test_recordings_of_this_sensor_train_evaluate_and_stream(spikeseg, sensor, tmp_path):
    for label in CLASSES:
        (tmp_path / "data" / label).mkdir(parents=True)
        for number in range(3):
            write(tmp_path / "data" / label / f"{number}", sensor, scaled(label, number, sensor))
    run = tmp_path / "run"
    train(tiny("recordings"), tmp_path / "data", run, "numpy")
    told = spikeseg("evaluate", run, *NUMPY)
    assert (told.code, told.err) == (0, "")
    assert json.loads((run / "metrics.json").read_text())["n"] == 4  # two recordings of two buffers each

    new = write(tmp_path / "new", sensor, scaled("bar", 9, sensor))
    told = spikeseg("stream", run, new, "--out", tmp_path / "out", *NUMPY)
    assert (told.code, told.err) == (0, "")
    found = [row for row in table(tmp_path / "out" / "stream.csv") if row["right_px"]]
    assert found
    assert max(float(row["bottom_px"]) for row in found) > 48  # in pixels of the sensor
    assert all(float(row["right_px"]) <= sensor[1] and float(row["bottom_px"]) <= sensor[0] for row in found)


@pytest.fixture(scope="module")
def padded(tmp_path_factory) -> Path:
    """A run on the small sensor, which pads; for reading only."""
    directory = tmp_path_factory.mktemp("padded")
    config = tiny("recordings")
    buffer = config.input.buffer.model_copy(update={"fit": "pad"})
    inputs = config.input.model_copy(update={"buffer": buffer})
    data = write_recordings(directory / "data")
    train(config.model_copy(update={"input": inputs}), data, directory / "run", "numpy")
    return directory / "run"


class TestFit:
    def test_a_larger_sensor_streams_when_it_is_scaled_or_cropped(self, spikeseg, padded, tmp_path):
        new = write(tmp_path / "new", DAVIS346, scaled("bar", 9, DAVIS346))
        line = refusal(spikeseg("stream", padded, new, "--out", tmp_path / "out", *NUMPY))
        assert line.startswith("a sensor of 346 x 260 does not fit the input of 64 x 48: give --fit crop or bin")
        seen = {}
        for fit in ("bin", "crop"):
            told = spikeseg("stream", padded, new, "--fit", fit, "--out", tmp_path / fit, *NUMPY)
            assert (told.code, told.err) == (0, "")
            seen[fit] = table(tmp_path / fit / "stream.csv")
        small = write_recordings(tmp_path / "small", count=1) / "bar" / "0.npz"
        np.savez(small, events=event_files.as_array(events_of("bar", 9)), size=np.array(event_files.SIZE))
        assert spikeseg("stream", padded, small, "--out", tmp_path / "plain", *NUMPY).code == 0
        labels = [[row["label"] for row in rows] for rows in (seen["bin"], table(tmp_path / "plain" / "stream.csv"))]
        assert labels[0] == labels[1]
        assert seen["crop"] != seen["bin"]

    def test_evaluate_takes_the_larger_sensor_as_well_and_says_how(self, spikeseg, padded, tmp_path):
        for label in CLASSES:
            (tmp_path / label).mkdir()
            for number in range(3):
                events = event_files.as_array(scaled(label, number, DAVIS346))
                np.savez(tmp_path / label / f"{number}.npz", events=events, size=np.array(DAVIS346))
        own = ("evaluate", padded, "--out", tmp_path / "out", *NUMPY)
        assert spikeseg(*own).code == 0
        plain = json.loads((tmp_path / "out" / "metrics.json").read_text())
        assert "give --fit crop or bin" in refusal(spikeseg(*own, "--data", tmp_path))
        told = spikeseg(*own, "--data", tmp_path, "--fit", "bin")
        assert (told.code, told.err) == (0, "")
        metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
        assert metrics["input"]["buffer"]["fit"] == "bin"
        assert (metrics["n"], metrics["accuracy"]) == (plain["n"], plain["accuracy"])

    def test_pictures_have_no_sensor(self, spikeseg, trained):
        told = spikeseg("evaluate", trained, "--fit", "bin", *NUMPY)
        assert refusal(told) == "--fit is for recordings, and the network learned from pictures: leave it out"


def spoilt(sensor: tuple[int, int], label: str, number: int) -> np.ndarray:
    """Events of which two are off the sensor and one is too late in the file."""
    events = event_files.as_array(events_of(label, number))
    events["x"][[50, 60]] = sensor[1] + 5
    events[[100, 101]] = events[[101, 100]]
    events["t"][100:102] = events["t"][101], events["t"][101] - 1000
    return events


class TestInvalidEvents:
    """`evaluate --invalid`, from files to metrics."""

    @pytest.fixture
    def measure(self, spikeseg, padded, tmp_path):
        """Evaluate on recordings that are all damaged."""
        data = write_recordings(tmp_path / "data")
        for file in data.glob("*/*.npz"):
            events = spoilt(event_files.SIZE, file.parent.name, int(file.stem))
            np.savez(file, events=events, size=np.array(event_files.SIZE))
        return lambda *options: spikeseg(
            "evaluate", padded, "--data", data, "--out", tmp_path / "out", *options, *NUMPY
        )

    def test_they_end_it_unless_something_else_is_asked_for(self, measure, tmp_path):
        line = refusal(measure())
        assert "event 50" in line
        assert "--invalid drop" in line
        assert not (tmp_path / "out").exists()

    @pytest.mark.parametrize("way", ["drop", "sort"])
    def test_dropped_or_sorted_they_are_counted_and_the_rest_is_measured(self, measure, tmp_path, way):
        told = measure("--invalid", way)
        assert (told.code, told.err) == (0, "")
        assert "events off the sensor or out of order, left out or put in their places: 6, in 2 of the" in told.out
        assert json.loads((tmp_path / "out" / "metrics.json").read_text())["n"] == 4
