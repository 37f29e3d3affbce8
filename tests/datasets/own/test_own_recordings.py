"""Recordings of one's own: every format gives the same events, from any sensor, with and without boxes."""

from __future__ import annotations

import numpy as np
import pytest

from helpers import event_files
from helpers.own import CLASSES, WRITERS, events_of, tiny, write_recordings
from spikeseg.boxes import Box
from spikeseg.datasets.own.recordings import OwnRecordings
from spikeseg.datasets.stimuli import samples, stimuli
from spikeseg.errors import SpikeSegError


@pytest.mark.parametrize("kind", WRITERS)
def test_every_format_gives_the_same_events(tmp_path, kind):
    dataset = OwnRecordings(write_recordings(tmp_path, (kind,), 2), CLASSES, (48, 64))
    assert dataset.names == tuple(f"{label}/{number}.{kind}" for label in CLASSES for number in range(2))
    for index, name in enumerate(dataset.names):
        take = dataset[index]
        expected = event_files.as_array(events_of(dataset.labels[index], index % 2))
        np.testing.assert_array_equal(take.recording.events, expected)
        assert (take.recording.name, take.recording.size) == (name, (48, 64))
        (target,) = take.targets(0)
        assert (target.label, target.box) == (dataset.labels[index], None)


def test_formats_may_be_mixed_and_the_sensor_is_for_those_that_do_not_name_theirs(tmp_path):
    write_recordings(tmp_path, tuple(WRITERS), 5)
    dataset = OwnRecordings(tmp_path, CLASSES, (90, 100))
    sizes = {name.partition(".")[2]: dataset[index].recording.size for index, name in enumerate(dataset.names)}
    assert sizes == {"aedat4": (48, 64), "raw": (48, 64), "npz": (48, 64), "csv": (90, 100), "bin": (90, 100)}
    with pytest.raises(SpikeSegError, match=r"bar/3\.csv does not name the sensor's size: set data\.sensor = \[ROWS"):
        OwnRecordings(tmp_path, CLASSES)[3]


def test_a_unit_is_for_files_that_do_not_name_it(tmp_path):
    write_recordings(tmp_path, ("csv", "aedat4"), 2)
    csv = tmp_path / "bar" / "0.csv"
    csv.write_bytes(csv.read_bytes().replace(b"t_us", b"t"))
    with pytest.raises(
        SpikeSegError, match=r'bar/0\.csv does not name the unit of its times: set data\.unit, e\.g\. "us"'
    ):
        OwnRecordings(tmp_path, CLASSES, (48, 64))[0]
    said = OwnRecordings(tmp_path, CLASSES, (48, 64), unit="us")
    for index in (0, 1):
        expected = event_files.as_array(events_of("bar", index))
        np.testing.assert_array_equal(said[index].recording.events, expected)


def test_boxes_are_in_pixels_of_the_sensor(tmp_path):
    write_recordings(tmp_path, count=1)
    (tmp_path / "boxes.csv").write_text("name,label,left,top,right,bottom\nbar/0.npz,bar,10,5,99,20\n")
    dataset = OwnRecordings(tmp_path, CLASSES)
    assert dataset[0].targets(50_000)[0].box == Box(5, 10, 20, 64)
    assert dataset[1].targets(50_000)[0].box is None


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda data: data[:-3], "is cut off"),
        (lambda data: b"", "is empty"),
    ],
)
def test_a_damaged_recording_is_named(tmp_path, damage, told):
    write_recordings(tmp_path, ("bin",), 1)
    file = tmp_path / "bar" / "0.bin"
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(SpikeSegError, match=rf"bar/0\.bin {told}"):
        OwnRecordings(tmp_path, CLASSES, (48, 64))[0]


def test_one_without_events_is_named(tmp_path):
    write_recordings(tmp_path, count=1)
    (tmp_path / "bar" / "0.npz").write_bytes(event_files.npz([]))
    with pytest.raises(SpikeSegError, match=r"bar/0\.npz holds no events: take it out"):
        OwnRecordings(tmp_path, CLASSES)[0]


def test_what_is_no_recording_is_named(tmp_path):
    write_recordings(tmp_path, count=1)
    (tmp_path / "bar" / "film.mp4").write_text("")
    with pytest.raises(SpikeSegError, match=r"bar/film\.mp4 is no recording that can be read"):
        OwnRecordings(tmp_path, CLASSES)


@pytest.mark.parametrize("sensor", [(260, 346), (720, 1280)])
def test_a_sensor_of_any_size_is_fitted_to_the_input(tmp_path, sensor):
    write_recordings(tmp_path, ("bin",), 1)
    events = event_files.as_array([event_files.Event(sensor[1] - 1, sensor[0] - 1, 10, 1)])
    np.savez(tmp_path / "bar" / "0.npz", events=events, size=np.array(sensor))
    (tmp_path / "bar" / "0.bin").unlink()
    inputs = tiny("recordings").input
    (sample,) = samples(OwnRecordings(tmp_path, CLASSES), [0], inputs)
    rows, columns = np.divmod(stimuli([sample.view], inputs, inputs.size).neuron, inputs.columns)
    assert rows[0] > 0.6 * inputs.rows
    assert columns[0] == inputs.columns - 1
