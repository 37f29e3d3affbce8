"""A stream says what the whole recording would, however its events come, and survives its end."""

from __future__ import annotations

import csv
import io
import json
import threading
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.camera import packet, plug
from helpers.networks import configuration, random_network
from helpers.runs import refusal
from spikeseg.analysis.decoding.decisions import event_time
from spikeseg.analysis.painting.stream_frames import answer_frame
from spikeseg.boxes import Box
from spikeseg.datasets.buffers import cut
from spikeseg.datasets.events.events import Recording, pack
from spikeseg.errors import SpikeSegError
from spikeseg.runners.inference.segmenting import open_segmenter
from spikeseg.runners.inference.stream_files import Summary
from spikeseg.runners.inference.streaming import open_stream

SENSOR = 12, 17
CONFIG = configuration(
    data={"dataset": "orange-panda-sim", "classes": ["orange", "panda"], "test": 1},
    input={
        "rows": 14,
        "columns": 17,
        "steps": 5,
        "flush_steps": 6,
        "dog": None,
        "buffer": {"duration_ms": 5, "fit": "pad"},
    },
    conv1={"orientations": 2, "kernel": 3},
    pool1={"window": 2, "stride": 2},
    conv2={"maps": 3, "kernel": [3, 3], "padding": [1, 1]},
    pool2={"window": 2, "stride": 2},
    conv3={"maps": 2, "kernel": [3, 3], "padding": [1, 1]},
)
NETWORK = replace(random_network(CONFIG, 4, "tenths"), map_labels=("orange", "panda"))


def recording() -> Recording:
    rng = np.random.default_rng(5)
    t = np.sort(rng.integers(0, 60_000, 1500)) + 7_000_000
    x, y = rng.integers(0, SENSOR[1], 1500), rng.integers(0, SENSOR[0], 1500)
    return Recording("made up", SENSOR, pack(x, y, t, rng.integers(0, 2, 1500), "made up"))


def as_bytes(events: np.ndarray) -> bytes:
    """Text below a heading."""
    lines = (f"{t} {x} {y} {int(p > 0)}\n" for x, y, t, p in events.tolist())
    return "".join(["t_us x y p\n", *lines]).encode()


def seen(packets, step_ms=5.0):
    with open_stream(NETWORK, SENSOR, 5, step_ms, "made up", "numpy") as stream:
        return list(stream.see(packets))


@pytest.fixture(scope="module")
def moments():
    return seen(np.array_split(recording().events, 3))


@pytest.fixture
def run(tmp_path) -> Path:
    (tmp_path / "run").mkdir()
    NETWORK.save(tmp_path / "run" / "network.npz")
    return tmp_path / "run"


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "events.txt"
    path.write_bytes(as_bytes(recording().events))
    return path


