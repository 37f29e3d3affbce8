"""Rules: bundled ones explain themselves, your own are checked, and both are part of an experiment."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tomllib
from pathlib import Path

import pytest

from helpers.runs import TINY
from spikeseg.configs import load, validate
from spikeseg.configs.language.files import LONGEST_FILE
from spikeseg.configs.plasticity.rule import PLACES, PREFIX, RULES, read_rule
from spikeseg.configs.reading import headline
from spikeseg.configs.schema import DEFAULT_RULE, Plasticity
from spikeseg.errors import SpikeSegError
from spikeseg.runners.sweeps.points import load_sweep, make_point

OWN = """
source = "a test"

[input]
equations = "dx/dt = -x / tau : 1"
on_spike = "x = 1"

[weight]
on_win = \"\"\"
w = w + a_plus_post * x_pre * gain
w = clip(w, 0, 1)
\"\"\"

[parameters]
tau_ms = 5.0
gain = 2.0
"""

ORDER = ("multiplicative", "additive", "pair", "triplet", "reward")  # from the simplest to the richest

each_rule = pytest.mark.parametrize("name", RULES.bundled())


def told_of(text: str) -> str:
    with pytest.raises(SpikeSegError) as error:
        read_rule(text, "own.toml")
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture
def own(tmp_path):
    """A configuration with a rule of the user's own beside it."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "own.toml").write_text(OWN)
    path = tmp_path / "mine.toml"
    path.write_text(TINY + '\n[plasticity]\nrule = "rules/own.toml"\n')
    return path


class TestBundled:
    def test_there_is_the_one_of_the_paper_and_others(self):
        assert set(ORDER) == set(RULES.bundled())
        assert DEFAULT_RULE == "multiplicative"

    @each_rule
    def test_each_begins_with_a_sentence_and_names_its_source(self, name):
        text = RULES.bundled()[name]
        assert 30 < len(headline(text)) < 118
        assert re.search(r"\d{4}", tomllib.loads(text)["source"])

    @each_rule
    def test_every_name_is_explained(self, name):
        text = RULES.bundled()[name]
        explained = "\n".join(line for line in text.splitlines() if "#" in line)
        read = read_rule(text, name)
        for place in PLACES:
            for variable in read.rule.variables[place]:
                own = variable.name.removeprefix(PREFIX)
                assert re.search(rf"^# (\w+, )*{own}(, \w+)*: ", explained, re.MULTILINE), own
        for key in read.parameters:
            assert re.search(rf"^{key} = [\d.]+  # .+", text, re.MULTILINE), key
        for word in re.findall(r"\w+_(?:pre|post)\b", " ".join(tomllib.loads(text)["weight"].values())):
            assert word in explained, word

    def test_one_is_supervised_and_says_so(self):
        supervised = [name for name, text in RULES.bundled().items() if read_rule(text, name).rule.supervised]
        assert supervised == ["reward"]
        assert headline(RULES.bundled()["reward"]).startswith("Supervised: ")

    def test_the_default_is_quoted_in_the_description_of_the_model(self):
        page = (Path(__file__).parents[3] / "docs" / "model.md").read_text()
        stated = [line for line in RULES.bundled()[DEFAULT_RULE].splitlines() if re.match("on_|equations|new_", line)]
        assert len(stated) == 4
        assert all(f"\n{line}\n" in page for line in stated)


