"""What people do with an export: Elephant measures what we measure, and the documentation works as it stands."""

from __future__ import annotations

import math
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from helpers import exports
from helpers.exports import DT, exported, neo, pq, pynwb, read_block, record
from spikeseg.spikes import Shape, Spikes

statistics = pytest.importorskip("elephant.statistics")
dissimilarity = pytest.importorskip("elephant.spike_train_dissimilarity")

PAGE = Path(__file__).parents[3] / "docs" / "export.md"


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    return record(tmp_path_factory.mktemp("recording") / "test.npz", exports.spikes())


def distance(one: np.ndarray, other: np.ndarray, tau: float) -> float:
    """Van Rossum's, of spike times (n,): 1 between a spike and none."""

    def product(a, b):
        return np.exp(-np.abs(np.subtract.outer(a, b)) / tau).sum()

    return math.sqrt(max(0, product(one, one) + product(other, other) - 2 * product(one, other)))


def cost(one: list[float], other: list[float], q: float) -> float:
    """Victor and Purpura's distance: 1 to add or remove a spike, q |dt| to move it."""
    if not one or not other:
        return len(one) + len(other)
    return min(
        cost(one[1:], other, q) + 1,
        cost(one, other[1:], q) + 1,
        cost(one[1:], other[1:], q) + q * abs(one[0] - other[0]),
    )


@pytest.fixture
def trains(recording):
    """Each neuron's train over all stimuli: from NWB, as Neo has it, and from our own spikes."""
    path = exported("nwb", recording, recording.parent, ("pool1",), silent=True)
    with pynwb.NWBHDF5IO(path, "r") as io:
        times = io.read().units.to_dataframe().spike_times
    ours = exports.spikes()["pool1"]
    t_ms = (ours.stimulus * 9 + ours.step) * DT
    expected = [t_ms[ours.neuron == neuron] for neuron in range(ours.shape.size)]
    assert max(map(len, expected)) > 1
    return [neo.SpikeTrain(t, 36 * DT / 1000, units="s") for t in times], expected


class TestElephant:
    def test_rates_are_ours(self, recording, trains):
        for train, expected in zip(*trains, strict=True):
            rate = statistics.mean_firing_rate(train).rescale("Hz").magnitude
            assert rate == pytest.approx(1000 * len(expected) / (36 * DT))

    def test_rates_are_ours_stimulus_by_stimulus(self, recording):
        block = read_block(exported("neo", recording, recording.parent, ("pool1",), silent=True))
        ours = exports.spikes()["pool1"]
        for number, segment in enumerate(block.segments):
            rates = [statistics.mean_firing_rate(train).rescale("Hz").magnitude for train in segment.spiketrains]
            counts = np.bincount(ours.of(number)[1], minlength=ours.shape.size)
            np.testing.assert_allclose(rates, 1000 * counts / (9 * DT))

    def test_distances_are_ours(self, trains):
        theirs, ours = (of[:6] for of in trains)
        rossum = dissimilarity.van_rossum_distance(theirs, time_constant=0.5 * pq.ms)
        purpura = dissimilarity.victor_purpura_distance(theirs, cost_factor=1.5 / pq.ms)
        pairs = [(i, j) for i in range(6) for j in range(6)]
        rossum_ours = [distance(ours[i], ours[j], 0.5) for i, j in pairs]
        assert [rossum[pair] for pair in pairs] == pytest.approx(rossum_ours, abs=1e-6)
        expected = [cost(ours[i].tolist(), ours[j].tolist(), 1.5) for i, j in pairs]
        assert [purpura[pair] for pair in pairs] == pytest.approx(expected)
        assert len(set(np.round(expected, 6))) > 3


def test_neos_nwbio_reads_every_spike(recording, tmp_path):
    path = exported("nwb", recording, tmp_path)
    (block,) = neo.io.NWBIO(str(path), mode="r").read_all_blocks()
    found = [t for segment in block.segments for train in segment.spiketrains for t in train.rescale("ms").magnitude]
    ours = [(spikes.stimulus * 9 + spikes.step) * DT for spikes in exports.spikes().values()]
    np.testing.assert_allclose(np.sort(found), np.sort(np.concatenate(ours)))


class TestFewSpikes:
    """What the page says of Elephant and trains of one spike."""

    train = neo.SpikeTrain([0.5], units="s", t_stop=1.0)

    def test_elephants_contrast_has_no_answer(self):
        synchrony = pytest.importorskip("elephant.spike_train_synchrony")
        with pytest.raises(ValueError, match="min"):
            synchrony.spike_contrast([self.train, self.train])
        assert dissimilarity.van_rossum_distance([self.train] * 2, time_constant=2 * pq.ms)[0, 1] == 0

    def test_elephants_rate_needs_a_kernel(self):
        kernels = pytest.importorskip("elephant.kernels")
        with pytest.raises(ValueError, match=r"zero-size|Invalid"):
            statistics.instantaneous_rate(self.train, 10 * pq.ms)
        rate = statistics.instantaneous_rate(self.train, 10 * pq.ms, kernel=kernels.GaussianKernel(sigma=20 * pq.ms))
        assert float(rate.magnitude.sum() * 0.01) == pytest.approx(1, abs=0.01)


def test_pynwb_counts_a_spike_at_the_end_of_a_trial_in_both(tmp_path):
    spikes = {"a": Spikes.collect(Shape(1, 1, 1), 2, [1], [0], [0])}
    path = exported("nwb", record(tmp_path / "test.npz", spikes), tmp_path)
    with pynwb.NWBHDF5IO(path, "r") as io:
        file = io.read()
        trials = file.trials.to_dataframe()[["start_time", "stop_time"]].to_numpy().tolist()
        assert [len(file.units.get_unit_spike_times(0, in_interval=trial)) for trial in trials] == [1, 1]
        t = file.units.get_unit_spike_times(0)
    assert [int(((start <= t) & (t < stop)).sum()) for start, stop in trials] == [0, 1]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_documentation_works(recording, spikeseg, monkeypatch, tmp_path, capsys):
    """Its commands, in a directory with a recording, and then its programs, one after the other."""
    pytest.importorskip("polars")
    monkeypatch.chdir(tmp_path)
    record(Path("test.npz"), exports.spikes())
    for line in "".join(blocks("sh")).splitlines():
        program, *arguments = shlex.split(line, comments=True)
        assert program == "spikeseg"
        assert spikeseg(*arguments).code == 0
    capsys.readouterr()
    programs = blocks("python")
    assert len(programs) == 5
    for program in programs:
        exec(compile(program, PAGE.name, "exec"), {})
        assert capsys.readouterr().out
