"""How a sweep ends: the best setting, its spread, and where its runs are; and the page that says so."""

from __future__ import annotations

import html5lib
import pytest

from helpers.runs import TINY, refusal
from spikeseg.analysis.measures.sweep_table import ranked_settings, score_of
from spikeseg.files import read_json, write_json
from spikeseg.runners.sweeps.point import metrics_file
from spikeseg.runners.sweeps.points import load_sweep
from spikeseg.runners.sweeps.sweeping import Pool

KEYS = ["a", "seed"]
AXES = "[[axis]]\nconv3.learning.a_plus = [0.01, 0.02]\n[[axis]]\nseed = [0, 1]\n"


def rows(*scores, boxes=True):
    """Two settings, a = 1 and a = 2, of two seeds each."""
    places = [(1, 0), (1, 1), (2, 0), (2, 1)]
    return [
        {"point": f"p{a}{seed}", "a": a, "seed": seed, "accuracy": score, "miou_strict": score if boxes else None}
        for (a, seed), score in zip(places, scores, strict=True)
    ]


def test_the_best_setting_is_the_best_over_its_seeds():
    best, other = ranked_settings(rows(0.9, 0.1, 0.6, 0.8), KEYS, "miou_strict")
    assert (best.varied, best.scores) == ({"a": 2}, {"p20": 0.6, "p21": 0.8})
    assert best.mean == pytest.approx(0.7)
    assert best.spread == pytest.approx(0.02**0.5)  # of a sample of two
    assert other.mean == pytest.approx(0.5)


def test_a_setting_with_a_point_that_failed_is_not_the_best():
    best, failed = ranked_settings(rows(None, 1.0, 0.1, 0.2), KEYS, "miou_strict")
    assert best.varied == {"a": 2}
    assert (failed.mean, failed.spread) == (None, None)


def test_without_boxes_accuracy_ranks():
    assert score_of(rows(0.1, 0.2, 0.3, None)) == "miou_strict"
    assert score_of(rows(0.1, 0.2, 0.3, 0.4, boxes=False)) == "accuracy"


@pytest.fixture
def finished(tmp_path, monkeypatch):
    """The file of a sweep whose points are done: their score is a+ times 10 plus the seed's hundredth."""
    (tmp_path / "tiny.toml").write_text(TINY)
    file = tmp_path / "sweep.toml"
    file.write_text(f'config = "tiny.toml"\n{AXES}')
    for point in load_sweep(file).points:
        a_plus, seed = point.varied.values()
        names = ["accuracy", "miou", "miou_class_mean", "miou_strict", "miou_strict_class_mean"]
        training = {"layers": {key: {"convergence": 0.01, "presented": 16} for key in ("conv2", "conv3")}}
        metrics = dict.fromkeys(names, 10 * a_plus + seed / 100) | {"training": training}
        write_json(metrics_file(tmp_path / "runs", point, "validation"), metrics)
    monkeypatch.setattr(Pool, "run", lambda *_: None)
    return file


def test_a_sweep_ends_with_its_best_point_spread_and_paths(spikeseg, finished, tmp_path):
    runs = tmp_path / "runs"
    told = spikeseg("sweep", finished, "--out", runs)
    assert (told.code, told.err) == (0, "")
    best = [runs / point.hash for point in load_sweep(finished).points[2:]]
    assert told.out.splitlines()[-4:] == [
        "best: miou_strict 0.2050 ± 0.0071 over 2 seeds at conv3.learning.a_plus=0.02",
        f"  {best[0]}: 0.2000",
        f"  {best[1]}: 0.2100",
        "all 2 settings: lowest 0.1050, median 0.1550, highest 0.2050",
    ]


def test_its_report_names_the_best_runs_and_every_setting(spikeseg, finished, tmp_path):
    sweep = tmp_path / "runs" / "sweep"
    assert spikeseg("sweep", finished, "--out", tmp_path / "runs").code == 0
    told = spikeseg("report", sweep)
    assert (told.code, told.err) == (0, "")
    text = (sweep / "report.html").read_text()
    html5lib.HTMLParser(strict=True).parse(text)
    points = load_sweep(finished).points
    assert all(point.hash in text for point in points)
    assert str(tmp_path / "runs" / points[3].hash) in text
    assert "part “validation”" in text
    assert "0.205" in text
    assert text.count("data:image/png") == 1
    assert "http" not in text.replace("http-equiv", "")


def test_a_summary_that_lacks_something_is_told(spikeseg, finished, tmp_path):
    sweep = tmp_path / "runs" / "sweep"
    assert spikeseg("sweep", finished, "--out", tmp_path / "runs").code == 0
    summary = read_json(sweep / "summary.json")
    del summary["settings"]
    write_json(sweep / "summary.json", summary)
    assert refusal(spikeseg("report", sweep)).startswith(f"{sweep / 'summary.json'} lacks 'settings'")
