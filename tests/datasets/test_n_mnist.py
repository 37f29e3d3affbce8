"""N-MNIST as a user downloads it: a folder of recordings per digit, or the official parts of such folders."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from helpers.event_files import Event, as_array, atis
from spikeseg.datasets.n_mnist import SIZE, NMnist
from spikeseg.errors import SpikeSegError

EVENTS = [Event(3, 4, 10, 1), Event(33, 33, 20, -1), Event(0, 0, 300_000, 1)]
DIGITS = [str(digit) for digit in range(10)]


def _add(folder, *names, events=EVENTS):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(atis(events))


def test_recordings_of_the_asked_digits_come_sorted_by_name(tmp_path):
    _add(tmp_path / "7", "00010.bin", "00002.bin", "notes.txt")
    _add(tmp_path / "0", "00005.bin")
    _add(tmp_path / "1", "00001.bin")
    for digits in (["0", "7"], ["7", "0"]):
        dataset = NMnist(tmp_path, digits)
        assert len(dataset) == 3
        assert list(dataset.names) == ["0/00005.bin", "7/00002.bin", "7/00010.bin"]
        assert list(dataset.labels) == ["0", "7", "7"]


def test_a_take_holds_its_own_events_and_its_digit_at_every_time(tmp_path):
    other = [Event(9, 9, 1, 1)]
    _add(tmp_path / "3", "00001.bin")
    _add(tmp_path / "4", "00001.bin", events=other)
    dataset = NMnist(tmp_path, ["3", "4"])
    for index, (label, events) in enumerate([("3", EVENTS), ("4", other)]):
        take = dataset[index]
        assert take.recording.name == dataset.names[index]
        assert take.recording.size == SIZE
        np.testing.assert_array_equal(take.recording.events, as_array(events))
        assert [(target.label, target.box, target.mask) for target in take.targets(150_000)] == [(label, None, None)]


def test_the_official_parts_are_read_together_or_apart(tmp_path):
    _add(tmp_path / "Train" / "5", "00001.bin")
    _add(tmp_path / "Test" / "5", "00001.bin")
    together = NMnist(tmp_path, ["5"])
    assert list(together.names) == ["Test/5/00001.bin", "Train/5/00001.bin"]
    assert list(together.labels) == ["5", "5"]
    assert together[1].recording.name == "Train/5/00001.bin"
    assert list(NMnist(tmp_path / "Test", ["5"]).names) == ["5/00001.bin"]


def test_white_space_around_a_folders_name_does_not_count(tmp_path):
    _add(tmp_path / "8\r", "00001.bin")
    dataset = NMnist(tmp_path, ["8"])
    assert list(dataset.names) == ["8/00001.bin"]
    assert len(dataset[0].recording.events) == len(EVENTS)


@pytest.mark.parametrize(
    ("digits", "told"),
    [(["11"], "has no class 11; it has 2, 6"), (["6"], r"class 6 is empty: no \*\.bin in "), ([".."], "no class ..")],
)
def test_a_digit_without_recordings_is_named(tmp_path, digits, told):
    _add(tmp_path / "2", "00001.bin")
    _add(tmp_path / "6")
    with pytest.raises(SpikeSegError, match=told):
        NMnist(tmp_path, digits)


def test_a_missing_directory_is_named(tmp_path):
    with pytest.raises(SpikeSegError, match="nowhere is not a directory"):
        NMnist(tmp_path / "nowhere", DIGITS)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (atis(EVENTS)[:-2], "cut off after 2 events"),
        (atis([Event(34, 4, 10, 1)]), "event 0: x = 34 is off the sensor, 34 columns wide"),
        (atis([Event(4, 40, 10, 1)]), "event 0: y = 40 is off the sensor, 34 rows high"),
        (atis(EVENTS[::-1]), "event 1: t = 20 is earlier"),
    ],
)
def test_a_damaged_recording_is_named(tmp_path, content, told):
    _add(tmp_path / "1", "00001.bin")
    (tmp_path / "1" / "00001.bin").write_bytes(content)
    dataset = NMnist(tmp_path, ["1"])
    with pytest.raises(SpikeSegError, match=rf"00001\.bin.*{told}"):
        dataset[0]


@pytest.mark.data
def test_the_real_recordings_are_three_saccades_of_every_digit(event_data):
    dataset = NMnist(event_data / "n-mnist", DIGITS)
    assert len(dataset) == 600
    counts = Counter(dataset.labels)
    assert sorted(counts) == DIGITS
    assert min(counts.values()) == 49
    for index in range(0, 600, 60):
        take = dataset[index]
        assert 290_000 < take.recording.duration < 320_000
        assert 1000 < len(take.recording.events) < 8000


def test_events_out_of_order_are_an_error_or_dropped_and_counted(tmp_path):
    _add(tmp_path / "3", "00001.bin", events=[*EVENTS[:2], EVENTS[1]._replace(t=15), EVENTS[2]])
    with pytest.raises(SpikeSegError, match=r"event 2: t = 15 is earlier .*--invalid sort"):
        NMnist(tmp_path, ["3"])[0]
    dataset = NMnist(tmp_path, ["3"], "drop")
    np.testing.assert_array_equal(dataset[0].recording.events, as_array(EVENTS))
    assert dataset.invalid_events == {"3/00001.bin": 1}
