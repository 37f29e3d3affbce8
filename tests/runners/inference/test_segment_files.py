"""What is segmented, and what its files are called."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from spikeseg.datasets.pictures import find_pictures
from spikeseg.errors import SpikeSegError
from spikeseg.runners.inference.segment_files import output_names

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
    overlays = sorted(path.name for path in (tmp_path / "out").glob("*_overlay.png"))
    assert overlays == ["orange_1_overlay.png", "panda_1_overlay.png"]
    assert len((tmp_path / "out" / "boxes.csv").read_text().splitlines()) == 3


def test_in_a_grey_picture_there_is_nothing_unless_one_insists(spikeseg, trained, tmp_path):
    Image.new("L", (64, 64), 100).save(tmp_path / "grey.png")
    told = spikeseg("segment", trained, tmp_path / "grey.png", "--out", tmp_path / "out", *NUMPY)
    assert told.code == 0, told
    assert "nothing (presence 0.00)" in told.out
    (row,) = json.loads((tmp_path / "out" / "boxes.json").read_text())
    assert (row["label"], row["mask"], row["box_px"], row["presence"]) == ("", "", None, 0)
    assert [path.name for path in (tmp_path / "out").glob("*.png")] == ["grey_overlay.png"]
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