def rows(directory: Path) -> list[dict[str, str]]:
    with (directory / "stream.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_stream_sees_what_the_whole_recording_shows(moments):
    buffers = list(cut(recording(), CONFIG.input.buffer))
    with open_segmenter(NETWORK, [CONFIG.input.size], "numpy") as segmenter:
        whole = [found for (found,) in segmenter.segment(buffers)]
    assert len(moments) == len(whole) == 12
    assert any(moment.decision.first_ms is not None for moment in moments)
    for moment, found, buffer in zip(moments, whole, buffers, strict=True):
        np.testing.assert_array_equal(moment.buffer.events, buffer.events)
        assert moment.segmentation.decision.first_spike == found.decision.first_spike
        np.testing.assert_array_equal(moment.segmentation.decision.scores, found.decision.scores)
        np.testing.assert_array_equal(moment.mask, found.mask[1:13])  # the sensor, centred on the input
        if found.decision.first_spike is not None:
            step = found.decision.first_spike[1]
            assert moment.decision.first_ms == event_time(step, CONFIG.input, buffer.duration) / 1000


@pytest.mark.parametrize("pieces", [1, 40, 1500])
def test_it_does_not_matter_in_which_pieces_events_come(moments, pieces):
    again = seen(np.array_split(recording().events, pieces))
    assert [moment.segmentation.decision.scores.tolist() for moment in again] == [
        moment.segmentation.decision.scores.tolist() for moment in moments
    ]


def test_an_error_in_the_source_reaches_who_asks():
    def packets():
        yield recording().events[:900]
        raise RuntimeError("the cable is out")

    with pytest.raises(RuntimeError, match="the cable is out"):
        seen(packets())


def test_the_command_writes_a_row_per_buffer_and_a_summary(spikeseg, run, file, moments, tmp_path):
    told = spikeseg("stream", run, file, "--size", "17x12", "--out", tmp_path / "out", "--device", "numpy")
    assert told.code == 0
    table = rows(tmp_path / "out")
    assert [int(row["start_us"]) for row in table] == [moment.buffer.start for moment in moments]
    assert [int(row["mask_pixels"]) for row in table] == [moment.mask.sum() for moment in moments]
    for row, moment in zip(table, moments, strict=True):
        if moment.decision.first_ms is None:
            assert row["decided_us"] == row["latency_ms"] == row["first_label"] == ""
        else:
            assert int(row["decided_us"]) - int(row["start_us"]) == round(1000 * float(row["latency_ms"]))
            assert 0 < float(row["latency_ms"]) <= 5
    summary = json.loads((tmp_path / "out" / "latency.json").read_text())
    assert summary["buffers"] == 12
    assert summary["decided"] == sum(moment.decision.first_ms is not None for moment in moments)
    Image.open(tmp_path / "out" / "latency.png").verify()


@pytest.mark.parametrize("suffix", ["gif", "mp4"])
def test_a_video_has_a_frame_per_buffer(spikeseg, run, file, tmp_path, suffix):
    if suffix == "mp4":
        av = pytest.importorskip("av", reason="PyAV is not installed: pip install spikeseg[video]")
    video = tmp_path / f"film.{suffix}"
    arguments = ("--size", "17x12", "--out", tmp_path / "out", "--video", video, "--device", "numpy")
    assert spikeseg("stream", run, file, *arguments).code == 0
    if suffix == "gif":
        assert Image.open(video).n_frames == 12
    else:
        with av.open(str(video)) as container:
            assert sum(1 for _ in container.decode(video=0)) == 12


def test_a_file_that_is_still_being_written_is_waited_for(spikeseg, run, file, tmp_path):
    content, growing = file.read_bytes(), tmp_path / "growing.txt"
    growing.write_bytes(content[:100])

    def write() -> None:
        with growing.open("ab") as out:
            for start in range(100, len(content), 4001):
                out.write(content[start : start + 4001])
                out.flush()
                threading.Event().wait(0.02)

    writer = threading.Thread(target=write)
    writer.start()
    common = ("--size", "17x12", "--device", "numpy")
    told = spikeseg("stream", run, growing, "--follow", "2", "--out", tmp_path / "live", *common)
    writer.join()
    assert told.code == 0
    assert spikeseg("stream", run, file, "--out", tmp_path / "whole", *common).code == 0
    assert rows(tmp_path / "live") == rows(tmp_path / "whole")


def test_standard_input_and_a_cut_off_end(spikeseg, run, file, moments, tmp_path, monkeypatch):
    content = file.read_bytes()
    end = content.rindex(b"\n", 0, -1) + 4  # within the last line

    class Input:
        buffer = io.BytesIO(content[:end])

    monkeypatch.setattr("sys.stdin", Input)
    common = ("--format", "txyp-us", "--size", "17x12", "--device", "numpy")
    told = spikeseg("stream", run, "-", "--out", tmp_path / "out", *common)
    assert told.code == 0
    assert "all events before that were read" in told.out
    assert len(rows(tmp_path / "out")) == len(moments)


def test_a_camera_is_seen_as_its_file_would_be(spikeseg, run, moments, tmp_path, monkeypatch):
    device = plug(monkeypatch, [packet(part) for part in np.array_split(recording().events, 4)], size=SENSOR)
    told = spikeseg("stream", run, "camera:", "--out", tmp_path / "out", "--device", "numpy")
    assert told.code == 0, told
    assert [int(row["start_us"]) for row in rows(tmp_path / "out")] == [moment.buffer.start for moment in moments]
    assert [int(row["mask_pixels"]) for row in rows(tmp_path / "out")] == [moment.mask.sum() for moment in moments]
    assert device.closed


def test_every_buffer_before_a_damage_is_seen(moments):
    def damaged():
        yield from np.array_split(recording().events, 30)
        raise SpikeSegError("the cable is out")

    with open_stream(NETWORK, SENSOR, 5, 5, "made up", "numpy") as stream:
        sight = stream.see(damaged())
        found = [moment.buffer.start for moment in islice(sight, 11)]
        with pytest.raises(SpikeSegError, match="the cable is out"):
            next(sight)
    assert found == [moment.buffer.start for moment in moments][:11]  # the last one was not complete


@pytest.mark.parametrize(("packet", "buffers"), [(100, 11), (10_000, 0)])
def test_a_damaged_recording_leaves_what_was_seen_and_no_old_summary(
    spikeseg, run, tmp_path, monkeypatch, packet, buffers
):
    monkeypatch.setattr("spikeseg.datasets.events.formats.stream.PACKET", packet)
    events = recording().events
    events["t"][-1] = 0
    np.save(tmp_path / "late.npy", events)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "latency.json").write_text("of an earlier stream")
    common = ("--size", "17x12", "--out", tmp_path / "out", "--device", "numpy")
    told = spikeseg("stream", run, tmp_path / "late.npy", *common)
    assert told.code == 1
    assert "event 1499: t = 0 is earlier" in told.err
    assert len(rows(tmp_path / "out")) == buffers
    summary = tmp_path / "out" / "latency.json"
    assert json.loads(summary.read_text())["buffers"] == buffers if buffers else not summary.exists()


