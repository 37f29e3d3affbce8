"""The same file elsewhere: our answer to each row of the table in docs/events.md."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from helpers import event_files as files
from helpers.event_files import Event, as_array, as_events
from spikeseg.configs.inputs import Buffering
from spikeseg.datasets.buffers import cut
from spikeseg.datasets.events.events import Recording
from spikeseg.datasets.events.formats import read_events
from spikeseg.datasets.events.writing import write_recording

EVENTS = [Event(10, 20, 1_000_000, 1), Event(11, 40, 1_009_000, -1), Event(12, 47, 1_020_000, 1)]


@pytest.fixture
def by_faery(tmp_path):
    faery = pytest.importorskip("faery", reason="writes files of its own")

    def write(name: str, events: list[Event]) -> Path:
        array = np.zeros(len(events), faery.EVENTS_DTYPE)
        for field in "txy":
            array[field] = [getattr(event, field) for event in events]
        array["p"] = [event.p > 0 for event in events]
        version = {"version": "evt3"} if name.endswith(".raw") else {}
        faery.events_stream_from_array(array, dimensions=(64, 48)).to_file(str(tmp_path / name), **version)
        return tmp_path / name

    return write


def test_evt3_counts_a_step_of_the_upper_time_once(tmp_path):
    times = [5000, 9000, 20_000, 1_000_000]
    words = [word for time in times for word in (0x8000 | time >> 12, 0x6000 | time & 0xFFF, 0x2000 | 5)]
    header = b"% evt 3.0\n% geometry 1280x720\n% end\n"
    (tmp_path / "camera.raw").write_bytes(header + struct.pack("<13H", 20, *words))
    assert read_events(tmp_path / "camera.raw").events["t"].tolist() == times


def test_evt3_of_faery_keeps_a_gap(by_faery):
    path = by_faery("gap.raw", [Event(1, 2, 0, 1), Event(3, 4, 20_000_000, 1)])
    assert read_events(path).events["t"].tolist() == [0, 20_000_000]


@pytest.mark.parametrize(
    ("suffix", "first"), [(".aedat4", 1_000_000), (".csv", 1_000_000), (".dat", 0), (".raw", 0), (".es", 0)]
)
def test_files_of_faery_have_the_clock_that_they_were_written_with(by_faery, suffix, first):
    if suffix == ".aedat4":
        pytest.importorskip("lz4.frame", reason="decompresses AEDAT 4")
    read = read_events(by_faery(f"events{suffix}", EVENTS))
    assert as_events([read.events]) == [event._replace(t=event.t - 1_000_000 + first) for event in EVENTS]
    assert read.size == (48, 64)


@pytest.mark.parametrize("suffix", [".npz", ".csv", ".txt", ".raw", ".dat", ".bin"])
def test_convert_keeps_the_clock_and_the_rows(suffix, tmp_path):
    write_recording(tmp_path / f"e{suffix}", Recording("some", (48, 64), as_array(EVENTS)))
    assert as_events([read_events(tmp_path / f"e{suffix}").events]) == EVENTS


def test_evt2_and_dat_are_told_apart_from_evt3_by_their_headers(tmp_path):
    for name, data in (
        ("two.raw", files.evt2(EVENTS)),
        ("cd.dat", files.dat(EVENTS)),
        ("three.raw", files.evt3(EVENTS)),
    ):
        (tmp_path / name).write_bytes(data)
        assert as_events([read_events(tmp_path / name).events]) == EVENTS


def test_hdf5_of_evlib_has_seconds_and_off_events(tmp_path):
    h5py = pytest.importorskip("h5py", reason="writes HDF5")
    array = as_array(EVENTS)
    with h5py.File(tmp_path / "e.h5", "w") as file:  # the datasets of evlib.save_events_to_hdf5
        file["events/xs"], file["events/ys"] = array["x"], array["y"]
        file["events/ts"], file["events/ps"] = array["t"] / 1e6, array["p"].astype("i8")
    assert as_events([read_events(tmp_path / "e.h5").events]) == EVENTS


def test_buffers_lie_on_the_clock_and_a_last_one_of_less_than_half_is_left_out():
    events = as_array([Event(1, 1, t, 1) for t in [*range(0, 60_000, 3000), 200_000, 210_000]])
    buffers = list(cut(Recording("some", (48, 64), events), Buffering(duration_ms=10)))
    assert [buffer.start for buffer in buffers] == list(range(0, 210_000, 10_000))
    assert [len(buffer.events) for buffer in buffers[:6]] == [4, 3, 3, 4, 3, 3]
    assert sum(len(buffer.events) for buffer in buffers) == len(events) - 1  # the last is where the last window ends


def test_the_callers_events_stay_as_they_are():
    events = as_array(EVENTS)
    before = events.copy()
    list(cut(Recording("some", (48, 64), events), Buffering(duration_ms=10, denoise_ms=1)))
    assert np.array_equal(events, before)
