"""Neuron models: bundled ones explain themselves, your own are checked, and both are part of an experiment."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from helpers.runs import TINY
from spikeseg.configs import load, validate
from spikeseg.configs.language.files import LONGEST_FILE
from spikeseg.configs.neurons.neuron import NEURONS, PREFIX, read_neuron
from spikeseg.configs.reading import headline
from spikeseg.configs.schema import COUNTERS, DEFAULT_NEURON, Neurons
from spikeseg.errors import SpikeSegError
from spikeseg.runners.sweeps.points import load_sweep, make_point

ROOT = Path(__file__).parents[3]

OWN = """
source = "a test"

[neuron]
equations = \"\"\"
v : 1
dx/dt = -x / tau : 1
\"\"\"
on_input = "v = v + w * gain"
on_step = "x = x + dt / tau * v"
threshold = "v >= theta * (1 + x)"

[parameters]
tau_ms = 5.0
gain = 2.0
"""

ORDER = ("integrate-and-fire", "leaky", "adaptive", "quadratic", "alif")  # from the simplest to the richest

each_model = pytest.mark.parametrize("name", NEURONS.bundled())


def told_of(text: str) -> str:
    with pytest.raises(SpikeSegError) as error:
        read_neuron(text, "own.toml")
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture
def own(tmp_path):
    """A configuration with a neuron model of the user's own beside it."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "own.toml").write_text(OWN)
    path = tmp_path / "mine.toml"
    path.write_text(TINY + '\n[neurons]\nmodel = "models/own.toml"\n')
    return path


class TestBundled:
    def test_there_is_the_one_of_the_paper_and_others(self):
        assert set(ORDER) == set(NEURONS.bundled())
        assert DEFAULT_NEURON == "integrate-and-fire"

    @each_model
    def test_each_begins_with_a_sentence_and_names_its_source(self, name):
        text = NEURONS.bundled()[name]
        assert 30 < len(headline(text)) < 118
        assert re.search(r"\d{4}", tomllib.loads(text)["source"])

    @each_model
    def test_every_name_is_explained(self, name):
        text = NEURONS.bundled()[name]
        explained = [line for line in text.splitlines() if line.startswith("# ")]
        read = read_neuron(text, name)
        used = {variable.name.removeprefix(PREFIX) for variable in read.model.variables} | {"w", "theta"}
        if f"{PREFIX}dt" in read.model.constants:
            used.add("dt")
        for word in used:
            assert any(re.search(rf"(^# |; ){word}: ", line) for line in explained), word
        for key in read.parameters:
            assert re.search(rf"^{key} = [\d.]+  # .+", text, re.MULTILINE), key


class TestOwn:
    def test_what_it_says(self):
        read = read_neuron(OWN, "own.toml")
        assert read.parameters == {"tau_ms": 5.0, "gain": 2.0}
        assert read.model.parameters == (("cell_tau", "second"), ("cell_gain", "1"))
        assert read.model.statements["on_input"] == "v += w * cell_gain"
        assert read.model.threshold == "cell_theta * (1.0 + cell_x)"
        assert list(read.model.decays) == [("cell_x", "cell_tau")]
        assert set(read.model.constants) == {"cell_tau", "cell_gain", "cell_dt", "left_of_cell_x"}
        assert read.model.restless

    @pytest.mark.parametrize(
        ("line", "instead", "told"),
        [
            (
                "v = v + w * gain",
                "v = v + w * gian",
                "own.toml, line 9: unknown name gian: known here are gain, tau",
            ),
            ("v = v + w * gain", "w = v", "own.toml, line 9: w cannot be set here, only v, x"),
            ("v = v + w * gain", "v = v + w * theta", "own.toml, line 9: unknown name theta"),
            ("v = v + w * gain", "v = v + gain", "own.toml, line 9: no input counts: use w"),
            ("dt / tau * v", "dt * v", "own.toml, line 10: x is in no unit, dt * v in second"),
            ("dt / tau * v", "exp(v)", "own.toml, line 10: no function exp here, only abs, clip, int, sqrt"),
            ("v >= theta * (1 + x)", "v >= 1 + x", "own.toml, line 11: no map has a threshold: compare v with theta"),
            ("v >= theta * (1 + x)", "v > theta", "own.toml, line 11: 'v > theta' is no threshold: write v >= ..."),
            ("v >= theta * (1 + x)", "v - x >= theta", "is no threshold: write v >= ..., since maps compete by v"),
            ("v >= theta * (1 + x)", "v >= theta * tau", "own.toml, line 11: v is in no unit, theta * tau in second"),
            ("v >= theta * (1 + x)", "v >= theta > x", "own.toml, line 11: 'v >= theta > x' is no threshold"),
            ("v >= theta * (1 + x)", "v >= theta; 1", "own.toml, line 11: 'v >= theta; 1' is no threshold"),
            ("\nv : 1", "", "own.toml, line 5: no potential: declare v : 1, or dv/dt = -v / tau : 1"),
            ("v : 1", "v : second", "no potential: declare v : 1"),
            ("dx/dt = -x / tau : 1", "dx/dt = -x / tua : 1", "own.toml, line 7: tua is no time: give tua_ms"),
            ("dx/dt = -x / tau : 1", "theta : 1", "own.toml, line 7: theta is there already"),
            ("tau_ms = 5.0", "tau_ms = 0.0", "own.toml, line 14: tau_ms has to be above 0"),
            ("gain = 2.0", "v = 2.0", "v is in [parameters] already"),
            ("[neuron]", "[neurons]", "own.toml: neuron: Field required; unknown key neurons"),
            ("on_step", "on_stepp", "own.toml: unknown key neuron.on_stepp"),
            ('threshold = "v >= theta * (1 + x)"', "", "own.toml: neuron.threshold: Field required"),
        ],
    )
    def test_what_is_wrong_is_told_with_its_line(self, line, instead, told):
        assert line in OWN
        assert told in told_of(OWN.replace(line, instead))

    @pytest.mark.parametrize("text", ["a = " + "[" * 5000, "x" * (LONGEST_FILE + 1), 'source = "a"\n[neuron]\n'])
    def test_no_model_at_all_is_told_in_a_line(self, text):
        assert told_of(text).startswith("own.toml")


