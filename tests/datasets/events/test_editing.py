"""Parts of recordings, hot pixels, other formats: `spikeseg events convert` and its kin."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import event_files as files
from helpers import runs
from helpers.event_files import Event, as_array, as_events
from spikeseg.datasets.events.editing import Mask, Region, between, cropped, hot_pixels, since_first
from spikeseg.datasets.events.events import LARGEST, Recording
from spikeseg.datasets.events.formats import open_events, read_events
from spikeseg.datasets.events.sources import Reading, open_source, scan
from spikeseg.datasets.events.statistics import Statistics
from spikeseg.datasets.events.writing import write_recording
from spikeseg.errors import SpikeSegError

EVENTS = [Event(3 * n % 64, 7 * n % 48, 1000 + 1370 * n, 1 if n % 4 else -1) for n in range(300)]
SUFFIXES = [".npz", ".h5", ".csv", ".txt", ".raw", ".aedat4", ".dat", ".bin"]
NEEDS = {".h5": "h5py", ".aedat4": "lz4.frame"}


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "events.raw"
    path.write_bytes(files.evt3(EVENTS))
    return path


def statistics_of(events) -> Statistics:
    statistics = Statistics()
    statistics.add(as_array(events))
    return statistics


# ---- Other formats -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(
    gaps=st.lists(st.one_of(st.integers(0, 5000), st.integers(0, 1 << 24)), min_size=1, max_size=30),
    seed=st.integers(0, 99),
)
@settings(max_examples=25, deadline=None)
def test_what_is_written_is_read_back_exactly(suffix, gaps, seed, tmp_path_factory):
    if suffix in NEEDS:
        pytest.importorskip(NEEDS[suffix], reason=f"writes {suffix}")
    random = np.random.default_rng(seed)
    times = np.cumsum(gaps)
    events = as_array([Event(*random.integers(0, 40, 2), t, random.choice([-1, 1])) for t in times])
    path = tmp_path_factory.getbasetemp() / f"written{suffix}"
    write_recording(path, Recording("drawn", (48, 64), events))
    said = "txyp-s" if suffix == ".txt" and len(events) < 3 else None  # two events need not settle it
    assert np.array_equal(read_events(path, said, (48, 64)).events, events)


@pytest.mark.parametrize("suffix", [".npz", ".h5", ".csv", ".txt"])
@pytest.mark.parametrize("first", [-(10**13) - 1, 1_605_537_493_718_345])
def test_times_of_any_clock_stay_exact(suffix, first, tmp_path):
    if suffix == ".h5":
        pytest.importorskip("h5py", reason="writes HDF5")
    events = as_array([event._replace(t=first + event.t) for event in EVENTS])
    write_recording(tmp_path / f"events{suffix}", Recording("late", (48, 64), events))
    assert np.array_equal(read_events(tmp_path / f"events{suffix}").events, events)


@pytest.mark.parametrize(("evt", "bits"), [("2", 40), ("3", 32)])
@given(
    gaps=st.lists(st.one_of(st.integers(0, 5000), st.integers(0, 1 << 31)), min_size=1, max_size=20),
    seed=st.integers(0, 99),
)
@settings(max_examples=25, deadline=None)
def test_evt_is_read_back_exactly_over_any_gap(evt, bits, gaps, seed, tmp_path_factory):
    random = np.random.default_rng(seed)
    times = [time for time in np.cumsum(gaps) if time < 1 << bits] or [0]
    events = as_array([Event(*random.integers(0, 40, 2), t, random.choice([-1, 1])) for t in times])
    path = tmp_path_factory.getbasetemp() / "written.raw"
    write_recording(path, Recording("drawn", (48, 64), events), evt=evt)
    read = read_events(path)
    assert np.array_equal(read.events, events)
    assert read.size == (48, 64)


def test_an_independent_decoder_reads_what_is_written(tmp_path):
    recording = Recording("some", (48, 64), as_array(EVENTS))
    decoders = {"2": files.decode_evt2, "3": files.decode_evt3}
    for evt, decode in decoders.items():
        write_recording(tmp_path / "e.raw", recording, evt=evt)
        assert decode((tmp_path / "e.raw").read_bytes()) == EVENTS


def test_an_empty_recording_is_written_in_every_format_with_a_header(tmp_path):
    for suffix in SUFFIXES[:-1]:
        if suffix in NEEDS:
            pytest.importorskip(NEEDS[suffix], reason=f"writes {suffix}")
        write_recording(tmp_path / f"e{suffix}", Recording("none", (48, 64), as_array([])))
        with open_events(tmp_path / f"e{suffix}", "us" if suffix in (".csv", ".txt") else None) as stream:
            assert list(stream) == []


def test_evt_3_across_a_long_gap_is_read_rightly_by_other_libraries(tmp_path):
    """They lose time where the upper half of the clock skips a number."""
    path = tmp_path / "e.raw"
    events = as_array([Event(1, 2, 1_000_000, 1), Event(3, 4, 26_000_000, -1)])
    write_recording(path, Recording("some", (48, 64), events), evt="3")
    evt3 = pytest.importorskip("evt3", reason="decodes EVT 3 independently")
    faery = pytest.importorskip("faery", reason="decodes EVT 3 independently")
    assert evt3.decode_file(str(path)).t.tolist() == [1_000_000, 26_000_000]
    assert faery.events_stream_from_file(str(path)).to_array()["t"].tolist() == [1_000_000, 26_000_000]


@pytest.mark.parametrize("suffix", [".dat", ".bin"])
def test_the_oldest_formats_refuse_what_they_cannot_hold(suffix, tmp_path):
    late = as_array([event._replace(t=event.t + (1 << 32)) for event in EVENTS])
    with pytest.raises(SpikeSegError, match="holds times from 0 to 4,294,967,296 us: give --from-zero"):
        write_recording(tmp_path / f"events{suffix}", Recording("late", (48, 64), late))
    assert not list(tmp_path.glob("events*"))
    with pytest.raises(SpikeSegError, match="has one bit for a polarity"):
        write_recording(tmp_path / f"events{suffix}", Recording("signed", (48, 64), as_array(EVENTS)), signed=True)


def test_n_mnists_format_is_too_small_for_large_sensors(tmp_path):
    with pytest.raises(SpikeSegError, match="256 columns and 240 rows: cut it with --region"):
        write_recording(tmp_path / "e.bin", Recording("large", (720, 1280), as_array([Event(256, 0, 0, 1)])))


@pytest.mark.parametrize(("kind", "suffix"), [("dat", ".dat"), ("evt2", ".raw")])
def test_another_library_reads_what_is_written(kind, suffix, tmp_path):
    expelliarmus = pytest.importorskip("expelliarmus", reason="decodes it independently")
    path = tmp_path / f"events{suffix}"
    write_recording(path, Recording("some", (48, 64), as_array(EVENTS)))
    theirs = expelliarmus.Wizard(kind).read(path)
    for field in ("x", "y", "t"):
        assert np.array_equal(theirs[field], as_array(EVENTS)[field])
    assert np.array_equal(theirs["p"] > 0, as_array(EVENTS)["p"] > 0)


@pytest.mark.parametrize("signed", [True, False])
def test_off_is_0_or_minus_1_on_request(spikeseg, recording, tmp_path, signed):
    ran = spikeseg("events", "convert", recording, tmp_path / "e.npz", *(["--signed"] if signed else []))
    assert ran.code == 0
    assert "300 events, sensor 64 x 48" in ran.out
    with np.load(tmp_path / "e.npz") as archive:
        assert set(archive["p"].tolist()) == {1, -1 if signed else 0}


def test_a_part_of_a_recording_is_converted(spikeseg, recording, tmp_path):
    options = ["--from", "20ms", "--to", "0.3s", "--region", "30x20+10+5", "--from-zero"]
    assert spikeseg("events", "convert", recording, tmp_path / "e.npz", *options).code == 0
    kept = [e for e in EVENTS if 20_000 <= e.t < 300_000 and 10 <= e.x < 40 and 5 <= e.y < 25]
    expected = [e._replace(x=e.x - 10, y=e.y - 5, t=e.t - kept[0].t) for e in kept]
    part = read_events(tmp_path / "e.npz")
    assert as_events([part.events]) == expected
    assert part.size == (20, 30)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["e.avi"], "cannot write events to e.avi: give it one of the suffixes .npz"),
        (["e.dat", "--evt", "3"], "--evt is the version of a .raw file: leave it out for .dat"),
        (["e.npz", "--region", "30x20"], "is no region of a sensor: give COLUMNSxROWS+LEFT+TOP"),
        (["e.npz", "--region", "60x20+10+5"], "a region of 60x20+10+5 is not on a sensor of 64 x 48"),
    ],
)
def test_convert_refuses_in_one_line(spikeseg, recording, tmp_path, monkeypatch, options, told):
    monkeypatch.chdir(tmp_path)
    assert told in runs.refusal(spikeseg("events", "convert", recording, *options))
    assert not list(tmp_path.glob("e.*"))


@pytest.mark.parametrize("time", ["soon", "0.5us", "1e3"])
def test_a_time_is_whole_microseconds(spikeseg, recording, tmp_path, time):
    ran = spikeseg("events", "info", recording, "--from", time)
    assert ran.code != 0
    assert "is no time in whole microseconds" in ran.err


# ---- Parts ---------------------------------------------------------------------------------------------------------


def test_play_leaves_out_a_jump_of_the_clock(spikeseg, tmp_path):
    path = tmp_path / "e.npz"
    write_recording(path, Recording("jumps", (48, 64), as_array([Event(1, 1, 3, 1), *EVENTS, Event(1, 1, 10**12, 1)])))
    film = ["--out", tmp_path / "e.gif"]
    assert "or --from and --to" in runs.refusal(spikeseg("events", "play", path, *film))
    ran = spikeseg("events", "play", path, *film, "--from", "0.5ms", "--to", "1s")
    assert ran.code == 0
    assert "14 frames" in ran.out


@given(start=st.one_of(st.none(), st.integers(-5, 60)), end=st.one_of(st.none(), st.integers(-5, 60)))
def test_a_stretch_of_time_is_kept(start, end):
    events = [Event(1, 1, t, 1) for t in range(50)]
    kept = as_events([between(start, end)(as_array(events))])
    assert kept == [e for e in events if (start is None or e.t >= start) and (end is None or e.t < end)]


def test_the_clock_of_a_part_may_begin_at_zero():
    recording = Recording("some", (48, 64), as_array(EVENTS))
    assert since_first(recording).events["t"].tolist() == [event.t - 1000 for event in EVENTS]
    assert len(since_first(Recording("none", (48, 64), as_array([]))).events) == 0
    assert cropped(recording, Region.read("64x48+0+0")).size == (48, 64)


# ---- Hot pixels ----------------------------------------------------------------------------------------------------

HOT = sorted([*EVENTS, *(Event(9, 5, 1000 + 500 * n, 1) for n in range(400))], key=lambda event: event.t)


def test_a_pixel_far_above_the_others_is_hot():
    assert hot_pixels(statistics_of(HOT)).tolist() == [5 * LARGEST + 9]
    assert len(hot_pixels(statistics_of(EVENTS))) == 0
    assert len(hot_pixels(Statistics())) == 0


def test_hot_pixels_are_masked_and_counted(spikeseg, tmp_path):
    path = tmp_path / "e.raw"
    path.write_bytes(files.evt3(HOT))
    kept = [event for event in HOT if (event.x, event.y) != (9, 5)]
    with open_source(path, Reading(mask_hot=True)) as stream:
        assert as_events(stream) == kept
    assert stream.left_out == [f"hot pixels, masked: 1, with {len(HOT) - len(kept)} events"]
    ran = spikeseg("events", "play", path, "--out", tmp_path / "e.gif", "--mask-hot")
    assert f"hot pixels, masked: 1, with {len(HOT) - len(kept)} events" in ran.out


def test_a_mask_counts_what_it_leaves_out():
    mask = Mask(np.array([5 * LARGEST + 9]))
    assert len(mask(as_array(HOT))) == len(HOT) - mask.events


@pytest.mark.parametrize("reading", [Reading(mask_hot=True), Reading(invalid="sort")])
def test_what_takes_two_readings_or_all_of_it_is_for_complete_files(reading, recording):
    with pytest.raises(SpikeSegError, match="takes the whole recording: it is for complete files only"):
        open_source(recording, reading, follow=1)


# ---- Streams and bad events on the command line --------------------------------------------------------------------


def test_info_names_all_streams_of_a_file_and_describes_one(spikeseg, tmp_path):
    path = tmp_path / "e.aedat3"
    header = files.AEDAT3.replace("#Start", "#Source 2: DAVIS240C\r\n#Start")
    path.write_bytes(files.aedat3(EVENTS, header, 2) + files.aedat3([], "", 1))
    ran = spikeseg("events", "info", path)
    assert ran.code == 0
    for told in ("--stream chooses one", "DVS128", "DAVIS240C", "240 x 180", "300", " 0 "):
        assert told in ran.out
    assert "300" in spikeseg("events", "info", path, "--stream", "2").out
    assert "choose one" in runs.refusal(spikeseg("events", "play", path, "--out", tmp_path / "e.gif"))


def test_bad_events_are_dropped_on_request_and_counted(spikeseg, tmp_path):
    path = tmp_path / "e.dat"
    path.write_bytes(files.dat([*EVENTS, Event(1308, 3, EVENTS[-1].t, 1)]))
    assert "event 300: x = 1308 is off the sensor" in runs.refusal(spikeseg("events", "info", path))
    ran = spikeseg("events", "info", path, "--invalid", "drop")
    assert "events off the sensor or out of order, left out: 1" in ran.out
    other = tmp_path / "other.dat"
    other.write_bytes(files.dat(EVENTS))
    ran = spikeseg("events", "compare", path, "--with", other, "--invalid", "drop")
    assert "e.dat: events off the sensor or out of order, left out: 1" in ran.out


def test_scanning_leaves_statistics_of_the_part(recording):
    _, statistics = scan(recording, Reading(start=2000, end=50_000))
    assert statistics.first >= 2000
    assert statistics.last < 50_000
    with open_events(recording) as stream:
        assert sum(map(len, stream)) > statistics.events
