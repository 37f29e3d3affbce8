"""The command line does what it says, from training to evaluation, however often it is interrupted."""

from __future__ import annotations

import csv
import json
import logging
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.runs import TINY, assert_same_arrays, files, refusal, write_caltech
from spikeseg import configs
from spikeseg.configs import layer_shapes, load, validate
from spikeseg.configs.neurons.neuron import NEURONS
from spikeseg.configs.plasticity.rule import RULES
from spikeseg.configs.schema import DEFAULT_NEURON
from spikeseg.datasets.catalogue import open_dataset
from spikeseg.datasets.rendered.ornament_groups import OrnamentGroups
from spikeseg.datasets.split import Split
from spikeseg.errors import SpikeSegError
from spikeseg.models.network import TrainedNetwork
from spikeseg.recording import load_recording
from spikeseg.runners.cli import main
from spikeseg.runners.inference import segment_files
from spikeseg.version import __version__

NUMPY = ("--device", "numpy")

# Dies of the n-th checkpoint: just before it takes its name, or just after.
DYING = """
import os, signal, sys
from pathlib import Path
from spikeseg.runners.cli import main as cli

number, before, sys.argv = int(sys.argv[1]), sys.argv[2] == "before", sys.argv[2:]
rename, checkpoints = Path.replace, []

def replace(temporary, path):
    if "checkpoints" in path.parts:
        checkpoints.append(path)
    dies = len(checkpoints) == number
    if dies and before:
        os.kill(os.getpid(), signal.SIGKILL)
    rename(temporary, path)
    if dies:
        os.kill(os.getpid(), signal.SIGKILL)

Path.replace = replace
cli.main()
"""


def metrics(directory):
    return json.loads((directory / "metrics.json").read_text())


