"""Readouts with labels, through `evaluate`: apart from all answers, of the training part alone, and named as such."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

from helpers.reports import write_digit_run
from helpers.runs import refusal
from spikeseg.errors import SpikeSegError
from spikeseg.files import write_json
from spikeseg.runners.evaluation import reporting
from spikeseg.runners.evaluation.readouts import TAUGHT, linear_readout, population_readouts
from spikeseg.runners.evaluation.selection import select

NUMPY = ("--device", "numpy")


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """A run for ten digits: one recording of each to train, one to test, which is all but empty for the last."""
    run = write_digit_run(tmp_path_factory.mktemp("digits"))
    names = [f"{digit}/{number}.bin" for digit in range(10) for number in range(2)]
    write_json(run / "split.json", {"train": names[::2], "validation": [], "test": names[1::2]})
    return run


def test_evaluate_reports_it_beside_the_answers_and_changes_none_of_them(spikeseg, run):
    told = spikeseg("evaluate", run, "--supervised", "pool2", "--population", *NUMPY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reporting, "draw_evaluation", lambda *_: None)  # figures take seconds
        assert spikeseg("evaluate", run, "--out", run / "plain", *NUMPY).code == 0
    assert (told.code, told.err) == (0, "")
    said = " ".join(told.out.split())
    assert "supervised: a linear readout of pool2, fitted to labels; 8 labels" in said
    assert "population: all maps of conv3, assigned by labels; 8 labels" in said
    with_it, plain = (json.loads((path / "metrics.json").read_text()) for path in (run, run / "plain"))
    assert {"confusion.png", "confusion-supervised.png", "confusion-population.png", "confusion-taught.png"} <= {
        path.name for path in (run / "figures").iterdir()
    }
    readout, population, taught = (with_it.pop(name) for name in ("supervised", "population", "taught"))
    for metrics in (with_it, plain):
        del metrics["evaluation"]
    assert with_it == plain
    assert (readout["layers"], readout["train"], readout["recordings"]) == (["pool2"], 8, None)
    assert readout["stimuli"]["n"] == 4
    assert sum(map(sum, (row.values() for row in readout["stimuli"]["confusion"].values()))) == 4
    assert (population["layers"], population["stimuli"]["n"], population["recordings"]) == (["conv3"], 4, None)
    assert (taught["layers"], taught["stimuli"]["n"], taught["recordings"]) == (list(TAUGHT), 4, None)
    page = spikeseg("report", run, "--stimuli", 1, *NUMPY)
    assert page.code == 0
    text = (run / "report.html").read_text()
    assert "Supervised: a linear readout of pool2" in text
    assert "Population: all maps of conv3" in text
    assert text.lower().lstrip().startswith("<!doctype html>")
    assert text.count('<table class="confusion">') == 4


def test_what_is_measured_has_no_say(run):
    test = select(run, None, "test")
    some, turned = (replace(test, indices=indices) for indices in (test.indices[:1], test.indices[::-1]))
    found = [linear_readout(one, ["pool2"], "numpy") for one in (test, some, turned)]
    assert found[0] == found[2]
    chosen = [(one.stimuli.left_out, one.stimuli.chosen) for one in found]
    assert chosen[0] == chosen[1]


def test_recordings_are_answered_as_a_whole(digits):
    found = linear_readout(select(digits, None, "test"), ["pool2"], "numpy")
    assert found.train == 10
    assert found.recordings is not None
    assert found.recordings.n == 10
    assert found.by_all is found.recordings
    assert set(found.recordings.confusion) == set("0123456789")
    population, taught = population_readouts(select(digits, None, "test"), "numpy")
    assert population.recordings is not None
    assert (population.stimuli.n, population.recordings.n) == (10, 10)
    assert population.recordings.accuracy == population.stimuli.accuracy  # of one buffer each
    assert (taught.layers, taught.train, taught.by_all.n) == (TAUGHT, 10, 10)


def test_other_data_are_measured_with_a_readout_of_the_data_of_the_training(digits, tmp_path):
    other = tmp_path / "other"
    data = select(digits, None, "all").network.data
    for digit in range(10):
        (other / str(digit)).mkdir(parents=True)
        shutil.copy(data / str(digit) / "1.bin", other / str(digit) / "new.bin")
    own = linear_readout(select(digits, None, "test"), ["pool1", "pool2"], "numpy")
    foreign = linear_readout(select(digits, other, "all"), ["pool1", "pool2"], "numpy")
    assert foreign == own


def test_it_is_not_measured_on_what_it_was_fitted_to(spikeseg, run):
    for part in ("train", "all"):
        for option in (["--supervised", "pool2"], ["--population"]):
            told = spikeseg("evaluate", run, *option, "--split", part, *NUMPY)
            assert "labels of the training part" in refusal(told)
    assert not (run / "metrics.json").exists()


def test_it_answers_one_object_of_the_size_that_was_learned(spikeseg, run):
    for option, reason in (("--canvas", "no canvas"), ("--objects=2", "one object"), ("--overlap=0.2", "2 objects")):
        told = spikeseg("evaluate", run, "--supervised", "pool2", option, *NUMPY)
        assert reason in refusal(told)


@pytest.mark.parametrize("layers", ["pool2", [], ["pool2", "conv4"]])
def test_layers_are_a_list_of_those_that_there_are(run, layers):
    with pytest.raises(SpikeSegError, match="give a list of some of conv1, pool1"):
        linear_readout(select(run, None, "test"), layers, "numpy")


def test_one_class_leaves_nothing_to_tell_apart(run):
    test = select(run, None, "test")
    data = test.network.config.data.model_copy(update={"classes": ("orange",)})
    network = replace(test.network, config=test.network.config.model_copy(update={"data": data}))
    with pytest.raises(SpikeSegError, match="two classes"):
        linear_readout(replace(test, network=network), ["pool2"], "numpy")