def test_an_event_counts_once_however_many_buffers_it_is_in():
    summary = Summary()
    for moment in seen([recording().events], step_ms=2.0):
        summary.add(moment)
    assert summary.buffers > 25
    assert summary.events == np.count_nonzero(recording().events["t"] < summary.last_us)


def test_a_recording_shorter_than_a_buffer_is_one(spikeseg, run, tmp_path):
    np.save(tmp_path / "short.npy", recording().events[:20])
    common = ("--size", "17x12", "--out", tmp_path / "out", "--device", "numpy")
    assert spikeseg("stream", run, tmp_path / "short.npy", *common).code == 0
    assert [row["events"] for row in rows(tmp_path / "out")] == ["20"]


def test_bad_recordings_are_told_and_what_was_seen_stays(spikeseg, run, file, tmp_path):
    lines = file.read_text().splitlines()
    lines[1201] = "1 1 1 1"  # below a heading
    file.write_text("\n".join(lines))
    common = ("--size", "17x12", "--out", tmp_path / "out", "--device", "numpy")
    told = spikeseg("stream", run, file, *common)
    assert told.code == 1
    assert "event 1200: t = 1 is earlier" in told.err
    assert spikeseg("stream", run, tmp_path / "none.txt", *common).err.count("\n") == 1
    assert "does not fit the input" in spikeseg("stream", run, file, *common[2:], "--size", "40x40").err
    assert "not a duration" in spikeseg("stream", run, file, "--buffer", "soon", *common).err


def test_a_network_that_learned_from_pictures_is_refused(spikeseg, trained, file, tmp_path):
    told = spikeseg("stream", trained, file, "--out", tmp_path / "out")
    assert told.code == 1
    assert "learned from pictures" in told.err


def test_latencies_count_every_buffer(moments):
    summary = Summary()
    for moment in moments:
        summary.add(moment)
    decided = sorted(np.ceil(m.decision.first_ms) for m in moments if m.decision.first_ms is not None)
    assert 0 < len(decided) == summary.decided
    assert summary.latency(1e-9) == decided[0]
    expected = decided[len(moments) // 2 - 1] if len(decided) >= len(moments) / 2 else None
    assert summary.latency(0.5) == expected
    assert (summary.first_us, summary.last_us) == (moments[0].buffer.start, moments[-1].buffer.start + 5000)


def test_a_frame_shows_the_answer_only_where_there_is_one(moments):
    moment = moments[0]
    mask = np.zeros(SENSOR, bool)
    mask[2:5, 3:9] = True
    classes = ["orange", "panda"]
    plain = answer_frame(moment.buffer, mask, Box(2, 3, 5, 9), "", classes)
    answered = answer_frame(moment.buffer, mask, Box(2, 3, 5, 9), "panda", classes)
    assert plain.size == answered.size
    assert plain.getpalette() == answered.getpalette()
    colours = np.unique(np.asarray(answered))
    assert set(np.unique(np.asarray(plain))) <= {0, 1, 2, 3} < {*colours.tolist(), 0, 1, 2, 3}


def test_a_closed_standard_input_is_told(spikeseg, run, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    line = refusal(spikeseg("stream", run, "-", "--out", tmp_path / "out"))
    assert line == "standard input is closed: give a file instead of -"
