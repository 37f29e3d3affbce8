"""The examples run as they stand, and do what they say."""

import re
import runpy
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from brian2 import defaultclock, prefs
from PIL import Image

import spikeseg
from spikeseg.boxes import box_iou

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture(scope="module")
def run_example():
    """Runs an example as a script, and undoes what it set for all of Brian2."""

    def run(name, *arguments):
        target, step = prefs.codegen.target, defaultclock.dt
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", [str(EXAMPLES / name), *map(str, arguments)])
            patch.setattr(plt, "show", lambda: None)
            try:
                runpy.run_path(str(EXAMPLES / name), run_name="__main__")
            finally:
                prefs.codegen.target, defaultclock.dt = target, step
                plt.close("all")

    return run


@pytest.fixture(scope="module")
def trained(run_example, tmp_path_factory):
    """Run directory of the network that the example trains."""
    path = tmp_path_factory.mktemp("examples") / "small"
    run_example("train_small.py", path)
    return path


def test_a_small_network_is_trained_measured_and_encoded(run_example, trained, capsys):
    run_example("train_small.py", trained)  # once more: only measured
    told = capsys.readouterr().out
    assert set(re.findall(r"map \d of conv3 stands for (\w+)", told)) == {"orange", "panda"}
    assert float(re.search(r"accuracy (\d+\.\d)% on 40 test pictures", told)[1]) > 60
    spikes, description = spikeseg.load_recording(trained / "spikes" / "test.npz")
    assert len(description["names"]) == spikes["input"].stimuli == 40
    assert min(len(layer) for layer in spikes.values()) > 0


def test_pictures_of_any_size_are_segmented_where_their_objects_are(run_example, trained, tmp_path, capsys):
    dataset = spikeseg.open_dataset(spikeseg.load_config(EXAMPLES / "small.toml"), None)
    chosen = dataset[0], dataset[1], dataset[2]
    pictures = [tmp_path / f"{number}.png" for number in range(3)]
    for path, sample in zip(pictures, chosen, strict=True):
        Image.fromarray(sample.image).resize((192, 256)).save(path)
    run_example("segment_pictures.py", "--run", trained, "--device", "numpy", *pictures)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == [str(path) for path in pictures]
    edges = [re.search(r"top (\d+), left (\d+), bottom (\d+), right (\d+)", line).groups() for line in lines]
    truth = [sample.targets[0].box.scaled(256 / 64, 192 / 96) for sample in chosen]
    assert np.mean(box_iou(np.array(edges, float), np.array(truth))) > 0.4


def test_a_missing_picture_is_told_in_one_line(run_example, trained):
    with pytest.raises(SystemExit, match=r"segment_pictures: .*nowhere\.png is missing"):
        run_example("segment_pictures.py", "--run", trained, "nowhere.png")


def told_by_the_mexican_hat(run_example, capsys, device):
    run_example("mexican_hat.py", device)
    spikes, correlation = re.search(r"(\d+) spikes; neighbours correlate by (\S+)", capsys.readouterr().out).groups()
    return int(spikes), float(correlation)


def test_lateral_kernels_make_a_pattern_of_noise(run_example, capsys):
    spikes, correlation = told_by_the_mexican_hat(run_example, capsys, "numpy")
    assert spikes > 1000
    assert correlation > 0.5


def test_stdp_makes_weights_decide(run_example, capsys):
    run_example("stdp.py")
    spikes, decided = re.search(r"(\d+) spikes; (\d+)% of the weights", capsys.readouterr().out).groups()
    assert int(spikes) > 1000
    assert int(decided) > 80


def test_a_rule_of_ones_own_is_learned_by(run_example, tmp_path, capsys):
    run_example("own_rule.py", tmp_path)
    told = re.findall(r"(\w+), (conv\d): (\d+)% of the weights", capsys.readouterr().out)
    assert [words[:2] for words in told] == [
        (rule, layer) for rule in ("multiplicative", "recent") for layer in ("conv2", "conv3")
    ]
    kernels = [spikeseg.load_network(tmp_path / rule)[0].kernels["conv3"] for rule in ("multiplicative", "recent")]
    assert not np.allclose(*kernels)


def test_a_neuron_of_ones_own_fires_later(run_example, tmp_path, capsys):
    run_example("own_neuron.py", tmp_path)
    told = re.findall(r"(\S+), (conv\d): (\d+) spikes per picture, in step (\S+) on", capsys.readouterr().out)
    step = {words[:2]: float(words[3]) for words in told if int(words[2]) > 0}
    for layer in ("conv2", "conv3"):
        assert step["current", layer] > step["integrate-and-fire", layer] + 1


def test_the_rule_decides_whether_weights_part(run_example, capsys):
    run_example("swap_the_rule.py")
    told = re.findall(r"(\w+): (\d+)% of the weights", capsys.readouterr().out)
    assert {name: int(share) > 50 for name, share in told} == {"additive": True, "multiplicative": False}
