"""`spikeseg events` tells what a recording is like, and draws it."""

from __future__ import annotations

import io
import os
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from helpers import event_files as files
from helpers import runs
from helpers.event_files import SIZE, Event, as_array
from spikeseg.analysis.painting.event_film import slices
from spikeseg.analysis.painting.frames import CAPTION, NONE, OFF, ON, accumulate, frame, zoom
from spikeseg.analysis.painting.gif import Gif
from spikeseg.datasets.events.events import EVENT
from spikeseg.datasets.events.statistics import Statistics

EVENTS = [Event(3 * n % 64, 7 * n % 48, 1000 + 1370 * n, 1 if n % 4 else -1) for n in range(100)]


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "events.raw"
    path.write_bytes(files.evt3(EVENTS))
    return path


def cells(told: runs.Told) -> dict[str, str]:
    """The rows of a printed table."""
    rows = (re.split(r"\s*[│┃]\s*", line) for line in told.out.splitlines() if line.startswith("│"))
    return {row[1]: row[2] for row in rows}


def test_info_tells_what_there_is(spikeseg, recording, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    told = spikeseg("events", "info", recording)
    assert told.code == 0
    assert max(map(len, told.out.splitlines()[1:])) <= 80
    rows = cells(told)
    assert rows["format"] == "Prophesee EVT3 raw"
    assert rows["sensor"] == "64 x 48 pixels"
    assert rows["events"] == "100"
    assert rows["first, last"] == "1,000 us, 136,630 us"
    assert rows["duration"] == "0.135630 s"
    assert rows["mean rate"] == "737/s"
    assert rows["peak rate"] == "1,000/s in 1 ms"
    assert rows["polarity"] == "75.0% ON, 25.0% OFF"
    assert rows["per pixel"] == "0.03 events, 1 at most"
    assert rows["hot pixels"] == "the busiest 1 % of pixels (31) give 31.0% of the events"
    assert "cut off" not in rows


def test_info_tells_that_a_file_is_cut_off(spikeseg, tmp_path):
    path = tmp_path / "events.bin"
    path.write_bytes(files.atis(EVENTS)[:-2])
    rows = cells(spikeseg("events", "info", path))
    assert rows["events"] == "99"
    assert rows["cut off"].startswith("the file ends with 3 of the 5 bytes of an event")


@pytest.mark.parametrize("name", ["e.bin", "e.txt", "e.raw", "e.npy"])
def test_an_empty_file_is_an_error(spikeseg, tmp_path, name):
    (tmp_path / name).write_bytes(b"")
    assert runs.refusal(spikeseg("events", "info", tmp_path / name)).rstrip().endswith(f"{name} is empty")


def test_a_recording_may_hold_no_events(spikeseg, tmp_path):
    path = tmp_path / "events.raw"
    path.write_bytes(files.evt3([]))
    assert cells(spikeseg("events", "info", path))["events"] == "0"
    assert "holds no events to draw" in runs.refusal(spikeseg("events", "play", path, "--out", tmp_path / "no.gif"))


def test_info_takes_a_format_and_a_size(spikeseg, tmp_path):
    path = tmp_path / "events"
    path.write_bytes(files.atis(EVENTS))
    assert "name its format" in runs.refusal(spikeseg("events", "info", path))
    rows = cells(spikeseg("events", "info", path, "--format", "atis", "--size", "304x240"))
    assert rows["sensor"] == "304 x 240 pixels"
    assert "--size names a sensor of '304'" in runs.refusal(spikeseg("events", "info", path, "--size", "304"))


def test_play_draws_every_slice(spikeseg, recording, tmp_path):
    told = spikeseg("events", "play", recording, "--out", tmp_path / "events.gif", "--step", "30ms", "--speed", "0.5")
    assert told.code == 0
    assert "5 frames of " in told.out
    with Image.open(tmp_path / "events.gif") as film:
        assert film.n_frames == 5
        factor = zoom(SIZE).numerator
        assert film.size == (64 * factor, 48 * factor + CAPTION)
        for number in range(5):
            film.seek(number)
            assert film.info["duration"] == 60


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--out", "events.mp4"], "give it the suffix .gif"),
        (["--out", "events.gif", "--step", "1ms", "--speed", "1"], "frames of 0 ms are too short to be shown"),
        (["--out", "events.gif", "--step", "1000000s"], "frames of 4,000,000 s are too long for a .gif: 655 s at most"),
        (["--out", "events.gif", "--step", "20us"], "would take 6,782 frames, but at most 2,000"),
        (["--out", "events.raw/events.gif"], "cannot write events.raw/events.gif"),
    ],
)
def test_play_refuses_in_one_line(spikeseg, recording, options, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert told in runs.refusal(spikeseg("events", "play", recording, *options))
    assert not list(tmp_path.glob("*.gif"))


def test_play_draws_what_is_left_of_a_file_and_says_so(spikeseg, tmp_path):
    path = tmp_path / "events.bin"
    path.write_bytes(files.atis(EVENTS)[:-2])
    told = spikeseg("events", "play", path, "--out", tmp_path / "events.gif")
    assert "ends with 3 of the 5 bytes of an event" in told.out
    assert (tmp_path / "events.gif").exists()


def test_play_refuses_what_can_be_read_only_once(spikeseg, tmp_path):
    os.mkfifo(tmp_path / "events.bin")
    told = spikeseg("events", "play", tmp_path / "events.bin", "--out", tmp_path / "events.gif")
    assert "can be read only once" in runs.refusal(told)


@pytest.mark.parametrize("duration", ["0", "0.0004ms", "-3", "soon", "0.9us"])
def test_durations_have_a_microsecond_at_least(spikeseg, recording, tmp_path, duration):
    told = spikeseg("events", "play", recording, "--out", tmp_path / "events.gif", f"--step={duration}")
    assert told.code != 0
    assert "is not a duration" in told.err


@given(
    times=st.lists(st.integers(0, 10**5), min_size=1, max_size=60).map(sorted),
    cut=st.integers(1, 20),
    seed=st.integers(0, 99),
)
@settings(max_examples=50)
def test_statistics_are_those_of_all_events_at_once(times, cut, seed):
    random = np.random.default_rng(seed)
    events = as_array([Event(*random.integers(0, 9, 2), t, random.choice([-1, 1])) for t in times])
    found = Statistics()
    for start in range(0, len(events), cut):
        found.add(events[start : start + cut])
    assert (found.events, found.first, found.last) == (len(events), times[0], times[-1])
    assert found.on == np.count_nonzero(events["p"] > 0)
    assert found.peak == np.bincount((events["t"] - times[0]) // 1000).max()
    assert found.extent == (events["y"].max() + 1, events["x"].max() + 1)
    counts = np.sort(np.bincount(events["y"] * 9 + events["x"], minlength=81))[::-1]
    assert found.busiest((20, 20)) == (pytest.approx(counts[:4].sum() / len(events)), 4, counts[0])


@given(
    times=st.lists(st.integers(0, 500), min_size=1, max_size=40).map(sorted),
    cut=st.integers(1, 20),
    length=st.integers(20, 200),
)
@settings(max_examples=50)
def test_slices_hold_every_event_in_its_time(times, cut, length):
    events = as_array([Event(0, 0, t, 1) for t in times])
    parts = list(slices((events[i : i + cut] for i in range(0, len(events), cut)), length))
    assert np.array_equal(np.concatenate(parts), events)
    for number, part in enumerate(parts):
        assert np.all((part["t"] - times[0]) // length == number)


def test_a_pixel_shows_its_last_event():
    events = as_array([Event(0, 0, 1, 1), Event(0, 0, 2, -1), Event(2, 1, 3, 1)])
    expected = [[OFF, NONE, NONE], [NONE, NONE, ON]]
    assert np.array_equal(accumulate(events, (2, 3), zoom((2, 3)) / zoom((2, 3)).numerator), expected)
    larger = accumulate(events, (2, 3), zoom((2, 3)))
    assert np.array_equal(larger[::160, ::160], expected)


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        ((34, 34), (476, 476)),
        ((180, 240), (360, 480)),
        ((260, 346), (260, 346)),
        ((480, 640), (480, 640)),
        ((720, 1280), (360, 640)),
        ((16384, 16384), (631, 631)),
        ((1, 1), (480, 480)),
        ((700, 2), (350, 1)),
    ],
)
def test_a_picture_is_neither_tiny_nor_huge(size, shape):
    events = as_array([Event(size[1] - 1, size[0] - 1, 0, 1)])
    pixels = accumulate(events, size, zoom(size))
    assert pixels.shape == shape
    assert pixels[-1, -1] == ON
    assert frame(events, size, "0.000 s").size == (max(shape[1], 240), shape[0] + CAPTION)  # room for the caption


def test_a_gif_gives_its_frames_back():
    random, packed = np.random.default_rng(1), io.BytesIO()
    pictures = []
    with Gif(packed, 70) as film:
        for _ in range(3):
            events = np.zeros(40, EVENT)
            events["x"], events["y"] = random.integers(0, 9, (2, 40))
            events["p"] = random.choice([-1, 1], 40)
            pictures.append(frame(events, (9, 9), "some time"))
            film.add(pictures[-1])
    with Image.open(packed) as read:
        assert (read.n_frames, read.info["loop"], read.info["duration"]) == (3, 0, 70)
        for number, picture in enumerate(pictures):
            read.seek(number)
            assert np.array_equal(np.asarray(read.convert("RGB")), np.asarray(picture.convert("RGB")))