class TestOwn:
    def test_what_it_says(self):
        read = read_rule(OWN, "own.toml")
        assert read.parameters == {"tau_ms": 5.0, "gain": 2.0}
        assert read.rule.parameters == (("rule_tau", "second"), ("rule_gain", "1"))
        assert read.rule.statements["weight.on_win"].splitlines()[1] == "w = clip(w, 0.0, 1.0)"
        assert list(read.rule.decays("input")) == [("rule_x", "rule_tau")]
        assert read.rule.carried["input"] == ("rule_x",)
        assert read.rule.constants("input") == {"left_of_rule_x": "1"}
        assert read.rule.constants("weight") == {"rule_gain": "1"}

    @pytest.mark.parametrize(
        ("line", "instead", "told"),
        [
            ("x = 1", "x = y", "own.toml, line 6: unknown name y: known here are gain, tau, x"),
            ("x = 1", "w = 1", "own.toml, line 6: w cannot be set here, only x"),
            ("w = clip(w, 0, 1)", "w = clip(w, 0, tau)", "own.toml, line 11: w is in no unit, tau in second"),
            ("tau : 1", "tua : 1", "own.toml, line 5: tua is no time: give tua_ms in [parameters]"),
            ("tau : 1", "gain : 1", "own.toml, line 5: gain is no time"),
            ("tau_ms = 5.0", "tau_ms = 0.0", "own.toml, line 15: tau_ms has to be above 0"),
            ("tau_ms = 5.0", "tau_ms = 5.0\nw = 1.0", "own.toml, line 16: w is there already"),
            ("gain = 2.0", "x = 2.0", "own.toml, line 5: x is in [parameters] already"),
            ("gain = 2.0", "gain = inf", "own.toml: parameters.gain: Input should be a finite number"),
            ("gain = 2.0", "gain = 2.0.0", "own.toml cannot be read as TOML"),
            ("[input]", "[inputs]", "own.toml: unknown key inputs"),
            ("on_spike", "on_spik", "own.toml: unknown key input.on_spik"),
            ('source = "a test"', "", "own.toml: source: Field required"),
            ("x_pre", "x_post", "own.toml, line 10: unknown name x_post"),
        ],
    )
    def test_what_is_wrong_is_told_with_its_line(self, line, instead, told):
        assert line in OWN
        assert told in told_of(OWN.replace(line, instead))

    def test_a_reward_is_known_when_somebody_wins_and_makes_a_rule_supervised(self):
        assert not read_rule(OWN, "own.toml").rule.supervised
        assert read_rule(OWN.replace("gain\n", "gain * reward_post\n"), "own.toml").rule.supervised
        for place in ("neuron", "map", "layer"):
            told = f'[{place}]\nequations = "z : 1"\non_win = "z = z + reward"\n[weight]'
            assert read_rule(OWN.replace("[weight]", told), "own.toml").rule.supervised
            beside = told.replace("on_win", "new_stimulus")
            assert "unknown name reward" in told_of(OWN.replace("[weight]", beside))
        assert "reward is there already" in told_of(OWN.replace("gain = 2.0", "gain = 2.0\nreward = 1.0"))
        assert "unknown name reward_post" in told_of(OWN.replace("[weight]", '[weight]\non_input = "w = reward_post"'))

    def test_a_map_is_not_seen_where_an_input_fires(self):
        text = OWN.replace("[weight]", '[map]\nequations = "z : 1"\n[weight]\non_input = "w = z_post"')
        assert "unknown name z_post" in told_of(text)
        read_rule(text.replace("z_post", "a_minus_post"), "own.toml")

    @pytest.mark.parametrize("text", ["a = " + "[" * 5000, "x" * (LONGEST_FILE + 1), 'source = "a"\n[weight]\n'])
    def test_no_rule_at_all_is_told_in_a_line(self, text):
        assert told_of(text).startswith("own.toml")

    def test_a_rule_that_changes_no_weight_is_none(self):
        assert "line 3: no weight is ever changed" in told_of('source = "a"\n\n[weight]\non_win = ""\n')


class TestDescription:
    PAGE = (Path(__file__).parents[3] / "docs" / "changing-the-rule.md").read_text()
    (EXAMPLE,) = re.findall(r"```toml\n(source.+?)```", PAGE, re.DOTALL)

    def test_the_rule_that_is_shown_is_one(self):
        assert read_rule(self.EXAMPLE, "decay.toml").parameters == {"tau_ms": 5.0}
        assert len(self.EXAMPLE.splitlines()) < 20

    def test_the_errors_that_are_shown_are_told(self):
        (shown,) = re.findall(r"```text\n(.+?)```", self.PAGE, re.DOTALL)
        for line, instead in zip(shown.splitlines(), ("y_pre", "(x_pre + tau)", "exp(x_pre)"), strict=True):
            with pytest.raises(SpikeSegError) as error:
                read_rule(self.EXAMPLE.replace("* x_pre", f"* {instead}"), "decay.toml")
            assert f"spikeseg: {error.value}".startswith(line)

    def test_every_bundled_rule_is_in_the_table(self):
        assert re.findall(r"^\| `(\w+)`", self.PAGE, re.MULTILINE)[: len(RULES.bundled())] == list(ORDER)
        assert set(ORDER) == set(RULES.bundled())

    @pytest.mark.parametrize("place", PLACES)
    def test_the_table_has_what_each_place_knows(self, place):
        (row,) = re.findall(rf"^\| `\[{place}\]` \|.+$", self.PAGE, re.MULTILINE)
        keys = [key for key in re.findall(r"`(\w+)`", row) if key != "w"]
        assert len(keys) > 2
        for key in keys:
            told = told_of(f'source = "a"\n[{place}]\n{key} = 1\n')
            assert f"{place}.{key}: Input should be a valid string" in told


