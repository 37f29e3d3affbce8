"""Exports: other people's tools read every spike back, where and when it was, and nothing else."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from datetime import UTC, timedelta

import numpy as np
import pytest

from helpers import exports
from helpers.disks import room
from helpers.exports import (
    DT,
    LABELS,
    NAMES,
    STARTED,
    exported,
    neo,
    parquet,
    pq,
    pynwb,
    read,
    read_block,
    record,
    rows_of,
)
from helpers.runs import files, refusal
from spikeseg.analysis.export.exporter import SUFFIXES, exporter
from spikeseg.analysis.figures.stimulus import raster
from spikeseg.excerpt import take_excerpt
from spikeseg.spikes import Shape, Spikes

every_format = pytest.mark.parametrize("kind", SUFFIXES)


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    return record(tmp_path_factory.mktemp("recording") / "test.npz", exports.spikes())


@pytest.fixture
def spikes():
    return exports.spikes()


@pytest.fixture(scope="module")
def whole(recording, tmp_path_factory):
    """All layers and stimuli in every format."""
    directory = tmp_path_factory.mktemp("whole")
    return {kind: exported(kind, recording, directory) for kind in SUFFIXES}


class TestSpikes:
    @every_format
    def test_every_spike_is_read_back(self, kind, whole, spikes):
        found = read(kind, whole[kind])
        assert found == rows_of(spikes)
        assert len({row[1] for row in found}) == 6

    @every_format
    def test_layers_and_stimuli_can_be_chosen(self, kind, recording, spikes, tmp_path):
        path = exported(kind, recording, tmp_path, ("conv3", "pool1"), ("3:", "ä/c.jpg", "0"))
        chosen = {layer: spikes[layer] for layer in ("pool1", "conv3")}
        assert read(kind, path) == rows_of(chosen, [0, 2, 3])

    @every_format
    def test_silence_is_not_an_error(self, kind, recording, tmp_path):
        path = exported(kind, recording, tmp_path, (), ("empty",))
        assert read(kind, path) == []
        if kind == "nwb":
            assert pynwb.validate(path=path) == []

    @every_format
    def test_a_neuron_may_spike_more_than_once(self, kind, tmp_path):
        spikes = {"a": Spikes.collect(Shape(1, 2, 1), 2, [0, 0, 1, 1], [8, 1, 3, 4], [1, 1, 0, 1])}
        path = exported(kind, record(tmp_path / "test.npz", spikes), tmp_path)
        assert read(kind, path) == rows_of(spikes, range(2))

    @every_format
    def test_what_is_drawn_from_the_file_is_what_we_draw(self, kind, whole, spikes):
        """Rasters: the same points in every panel."""
        from_file = {}
        for layer, recorded in spikes.items():
            rows = [row for row in read(kind, whole[kind]) if row[1] == layer]
            stimulus, _, feature, row, col, step = zip(*rows, strict=True)
            neuron = np.ravel_multi_index((feature, row, col), recorded.shape)
            from_file[layer] = Spikes.collect(recorded.shape, recorded.stimuli, stimulus, step, neuron)
        for number in (1, 2):
            ours, theirs = (raster(exports.network(), drawn, number).axes for drawn in (spikes, from_file))
            assert len(ours) == 6
            for panel, other in zip(ours, theirs, strict=True):
                points, others = (np.asarray(axes.collections[0].get_offsets()) for axes in (panel, other))
                assert len(points)
                assert set(map(tuple, others)) == set(map(tuple, points))


class TestSilentNeurons:
    @pytest.fixture
    def silent(self, recording, tmp_path):
        return lambda kind: exported(kind, recording, tmp_path, ("conv3",), ("empty", "d"), silent=True)

    @pytest.fixture
    def quiet(self, spikes):
        """(stimulus, feature, row, col) without a spike."""
        shape = spikes["conv3"].shape
        every = {(number, *place) for number in (0, 3) for place in np.ndindex(*shape)}
        fired = {(row[0], *row[2:5]) for row in rows_of({"conv3": spikes["conv3"]}, [0, 3])}
        assert fired < every
        assert fired
        return every - fired

    @every_format
    def test_they_add_no_spike(self, kind, silent, spikes):
        assert read(kind, silent(kind)) == rows_of({"conv3": spikes["conv3"]}, [0, 3])

    def test_in_neo_they_are_empty_trains(self, silent, quiet):
        trains = [(s.annotations["stimulus"], t) for s in read_block(silent("neo")).segments for t in s.spiketrains]
        empty = [(stimulus, *exports.place(train)[1:]) for stimulus, train in trains if not len(train)]
        assert set(empty) == quiet
        assert len(empty) == len(quiet)
        assert {float(train.t_stop) for _, train in trains} == {9 * DT}

    def test_in_nwb_they_are_units_without_spikes(self, silent, spikes):
        with pynwb.NWBHDF5IO(silent("nwb"), "r") as io:
            units = io.read().units.to_dataframe()
        assert len(units) == spikes["conv3"].shape.size
        assert {len(times) for times in units.spike_times} == {0, 1}

    @pytest.mark.parametrize("kind", ["csv", "parquet"])
    def test_in_tables_they_are_rows_without_times(self, kind, silent, quiet):
        path = silent(kind)
        rows = exports.table_csv(path) if kind == "csv" else parquet.read_table(path).to_pylist()
        empty = [row for row in rows if row["step"] in ("", None)]
        places = [tuple(int(row[name]) for name in ("stimulus", "feature", "row", "col")) for row in empty]
        assert set(places) == quiet
        assert len(places) == len(quiet)
        assert {row[name] for row in empty for name in ("t_stimulus_ms", "t_ms")} <= {"", None}


class TestTimes:
    def test_neo_has_units_and_limits(self, whole):
        block = read_block(whole["neo"])
        assert (block.name, block.annotations["config"], block.annotations["dt_ms"]) == ("test", "abc", DT)
        assert [segment.name for segment in block.segments] == NAMES
        assert [segment.annotations["label"] for segment in block.segments] == LABELS
        for train in block.segments[2].spiketrains:
            assert train.units == pq.ms
            assert (train.t_start, train.t_stop) == (0 * pq.ms, 9 * DT * pq.ms)
            assert train.sampling_rate.rescale("kHz").magnitude == pytest.approx(1 / DT)
            assert set(train.magnitude) <= set(np.arange(9) * DT)

    def test_nwb_has_one_axis_in_seconds(self, whole):
        with pynwb.NWBHDF5IO(whole["nwb"], "r") as io:
            file = io.read()
            units, trials = file.units.to_dataframe(), file.trials.to_dataframe()
            assert file.session_start_time == STARTED
            assert file.units.resolution == DT / 1000
            assert json.loads(file.notes)["config"] == "abc"
        assert trials.index.tolist() == list(range(4))
        assert (trials.stimulus_name.tolist(), trials.label.tolist()) == (NAMES, LABELS)
        assert trials.start_time.tolist() == [9 * number * DT / 1000 for number in range(4)]
        assert trials.stop_time.tolist() == [9 * (number + 1) * DT / 1000 for number in range(4)]
        on_grid = {step * DT / 1000 for step in range(4 * 9)}
        assert {t for times in units.spike_times for t in times} <= on_grid
        for intervals in units.obs_intervals:
            np.testing.assert_array_equal(intervals, [[0, 36 * DT / 1000]])

    def test_nwb_says_when_nothing_was_shown(self, recording, tmp_path):
        path = exported("nwb", recording, tmp_path, ("input",), ("1", "3:"))
        with pynwb.NWBHDF5IO(path, "r") as io:
            units, trials = io.read().units.to_dataframe(), io.read().trials.to_dataframe()
        assert trials.index.tolist() == [1, 3]
        for intervals in units.obs_intervals:
            np.testing.assert_array_equal(intervals, np.array([[9, 18], [27, 36]]) * DT / 1000)

    @pytest.mark.parametrize("kind", ["csv", "parquet"])
    def test_tables_have_both_times_and_their_unit(self, kind, whole):
        path = whole[kind]
        rows = exports.table_csv(path) if kind == "csv" else parquet.read_table(path).to_pylist()
        for row in rows:
            stimulus, step = int(row["stimulus"]), int(row["step"])
            assert (row["name"], row["label"]) == (NAMES[stimulus], LABELS[stimulus])
            assert (float(row["t_stimulus_ms"]), float(row["t_ms"])) == (step * DT, (stimulus * 9 + step) * DT)

    def test_segments_of_neo_have_a_date_each(self, whole):
        dates = [segment.rec_datetime.replace(tzinfo=UTC) for segment in read_block(whole["neo"]).segments]
        began = [STARTED + timedelta(milliseconds=9 * number * DT) for number in range(4)]
        assert dates == [date.replace(microsecond=0) for date in began]  # NIX keeps whole seconds

    @every_format
    def test_all_times_can_be_later_by_some_steps(self, kind, recording, spikes, tmp_path):
        path = exported(kind, recording, tmp_path, shift=2)
        later = 2 if kind == "neo" else 0  # its trains have no number of the step
        assert read(kind, path) == [(*row[:-1], row[-1] + later) for row in rows_of(spikes)]
        if kind == "neo":
            trains = [train for segment in read_block(path).segments for train in segment.spiketrains]
            assert min(float(t) for train in trains for t in train) == pytest.approx(2 * DT)
            assert {float(train.t_stop) for train in trains} == {11 * DT}
        elif kind == "nwb":
            with pynwb.NWBHDF5IO(path, "r") as io:
                trials = io.read().trials.to_dataframe()
            assert trials.start_time.tolist() == [(9 * number + 2) * DT / 1000 for number in range(4)]
        else:
            rows = exports.table_csv(path) if kind == "csv" else parquet.read_table(path).to_pylist()
            for row in rows:
                stimulus, step = int(row["stimulus"]), int(row["step"])
                times = float(row["t_stimulus_ms"]), float(row["t_ms"])
                assert times == ((step + 2) * DT, (stimulus * 9 + step + 2) * DT)

    def test_parquet_carries_the_description(self, whole):
        schema = parquet.read_schema(whole["parquet"])
        assert json.loads(schema.metadata[b"spikeseg"])["config"] == "abc"
        assert schema.field("t_ms").metadata[b"unit"] == b"ms"


@pytest.mark.parametrize("choice", [((), ()), (("pool2", "input"), ("0", "2"))])
@pytest.mark.parametrize("silent", [False, True])
def test_nwb_is_valid(recording, tmp_path, choice, silent):
    assert pynwb.validate(path=exported("nwb", recording, tmp_path, *choice, silent=silent)) == []


# ---- Long recordings -----------------------------------------------------------------------------------------------

GROWTH = """
import re, sys
from pathlib import Path
from spikeseg.excerpt import take_excerpt
from spikeseg.analysis.export.exporter import SUFFIXES, exporter

