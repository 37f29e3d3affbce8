"""Whatever the bytes of a run's files are, there is a result or an error of one line, and it takes little.

SPIKESEG_DAMAGES says how many damaged files of each kind are tried: CONTRIBUTING.md.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.damages import DAMAGES, as_text, changed_arrays, changed_bytes, changed_json, complaint, packed
from helpers.runs import TINY
from spikeseg.analysis.decoding.segmentation import segment_one
from spikeseg.analysis.export.exporter import exporter
from spikeseg.analysis.measures.formatting import result_lines
from spikeseg.analysis.measures.sweep_table import row
from spikeseg.analysis.report.confusion import confusion_table
from spikeseg.analysis.report.contents import _headline, _presence, _table
from spikeseg.analysis.report.showcase import choose, read_outcomes
from spikeseg.configs import layer_shapes, load
from spikeseg.datasets.split import Split
from spikeseg.excerpt import take_excerpt
from spikeseg.files import read_arrays, read_json
from spikeseg.models.network import CONV_LAYERS
from spikeseg.runners.evaluation.analysing import check_match
from spikeseg.runners.evaluation.evaluation import evaluate_selection
from spikeseg.runners.evaluation.recording import record
from spikeseg.runners.evaluation.report import read_metrics
from spikeseg.runners.evaluation.reporting import write_metrics, write_outcomes
from spikeseg.runners.evaluation.selection import select
from spikeseg.runners.simulation import program
from spikeseg.runners.simulation.compiling import manifest_hash
from spikeseg.runners.sweeps.points import load_search, load_sweep
from spikeseg.runners.training.directory import load_network
from spikeseg.runners.training.histories import convergence_curves, weight_histories
from spikeseg.spikes import Recorded

SWEEP = """
config = "orange-panda"
measure_on = "validation"
[set]
data.validation = 2
[[axis]]
conv3.learning.a_plus = [0.05, 0.08]
conv3.learning.a_minus_ratio = {from = 0.6, to = 0.7, steps = 2}
[[axis]]
seed = [1, 2]
"""
SEARCH = """
config = "orange-panda"
maximize = "miou_strict"
seeds = [0, 1]
[set]
data.validation = 2
[space]
conv3.learning.a_plus = {from = 0.01, to = 0.1, scale = "log"}
conv3.learning.winners = [1, 2]
"""
MANIFEST = {
    "times": [20, 1, 0.001, 0],
    "delays": {"pool1": 1},
    "state": {"scale": {"dtype": "<f8", "size": 50}},
    "monitors": {"conv1": [4, 64, 64]},
}


class Whole:
    """A run with all of its files, and what to do with each."""

    def __init__(self, run: Path, tmp: Path):
        self.path, self.tmp = run, tmp
        self.network, self.run = load_network(run)
        selection = select(run, None, "test")
        self.names = selection.dataset.names
        evaluation = evaluate_selection(selection, "numpy")
        write_metrics(run / "metrics.json", evaluation, selection, "test", "numpy")
        write_outcomes(run / "outcomes.csv", evaluation.outcomes)
        self.steps = Recorded(record(selection, run / "spikes" / "test.npz", "numpy"))[0]
        (run / "sweep.toml").write_text(SWEEP)
        (run / "search.toml").write_text(SEARCH)
        (run / "config.toml").write_text(TINY)
        (run / "manifest.json").write_text(json.dumps({"content": MANIFEST, "sha256": manifest_hash(MANIFEST)}))
        self.whole = {name: (run / name).read_bytes() for name in USES}

    def use_network(self) -> None:
        network, _ = load_network(self.path)
        network.threshold_scale(np.array([0, 10**6]))
        if layer_shapes(network.config, (64, 64)) == layer_shapes(self.network.config, (64, 64)):
            found = segment_one(network, self.steps)
            assert all(np.isfinite(found.decision.scores))
        assert all((network.thresholds[name] > 0).all() for name in CONV_LAYERS)

    def use_checkpoint(self) -> None:
        convergence_curves(self.network, self.run)
        weight_histories(self.network, self.run)

    def use_recording(self) -> None:
        excerpt = take_excerpt(self.path / "spikes" / "test.npz")
        for number in range(min(2, len(excerpt.stimuli))):
            excerpt.rows(number)
        exporter("csv", self.tmp / "spikes.csv")(excerpt, lambda done: None)
        check_match(self.network, excerpt)
        for steps in Recorded(excerpt.spikes):
            segment_one(self.network, steps)

    def use_metrics(self) -> None:
        metrics = read_metrics(self.path)
        result_lines(metrics)
        _headline(metrics, None)
        _table(metrics, None)
        _presence(metrics)
        confusion_table(metrics["confusion"], self.network.config.data.classes)
        row("point", {}, metrics)

    def use_manifest(self) -> None:
        assert program._read_manifest(self.path) == MANIFEST

    def use_outcomes(self) -> None:
        outcomes = read_outcomes(self.path / "outcomes.csv")
        choose(outcomes, 4)
        for one in outcomes:
            assert 0 <= one.iou <= 1


USES: dict[str, Callable[[Whole], object]] = {
    "network.npz": Whole.use_network,
    "checkpoints/conv2.npz": Whole.use_checkpoint,
    "checkpoints/conv3.npz": Whole.use_checkpoint,
    "spikes/test.npz": Whole.use_recording,
    "spikes/test.json": Whole.use_recording,
    "metrics.json": Whole.use_metrics,
    "outcomes.csv": Whole.use_outcomes,
    "boxes.json": lambda whole: whole.run.training_boxes(),
    "split.json": lambda whole: Split.from_json(read_json(whole.run.split_file), whole.names),
    "run.json": lambda whole: whole.run.check(whole.network.config),
    "manifest.json": Whole.use_manifest,
    "sweep.toml": lambda whole: load_sweep(whole.path / "sweep.toml"),
    "search.toml": lambda whole: load_search(whole.path / "search.toml"),
    "config.toml": lambda whole: load(whole.path / "config.toml"),
}


@pytest.fixture(scope="module")
def whole(trained, tmp_path_factory) -> Whole:
    tmp = tmp_path_factory.mktemp("damaged")
    return Whole(Path(shutil.copytree(trained, tmp / "run")), tmp)


def damaged(whole: Whole, name: str, content: bytes) -> str:
    file = whole.path / name
    file.write_bytes(content)
    try:
        return complaint(lambda: USES[name](whole))
    finally:
        file.write_bytes(whole.whole[name])


seeds = given(seed=st.integers(0, 2**63))
many = settings(max_examples=DAMAGES, deadline=None)


@pytest.mark.parametrize("name", USES)
def test_undamaged_files_are_used_without_complaint(whole, name):
    assert damaged(whole, name, whole.whole[name]) == ""


@pytest.mark.parametrize("name", USES)
@seeds
@many
def test_damaged_bytes_give_a_result_or_a_line(whole, name, seed):
    rng = np.random.default_rng(seed)
    damaged(whole, name, changed_bytes(whole.whole[name], rng))


@pytest.mark.parametrize("name", [name for name in USES if name.endswith(".json")])
@seeds
@many
def test_other_values_give_a_result_or_a_line(whole, name, seed):
    rng = np.random.default_rng(seed)
    content = changed_json(json.loads(whole.whole[name]), rng)
    damaged(whole, name, as_text(content, rng).encode())


@pytest.mark.parametrize("name", [name for name in USES if name.endswith(".npz")])
@seeds
@many
def test_other_arrays_give_a_result_or_a_line(whole, name, seed):
    rng = np.random.default_rng(seed)
    (whole.path / name).write_bytes(whole.whole[name])
    damaged(whole, name, packed(changed_arrays(read_arrays(whole.path / name), rng)))


@seeds
@many
def test_other_headers_of_a_network_give_a_result_or_a_line(whole, seed):
    rng = np.random.default_rng(seed)
    (whole.path / "network.npz").write_bytes(whole.whole["network.npz"])
    arrays = read_arrays(whole.path / "network.npz")
    header = as_text(changed_json(json.loads(str(arrays["header"])), rng), rng)
    damaged(whole, "network.npz", packed(arrays | {"header": np.array(header)}))
