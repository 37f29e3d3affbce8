"""Real recordings equal what other programs decode from the same bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from helpers import event_files as files
from helpers.event_files import as_array
from spikeseg.datasets.events.editing import since_first
from spikeseg.datasets.events.formats import open_events, read_events
from spikeseg.datasets.events.writing import write_recording

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def recordings(event_data) -> Path:
    return event_data / "recordings"


@pytest.mark.parametrize(
    ("name", "size", "count", "first", "last"),
    [
        ("davis346.aedat4", (260, 346), 6_676, 1_589_163_147_368_868, 1_589_163_147_538_809),
        ("person_320x240.aedat4", (240, 320), 111_954, 1_605_537_493_718_345, 1_605_537_494_308_262),
        ("slider_depth_240x180.txt", (180, 240), 50_000, 3_811, 174_156),
        ("evt2_640x480.raw", (480, 640), 539_481, 1_317_888, 1_367_888),
        ("evt3_1280x720.raw", (720, 1280), 219_596, 11_718_656, 11_727_457),
        ("ncars.dat", (42, 78), 2_009, 0, 99_952),
    ],
)
def test_recordings_have_their_events_times_and_sensor(recordings, name, size, count, first, last):
    recording = read_events(recordings / name)
    times = recording.events["t"]
    assert (recording.size, len(times), times[0], times[-1]) == (size, count, first, last)


@pytest.mark.parametrize(
    ("name", "decode"),
    [
        ("slider_depth_240x180.txt", files.decode_text),
        ("evt2_640x480.raw", files.decode_evt2),
        ("evt3_1280x720.raw", files.decode_evt3),
        ("ncars.dat", files.decode_dat),
    ],
)
def test_a_slow_decoder_finds_the_same_events(recordings, name, decode):
    assert np.array_equal(read_events(recordings / name).events, as_array(decode((recordings / name).read_bytes())))


@pytest.mark.parametrize("name", ["davis346.aedat4", "person_320x240.aedat4"])
def test_another_library_finds_the_same_events_in_aedat4(recordings, name):
    aedat = pytest.importorskip("aedat", reason="decodes AEDAT 4 independently")
    packets = [packet["events"] for packet in aedat.Decoder(recordings / name) if "events" in packet]
    _assert_same(read_events(recordings / name).events, np.concatenate(packets), on="on")


@pytest.mark.parametrize("name", ["davis346.aedat4", "evt3_1280x720.raw", "slider_depth_240x180.txt"])
def test_what_is_converted_is_read_back_and_another_library_reads_the_same(recordings, name, tmp_path):
    aedat = pytest.importorskip("aedat", reason="decodes AEDAT 4 independently")
    recording = read_events(recordings / name)
    write_recording(tmp_path / "e.aedat4", recording)
    packets = [packet["events"] for packet in aedat.Decoder(tmp_path / "e.aedat4") if "events" in packet]
    _assert_same(recording.events, np.concatenate(packets), on="on")
    early = since_first(recording)
    for evt in ("2", "3"):
        write_recording(tmp_path / "e.raw", early, evt=evt)
        read = read_events(tmp_path / "e.raw")
        assert read.size == recording.size
        assert np.array_equal(read.events, early.events)


@pytest.mark.parametrize(("name", "kind"), [("evt2_640x480.raw", "evt2"), ("ncars.dat", "dat")])
def test_another_library_finds_the_same_events_in_evt2_and_dat(recordings, name, kind):
    expelliarmus = pytest.importorskip("expelliarmus", reason="decodes EVT2 and DAT independently")
    _assert_same(read_events(recordings / name).events, expelliarmus.Wizard(kind).read(recordings / name), on="p")


def test_another_library_finds_the_same_events_in_evt3(recordings):
    evt3 = pytest.importorskip("evt3", reason="decodes EVT3 independently")
    path = recordings / "evt3_1280x720.raw"
    found = evt3.decode_file(str(path))
    _assert_same(read_events(path).events, {"x": found.x, "y": found.y, "t": found.t, "p": found.polarity}, on="p")


def _assert_same(ours: np.ndarray, theirs: np.ndarray | dict[str, np.ndarray], on: str) -> None:
    for field in ("x", "y", "t"):
        assert np.array_equal(ours[field], theirs[field].astype(np.int64))
    assert np.array_equal(ours["p"] > 0, theirs[on] > 0)


def test_n_caltech101_is_as_its_description_says(event_data):
    path = event_data / "n-caltech101" / "Caltech101" / "Faces_easy" / "image_0001.bin"
    recording = read_events(path)
    assert len(recording.events) == 67_445
    assert recording.size == (173, 151)
    assert recording.duration // 1000 == 299
    assert np.array_equal(recording.events, as_array(files.decode_atis(path.read_bytes())))


def test_every_n_mnist_recording_is_of_34_by_34_pixels(event_data):
    paths = sorted(event_data.glob("n-mnist/*/*.bin"))
    assert len(paths) == 600
    for path in paths:
        with open_events(path, size=(34, 34)) as stream:
            events = np.concatenate(list(stream))
        assert len(events) == path.stat().st_size // 5
        assert stream.truncated == ""
        assert 0.25e6 < events["t"][-1] - events["t"][0] < 0.35e6
    assert np.array_equal(events, as_array(files.decode_atis(path.read_bytes())))