class TestDescription:
    PAGE = (ROOT / "docs" / "changing-the-neuron.md").read_text()
    (EXAMPLE,) = re.findall(r"```toml\n(source.+?)```", PAGE, re.DOTALL)

    def test_the_model_that_is_shown_is_one(self):
        assert read_neuron(self.EXAMPLE, "current.toml").model.restless
        assert len(self.EXAMPLE.splitlines()) < 20

    def test_the_errors_that_are_shown_are_told(self):
        (shown,) = re.findall(r"```text\n(.+?)```", self.PAGE, re.DOTALL)
        changes = ("i + w", "i + u"), ("dt / tau", "dt"), ("v >= theta", "v > theta")
        for line, change in zip(shown.splitlines(), changes, strict=True):
            with pytest.raises(SpikeSegError) as error:
                read_neuron(self.EXAMPLE.replace(*change), "current.toml")
            assert f"spikeseg: {error.value}" == line

    def test_every_bundled_model_is_in_the_table(self):
        assert re.findall(r"^\| `([\w-]+)`", self.PAGE, re.MULTILINE)[: len(ORDER)] == list(ORDER)

    def test_the_table_has_what_a_file_may_say(self):
        table, _, _ = self.PAGE.partition("| key of `[neuron]`")[2].partition("\n\n")
        keys = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
        assert len(keys) == 6
        for key in keys:
            assert f"neuron.{key}: Input should be a valid string" in told_of(f'source = "a"\n[neuron]\n{key} = 1\n')


class TestConfiguration:
    def test_the_text_comes_with_the_configuration_which_then_needs_no_file(self, own):
        config = load(own)
        assert (config.neurons.model, config.neurons.text) == ("own.toml", OWN)
        own.with_name("models").rename(own.with_name("elsewhere"))
        again = validate(json.loads(config.model_dump_json()), "itself")
        assert again == config
        assert again.digest() == config.digest()

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"neurons.parameters.tau": 7.5}, "unknown parameter tau: those of own.toml are tau_ms, gain"),
            ({"neurons.parameters.tau_ms": -1.0}, "parameter tau_ms has to be above 0"),
            ({"neurons.model": "none.toml"}, "no neuron model"),
            ({"neurons.model": "models"}, "cannot be read as a neuron model"),
            ({"neurons.layers": ["pool1"]}, "neurons.layers.0: Input should be 'conv1', 'conv2' or 'conv3'"),
            ({"conv2.tau_ms": 3.0}, "conv2.tau_ms is of the default neurons, but conv2 has neurons.model own.toml"),
            ({"conv3.decide_by": 0.2}, "conv3.decide_by goes by the potentials of the default neurons"),
        ],
    )
    def test_what_is_wrong_is_told_in_a_line(self, own, changes, told):
        with pytest.raises(SpikeSegError) as error:
            load(own, changes)
        assert told in str(error.value)
        assert "\n" not in str(error.value)

    def test_layers_that_are_not_named_keep_what_they_have(self, own):
        changes = {"neurons.layers": ["conv1"], "conv2.tau_ms": 3.0, "conv3.decide_by": 0.2}
        config = load(own, changes)
        assert config.neurons.of("conv1") is config.neurons
        assert config.neurons.of("conv2") is config.neurons.of("conv3") is COUNTERS

    def test_what_the_neurons_are_is_part_of_the_experiment(self, own):
        changes = [
            {},
            {"neurons.parameters.tau_ms": 7.5},
            {"neurons.model": "leaky"},
            {"neurons.model": "leaky", "neurons.layers": ["conv3"]},
            {"neurons.model": DEFAULT_NEURON},
        ]
        digests = [load(own, change).digest() for change in changes]
        own.with_name("models").joinpath("own.toml").write_text(OWN.replace("gain = 2.0", "gain = 3.0"))
        assert len({*digests, load(own).digest()}) == len(changes) + 1
        plain = own.with_name("plain.toml")
        plain.write_text(TINY)
        assert load(plain).digest() == digests[-1]

    def test_models_and_their_constants_can_be_swept(self, own):
        points = [
            make_point(str(own), {}, {"neurons.model": "leaky", "neurons.parameters.tau_ms": tau}, "sweep")
            for tau in (10.0, 20.0)
        ]
        assert [point.config.neurons.values["tau_ms"] for point in points] == [10.0, 20.0]
        assert len({point.hash for point in points}) == 2
        assert len({repr(point.config.neurons.neuron_model) for point in points}) == 1  # one compiled program
        assert make_point(str(own), {}, {}, "sweep").config == load(own)

    def test_the_comparison_of_all_bundled_models_can_be_run(self):
        """But of the one that differs from another in continuous time only."""
        plan = load_sweep(ROOT / "examples" / "neurons.toml")
        assert {point.config.neurons.model for point in plan.points} == set(NEURONS.bundled()) - {"alif"}

    def test_without_a_file_only_bundled_models_are_known(self):
        with pytest.raises(ValueError, match="no neuron model own"):
            Neurons(model="own")
        with pytest.raises(ValueError, match="line 9: unknown name gian"):
            Neurons(model="own", text=OWN.replace("* gain", "* gian"))
