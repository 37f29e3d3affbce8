"""Sweeps: what a file asks for, that points are run once, and that what fails is told and stops nothing else."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from helpers.runs import TINY, refusal
from spikeseg.analysis.figures import sweeps
from spikeseg.analysis.measures.sweep_table import row
from spikeseg.configs import load
from spikeseg.configs.changes import parsed
from spikeseg.errors import SpikeSegError
from spikeseg.runners.sweeps.points import load_search, load_sweep, make_point
from spikeseg.runners.sweeps.sweeping import Pool

ROOT = Path(__file__).parents[3]
A_PLUS, RATIO = "conv3.learning.a_plus", "conv3.learning.a_minus_ratio"

STUB = """
import json, os, sys
from pathlib import Path

out, point, varied = Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
a_plus, ratio = varied.values()
with (out / "ran").open("a") as file:
    file.write(point + "\\n")
if ratio == 0.3:
    sys.exit("spikeseg: that ratio is not liked")
if ratio == 0.2:
    os.kill(os.getpid(), 9)
layer = {"convergence": a_plus, "presented": 16}
scores = ["accuracy", "miou", "miou_class_mean", "miou_strict", "miou_strict_class_mean"]
metrics = dict.fromkeys(scores, a_plus * ratio) | {"training": {"layers": {"conv2": layer, "conv3": layer}}}
file = out / point / "metrics-validation.json"
file.parent.mkdir()
file.write_text(json.dumps(metrics))
"""
"""In the place of `spikeseg point`: takes no time, and notes that it was called."""


@pytest.fixture
def stub(monkeypatch, tmp_path):
    """Points take no time; a function that tells which of them ran, in order."""
    (tmp_path / "out").mkdir()
    monkeypatch.setattr(sweeps, "draw", lambda *_: {})
    stub = [sys.executable, "-S", "-c", STUB, tmp_path / "out"]
    monkeypatch.setattr(Pool, "command", lambda _, point: [*stub, point.hash, json.dumps(point.varied)])
    ran = tmp_path / "out" / "ran"
    return lambda: ran.read_text().splitlines() if ran.exists() else []


def write(directory: Path, text: str) -> Path:
    """A sweep over the tiny configuration."""
    (directory / "tiny.toml").write_text(TINY)
    path = directory / "sweep.toml"
    path.write_text(f'config = "tiny.toml"\n{text}')
    return path


def values(path: Path) -> list[tuple]:
    return [tuple(point.varied.values()) for point in load_sweep(path).points]


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


class TestFiles:
    def test_axes_are_crossed_and_keys_of_one_vary_together(self, tmp_path):
        text = f"[[axis]]\n{A_PLUS} = [0.01, 0.02]\n{RATIO} = [0.4, 0.6]\n[[axis]]\nseed = [0, 1]"
        assert values(write(tmp_path, text)) == [(0.01, 0.4, 0), (0.01, 0.4, 1), (0.02, 0.6, 0), (0.02, 0.6, 1)]

    def test_what_is_set_is_set_everywhere_and_what_varies_varies(self, tmp_path):
        path = write(tmp_path, f"[set]\ndata.train = 6\n[[axis]]\n{A_PLUS} = [0.01, 0.02]\n[[axis]]\nseed = [3]")
        configs = [point.config for point in load_sweep(path).points]
        assert [config.data.train for config in configs] == [6, 6]
        assert [config.conv3.learning.a_plus for config in configs] == [0.01, 0.02]
        assert {config.seed for config in configs} == {3}
        assert configs[0].conv2 == load(tmp_path / "tiny.toml").conv2

    @pytest.mark.parametrize(
        ("range_", "expected"),
        [
            ("{ from = 0.01, to = 0.04, steps = 3 }", [0.01, 0.025, 0.04]),
            ('{ from = 0.01, to = 0.04, steps = 3, scale = "log" }', [0.01, 0.02, 0.04]),
        ],
    )
    def test_a_range_has_steps(self, tmp_path, range_, expected):
        assert values(write(tmp_path, f"[[axis]]\n{A_PLUS} = {range_}")) == [(value,) for value in expected]

    def test_a_range_between_whole_numbers_has_whole_numbers(self, tmp_path):
        found = values(write(tmp_path, "[[axis]]\nconv3.learning.stimuli = { from = 10, to = 20, steps = 3 }"))
        assert found == [(10,), (15,), (20,)]
        assert all(isinstance(value, int) for (value,) in found)

    def test_samples_are_within_their_range_independent_and_the_same_each_time(self, tmp_path):
        between = "{ from = 0.001, to = 0.1, samples = 50, scale = 'log' }"
        text = f"[[axis]]\n{A_PLUS} = {between}\nconv2.learning.a_plus = {between}"
        path = write(tmp_path, text)
        found = np.array(values(path))
        assert found.shape == (50, 2)
        assert found.min() >= 0.001
        assert found.max() <= 0.1
        assert abs(np.corrcoef(found.T)[0, 1]) < 0.5
        assert 0.3 < np.mean(found < 0.01) < 0.7
        assert values(path) == [tuple(pair) for pair in found]
        assert values(write(tmp_path, f"sample_seed = 1\n{text}")) != values(write(tmp_path, text))

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("[[axis]]\nconv3.learning.a_pluss = [1]", "unknown key conv3.learning.a_pluss"),
            ("[[axis]]\nname.of = [1]", "unknown key name.of"),
            ("[set]\ndata.trains = 3\n[[axis]]\nseed = [1]", "unknown key data.trains"),
            ("axes = 3\n[[axis]]\nseed = [1]", "unknown key axes"),
            ("", "axis: Field required"),
            ("[[axis]]", "axis.0: Dictionary should have at least 1 item"),
            ("[[axis]]\nseed = []", "seed.list: List should have at least 1 item"),
            ("[[axis]]\nseed = 3", "seed.list: Input should be a valid list"),
            ("[[axis]]\nseed = [1, 1]", "two points are the same: seed=1; seed=1"),
            ("[[axis]]\nseed = [1]\n[[axis]]\nseed = [2]", "seed is given twice"),
            ("[set]\nseed = 1\n[[axis]]\nseed = [2]", "seed is given twice"),
            (f"[[axis]]\nseed = [1, 2]\n{A_PLUS} = [0.1]", f"2 of seed, 1 of {A_PLUS}"),
            (f"[[axis]]\n{A_PLUS} = [0.1, 2]", f"{A_PLUS}=2: {A_PLUS}: Input should be less than 1"),
            (f"[[axis]]\n{A_PLUS} = {{ from = 0.1, to = 0.2 }}", "give either steps or samples"),
            (f"[[axis]]\n{A_PLUS} = {{ from = 0.2, to = 0.1, steps = 2 }}", "from 0.2 to 0.1 is not an interval"),
            (f"[[axis]]\n{A_PLUS} = {{ from = 0, to = 1, steps = 2, scale = 'log' }}", "must begin above 0"),
            ("[set]\ndata.validation = 0\n[[axis]]\nseed = [1]", "no validation data"),
            ("measure_on = 'all'\n[[axis]]\nseed = [1]", "measure_on: Input should be 'train', 'validation' or 'test'"),
            ("[[axis]]\nname = [2026-01-01]", 'name="2026-01-01": name: Input should be a valid string'),
            ("[[axis]\n", "cannot be read as TOML"),
            (f"[[axis]]\n{A_PLUS} = {{ from = 0.1, to = 0.2, steps = 1000000000 }}", "less than or equal to 100000"),
            (
                f"[[axis]]\n{A_PLUS} = {{ from = 0.1, to = 0.2, steps = 1000 }}\n"
                f"[[axis]]\n{RATIO} = {{ from = 0.1, to = 0.2, samples = 1000 }}",
                "1,000,000 points are too many",
            ),
        ],
    )
    def test_what_is_wrong_is_told_in_one_line(self, spikeseg, tmp_path, text, told):
        line = refusal(spikeseg("sweep", write(tmp_path, text), "--out", tmp_path / "out"))
        assert told in line
        assert ".toml" in line
        assert not (tmp_path / "out").exists()

    def test_the_documents_files_and_the_example_are_valid(self, tmp_path):
        page = (ROOT / "docs" / "sweeps.md").read_text()
        sweep, search = (tmp_path / name for name in ("sweep.toml", "search.toml"))
        for path, block in zip((sweep, search), re.findall(r"```toml\n(.*?)```", page, re.DOTALL), strict=True):
            path.write_text(block)
        assert len(load_sweep(sweep).points) == 3 * 2 * 3
        assert load_search(search).seeds == (0, 1)
        assert len(load_sweep(ROOT / "examples" / "sweep.toml").points) == 60

    def test_a_missing_file_is_named(self, spikeseg, tmp_path):
        assert refusal(spikeseg("sweep", tmp_path / "no.toml")) == f"{tmp_path / 'no.toml'} is missing"

    def test_test_data_are_only_measured_on_when_the_file_says_so(self, tmp_path):
        assert load_sweep(write(tmp_path, "[[axis]]\nseed = [1]")).measure_on == "validation"


class TestPoints:
    def test_its_arguments_make_the_point_again(self, tmp_path):
        constant = "[set]\ndata.classes = ['panda', 'orange']\nconv2.tau_ms = inf"
        text = f"{constant}\n[[axis]]\n{A_PLUS} = [1e-7]\nname = ['a \"b\" ü']"
        (point,) = load_sweep(write(tmp_path, text)).points
        source, *words = point.arguments
        again = make_point(source, dict(map(parsed, words[1::2])), {}, source)
        assert again.config == point.config
        assert again.hash == point.hash

    def test_its_hash_is_that_of_its_content(self, tmp_path):
        path = write(tmp_path, f"[[axis]]\n{A_PLUS} = [0.05, 0.06]")
        same, other = load_sweep(path).points
        assert same.hash != other.hash
        assert same.hash == make_point(str(tmp_path / "tiny.toml"), {}, {}, "").hash  # 0.05 is what it has anyway

    def test_a_change_that_is_none_is_told(self, spikeseg, tiny):
        assert "--set seed: say KEY=VALUE" in refusal(spikeseg("point", tiny, "--set", "seed"))
        assert "unknown key sead" in refusal(spikeseg("point", tiny, "--set", "sead=1"))


class TestRunning:
    @pytest.fixture
    def file(self, tmp_path) -> Path:
        return write(tmp_path, f"[[axis]]\n{A_PLUS} = [0.01, 0.02]\n[[axis]]\n{RATIO} = [0.4, 0.6]")

    def test_every_point_is_run_once_and_not_again(self, spikeseg, stub, file, tmp_path):
        command = ("sweep", file, "--out", tmp_path / "out", "--jobs", 3)
        assert spikeseg(*command).code == 0
        assert sorted(stub()) == sorted(point.hash for point in load_sweep(file).points)
        before = (tmp_path / "out" / "sweep" / "points.csv").read_bytes()
        assert spikeseg(*command).code == 0
        assert len(stub()) == 4
        assert (tmp_path / "out" / "sweep" / "points.csv").read_bytes() == before

    def test_a_larger_sweep_runs_what_is_new(self, spikeseg, stub, file, tmp_path):
        assert spikeseg("sweep", file, "--out", tmp_path / "out").code == 0
        file.write_text(file.read_text().replace("0.6]", "0.6, 0.8]"))
        assert spikeseg("sweep", file, "--out", tmp_path / "out").code == 0
        assert len(stub()) == len(set(stub())) == 6

    @pytest.mark.parametrize("content", ["{", "{}"])
    def test_damaged_metrics_cost_their_point_alone(self, spikeseg, stub, file, tmp_path, content):
        command = ("sweep", file, "--out", tmp_path / "out")
        assert spikeseg(*command).code == 0
        damaged = tmp_path / "out" / load_sweep(file).points[1].hash / "metrics-validation.json"
        damaged.write_text(content)
        told = spikeseg(*command)
        assert "1 of 4 points failed" in refusal(told)
        failures = [line["failure"] for line in table(tmp_path / "out" / "sweep" / "points.csv")]
        assert [bool(failure) for failure in failures] == [False, True, False, False]
        assert f"remove {damaged} to measure that point again" in failures[1]

    def test_what_fails_is_told_and_stops_nothing_else(self, spikeseg, stub, file, tmp_path):
        file.write_text(file.read_text().replace("[0.4,", "[0.2, 0.3,"))
        told = spikeseg("sweep", file, "--out", tmp_path / "out")
        assert refusal(told) == "4 of 6 points failed: run the same command to try them again"
        assert f"failed ({A_PLUS}=0.01, {RATIO}=0.3): that ratio is not liked\n" in told.out
        rows = table(tmp_path / "out" / "sweep" / "points.csv")
        assert [line["failure"] for line in rows[:3]] == [
            "killed by SIGKILL: out of memory?",
            "that ratio is not liked",
            "",
        ]
        assert [line["accuracy"] for line in rows[:3]] == ["", "", "0.006"]
        assert spikeseg("sweep", file, "--out", tmp_path / "out").code == 1
        assert len(stub()) == 6 + 4  # only what had failed was tried again

    def test_the_table_is_tidy_and_the_same_as_parquet(self, spikeseg, stub, file, tmp_path):
        parquet = pytest.importorskip("pyarrow.parquet")
        assert spikeseg("sweep", file, "--out", tmp_path / "out").code == 0
        rows = table(tmp_path / "out" / "sweep" / "points.csv")
        typed = parquet.read_table(tmp_path / "out" / "sweep" / "points.parquet").to_pylist()
        assert [{key: "" if v is None else str(v) for key, v in line.items()} for line in typed] == rows
        assert [(line[A_PLUS], line[RATIO]) for line in typed] == values(file)
        for line, point in zip(typed, load_sweep(file).points, strict=True):
            metrics = json.loads((tmp_path / "out" / point.hash / "metrics-validation.json").read_text())
            assert line["point"] == point.hash
            assert line["accuracy"] == metrics["accuracy"]
            assert line["conv3_convergence"] == metrics["training"]["layers"]["conv3"]["convergence"]


def measured(varied: dict, score: float) -> dict:
    return row("point", varied, measurements(score, score / 10))


def measurements(score: object, convergence: float) -> dict:
    layer = {"convergence": convergence, "presented": 16}
    scores = dict.fromkeys(["accuracy", "miou", "miou_class_mean", "miou_strict", "miou_strict_class_mean"], score)
    return scores | {"training": {"layers": {"conv2": layer, "conv3": layer}}}


@pytest.mark.parametrize("score", [10**400, float("nan"), float("inf"), True, "0.5", [0.5]])
def test_a_score_that_is_no_number_is_told(score):
    with pytest.raises(SpikeSegError, match=r"accuracy of point is .*, no number"):
        row("point", {}, measurements(score, 0.1))


class TestFigures:
    def test_two_constants_make_a_heat_map_of_means_over_the_seeds(self):
        rows = [
            measured({"a": a, "b": b, "seed": s}, (a + b + s / 10) / 10) for a in (1, 2) for b in (3, 4) for s in (0, 2)
        ]
        rows[-1] |= {"accuracy": None, "miou": None, "failure": "x"}
        drawn = sweeps.draw(rows, ["a", "b", "seed"])
        assert drawn.keys() == {"heat-map", "lines"}
        accuracy, miou = drawn["heat-map"].axes[:2]
        np.testing.assert_allclose(accuracy.images[0].get_array(), [[41, 51], [51, 60]])
        assert [text.get_text() for text in accuracy.texts] == [
            "41.0\n±1.4",
            "51.0\n±1.4",
            "51.0\n±1.4",
            "60.0\n1 failed",
        ]
        assert miou.texts[0].get_text() == "0.410\n±0.014"

    def test_one_constant_makes_lines_through_the_means(self):
        rows = [measured({"a": a, "seed": s}, (a + s / 10) / 10) for a in (3, 1) for s in (0, 2)]
        accuracy = sweeps.draw(rows, ["a", "seed"])["lines"].axes[0]
        np.testing.assert_allclose(accuracy.lines[0].get_xydata(), [[1, 11], [3, 31]])
        np.testing.assert_allclose(accuracy.lines[1].get_xydata(), [[1, 10], [1, 12], [3, 30], [3, 32]])

    @pytest.mark.parametrize("keys", [("a", "b", "c"), ("a", "b")])
    def test_more_and_what_is_not_crossed_have_parallel_coordinates(self, keys):
        rows = [measured({"a": n, "b": "xyx"[n], "c": 10.0**n} | {"seed": 0}, n / 2) for n in range(3)]
        axes = sweeps.draw(rows, [*keys, "seed"])["parallel"].axes[0]
        lines = [line for line in axes.lines if len(line.get_xdata()) > 2]
        assert len(lines) == 3
        for line, height in zip(lines, (0, 0.5, 1), strict=True):  # from the lowest score to the highest
            assert line.get_ydata()[0] == height
            assert line.get_ydata()[-1] == height

    def test_inf_has_a_place_after_all_numbers(self):
        rows = [measured({"tau": tau, "b": b}, 0.5) for tau in (np.inf, 10.0, 30.0) for b in (1, 2)]
        for keys, name in ((["tau"], "lines"), (["tau", "b"], "lines"), (["tau", "b"], "heat-map")):
            axes = sweeps.draw(rows, keys)[name].axes[0]
            assert [label.get_text() for label in axes.get_xticklabels()] == ["10", "30", "inf"]
        lines = sweeps.draw(rows[:-1], ["tau", "b"])["parallel"].axes[0].lines
        heights = {line.get_ydata()[0] for line in lines if len(line.get_xdata()) > 2}
        np.testing.assert_allclose(sorted(heights), [1 / 6, 3 / 6, 5 / 6])

    def test_points_that_all_failed_have_no_picture(self):
        assert sweeps.draw([row("point", {"a": 1}, None, "x")], ["a"]) == {}

    def test_metrics_that_lack_something_are_told(self):
        with pytest.raises(SpikeSegError, match="the metrics of p lack 'training'"):
            row("p", {}, {})


@pytest.mark.compiled
@pytest.mark.skipif(find_spec("snakemake") is None, reason="needs Snakemake: pip install 'spikeseg[sweep]'")
def test_snakemake_gives_what_the_pool_gives_and_compiles_nothing_anew(swept, programs, tmp_path):
    cache = tmp_path / "cache"  # of its own: other tests compile into the one that they share
    for main in programs.glob("programs/[!.]*/main"):
        shutil.copytree(main.parent, cache / "programs" / main.parent.name)
    before = {path: path.stat().st_mtime_ns for path in cache.glob("programs/*/main")}
    snakemake = [sys.executable, "-m", "snakemake", "--cores", "2", "--snakefile", ROOT / "workflow" / "Snakefile"]
    command = [*snakemake, "--config", f"sweep={swept / 'sweep.toml'}", f"out={tmp_path / 'runs'}"]
    environment = os.environ | {"SPIKESEG_CACHE": str(cache)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    pool, same = (path / "runs" / "sweep" / "points.csv" for path in (swept, tmp_path))
    assert same.read_bytes() == pool.read_bytes()
    assert [line["failure"] for line in table(pool)] == ["", ""]
    assert len({line["conv3_convergence"] for line in table(pool)}) == 2
    assert {path: path.stat().st_mtime_ns for path in cache.glob("programs/*/main")} == before