class TestTraining:
    def test_the_same_experiment_gives_the_same_bits(self, spikeseg, trained, tmp_path):
        """However its file is laid out; and figures come along."""
        config = tmp_path / "reordered.toml"
        sections = TINY.strip().split("\n\n")
        config.write_text("# The same.\n" + "\n".join([sections[0], *reversed(sections[1:])]))
        told = spikeseg("train", config, "--out", tmp_path / "run", *NUMPY)
        assert (told.code, told.err) == (0, "")
        assert_same_arrays(tmp_path / "run" / "network.npz", trained / "network.npz")
        for name in ("run.json", "split.json", "boxes.json", "figures/features-conv3.png", "figures/convergence.png"):
            assert (tmp_path / "run" / name).stat().st_size > 0

    def test_a_training_that_is_killed_goes_on_as_if_it_had_not(self, spikeseg, tiny, trained, tmp_path):
        run = tmp_path / "run"
        command = ["train", str(tiny), "--out", str(run), *NUMPY]
        for number, moment in ((1, "after"), (3, "before")):  # in the middle of Conv2, then of Conv3
            dying = [sys.executable, "-c", DYING, str(number), moment, *command]
            assert subprocess.run(dying, capture_output=True).returncode == -signal.SIGKILL
            assert not (run / "network.npz").exists()
        assert (run / "checkpoints" / "conv3.npz").exists()
        assert spikeseg(*command).code == 0
        assert_same_arrays(run / "network.npz", trained / "network.npz")
        assert_same_arrays(run / "checkpoints" / "conv3.npz", trained / "checkpoints" / "conv3.npz")

    def test_a_rule_from_a_file_is_learned_by_and_kept(self, spikeseg, trained, tmp_path):
        """That of the default, for which the outcome is known."""
        rule, config = tmp_path / "rule.toml", tmp_path / "own.toml"
        rule.write_text(RULES.bundled()["multiplicative"])
        config.write_text(TINY + '[plasticity]\nrule = "rule.toml"\n')
        told = spikeseg("train", config, "--out", tmp_path / "run", *NUMPY)
        assert (told.code, told.err) == (0, "")
        assert_same_arrays(tmp_path / "run" / "network.npz", trained / "network.npz")
        kept = json.loads((tmp_path / "run" / "run.json").read_text())["config"]
        rule.write_text(rule.read_text().replace("w * (1 - w)", "w"))
        assert "plasticity.text (" in refusal(spikeseg("train", config, "--out", tmp_path / "run", *NUMPY))
        rule.unlink()
        assert kept["plasticity"]["text"] == RULES.bundled()["multiplicative"]
        (tmp_path / "run" / "rule.toml").rename(rule)
        assert spikeseg("train", config, "--out", tmp_path / "run", *NUMPY).code == 0  # the same experiment
        assert TrainedNetwork.load(tmp_path / "run" / "network.npz").config == validate(kept, "kept")

    def test_labels_of_training_pictures_reward_the_maps_of_their_class_and_it_is_called_supervised(
        self, spikeseg, tmp_path
    ):
        config, run = tmp_path / "own.toml", tmp_path / "run"
        rule = 'rule = "reward"\nlayers = ["conv3"]\nparameters.counted = 1000.0\n'
        config.write_text(f"{TINY}\n[plasticity]\n{rule}")
        assert "supervised, maps per class" in spikeseg("train", config, "--out", run, *NUMPY).out
        with np.load(run / "checkpoints" / "conv3.npz") as state:
            winners, kernel = state["winners"], TrainedNetwork.load(run / "network.npz").kernels["conv3"]
            hits, misses = state["state_rule_hits"].item(), state["state_rule_misses"].item()
        dataset = open_dataset(load(config), None)
        train = Split.from_json(json.loads((run / "split.json").read_text()), dataset.names).train
        label = np.array([load(config).data.classes.index(dataset.labels[index]) for index in train])
        places = layer_shapes(load(config), (64, 64))["conv3"].size // len(kernel)
        right = winners[:, 2] // places == label[winners[:, 0]]
        assert (hits, misses) == (right.sum(), (~right).sum())
        assert min(hits, misses) > 0
        assert "tiny, supervised on" in spikeseg("evaluate", run, *NUMPY).out
        assert metrics(run)["name"] == "tiny, supervised"

    def test_a_neuron_model_from_a_file_is_learned_with_and_kept(self, spikeseg, trained, tmp_path):
        """That of the default, for which the outcome is known."""
        model, config = tmp_path / "neuron.toml", tmp_path / "own.toml"
        model.write_text(NEURONS.bundled()[DEFAULT_NEURON])
        config.write_text(TINY + '[neurons]\nmodel = "neuron.toml"\n')
        told = spikeseg("train", config, "--out", tmp_path / "run", *NUMPY)
        assert (told.code, told.err) == (0, "")
        assert_same_arrays(tmp_path / "run" / "network.npz", trained / "network.npz")
        assert (tmp_path / "run" / "neuron.toml").read_text() == model.read_text()
        model.write_text(NEURONS.bundled()["leaky"])
        assert "neurons.text (" in refusal(spikeseg("train", config, "--out", tmp_path / "run", *NUMPY))

    def test_an_interruption_is_told_in_one_line(self, spikeseg, tiny, tmp_path, monkeypatch):
        def interrupt(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr("spikeseg.runners.training.training.open_dataset", interrupt)
        told = spikeseg("train", tiny, "--out", tmp_path / "run", *NUMPY)
        assert told.code == 130
        assert told.err.startswith("spikeseg: interrupted")
        assert told.err.count("\n") == 1

    def test_a_complete_run_is_only_read(self, spikeseg, tiny, run):
        before = files(run)
        told = spikeseg("train", tiny, "--out", run, *NUMPY)
        assert told.code == 0
        assert {name: content for name, content in files(run).items() if "figures" not in name} == before


class TestEncoding:
    def test_every_layers_spikes_are_on_disk_with_what_they_mean(self, spikeseg, run):
        assert spikeseg("encode", run, *NUMPY).code == 0
        spikes, header = load_recording(run / "spikes" / "test.npz")
        assert list(spikes) == ["input", "conv1", "pool1", "conv2", "pool2", "conv3"]
        assert header["names"] == json.loads((run / "split.json").read_text())["test"]
        assert sorted(header["labels"]) == ["orange", "orange", "panda", "panda"]
        assert {recorded.stimuli for recorded in spikes.values()} == {4}
        np.testing.assert_array_equal(np.bincount(spikes["input"].stimulus), 400)
        assert all(len(recorded) for recorded in spikes.values())
        assert max(recorded.step.max() for recorded in spikes.values()) < header["steps"] == 20

    def test_the_file_can_be_chosen(self, spikeseg, run, tmp_path):
        out = tmp_path / "new" / "some [brackets].npz"
        told = spikeseg("encode", run, "--split", "validation", "--out", out, *NUMPY)
        assert sorted(path.name for path in out.parent.iterdir()) == ["some [brackets].json", "some [brackets].npz"]
        assert "[brackets]" in told.out


class TestEvaluation:
    def test_it_leaves_metrics_outcomes_and_figures(self, spikeseg, run):
        told = spikeseg("evaluate", run, *NUMPY)
        assert (told.code, told.err) == (0, "")
        measured = metrics(run)
        assert measured["n"] == 4
        assert measured["per_class"].keys() == {"orange", "panda"}
        assert measured["accuracy"] == np.mean([of["accuracy"] for of in measured["per_class"].values()])
        assert 0 < measured["miou"] < 1
        assert measured["baselines"]["majority_class_accuracy"] == 0.5
        assert (measured["seed"], measured["split"], measured["name"]) == (0, "test", "tiny")
        assert measured["data"] == "orange-panda (simulated)"
        assert measured["evaluation"]["device"] == "numpy"
        with (run / "outcomes.csv").open(newline="") as file:
            outcomes = list(csv.DictReader(file))
        correct = np.mean([row["true_label"] == row["predicted_label"] for row in outcomes])
        assert (len(outcomes), correct) == (4, measured["accuracy"])
        for name in ("gallery", "scores", "latent-to-pixel", "raster"):
            assert (run / "figures" / f"{name}.png").stat().st_size > 0

    def test_of_objects_that_overlap_it_counts_each(self, spikeseg, run, tmp_path):
        told = spikeseg("evaluate", run, "--split", "validation", "--overlap", 0.5, "--out", tmp_path / "both", *NUMPY)
        assert told.code == 0
        measured = metrics(tmp_path / "both")
        assert (measured["n"], measured["per_class"]["panda"]["n"]) == (4, 2)
        assert measured["data"].endswith("two objects overlapping by 50%")
        with (tmp_path / "both" / "outcomes.csv").open(newline="") as file:
            right = [row["true_label"] == row["predicted_label"] for row in csv.DictReader(file)]
        both = [right[2 * scene] and right[2 * scene + 1] for scene in range(2)]
        assert (measured["all_found"], measured["accuracy"]) == (np.mean(both), np.mean(right))

    @pytest.mark.parametrize(("options", "objects"), [(["--objects", 2], 2), (["--objects", 3, "--mixed"], 3)])
    def test_of_several_objects_it_counts_them(self, spikeseg, run, tmp_path, options, objects):
        out = tmp_path / "counted"
        told = spikeseg("evaluate", run, "--split", "validation", *options, "--out", out, *NUMPY)
        assert (told.code, told.err) == (0, "")
        measured = metrics(out)
        assert (measured["scenes"], measured["objects"]) == (2, 2 * objects)
        assert sum(measured["counts"][str(objects)].values()) == 2
        assert measured["input"]["columns"] == 64
        with (out / "objects.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        right = [float(row["iou"]) >= 0.5 for row in rows]
        assert (len(rows), np.mean(right)) == (2 * objects, measured["found"])
        assert (out / "figures" / "gallery.png").exists()

    def test_pictures_pasted_side_by_side_are_counted_each_once(self, spikeseg, trained, tmp_path):
        data, run = write_caltech(tmp_path / "data"), on_caltech(trained, tmp_path)
        told = spikeseg("evaluate", run, "--data", data, "--split", "all", "--objects", 2, "--mixed", *NUMPY)
        assert told.code == 0
        measured = metrics(run)
        assert (measured["scenes"], measured["objects"]) == (2, 4)
        assert measured["data"] == f"{data}, 2 objects of different classes, side by side"

    def test_on_a_canvas_it_looks_at_several_zooms(self, spikeseg, run, tmp_path):
        options = ("--split", "validation", "--canvas", "--scales", 0.9, 1.1, "--clutter", "--out", tmp_path / "canvas")
        assert spikeseg("evaluate", run, *options, *NUMPY).code == 0
        measured = metrics(tmp_path / "canvas")
        assert measured["n"] == 2
        assert measured["baselines"]["constant_box"] is None
        assert measured["data"].endswith("a canvas of 96 x 96 at scales 0.9 to 1.1, cluttered")

    def test_of_a_directory_never_seen_it_takes_all(self, spikeseg, trained, tmp_path):
        data = write_caltech(tmp_path / "data")
        told = spikeseg("evaluate", on_caltech(trained, tmp_path), "--data", data, "--split", "all", *NUMPY)
        assert told.code == 0
        measured = metrics(tmp_path / "caltech")
        assert (measured["n"], measured["data"]) == (4, str(data))
        assert measured["per_class"].keys() == {"Faces", "Motorbikes"}


def on_caltech(trained: Path, directory: Path) -> Path:
    """A run of the trained network that takes oranges for faces."""
    network = TrainedNetwork.load(trained / "network.npz")
    data = {"dataset": "caltech-101", "classes": ["Faces", "Motorbikes"], "train": 1}
    config = validate(network.config.model_dump(mode="json") | {"data": data}, "test")
    names = {"orange": "Faces", "panda": "Motorbikes"}
    renamed = replace(network, config=config, map_labels=tuple(names[label] for label in network.map_labels))
    renamed.save(directory / "caltech" / "network.npz")
    return directory / "caltech"


class TestSegmenting:
    @pytest.mark.parametrize("every_class", [False, True])
    def test_each_picture_gets_masks_boxes_and_an_overlay(self, spikeseg, trained, tmp_path, every_class):
        sizes = {"a": (40, 50), "b c": (130, 90)}
        for name, (rows, columns) in sizes.items():
            noise = np.random.default_rng(0).integers(0, 256, (rows, columns), dtype=np.uint8)
            Image.fromarray(noise).save(tmp_path / f"{name}.png")
        out = tmp_path / "out"
        pictures = [tmp_path / f"{name}.png" for name in sizes]
        options = ["--confidence", "0", *(["--every-class"] if every_class else [])]  # noise holds no object
        told = spikeseg("segment", trained, *pictures, "--out", out, *options, *NUMPY)
        assert (told.code, told.err) == (0, "")
        found = json.loads((out / "boxes.json").read_text())
        assert len(found) == (4 if every_class else 2)
        for row in found:
            name = Path(row["image"]).stem
            mask = np.asarray(Image.open(out / row["mask"]))
            assert mask.shape == sizes[name]
            assert set(np.unique(mask)) <= {0, 255}
            assert (out / f"{name}_overlay.jpg").exists()
            assert f"{row['label']} (" in told.out
        with (out / "boxes.csv").open(newline="") as file:
            table = list(csv.DictReader(file))
        assert [row["label"] for row in table] == [row["label"] for row in found]
        tops = [str(row["box_px"]["top"]) if row["box_px"] else "" for row in found]
        assert [row["top_px"] for row in table] == tops

    def test_what_was_segmented_before_it_was_broken_off_keeps_its_boxes(
        self, spikeseg, trained, tmp_path, monkeypatch
    ):
        def flaky(directory, picture, *others):
            if "second" in picture.path.name:
                raise SpikeSegError("the disk is full")
            return write(directory, picture, *others)

        write = segment_files.write_segmentation
        monkeypatch.setattr(segment_files, "write_segmentation", flaky)
        pictures = [tmp_path / f"{name}.png" for name in ("first", "second", "third")]
        for picture in pictures:
            Image.fromarray(np.zeros((40, 50), np.uint8)).save(picture)
        told = spikeseg("segment", trained, *pictures, "--out", tmp_path / "out", *NUMPY)
        assert told.code == 1
        found = json.loads((tmp_path / "out" / "boxes.json").read_text())
        assert [row["image"] for row in found] == [str(pictures[0])]

    def test_a_picture_that_is_too_long_is_named(self, spikeseg, trained, tmp_path):
        Image.fromarray(np.zeros((40, 3000), np.uint8)).save(tmp_path / "line.png")
        told = spikeseg("segment", trained, tmp_path / "line.png", "--instances", "--out", tmp_path / "out", *NUMPY)
        assert told.code == 1
        assert "line.png: a picture of 40 x 3000 is too long" in told.err

    def test_every_instance_has_a_mask_a_number_and_a_box_of_its_own(self, spikeseg, trained, tmp_path):
        picture, empty, out = tmp_path / "two.png", tmp_path / "grey.png", tmp_path / "out"
        scene = OrnamentGroups(1, 0, (64, 128), 2, alike=True)[0]
        Image.fromarray(scene.image).save(picture)
        Image.fromarray(np.full((64, 128), 127, np.uint8)).save(empty)
        told = spikeseg("segment", trained, picture, empty, "--instances", "--out", out, *NUMPY)
        assert (told.code, told.err) == (0, "")
        assert "grey.png: nothing" in told.out
        *found, nothing = json.loads((out / "boxes.json").read_text())
        assert (nothing["image"], nothing["label"]) == (str(empty), "")
        assert [row["instance"] for row in found] == list(range(1, len(found) + 1))
        masks = [np.asarray(Image.open(out / row["mask"])) for row in found]
        assert masks
        assert np.sum(np.array(masks) > 0, axis=0).max() == 1
        assert [row["mask"] for row in found] == [f"two_{row['instance']}_{row['label']}_mask.png" for row in found]
        assert (out / "two_overlay.jpg").exists()
        with (out / "boxes.csv").open(newline="") as file:
            assert [row["instance"] for row in csv.DictReader(file)] == [*(str(row["instance"]) for row in found), ""]


class TestDemo:
    def test_it_measures_and_takes_overlapping_objects_apart(self, spikeseg, tiny, run, monkeypatch):
        """After training, which is complete here."""
        monkeypatch.setattr(configs, "load", lambda name: load(tiny))
        told = spikeseg("demo", "--out", run, *NUMPY)
        assert (told.code, told.err) == (0, "")
        assert metrics(run)["n"] == 4
        assert metrics(run / "overlapping")["n"] == 8
        assert (run / "overlapping" / "figures" / "gallery.png").exists()


class TestUsage:
    def test_the_version_is_told(self, spikeseg):
        assert spikeseg("--version") == (0, f"{__version__}\n", "")

    @pytest.mark.parametrize(
        "arguments", [["train"], ["train", "tiny", "--out", "x", "--device", "abacus"], ["sgement"]]
    )
    def test_of_a_wrong_call_the_usage_is_told(self, spikeseg, arguments):
        told = spikeseg(*arguments)
        assert told.code == 2
        assert "Usage: " in told.err
        assert "Traceback" not in told.err

    @pytest.mark.parametrize("terminal", [True, False])
    def test_what_takes_long_is_said_before_a_terminal(self, monkeypatch, capsys, terminal):
        remarks = logging.getLogger("spikeseg")
        monkeypatch.setattr(main, "application", lambda words: lambda: remarks.info("this takes long"))
        monkeypatch.setattr(main.console, "_force_terminal", terminal)
        main.main()
        assert ("this takes long" in capsys.readouterr().out) == terminal
        assert not remarks.handlers


@pytest.mark.compiled
def test_the_compiled_program_gives_the_same_bits(spikeseg, tiny, trained, tmp_path):
    run = tmp_path / "run"
    assert spikeseg("train", tiny, "--out", run).code == 0
    assert_same_arrays(run / "network.npz", trained / "network.npz")
    assert spikeseg("evaluate", run).code == 0
    compiled = (run / "outcomes.csv").read_bytes()
    assert spikeseg("evaluate", run, *NUMPY).code == 0
    assert (run / "outcomes.csv").read_bytes() == compiled