class TestConfiguration:
    def test_the_text_comes_with_the_configuration_which_then_needs_no_file(self, own):
        config = load(own)
        assert (config.plasticity.rule, config.plasticity.text) == ("own.toml", OWN)
        own.with_name("rules").rename(own.with_name("elsewhere"))
        again = validate(json.loads(config.model_dump_json()), "itself")
        assert again == config
        assert again.digest() == config.digest()

    def test_beside_a_bundled_configuration_it_is_looked_for_in_the_current_directory(self, own, monkeypatch):
        monkeypatch.chdir(own.parent)
        assert load("orange-panda", {"plasticity.rule": "rules/own.toml"}).plasticity.text == OWN

    def test_parameters_are_replaced_by_their_keys(self, own):
        config = load(own, {"plasticity.parameters.tau_ms": 7.5})
        assert config.plasticity.values == {"tau_ms": 7.5, "gain": 2.0}
        assert load(own).plasticity.values == {"tau_ms": 5.0, "gain": 2.0}

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"plasticity.parameters.tau": 7.5}, "unknown parameter tau: those of own.toml are tau_ms, gain"),
            ({"plasticity.parameters.tau_ms": -1.0}, "parameter tau_ms has to be above 0"),
            ({"plasticity.parameters.tau_ms": "5"}, "plasticity.parameters.tau_ms: Input should be a valid number"),
            (
                {"plasticity.rule": "none.toml"},
                "neither a file nor one of additive, multiplicative, pair, reward, triplet",
            ),
            ({"plasticity.rule": "rules"}, "cannot be read as a rule"),
            (
                {"plasticity.rule": "mine.toml"},
                "mine.toml: source: Field required; weight: Field required; unknown key",
            ),
            (
                {"plasticity.rule": "reward"},
                "reward is supervised, and only maps of Conv3 stand for classes: layers = ",
            ),
            ({"plasticity.rule": 3}, "plasticity.rule: Input should be a valid string"),
            ({"plasticity": 3}, "plasticity: Input should be"),
        ],
    )
    def test_what_is_wrong_is_told_in_a_line(self, own, changes, told):
        with pytest.raises(SpikeSegError) as error:
            load(own, changes)
        assert told in str(error.value)
        assert "\n" not in str(error.value)

    def test_a_pipe_is_not_waited_for(self, own):
        os.mkfifo(own.with_name("pipe"))
        with pytest.raises(SpikeSegError, match="no file but a device, a pipe or a socket"):
            load(own, {"plasticity.rule": "pipe"})

    def test_what_a_network_learns_by_is_part_of_the_experiment(self, own):
        changes = [
            {},
            {"plasticity.parameters.tau_ms": 7.5},
            {"plasticity.rule": "pair"},
            {"plasticity.rule": "additive"},
            {"plasticity.rule": "additive", "plasticity.layers": ["conv3"]},
            {"plasticity.rule": DEFAULT_RULE},
        ]
        digests = [load(own, change).digest() for change in changes]
        own.with_name("rules").joinpath("own.toml").write_text(OWN.replace("gain = 2.0", "gain = 3.0"))
        assert len({*digests, load(own).digest()}) == len(changes) + 1

    def test_the_default_is_the_experiment_that_it_was_before_there_were_others(self, own):
        path = own.with_name("plain.toml")
        path.write_text(TINY)
        plain = load(path)
        values = plain.model_dump(mode="json")
        del (
            values["plasticity"],
            values["neurons"],
            values["data"]["sensor"],
            values["data"]["unit"],
            values["input"]["augmentation"],
        )
        for layer in ("conv1", "conv2", "conv3"):
            del values[layer]["tau_ms"]
        before = hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]
        assert plain.digest() == load(own, {"plasticity.rule": DEFAULT_RULE}).digest() == before

    def test_layers_that_are_not_named_learn_by_the_default(self, own):
        rule = load(own, {"plasticity.layers": ["conv3"]}).plasticity
        assert rule.of("conv3") is rule
        assert rule.of("conv2") == Plasticity() != rule
        assert load(own).plasticity.of("conv2").rule == "own.toml"

    def test_rules_and_their_constants_can_be_swept(self, own):
        points = [
            make_point(str(own), {}, {"plasticity.rule": "pair", "plasticity.parameters.tau_plus_ms": tau}, "sweep")
            for tau in (10.0, 20.0)
        ]
        assert [point.config.plasticity.values["tau_plus_ms"] for point in points] == [10.0, 20.0]
        assert len({point.hash for point in points}) == 2
        assert len({repr(point.config.plasticity.learning_rule) for point in points}) == 1  # one compiled program
        assert make_point(str(own), {}, {}, "sweep").config == load(own)

    def test_the_comparison_of_all_bundled_rules_can_be_run(self):
        plan = load_sweep(Path(__file__).parents[3] / "examples" / "rules.toml")
        assert {point.config.plasticity.rule for point in plan.points} == set(RULES.bundled())

    def test_without_a_file_only_bundled_rules_are_known(self):
        with pytest.raises(ValueError, match="no rule own"):
            Plasticity(rule="own")
        with pytest.raises(ValueError, match="line 6: unknown name y"):
            Plasticity(rule="own", text=OWN.replace("x = 1", "x = y"))
