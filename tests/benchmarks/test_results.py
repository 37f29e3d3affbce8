"""Tables are made of metrics.json: mean and spread over seeds, and nothing of what is missing or of something else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.results import __main__ as command
from benchmarks.results import running, tables
from benchmarks.results.experiments import Experiment, Result, Variant, named, read_experiments, read_metrics, results
from spikeseg.configs import load
from spikeseg.errors import SpikeSegError
from spikeseg.files import read_json, write_json
from spikeseg.version import __version__

EXPERIMENTS = {
    "dog-caltech": Experiment(
        seeds=[0, 1, 2],
        data=".",
        variants={
            "shifted": Variant(options="--canvas", seeds=[0]),
            "absent": Variant(options="--absent DATA/cars", seeds=[1]),
        },
    ),
    "orange-panda": Experiment(seeds=[0, 1], variants={"half": Variant(options="--overlap 0.5")}),
}
ACCURACY = 0.5, 0.6, 0.8
TEMPLATE = """
| | seeds | accuracy | mIoU |
| --- | --- | --- | --- |
| ours | {dog-caltech seeds} | {dog-caltech accuracy %} | {dog-caltech miou} |
| seed 1 | 1 | {dog-caltech-1 accuracy %} | {dog-caltech-1 miou} |
| shifted | 0 | {dog-caltech/shifted accuracy %} | {dog-caltech/shifted baselines.event_box.miou} |
| the paper | | 97 % | 0.74 |
| box of all events, {dog-caltech n} pictures | | | {dog-caltech baselines.event_box.miou} |
"""
TABLE = """| | seeds | accuracy | mIoU |
| --- | --- | --- | --- |
| ours | 0 to 2 | 63.3 ± 15.3 % | 0.500 ± 0.100 |
| seed 1 | 1 | 60.0 % | 0.500 |
| shifted | 0 | 50.0 % | 0.250 |
| the paper | | 97 % | 0.74 |
| box of all events, 7 pictures | | | 0.250 |
"""
DOCUMENT = "Before.\n\n<!-- table: caltech -->\n{}<!-- end -->\n\nAfter.\n"


def write_result(runs: Path, result: Result, version: str = __version__, **numbers) -> None:
    """A made-up run and one evaluation of it."""
    config = load(result.recipe, seed=result.seed)
    options = result.options.replace("DATA/", "/some/where/")
    record = {"config": config.model_dump(mode="json"), "digest": config.digest(), "version": version}
    write_json(result.run(runs) / "run.json", record)
    (result.run(runs) / "network.npz").touch()
    metrics = {
        "n": 7,
        "accuracy": ACCURACY[result.seed],
        "miou": 0.4 + 0.1 * result.seed,
        "baselines": {"event_box": {"miou": 0.25}},
        "split": "test",
        "training": {"version": version, "digest": config.digest(), "seed": result.seed},
        "evaluation": {
            "version": version,
            "command": f"spikeseg evaluate {result.run(runs)} --data x {options} --out={result.directory(runs)}",
        },
    }
    write_json(result.directory(runs) / "metrics.json", metrics | numbers)


@pytest.fixture
def runs(tmp_path) -> Path:
    """A complete set of results."""
    for recipe, experiment in EXPERIMENTS.items():
        for result in results(recipe, experiment):
            write_result(tmp_path / "runs", result)
    return tmp_path / "runs"


@pytest.fixture
def document(tmp_path, monkeypatch) -> Path:
    """A document with a table; the command knows the experiments and the template above."""
    monkeypatch.setattr(command, "read_experiments", lambda: EXPERIMENTS)
    monkeypatch.setattr(command, "read_templates", lambda: {"caltech": TEMPLATE, "half": "{orange-panda/half n}"})
    path = tmp_path / "results.md"
    path.write_text(DOCUMENT.format("| by hand |\n"))
    return path


def test_a_table_has_mean_and_sample_deviation_over_seeds(runs, document, capsys):
    assert command.tables(runs, check=False, documents=[document]) == 0
    assert document.read_text() == DOCUMENT.format(TABLE)
    assert "-| by hand |" in capsys.readouterr().out
    assert command.tables(runs, check=True, documents=[document]) == 0
    assert capsys.readouterr().out == "results.md: nothing to change\n"


def test_check_writes_nothing(runs, document, capsys):
    assert command.tables(runs, check=True, documents=[document]) == 1
    assert document.read_text() == DOCUMENT.format("| by hand |\n")
    assert "+| seed 1 | 1 | 60.0 % | 0.500 |" in capsys.readouterr().out


def test_a_missing_run_is_named_and_its_table_left_alone(runs, document, capsys):
    (runs / "dog-caltech-1" / "metrics.json").unlink()
    document.write_text(document.read_text() + "<!-- table: half -->\n<!-- end -->\n")
    assert command.tables(runs, check=False, documents=[document]) == 1
    assert document.read_text() == DOCUMENT.format("| by hand |\n") + "<!-- table: half -->\n7\n<!-- end -->\n"
    assert capsys.readouterr().err == f"{runs}/dog-caltech-1/metrics.json is missing\nleft alone: caltech\n"


def test_a_table_without_a_template_is_named(runs, document, capsys):
    document.write_text("<!-- table: other -->\n<!-- end -->\n")
    assert command.tables(runs, check=False, documents=[document]) == 1
    assert capsys.readouterr().err == "no template other in tables.toml\nleft alone: other\n"


def test_another_version_is_refused(runs):
    result = Result("dog-caltech", 0)
    write_result(runs, result, version="0.0.9")
    with pytest.raises(SpikeSegError, match=rf"run.json is of spikeseg 0.0.9, this is {__version__}"):
        read_metrics(result, runs)


def test_another_configuration_is_refused(runs):
    result = Result("dog-caltech", 0)
    record = read_json(runs / "dog-caltech-0" / "run.json")
    record["config"]["conv2"]["threshold"] = 7.0
    write_json(runs / "dog-caltech-0" / "run.json", record)
    with pytest.raises(SpikeSegError, match=r"another configuration \(\w+\) than dog-caltech today \(b932d903c37c\)"):
        read_metrics(result, runs)


def test_a_key_that_has_come_since_counts_with_its_default(runs):
    record = read_json(runs / "dog-caltech-0" / "run.json")
    del record["config"]["conv3"]["purity"]
    write_json(runs / "dog-caltech-0" / "run.json", record)
    assert read_metrics(Result("dog-caltech", 0), runs)["n"] == 7


@pytest.mark.parametrize("training", [{"digest": "0", "seed": 0}, {"digest": load("dog-caltech").digest(), "seed": 1}])
def test_metrics_of_another_network_are_refused(runs, training):
    result = Result("dog-caltech", 0)
    write_result(runs, result, training=training | {"version": __version__})
    with pytest.raises(SpikeSegError, match=r"is of another network than the run.json beside it"):
        read_metrics(result, runs)


@pytest.mark.parametrize(
    ("numbers", "reason"),
    [
        ({"split": "validation"}, "the validation part"),
        ({"evaluation": {"version": __version__, "command": "spikeseg evaluate r"}}, "no options, not --canvas"),
        (
            {"evaluation": {"version": __version__, "command": "x evaluate r --scales"}},
            "--scales, not --canvas",
        ),
        (
            {"evaluation": {"version": __version__, "command": "x evaluate r --canvas --clutter --data d"}},
            "--canvas --clutter, not --canvas",
        ),
        ({"evaluation": {"version": "0.0.9", "command": "spikeseg evaluate r --canvas"}}, "is of spikeseg 0.0.9"),
    ],
)
def test_another_evaluation_is_refused(runs, numbers, reason):
    result = Result("dog-caltech", 0, "shifted", "--canvas")
    write_result(runs, result, **numbers)
    with pytest.raises(SpikeSegError, match=re.escape(reason)):
        read_metrics(result, runs)


def test_a_baseline_that_depends_on_the_seed_is_refused(runs, document, capsys):
    write_result(runs, Result("dog-caltech", 2), baselines={"event_box": {"miou": 0.3}})
    assert command.tables(runs, check=False, documents=[document]) == 1
    assert "{dog-caltech baselines.event_box.miou} differs between seeds: 0.25, 0.25, 0.3" in capsys.readouterr().err


def test_a_number_that_is_not_there_is_named(runs):
    found, _ = tables.gather("{dog-caltech-0 accuracy}", EXPERIMENTS, runs)
    with pytest.raises(SpikeSegError, match=r"metrics.json has nothing for \{dog-caltech-0 decisions.undecided\}"):
        tables.fill("{dog-caltech-0 decisions.undecided}", EXPERIMENTS, found)
    with pytest.raises(SpikeSegError, match=r"no experiment dog-caltech-9 in experiments.toml"):
        named("dog-caltech-9", EXPERIMENTS)


def test_units_and_seeds():
    assert tables.formatted([0.5, 0.5], "%", False, "") == "50.0 ± 0.0 %"
    assert tables.formatted([6.0, 9.0], "ms", False, "") == "7.5 ± 2.12 ms"
    assert tables.formatted([6.0, 6.0], "ms", False, "") == "6 ms"
    assert tables.formatted([0.12345], None, False, "") == "0.123"
    assert tables.formatted(["2.9.0", "2.9.0"], None, False, "") == "2.9.0"
    assert [tables.seed_range(seeds) for seeds in ([0, 1, 2], [4], [0, 1], [0, 2, 5])] == [
        "0 to 2",
        "4",
        "0, 1",
        "0, 2, 5",
    ]


def test_what_is_done_is_not_run_again(runs, tmp_path):
    assert running.plan(EXPERIMENTS, runs, tmp_path) == {}


def test_the_plan_has_the_commands_that_are_missing(runs, tmp_path):
    (runs / "orange-panda-1" / "half" / "metrics.json").unlink()
    (runs / "dog-caltech-0" / "network.npz").unlink()
    assert running.plan(EXPERIMENTS, runs, tmp_path) == {
        "dog-caltech-0": [
            ["train", "dog-caltech", "--seed=0", f"--data={tmp_path}", f"--out={runs}/dog-caltech-0"],
            ["evaluate", f"{runs}/dog-caltech-0", f"--data={tmp_path}"],
            [
                "evaluate",
                f"{runs}/dog-caltech-0",
                f"--data={tmp_path}",
                "--canvas",
                f"--out={runs}/dog-caltech-0/shifted",
            ],
        ],
        "orange-panda-1": [
            ["evaluate", f"{runs}/orange-panda-1", "--overlap", "0.5", f"--out={runs}/orange-panda-1/half"],
        ],
    }


def test_a_path_in_the_data_is_put_in_and_recognised(runs, tmp_path):
    result = Result("dog-caltech", 1, "absent", "--absent DATA/cars")
    (runs / "dog-caltech-1" / "absent" / "metrics.json").unlink()
    (step,) = running.plan(EXPERIMENTS, runs, tmp_path)["dog-caltech-1"]
    assert step[3:5] == ["--absent", f"{tmp_path}/cars"]
    write_result(runs, result)
    assert read_metrics(result, runs)["n"] == 7
    with pytest.raises(SpikeSegError, match="evaluated with --absent /some/where/cars, not --absent DATA/boats"):
        read_metrics(Result("dog-caltech", 1, "absent", "--absent DATA/boats"), runs)


def test_a_network_of_something_else_is_not_evaluated(runs, tmp_path):
    write_result(runs, Result("dog-caltech", 1), version="0.0.9")
    with pytest.raises(SpikeSegError, match=r"is of spikeseg 0\.0\.9"):
        running.plan(EXPERIMENTS, runs, tmp_path)


def test_data_are_asked_for(runs):
    (runs / "dog-caltech-0" / "network.npz").unlink()
    with pytest.raises(SpikeSegError, match="dog-caltech needs --data: the directory that holds"):
        running.plan(EXPERIMENTS, runs, None)


def test_a_failing_command_ends_its_run_and_no_other():
    told = []
    commands = {"a": [["train", "no-such", "--out=x"], ["evaluate", "never"]], "b": [["--version"]]}
    assert not running.run_all(commands, 2, told.append)
    assert sorted(line.partition(":")[0] for line in told) == [
        "failed",
        "spikeseg --version",
        "spikeseg train no-such --out=x",
    ]
    assert any(line.startswith("failed: train no-such: no configuration no-such") for line in told)


def test_tables_of_the_documents_are_those_of_the_templates():
    """But for the numbers: a table changed by hand, one without a template or one not shown anywhere is seen."""
    templates, experiments = tables.read_templates(), read_experiments()
    shown = {}
    for path in command.DOCUMENTS:
        shown |= {match[2]: match[3] for match in tables.MARKED.finditer(path.read_text())}
    assert shown.keys() == templates.keys()
    for name, template in templates.items():
        fixed = re.split(r"\{[^{}]+\}", template.strip() + "\n")
        assert re.fullmatch(r"[^|\n]*?".join(map(re.escape, fixed)), shown[name]), name
        for match in tables.PLACEHOLDER.finditer(template):
            assert named(match["source"], experiments)
        assert len(fixed) == 1 + len(tables.PLACEHOLDER.findall(template)), f"{name}: a placeholder is not understood"