def memory(key):  # MB
    return int(re.search(rf"{key}:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024

recording = Path(sys.argv[1])
writers = [exporter(kind, recording.with_suffix(SUFFIXES[kind])) for kind in ("csv", "parquet", "nwb")]
excerpt = take_excerpt(recording)
for write in writers:
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far
    before = memory("VmRSS")
    write(excerpt, lambda done: None)
    print(memory("VmHWM") - before)
"""


class TestLongRecordings:
    @pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the memory of a process")
    def test_a_thousand_stimuli_take_little_memory(self, tmp_path):
        """A million spikes; written in one go, CSV would take 140 MB and Parquet 220."""
        rng = np.random.default_rng(0)
        stimulus, step = np.repeat(np.arange(1000), 1000), rng.integers(0, 9, 10**6)
        layer = Spikes.collect(Shape(4, 20, 30), 1000, stimulus, step, rng.integers(0, 2400, 10**6))
        names = [str(number) for number in range(1000)]
        recording = record(tmp_path / "long.npz", {"conv1": layer}, names=names, labels=names)
        told = subprocess.run(
            [sys.executable, "-c", GROWTH, str(recording)], capture_output=True, text=True, check=True
        )
        for grown, bound in zip(map(int, told.stdout.split()), (50, 150, 50), strict=True):
            assert grown < bound  # MB

    def test_neo_holds_one_stimulus_at_a_time(self, recording, tmp_path):
        excerpt, out, alive = take_excerpt(recording, ("conv3",)), tmp_path / "out.nix", []

        def count(done: int) -> None:
            gc.collect()
            alive.append(sum(isinstance(thing, neo.Segment) for thing in gc.get_objects()))

        count(0)
        exporter("neo", out)(excerpt, count)
        assert len(alive) == 5
        assert max(alive) - alive[0] <= 1

    @every_format
    def test_progress_ends_at_the_number_of_spikes(self, kind, recording, tmp_path):
        excerpt, out, told = take_excerpt(recording, ("conv3", "pool2")), tmp_path / f"out{SUFFIXES[kind]}", []
        exporter(kind, out)(excerpt, told.append)
        assert told == sorted(told)
        assert told[-1] == excerpt.total == len(rows_of(dict(excerpt.spikes)))


# ---- The command ---------------------------------------------------------------------------------------------------


class TestCommand:
    @every_format
    def test_it_replaces_a_file_and_says_what_it_wrote(self, spikeseg, kind, recording, spikes, tmp_path):
        out = tmp_path / "new" / f"[out]{SUFFIXES[kind]}"
        out.parent.mkdir()
        out.write_text("old")
        told = spikeseg("export", recording, out, "--layer", "conv3", "--stimuli", "1:4")
        assert (told.code, told.err) == (0, "")
        assert read(kind, out) == rows_of({"conv3": spikes["conv3"]}, [1, 2, 3])
        assert f"{len(read(kind, out))} spikes of conv3 in 3 stimuli" in told.out
        assert [file.name for file in out.parent.iterdir()] == [out.name]

    @every_format
    def test_of_a_full_disk_it_tells_in_one_line(self, spikeseg, kind, recording, tmp_path):
        out = tmp_path / f"out{SUFFIXES[kind]}"
        out.write_text("old")
        before = files(tmp_path)
        with room(64):
            line = refusal(spikeseg("export", recording, out))
        assert line == f"cannot write {out}: File too large"
        assert files(tmp_path) == before

    def test_neo_forewarns_of_what_takes_hours(self, recording, tmp_path):
        from spikeseg.analysis.export.neo import size_warning

        assert size_warning(take_excerpt(recording)) is None
        stimulus, zeros = np.repeat(np.arange(4), 75_000), np.zeros(300_000)
        layer = Spikes.collect(Shape(1, 1, 10**6), 4, stimulus, zeros, np.arange(300_000))
        path = record(tmp_path / "large.npz", {"conv1": layer})
        assert "300,000 spike trains take about 1.7 hours and 9.6 GB" in str(size_warning(take_excerpt(path)))
        assert "4,000,000 spike trains" in str(size_warning(take_excerpt(path, silent=True)))
