"""Configurations: bundled ones load, what is wrong is named, equal ones have equal labels."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from helpers.networks import configuration
from helpers.runs import TINY
from spikeseg.configs import layer_shapes, load, shipped, validate
from spikeseg.configs.inputs import RENDERED, DoG
from spikeseg.configs.reading import summary
from spikeseg.datasets.dog import dog_kernel
from spikeseg.datasets.rendered.ornaments import ORNAMENTS
from spikeseg.errors import SpikeSegError
from spikeseg.spikes import Shape

ROOT = Path(__file__).parents[1]
FILES = [*shipped().values(), *sorted((ROOT / "examples").glob("*.toml"))]


def refusal(**sections) -> str:
    """The line that is told of the shipped configuration with some keys of some sections replaced."""
    with pytest.raises(SpikeSegError) as told:
        configuration(**sections)
    assert "\n" not in str(told.value)
    return str(told.value)


def tiny(**replaced) -> dict:
    return tomllib.loads(TINY) | replaced


class TestShipped:
    def test_there_are_some(self):
        assert {"dog-caltech", "orange-panda"} <= set(shipped())

    @pytest.mark.parametrize("name", shipped())
    def test_each_loads_by_its_name_which_it_bears(self, name):
        config = load(name)
        assert config.name == name
        assert config == load(shipped()[name])
        assert config == validate(json.loads(config.model_dump_json()), "itself")

    @pytest.mark.parametrize("name", shipped())
    def test_the_first_line_says_what_it_is(self, name):
        assert summary(shipped()[name]) in shipped()[name].read_text().splitlines()[0]
        assert 30 < len(summary(shipped()[name])) < 118

    @pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
    def test_every_key_carries_a_comment(self, path):
        keys, explained, before = [], [], ""
        for line in path.read_text().splitlines():
            if key := re.match(r"([\w.]+) = ", line):
                keys.append(key[1])
                beside = re.sub(r'"[^"]*"', "", line).partition("#")[2].strip()
                if beside or (before.startswith("# ") and len(keys) > 1):  # above the first is the file's
                    explained.append(key[1])
            before = line
        assert len(keys) == leaves(tomllib.loads(path.read_text()))  # none was overlooked
        assert explained == keys


def leaves(content) -> int:
    """Values in nested tables and lists of tables."""
    if isinstance(content, dict):
        return sum(map(leaves, content.values()))
    if isinstance(content, list) and isinstance(content[0], dict):
        return sum(map(leaves, content))
    return 1


class TestLoading:
    def test_any_key_can_be_replaced(self):
        changes = {"conv3.learning.a_plus": 0.01, "data.classes": ["panda", "orange"], "input.buffer": None}
        config = load("orange-panda", changes, seed=7)
        assert (config.conv3.learning.a_plus, config.data.classes, config.seed) == (0.01, ("panda", "orange"), 7)
        whole = load("orange-panda").model_dump(mode="json")
        whole["conv3"]["learning"]["a_plus"], whole["data"]["classes"], whole["seed"] = 0.01, ["panda", "orange"], 7
        assert config == validate(whole, "itself")

    def test_a_table_that_the_file_lacks_is_added(self):
        config = load("dog-caltech-paper", {"decoder.box": "mask+events"})
        assert config.decoder.box == "mask+events"

    def test_what_is_passed_stays_as_it_is(self):
        learning = tiny()["conv3"]["learning"]
        changes = {"conv3.learning": learning, "conv3.learning.a_plus": 0.07}
        assert load("orange-panda", changes).conv3.learning.a_plus == 0.07
        assert learning == tiny()["conv3"]["learning"]

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"conv3.learning.a_pluss": 0.01}, "unknown key conv3.learning.a_pluss"),
            ({"conv4.maps": 2}, "unknown key conv4"),
            ({"name.first": "x"}, "unknown key name.first"),
            ({"conv3.learning.a_plus": 2}, "conv3.learning.a_plus: Input should be less than 1"),
            ({"conv3.maps": "many"}, 'conv3.maps="many": conv3.maps: Input should be a valid integer'),
        ],
    )
    def test_a_change_that_is_wrong_is_told_by_its_key(self, changes, told):
        with pytest.raises(SpikeSegError) as error:
            load("orange-panda", changes)
        assert told in str(error.value)
        assert "\n" not in str(error.value)

    def test_a_file_goes_by_its_path(self, tmp_path):
        (tmp_path / "a.toml").write_text(TINY)
        assert load(tmp_path / "a.toml") == load(str(tmp_path / "a.toml")) == validate(tiny(), "")

    def test_a_value_cannot_change_afterwards(self):
        config = load("orange-panda")
        with pytest.raises(ValueError, match="frozen"):
            config.conv2.maps = 3  # pyright: ignore

    def test_one_number_stands_for_rows_and_columns(self):
        conv = configuration(conv3={"kernel": 5, "padding": [2, 1]}).conv3
        assert (conv.kernel, conv.padding) == ((5, 5), (2, 1))


class TestDigest:
    def test_it_does_not_depend_on_a_files_layout(self, tmp_path):
        first, *sections = TINY.strip().split("\n\n")
        (tmp_path / "a.toml").write_text(TINY)
        (tmp_path / "b.toml").write_text("# again\n" + "\n".join([first, *reversed(sections)]).replace(" = ", "="))
        assert load(tmp_path / "a.toml").digest() == load(tmp_path / "b.toml").digest()

    def test_it_does_not_depend_on_what_is_left_to_defaults_or_how_a_number_is_written(self):
        content = tiny()
        whole = validate(content, "").model_dump(mode="json")
        content["conv2"]["threshold"] = 3
        content["conv2"]["kernel"] = [3, 3]
        assert validate(content, "").digest() == validate(whole, "").digest()

    @pytest.mark.parametrize(
        "changed",
        [{"seed": 1}, {"name": "other"}, {"decoder": {"mode": "end"}}, {"pool1": {"window": 3, "stride": 2}}],
    )
    def test_it_depends_on_every_value(self, changed):
        assert validate(tiny(**changed), "").digest() != validate(tiny(), "").digest()


class TestWrongValues:
    @pytest.mark.parametrize(
        ("sections", "told"),
        [
            ({"conv2": {"mapps": 3}}, "unknown key conv2.mapps"),
            ({"input": {"dog": {"events": 9, "size": 4}}}, "input.dog.size: 4 has no centre: make it odd"),
            ({"input": {"dog": {"events": 9, "size": 1}}}, "input.dog.size"),
            ({"conv1": {"kernel": 4}}, "conv1.kernel: 4 has no centre: make it odd"),
            ({"input": {"dog": {"events": 9, "surround_sigma": 1.0}}}, "surround_sigma 1 is not above center_sigma 1"),
            (
                {"input": {"dog": {"events": 9, "center_sigma": float("nan")}}},
                "input.dog.center_sigma: Input should be",
            ),
            ({"data": {"dataset": "n-caltech-sim"}}, "data.dataset n-caltech-sim needs [input.buffer]"),
            ({"input": {"dog": None, "buffer": {"duration_ms": 9}}}, "data.dataset caltech-101 needs [input.dog]"),
            ({"input": {"dog": None}}, "pictures need [input.dog], recordings need [input.buffer]"),
            ({"input": {"buffer": {"duration_ms": 30}}}, "give one of them"),
            ({"input": {"dog": None, "buffer": {}}}, "give either duration_ms or events"),
            ({"input": {"dog": None, "buffer": {"duration_ms": 30, "events": 9}}}, "give either duration_ms or events"),
            ({"input": {"threshold_variation": float("nan")}}, "input.threshold_variation: Input should be"),
            ({"decoder": {"gabor_threshold": float("inf")}}, "decoder.gabor_threshold: Input should be a finite"),
            ({"decoder": {"mode": "best"}}, "decoder.mode: Input should be 'causal', 'exact' or 'end'"),
            ({"data": {"classes": []}}, "data.classes"),
            ({"data": {"classes": ["Faces", "Faces"]}}, "each of them once"),
            ({"data": {"dataset": "orange-panda"}}, "orange-panda has no class Faces"),
            ({"data": {"dataset": "orange-panda", "classes": ["panda"]}}, "say how many are to test"),
            ({"data": {"dataset": "imagenet"}}, "data.dataset"),
        ],
    )
    def test_is_told_by_its_key(self, sections, told):
        assert told in refusal(**sections)

    @pytest.mark.parametrize("layer", ["conv2", "conv3"])
    def test_a_rate_must_not_shrink_as_it_doubles(self, layer):
        content = load("orange-panda").model_dump(mode="json")
        content[layer]["learning"] |= {"a_plus": 0.1, "a_plus_max": 0.05}
        with pytest.raises(SpikeSegError, match=rf"{layer}\.learning: a_plus_max 0\.05 is below a_plus 0\.1"):
            validate(content, "test")

    @pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
    def test_no_number_may_be_none(self, number):
        """Wherever the shipped configurations have a number that is not whole."""
        whole = load("dog-caltech").model_dump(mode="json")

        def places(table, path=()):
            for key, value in table.items():
                if isinstance(value, dict):
                    yield from places(value, (*path, key))
                elif isinstance(value, float):
                    yield (*path, key)

        found = list(places(whole))
        assert len(found) > 20
        for *path, key in found:
            content = json.loads(json.dumps(whole))
            table = content
            for part in path:
                table = table[part]
            table[key] = number
            with pytest.raises(SpikeSegError, match=key):
                validate(content, "test")

    def test_the_rendered_classes_are_those_that_can_be_rendered(self):
        assert set(RENDERED) == set(ORNAMENTS)

    def test_what_is_accepted_can_be_used(self):
        smallest = DoG(events=1, size=3, center_sigma=1, surround_sigma=1.01)
        assert np.isfinite(dog_kernel(smallest.size, smallest.center_sigma, smallest.surround_sigma)).all()


class TestGeometry:
    def test_shapes_follow_from_sizes(self):
        config = configuration(
            input={"rows": 21, "columns": 30, "polarity": "split"},
            conv1={"orientations": 3, "kernel": 5},
            pool1={"window": 2, "stride": 2},  # an incomplete window counts
            conv2={"maps": 7, "kernel": [3, 4], "padding": [0, 1]},
            pool2={"window": 3, "stride": 2},
            conv3={"maps": 2, "kernel": [4, 6], "padding": 0},
        )
        assert layer_shapes(config, (21, 30)) == {
            "input": Shape(2, 21, 30),
            "conv1": Shape(3, 21, 30),
            "pool1": Shape(3, 11, 15),
            "conv2": Shape(7, 9, 14),
            "pool2": Shape(7, 4, 7),
            "conv3": Shape(2, 1, 2),
        }

    @pytest.mark.parametrize(
        ("sections", "told"),
        [
            (
                {"conv3": {"kernel": 99, "padding": 0}},
                "conv3: kernel 99x99 with padding 0, 0 does not fit its input of",
            ),
            ({"conv2": {"kernel": [300, 1]}}, "conv2: kernel 300x1"),
            ({"pool1": {"window": 2, "stride": 3}}, "pool1: stride 3 skips inputs of window 2"),
            ({"pool2": {"window": 90}}, "pool2: window 90 does not fit its input of 80x125"),
            ({"pool2": {"window": 0}}, "pool2.window: Input should be greater than 0"),
            ({"input": {"rows": 2, "columns": 2}}, "does not fit its input"),
        ],
    )
    def test_what_does_not_fit_is_told_with_both_sizes(self, sections, told):
        assert told in refusal(**sections)


class TestNumbers:
    """Each key is a number with the limits of what computes with it."""

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            *(("conv2.learning.doubling", value) for value in (2**31, 2**32, 2**32 + 15)),
            *(("input.steps", value) for value in (2**15, 10**12)),
            *(("conv2.learning.winners", 10**9), ("conv2.learning.chunk", 10**6), ("conv3.learning.stimuli", 10**10)),
            *(("seed", 2**63), ("seed", -1), ("data.train", 10**12), ("input.dog.events", 2**31)),
            *((key, value) for key in ("seed", "conv3.maps", "input.dt_ms") for value in (True, "3", None)),
            *(("conv2.kernel", value) for value in (True, "3", 2.0, [3, True], [1, 2, 3])),
            *(("input.dt_ms", value) for value in (float("nan"), float("inf"), 1e300, 1e-300)),
        ],
    )
    def test_what_is_none_is_refused_by_its_key(self, key, value):
        with pytest.raises(SpikeSegError, match=rf"{key}(\.\d)?: "):
            load("orange-panda", {key: value})

    def test_steps_fit_together_into_a_recording(self):
        load("orange-panda", {"input.steps": 20_000, "input.flush_steps": 12_767})
        with pytest.raises(SpikeSegError, match="steps and flush_steps are 32,768 together: 32,767 at most"):
            load("orange-panda", {"input.steps": 20_000, "input.flush_steps": 12_768})

    def test_the_time_of_a_chunk_fits_into_a_program(self):
        with pytest.raises(SpikeSegError, match=r"conv2.learning: steps \+ 1 times winners times chunk is"):
            load("orange-panda", {"conv2.learning.winners": 4096, "conv2.learning.chunk": 10_000, "input.steps": 1000})

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"input.rows": 16384, "input.columns": 16384}, r"input: 1 x 16384 x 16384 neurons take 8\.6 GB or more"),
            ({"conv2.padding": 16000, "conv2.maps": 1, "conv2.kernel": 9}, "conv2 with its padding: .* neurons take"),
            ({"conv2.maps": 4096, "conv2.kernel": 100}, r"conv2: [\d,]+ weights take [\d.]+ GB"),
        ],
    )
    def test_sizes_of_which_no_machine_has_the_memory_are_refused_with_the_figure(self, changes, told):
        with pytest.raises(SpikeSegError, match=told):
            load("orange-panda", changes)
