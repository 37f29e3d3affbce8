"""A network that trains in seconds, data to go with it, and the command line run in this process."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import scipy.io
from PIL import Image

from spikeseg.datasets.rendered.orange_panda import OrangePanda
from spikeseg.runners.cli import main

TINY = """
name = "tiny"

[data]
dataset = "orange-panda"
classes = ["orange", "panda"]
train = 4
validation = 1
test = 2

[input]
rows = 64
columns = 64

[input.dog]
events = 400

[pool1]
window = 2
stride = 2

[conv2]
maps = 4
kernel = 3
padding = 1
threshold = 3.0

[conv2.learning]
weight_mean = 0.8
weight_std = 0.05
a_plus = 0.05
a_minus_ratio = 0.4
doubling = 10
a_plus_max = 0.2
winners = 2
inhibition_radius = 2
threshold_start = 1.0
homeostasis = 0.01
stimuli = 8
convergence = 0.001
chunk = 4

[pool2]
window = 7
stride = 4

[conv3]
maps = 2
kernel = 5
padding = 2

[conv3.learning]
weight_mean = 0.5
weight_std = 0.1
a_plus = 0.05
a_minus_ratio = 0.6
doubling = 10
a_plus_max = 0.2
winners = 1
inhibition_radius = 0
threshold_start = 8.0
homeostasis = 0.1
threshold_silent = 0.1
stimuli = 16
convergence = 0.001
chunk = 4
"""
"""Each class gets a map of its own, after 2 chunks of Conv2 and 4 of Conv3."""


class Told(NamedTuple):
    """What the command line left behind."""

    code: int
    out: str
    err: str


def call(monkeypatch, capsys, *arguments) -> Told:
    """Run `spikeseg ARGUMENTS` as the console script would."""
    monkeypatch.setattr(sys, "argv", ["spikeseg", *map(str, arguments)])
    capsys.readouterr()
    try:
        main.main()
    except SystemExit as ended:
        return Told(ended.code if isinstance(ended.code, int) else 0, *capsys.readouterr())
    raise AssertionError("the console script did not end")


def refusal(told: Told) -> str:
    """The one line that a user is told, without its beginning."""
    assert told.code == 1, told
    assert told.err.startswith("spikeseg: "), told.err
    assert told.err.count("\n") == 1, told.err
    assert told.err.endswith("\n")
    return told.err.removeprefix("spikeseg: ").rstrip("\n")


def files(directory: Path) -> dict[str, bytes]:
    """What lies in a directory: the content of every file."""
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() or path.is_symlink()
    }


def arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an .npz, without the network's header, which tells the time."""
    with np.load(path) as file:
        return {name: file[name] for name in file.files if name != "header"}


def assert_same_arrays(first: Path, second: Path) -> None:
    found, expected = arrays(first), arrays(second)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)


def write_caltech(root: Path, pictures: int = 2) -> Path:
    """Rendered pictures in Caltech-101's layout: Faces are oranges and Motorbikes pandas."""
    folders = {"orange": ("Faces", "Faces_2"), "panda": ("Motorbikes", "Motorbikes_16")}
    for number, sample in enumerate(OrangePanda(2 * pictures, 5, (64, 96))):
        target = sample.targets[0]
        label, annotations = folders[target.label]
        picture = root / "101_ObjectCategories" / label / f"image_{number:04d}.jpg"
        annotation = root / "Annotations" / annotations / f"annotation_{number:04d}.mat"
        picture.parent.mkdir(parents=True, exist_ok=True)
        annotation.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(sample.image).save(picture, quality=95)
        top, left, bottom, right = target.box
        scipy.io.savemat(annotation, {"box_coord": [[top + 1, bottom, left + 1, right]]})
    return root
