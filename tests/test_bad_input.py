"""Whatever is wrong with the input, a user reads one line that names it, and nothing is left half-written."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from helpers.runs import TINY, files, refusal, write_caltech
from spikeseg.configs import validate
from spikeseg.errors import SpikeSegError
from spikeseg.models.network import TrainedNetwork
from spikeseg.runners.evaluation.selection import select
from spikeseg.runners.inference.segmenting import open_segmenter

NUMPY = ("--device", "numpy")


@pytest.fixture
def refused(spikeseg, tmp_path):
    """Run a command that must fail, and leave all files as they were; gives the line that is told."""

    def run(*arguments) -> str:
        before = files(tmp_path)
        line = refusal(spikeseg(*arguments, *NUMPY))
        assert files(tmp_path) == before
        return line

    return run


def no_stimulus(*_):
    """In place of what must not be reached."""
    raise AssertionError("work began before the input was checked")


class TestConfigurations:
    @pytest.fixture
    def told_of(self, refused, tmp_path):
        """What is told of the tiny configuration with a part replaced."""

        def run(old: str, new: str) -> str:
            assert TINY.count(old) >= 1
            config = tmp_path / "experiment.toml"
            config.write_text(TINY.replace(old, new, 1))
            line = refused("train", config, "--out", tmp_path / "run")
            assert line.startswith(str(config))
            assert not (tmp_path / "run").exists()
            return line

        return run

    @pytest.mark.parametrize(
        ("old", "new", "told"),
        [
            ("padding = 1", "paddding = 1", "unknown key conv2.paddding"),
            ("[pool1]", "[pooling]", "unknown key pooling"),
            ("train = 4", "train = -4", "data.train: Input should be greater than 0"),
            ("events = 400", 'events = "many"', "input.dog.events: Input should be a valid integer"),
            ("train = 4", "", "data.train: Field required"),
            ("threshold = 3.0", "threshold = nan", "conv2.threshold: Input should be a finite number"),
            ("weight_mean = 0.8", "weight_mean = nan", "conv2.learning.weight_mean: Input should be a finite"),
            ("weight_std = 0.05", "weight_std = inf", "conv2.learning.weight_std: Input should be a finite"),
            ("kernel = 5", "kernel = 13", "conv3: kernel 13x13 with padding 2, 2 does not fit its input of 8x8"),
            ('"panda"', '"tiger"', "orange-panda has no class tiger"),
            ("maps = 2", "maps = 1", "conv3.maps is 1, fewer than the 2 classes: give each class a map or more"),
            ("[data]", "[data", "cannot be read as TOML"),
        ],
    )
    def test_the_wrong_key_is_named(self, told_of, old, new, told):
        assert told in told_of(old, new)

    def test_all_wrong_keys_are_named(self, told_of):
        line = told_of("padding = 1", "paddding = 1\nmap = 3")
        assert "conv2.paddding" in line
        assert "conv2.map" in line

    def test_a_filter_without_a_negative_part_is_refused(self, refused, tmp_path):
        (tmp_path / "x.toml").write_text(TINY + "[conv1]\nkernel = 3\n")
        assert "conv1: a kernel of 3 has no negative part" in refused(
            "train", tmp_path / "x.toml", "--out", tmp_path / "run"
        )

    @pytest.mark.parametrize("content", [b"\xff\xfe", b"\x89PNG\r\n"])
    def test_a_file_that_is_no_text_is_refused(self, refused, tmp_path, content):
        (tmp_path / "x.toml").write_bytes(content)
        assert "cannot be read as TOML" in refused("train", tmp_path / "x.toml", "--out", tmp_path / "run")

    def test_a_missing_file_is_told_with_the_names_that_there_are(self, refused, tmp_path):
        line = refused("train", tmp_path / "nothing.toml", "--out", tmp_path / "run")
        assert "nothing.toml" in line
        assert "dog-caltech, " in line

    def test_a_directory_for_rendered_pictures_is_refused(self, refused, tiny, run, tmp_path):
        for command in (("train", tiny, "--out", tmp_path / "new"), ("evaluate", run)):
            line = refused(*command, "--data", tmp_path)
            assert line == f"orange-panda is rendered and reads no files: leave out --data {tmp_path}"

    def test_pictures_too_small_to_be_rendered_are_refused(self, refused, tmp_path):
        (tmp_path / "x.toml").write_text(TINY.replace("rows = 64", "rows = 32"))
        assert "64 rows or more" in refused("train", tmp_path / "x.toml", "--out", tmp_path / "run")


CALTECH = """
dataset = "caltech-101"
classes = ["Faces", "Motorbikes"]
train = 1
validation = 2
"""


class TestData:
    @pytest.fixture
    def train(self, refused, tmp_path):
        """What is told of a training on Caltech-101 in a directory; no run may begin."""
        config = tmp_path / "caltech.toml"
        sections = TINY.split("\n\n")
        config.write_text("\n\n".join(["[data]" + CALTECH if "[data]" in part else part for part in sections]))

        def run(*options) -> str:
            line = refused("train", config, "--out", tmp_path / "run", *options)
            assert not (tmp_path / "run").exists()
            return line

        return run

    @pytest.fixture
    def data(self, tmp_path):
        return write_caltech(tmp_path / "data")

    def test_a_dataset_needs_a_directory(self, train):
        assert "caltech-101 needs a directory: give --data" in train()

    def test_a_missing_directory_is_named(self, train, tmp_path):
        assert f"{tmp_path / 'nothing'} is not a directory" in train("--data", tmp_path / "nothing")

    def test_an_empty_directory_is_told_what_should_be_there(self, train, tmp_path):
        (tmp_path / "empty").mkdir()
        assert "101_ObjectCategories" in train("--data", tmp_path / "empty")

    def test_a_class_without_a_picture_is_named(self, train, data):
        for picture in (data / "101_ObjectCategories" / "Faces").iterdir():
            picture.unlink()
        assert "class Faces is empty" in train("--data", data)

    def test_a_class_that_is_not_there_is_named(self, train, data):
        shutil.rmtree(data / "101_ObjectCategories" / "Faces")
        assert "has no class Faces" in train("--data", data)

    def test_a_class_with_too_few_pictures_is_named(self, train, data):
        """Of 2 of each class 1 is to train: 2 are too many to validate."""
        assert "class Faces has 2 pictures, but 3 are asked" in train("--data", data)

    def test_a_picture_without_annotation_is_named(self, train, data):
        (data / "Annotations" / "Faces_2" / "annotation_0000.mat").unlink()
        assert "Faces/image_0000.jpg has no annotation" in train("--data", data)


class TestPictures:
    @pytest.fixture
    def segment(self, refused, trained, tmp_path, monkeypatch):
        monkeypatch.setattr("spikeseg.runners.inference.segment_files.open_segmenter", no_stimulus)
        return lambda *pictures: refused("segment", trained, *pictures, "--out", tmp_path / "out")

    @pytest.fixture
    def picture(self, tmp_path):
        path = tmp_path / "picture.png"
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)).save(path)
        return path

    def test_a_missing_one_is_named(self, segment, picture):
        assert "nothing.png is missing" in segment(picture, picture.with_name("nothing.png"))

    def test_a_truncated_one_is_named(self, refused, trained, picture, tmp_path):
        picture.write_bytes(picture.read_bytes()[:1000])
        line = refused("segment", trained, picture, "--device", "numpy", "--out", tmp_path / "out")
        assert "picture.png cannot be read as a picture" in line
        assert not (tmp_path / "out").exists()

    def test_what_is_no_picture_is_named(self, segment, tmp_path):
        (tmp_path / "notes.txt").write_text("not a picture")
        assert "notes.txt cannot be read as a picture: no known picture format" in segment(tmp_path / "notes.txt")

    def test_a_directory_without_pictures_is_named(self, segment, tmp_path):
        (tmp_path / "empty").mkdir()
        assert f"no picture in {tmp_path / 'empty'}: they end in .png" in segment(tmp_path / "empty")

    def test_one_that_is_too_long_for_its_objects_to_be_told_apart_is_refused(self, segment, tmp_path):
        Image.fromarray(np.zeros((40, 400), np.uint8)).save(tmp_path / "long.png")
        assert "40 x 400 is too long" in segment(tmp_path / "long.png", "--instances")

    def test_every_class_and_every_instance_are_two_answers(self, segment, picture):
        assert "cannot be combined" in segment(picture, "--every-class", "--instances")

    def test_one_that_is_given_twice_is_named(self, segment, picture, tmp_path):
        assert f"{picture} is given twice" in segment(picture, tmp_path / "." / picture.name)

    def test_a_network_of_recordings_segments_no_pictures(self, refused, run, picture, tmp_path):
        network = TrainedNetwork.load(run / "network.npz")
        content = network.config.model_dump(mode="json")
        content["data"] |= {"dataset": "orange-panda-sim"}
        content["input"] |= {"dog": None, "buffer": {"duration_ms": 30}}
        replace(network, config=validate(content, "test")).save(run / "network.npz")
        line = refused("segment", run, picture, "--out", tmp_path / "out")
        assert line == "this network learned from recordings, and segments no pictures: use spikeseg stream"


class TestRuns:
    def test_an_unknown_name_is_told(self, refused):
        assert "no run nothing-like-it" in refused("evaluate", "nothing-like-it")

    def test_a_directory_that_is_no_run_is_told(self, refused, tmp_path):
        assert "is not a run" in refused("encode", tmp_path)

    def test_a_training_that_is_not_complete_is_told(self, refused, run):
        (run / "network.npz").unlink()
        for command in ("encode", "evaluate"):
            assert "is not complete: run the same `spikeseg train` again" in refused(command, run)

    @pytest.mark.parametrize("name", ["network.npz", "checkpoints/conv3.npz", "run.json"])
    @pytest.mark.parametrize("damage", [lambda whole: whole[: len(whole) // 2], lambda _: b"", lambda _: b"[1, 2]\n"])
    def test_a_damaged_file_is_named(self, refused, tiny, run, name, damage):
        if name == "checkpoints/conv3.npz":
            (run / "network.npz").unlink()
        file = run / name
        file.write_bytes(damage(file.read_bytes()))
        line = refused("train", tiny, "--out", run)
        assert str(file) in line

    @pytest.mark.parametrize("content", ["{", "[]", '{"train": []}', '{"train": [], "validation": [], "test": ["x"]}'])
    def test_a_damaged_split_is_told(self, refused, run, content):
        (run / "split.json").write_text(content)
        assert "split" in refused("evaluate", run)

    def test_an_empty_part_is_told(self, refused, run):
        (run / "split.json").write_text('{"train": [], "validation": [], "test": []}')
        assert "the test part of" in refused("evaluate", run)

    def test_another_version_is_told(self, refused, tiny, run):
        begun = json.loads((run / "run.json").read_text()) | {"version": "0.0.1"}
        (run / "run.json").write_text(json.dumps(begun))
        assert "was begun by spikeseg 0.0.1" in refused("train", tiny, "--out", run)

    def test_another_experiment_is_told(self, refused, tiny, run):
        told = refused("train", tiny, "--out", run, "--seed", "1")
        assert f"{run} holds another experiment, which differs in seed (0 there, 1 here): choose another" in told

    def test_many_differences_are_counted(self, refused, run, tmp_path):
        other = TINY.replace("maps = 4", "maps = 5").replace("a_plus = 0.05", "a_plus = 0.07").replace("400", "300")
        (tmp_path / "other.toml").write_text(other.replace("homeostasis = 0.1", "homeostasis = 0.2"))
        told = refused("train", tmp_path / "other.toml", "--out", run)
        assert "differs in input.dog.events (400 there, 300 here), conv2.maps (4 there, 5 here)" in told
        assert "and 1 more: choose another directory" in told

    @pytest.mark.parametrize("config", [[{}, []], None, "tiny"])
    def test_a_record_without_a_configuration_is_another_experiment(self, refused, tiny, run, config):
        begun = json.loads((run / "run.json").read_text()) | {"digest": "", "config": config}
        (run / "run.json").write_text(json.dumps(begun))
        assert "holds another experiment, which differs in its digest" in refused("train", tiny, "--out", run)

    def test_files_of_another_kind_are_left_alone(self, refused, tiny, tmp_path):
        (tmp_path / "home").mkdir()
        (tmp_path / "home" / "thesis.tex").write_text("")
        assert "holds something that is not a run" in refused("train", tiny, "--out", tmp_path / "home")

    def test_the_library_tells_as_well(self, run):
        with pytest.raises(SpikeSegError, match="unknown part 'bogus': choose one of train"):
            select(run, None, "bogus")
        with (
            pytest.raises(SpikeSegError, match="cannot encode stimuli of 3 x 3: pool2: window"),
            open_segmenter(TrainedNetwork.load(run / "network.npz"), [(3, 3)], "numpy"),
        ):
            pass

    def test_a_class_without_a_map_is_told(self, refused, run):
        network = TrainedNetwork.load(run / "network.npz")
        replace(network, map_labels=("orange",) * 2).save(run / "network.npz")
        assert "no Conv3 map stands for panda" in refused("evaluate", run, "--overlap", "0.5", "--split", "validation")


class TestOptions:
    @pytest.fixture
    def evaluate(self, refused, run, monkeypatch):
        monkeypatch.setattr("spikeseg.runners.evaluation.evaluation.evaluate_selection", no_stimulus)
        return lambda *options: refused("evaluate", run, *options)

    @pytest.mark.parametrize(
        ("options", "told"),
        [
            (["--scales", "0.5", "1"], "need --canvas"),
            (["--clutter"], "need --canvas"),
            (["--canvas", "--scales", "1", "0.5"], "no range"),
            (["--canvas", "--scales", "0", "1"], "no range"),
            (["--canvas", "--scales", "nan", "1"], "no range"),
            (["--canvas", "--scales", "1", "9"], "does not fit"),
            (["--canvas", "--scales", "1e-9", "1"], "too small"),
            (["--canvas", "--overlap", "0.5"], "--overlap and --canvas"),
            (["--canvas", "--objects", "2"], "--objects and --canvas"),
            (["--mixed"], "--mixed needs --objects"),
            (["--objects", "3", "--overlap", "0.5"], "not of 3"),
        ],
    )
    def test_tests_that_cannot_be_are_refused(self, evaluate, options, told):
        assert told in evaluate(*options)

    def test_a_recording_must_be_an_npz(self, refused, run, tmp_path, monkeypatch):
        monkeypatch.setattr("spikeseg.runners.inference.encoding.open_encoder", no_stimulus)
        assert "must end in .npz" in refused("encode", run, "--out", tmp_path / "spikes.csv")

    def test_only_caltech_can_be_fetched(self, spikeseg):
        assert "only caltech-101" in refusal(spikeseg("data", "fetch", "imagenet"))
