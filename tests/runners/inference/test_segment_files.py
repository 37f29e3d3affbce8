"""What is segmented, and what its files are called."""

from __future__ import annotations

import json
import subprocess
import sys
import weakref
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spikeseg.datasets.pictures import find_pictures
from spikeseg.errors import SpikeSegError
from spikeseg.runners.inference import segment_files
from spikeseg.runners.inference.segment_files import output_names
from spikeseg.runners.simulation import processes

NUMPY = ("--device", "numpy")


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["a/x.png", "a/y.png"], ["x", "y"]),
        (["Faces/1.jpg", "Bikes/1.jpg", "Bikes/2.jpg"], ["Faces_1", "Bikes_1", "2"]),
        (["p/Faces/1.jpg", "q/Faces/1.jpg", "1.jpg"], ["p_Faces_1", "q_Faces_1", "1"]),
        (["a/x.png", "a/x.jpg"], ["a_x_1", "a_x_2"]),
        (["a_b/c.png", "a/b_c.png", "d/c.png"], ["a_b_c", "b_c", "d_c"]),
    ],
)
def test_names_tell_pictures_apart(paths, names):
    assert output_names([Path(path) for path in paths]) == names


def test_a_picture_is_given_once():
    with pytest.raises(SpikeSegError, match=r"x\.png is given twice"):
        output_names([Path("a/x.png"), Path("a/../a/x.png")])


def test_directories_are_looked_through(tmp_path):
    for name in ("b/2.JPG", "b/1.png", "a/1.png", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    single = tmp_path / "notes.txt"
    found = [str(path.relative_to(tmp_path)) for path in find_pictures([single, tmp_path])]
    assert found == ["notes.txt", "a/1.png", "b/1.png", "b/2.JPG"]


def test_pictures_of_one_name_in_two_folders_are_all_kept(spikeseg, trained, tmp_path):
    for label in ("orange", "panda"):
        (tmp_path / "in" / label).mkdir(parents=True)
        Image.new("L", (64, 64), 100).save(tmp_path / "in" / label / "1.png")
    told = spikeseg("segment", trained, tmp_path / "in", "--out", tmp_path / "out", *NUMPY)
    assert told.code == 0, told
    overlays = sorted(path.name for path in (tmp_path / "out").glob("*_overlay.jpg"))
    assert overlays == ["orange_1_overlay.jpg", "panda_1_overlay.jpg"]
    assert len((tmp_path / "out" / "boxes.csv").read_text().splitlines()) == 3


def test_in_a_grey_picture_there_is_nothing_unless_one_insists(spikeseg, trained, tmp_path):
    Image.new("L", (64, 64), 100).save(tmp_path / "grey.png")
    told = spikeseg("segment", trained, tmp_path / "grey.png", "--out", tmp_path / "out", *NUMPY)
    assert told.code == 0, told
    assert "nothing (presence 0.00)" in told.out
    (row,) = json.loads((tmp_path / "out" / "boxes.json").read_text())
    assert (row["label"], row["mask"], row["box_px"], row["presence"]) == ("", "", None, 0)
    assert [path.name for path in (tmp_path / "out").iterdir() if path.suffix in (".png", ".jpg")] == [
        "grey_overlay.jpg"
    ]
    insisted = spikeseg(
        "segment", trained, tmp_path / "grey.png", "--confidence", "0", "--out", tmp_path / "all", *NUMPY
    )
    assert insisted.code == 0, insisted
    assert len(list((tmp_path / "all").glob("grey_*_silhouette.png"))) == 1


def test_a_network_is_asked_about_what_is_not_there(spikeseg, trained, tmp_path):
    told = spikeseg("evaluate", trained, "--absent", "desks", "--out", tmp_path, *NUMPY)
    assert told.code == 0, told
    presence = json.loads((tmp_path / "metrics.json").read_text())["presence"]
    assert all(set(told["false_alarms"]) == {"other classes", "desks"} for told in presence.values())
    assert (tmp_path / "figures" / "presence.png").exists()


def test_a_command_imports_no_library_that_it_does_not_need(trained, tmp_path):
    Image.new("L", (64, 64), 100).save(tmp_path / "grey.png")
    code = "import sys; from spikeseg.runners.cli.main import main\n"
    code += "try: main()\nfinally: print(*sys.modules, file=sys.stderr)"
    command = [sys.executable, "-c", code, "segment", trained, tmp_path / "grey.png", "--out", tmp_path, *NUMPY]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    imported = set(done.stderr.split())
    assert "spikeseg.runners.inference.segment_files" in imported
    assert not imported & {"brian2", "matplotlib", "pandas", "scipy"}
    assert not {name for name in imported if "spikeseg.datasets.events.formats" in name or ".commands.train" in name}


@pytest.mark.compiled
def test_where_the_program_is_compiled_already_brian2_is_not_started(spikeseg, trained, tmp_path, monkeypatch):
    Image.new("L", (64, 64), 100).save(tmp_path / "grey.png")
    command = ("segment", trained, tmp_path / "grey.png", "--out", tmp_path / "out")
    assert spikeseg(*command).code == 0
    monkeypatch.setattr(processes, "Worker", None)
    monkeypatch.setattr(processes, "_idle", [])
    assert spikeseg(*command).code == 0


@pytest.mark.parametrize("options", [(), ("--every-class",), ("--instances",)])
def test_pictures_are_read_once_and_one_after_the_other(spikeseg, trained, tmp_path, monkeypatch, options):
    pictures = [tmp_path / f"{number}.png" for number in range(6)]
    for number, picture in enumerate(pictures):
        pixels = np.random.default_rng(number).integers(0, 256, (900, 900 + 20 * number, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(picture, compress_level=1)
    read, alive, most = [], [0], [0]

    def counted(path):
        read.append(path)
        image = reading(path)
        alive[0] += 1
        most[0] = max(most[0], alive[0])
        weakref.finalize(image, lambda: alive.__setitem__(0, alive[0] - 1))
        return image

    reading = segment_files.read_picture
    monkeypatch.setattr(segment_files, "read_picture", counted)
    told = spikeseg("segment", trained, *pictures, "--out", tmp_path / "out", *options, *NUMPY)
    assert told.code == 0, told
    assert read == pictures
    assert most[0] <= 2


def test_what_is_no_picture_stops_before_anything_is_written(spikeseg, trained, tmp_path):
    Image.new("L", (64, 64), 100).save(tmp_path / "grey.png")
    (tmp_path / "notes.txt").write_text("not a picture")
    told = spikeseg(
        "segment", trained, tmp_path / "grey.png", tmp_path / "notes.txt", "--out", tmp_path / "out", *NUMPY
    )
    assert told.code == 1
    assert "notes.txt cannot be read as a picture" in told.err
    assert not (tmp_path / "out").exists()
