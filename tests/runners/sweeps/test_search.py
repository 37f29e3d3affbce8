"""Searches: trials get better, go on as if nothing had happened, and see validation data only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

import pytest

from helpers.runs import TINY, refusal
from spikeseg.errors import SpikeSegError
from spikeseg.runners.sweeps.points import load_search
from spikeseg.runners.sweeps.searching import search_trials
from spikeseg.runners.sweeps.sweeping import Pool

pytest.importorskip("optuna", reason="a search needs Optuna: pip install 'spikeseg[search]'")

A_PLUS, RATIO, MAPS = "conv3.learning.a_plus", "conv3.learning.a_minus_ratio", "conv3.maps"
SPACE = f"""
seeds = [0, 1]
[space]
{A_PLUS} = {{ from = 0.001, to = 0.08, scale = "log" }}
{RATIO} = {{ from = 0.1, to = 1.9 }}
{MAPS} = [2, 4]
"""


@pytest.fixture
def file(tmp_path) -> Path:
    (tmp_path / "tiny.toml").write_text(TINY)
    path = tmp_path / "search.toml"
    path.write_text(f'config = "tiny.toml"\n{SPACE}')
    return path


class Stub(Pool):
    """Points take no time: their score is best at a ratio of 1 and 4 maps, and `ran` tells which of them ran."""

    ran: ClassVar[list[str]] = []

    def run(self, points, told):
        for point in points:
            self.ran.append(point.hash)
            learning = point.config.conv3.learning
            if learning.a_plus > 0.09:
                told(point, "diverged")
                continue
            score = 1 - abs(learning.a_minus_ratio - 1) - 0.1 * (point.config.conv3.maps == 2) + point.config.seed / 100
            path = self.directory / point.hash / "metrics-validation.json"
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps({"miou_strict": score, "accuracy": None}))
            told(point, None)


@pytest.fixture
def pool(tmp_path) -> Stub:
    Stub.ran.clear()
    return Stub("validation", tmp_path / "runs", None, "numpy", 1)


def test_it_finds_what_is_best(file, pool):
    trials = list(search_trials(file, load_search(file), pool, 40))
    best = max((trial for trial in trials if trial.score is not None), key=lambda trial: trial.score)
    assert best.score > 0.95
    assert best.varied[RATIO] == pytest.approx(1, abs=0.05)
    assert best.varied[MAPS] == 4
    assert all(0.001 <= trial.varied[A_PLUS] <= 0.08 for trial in trials)


def test_an_interrupted_search_goes_on_as_if_it_had_not_been(file, pool, tmp_path):
    asked = load_search(file)
    whole = [trial.varied for trial in search_trials(file, asked, pool, 20)]
    expected = [*Stub.ran]
    Stub.ran.clear()
    other = Stub("validation", tmp_path / "interrupted", None, "numpy", 1)
    interrupted = search_trials(file, asked, other, 20)
    assert [next(interrupted).varied for _ in range(7)] == whole[:7]
    interrupted.close()
    assert [trial.varied for trial in search_trials(file, asked, other, 20)] == whole
    assert Stub.ran == expected  # nothing was repeated


def test_what_fails_is_a_trial_without_a_score(file, pool):
    file.write_text(file.read_text().replace("from = 0.001, to = 0.08", "from = 0.05, to = 0.5"))
    trials = list(search_trials(file, load_search(file), pool, 12))
    for trial in trials:
        diverged, invalid = trial.varied[A_PLUS] > 0.09, trial.varied[A_PLUS] > 0.2
        assert (trial.score is None) == diverged
        assert len(trial.points) == (0 if invalid else 2)
        if invalid:
            assert "a_plus_max 0.2 is below a_plus" in trial.failures[""]
    assert 0 < sum(trial.score is None for trial in trials) < 12


def test_points_without_boxes_have_no_score(file, pool):
    file.write_text("maximize = 'accuracy'\n" + file.read_text())
    with pytest.raises(SpikeSegError, match="has no boxes to measure accuracy with"):
        list(search_trials(file, load_search(file), pool, 1))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("measure_on = 'test'\n" + SPACE, "unknown key measure_on"),
        ("[space]", "space: Dictionary should have at least 1 item"),
        ("[space]\nseed = [1, 2]", "a search has seeds = [...]"),
        (f"[set]\n{MAPS} = 2\n" + SPACE.replace("seeds = [0, 1]", ""), f"{MAPS} is given twice"),
        (f"[space]\n{A_PLUS} = {{ from = 1, to = 2, steps = 3 }}", "unknown key space"),
        (f"[space]\n{A_PLUS}x = {{ from = 0.1, to = 0.2 }}", f"unknown key {A_PLUS}x"),
        (f"[space]\n{A_PLUS} = {{ from = 1.5, to = 2.5 }}", f"{A_PLUS}: Input should be less than 1"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(spikeseg, file, text, told):
    file.write_text(f'config = "tiny.toml"\n{text}')
    assert told in refusal(spikeseg("search", file, "--trials", 1, "--out", file.parent / "out"))


def test_without_validation_data_there_is_none(spikeseg, file):
    file.write_text(file.read_text().replace("seeds", "set.data.validation = 0\nseeds"))
    line = refusal(spikeseg("search", file, "--trials", 1, "--out", file.parent / "out"))
    assert "no validation data" in line
