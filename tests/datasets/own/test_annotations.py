"""Boxes of one's own pictures: three formats say the same, and what does not fit is told in one line."""

from __future__ import annotations

import json

import pytest

from spikeseg.boxes import Box
from spikeseg.datasets.own.annotations import read_boxes
from spikeseg.errors import SpikeSegError

CLASSES = ("bar", "disc")
NAMES = ("bar/a.png", "bar/b.png", "disc/a.png")
EXPECTED = {"bar/b.png": Box(2, 1, 12, 31), "disc/a.png": Box(0, 5, 7.5, 9)}


def table(root, text: str):
    (root / "boxes.csv").write_text(text)


def write_csv(root):
    table(root, "name,label,left,top,right,bottom\nbar/b.png,bar,1,2,31,12\ndisc/a.png,disc,5,0,9,7.5\n")


def write_segments(root):
    """As `spikeseg segment` writes them, from another directory and without a box for one of them."""
    edges = "top_px,left_px,bottom_px,right_px"
    rows = ["/home/me/bar/b.png,bar,1.2,2.0,1.0,12.0,31.0,14,b.png,", "x\\disc\\a.png,disc,1,0,5,7.5,9,14,a.png,"]
    rows.append("bar/a.png,bar,0.3,,,,,,a.png,")
    table(root, "\n".join([f"image,label,score,{edges},first_spike_step,mask,instance", *rows]))


def coco() -> dict:
    return {
        "images": [{"id": 7, "file_name": "b.png"}, {"id": 8, "file_name": "disc/a.png"}],
        "categories": [{"id": 1, "name": "bar"}, {"id": 2, "name": "disc"}, {"id": 3, "name": "person"}],
        "annotations": [
            {"image_id": 7, "category_id": 1, "bbox": [1, 2, 30, 10]},
            {"image_id": 8, "category_id": 2, "bbox": [5, 0, 4, 7.5]},
            {"image_id": 8, "category_id": 3, "bbox": [0, 0, 1, 1]},
        ],
    }


def write_coco(root):
    (root / "coco.json").write_text(json.dumps(coco()))


def voc(root, name: str, label: str, left, top, right, bottom):
    path = root / "voc" / name.replace(".png", ".xml")
    path.parent.mkdir(parents=True, exist_ok=True)
    edges = f"<xmin>{left}</xmin><ymin>{top}</ymin><xmax>{right}</xmax><ymax>{bottom}</ymax>"
    path.write_text(
        f"<annotation><filename>{name.split('/')[1]}</filename>"
        f"<object><name>{label}</name><bndbox>{edges}</bndbox></object></annotation>"
    )


def write_voc(root):
    """Pixels count from 1, and the last ones are inside."""
    voc(root, "bar/b.png", "bar", 2, 3, 31, 12)
    voc(root, "disc/a.png", "disc", 6, 1, 9, 7.5)


@pytest.mark.parametrize("write", [write_csv, write_segments, write_coco, write_voc])
def test_every_format_says_the_same(tmp_path, write):
    write(tmp_path)
    assert read_boxes(tmp_path, NAMES, CLASSES) == EXPECTED


def test_without_annotations_there_are_no_boxes(tmp_path):
    assert read_boxes(tmp_path, NAMES, CLASSES) == {}


def test_boxes_of_classes_that_are_not_asked_for_do_not_count(tmp_path):
    write_csv(tmp_path)
    assert list(read_boxes(tmp_path, NAMES[:2], ("bar",))) == ["bar/b.png"]


HEAD = "name,label,left,top,right,bottom\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HEAD + "bar/z.png,bar,1,2,3,4", "boxes.csv, line 2: a box for bar/z.png, which is not there"),
        (HEAD + "bar/a.png,disc,1,2,3,4", "line 2: a box of class disc, but bar/a.png is in the folder of bar"),
        (HEAD + "bar/a.png,bar,1,2,3,4\n" * 2, "line 3: a second box for bar/a.png"),
        (HEAD + "bar/a.png,bar,3,2,1,4", "line 2: no box: top 2, left 3"),
        (HEAD + "bar/a.png,bar,nan,2,1,4", "line 2: no box"),
        (HEAD + "bar/a.png,bar,one,2,3,4", "line 2: 'one' is no number of pixels"),
        (HEAD + "bar/a.png,bar,1,2", "line 2: '' is no number of pixels"),
        ("name,left,top,right,bottom\na.png,1,2,3,4", "line 2: several classes have a file a.png: give it as CLASS/a"),
        ("file,x\na,1", "boxes.csv has the columns file, x: it needs name, left, top, right, bottom"),
        ("", "boxes.csv has the columns none: it needs"),
    ],
)
def test_a_row_that_does_not_fit_is_named(tmp_path, text, told):
    table(tmp_path, text)
    with pytest.raises(SpikeSegError) as caught:
        read_boxes(tmp_path, NAMES, CLASSES)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"images": []}, "is not COCO"),
        ({"annotations": None}, "is not COCO"),
        ({"annotations": [{"image_id": 7, "category_id": 1, "bbox": [1, 2, 3]}]}, "is not COCO"),
        ({"annotations": [{"image_id": 7, "category_id": 1, "bbox": [1, 2, 3, "x"]}]}, "annotations[0]: 'x' is no num"),
    ],
)
def test_what_is_not_coco_is_told(tmp_path, change, told):
    (tmp_path / "coco.json").write_text(json.dumps(coco() | change))
    with pytest.raises(SpikeSegError) as caught:
        read_boxes(tmp_path, NAMES, CLASSES)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"), [("<annotation>", "cannot be read as XML"), ("<annotation/>", "has no filename")]
)
def test_what_is_not_voc_is_told(tmp_path, text, told):
    (tmp_path / "voc" / "bar").mkdir(parents=True)
    (tmp_path / "voc" / "bar" / "a.xml").write_text(text)
    with pytest.raises(SpikeSegError, match=told):
        read_boxes(tmp_path, NAMES, CLASSES)


def test_two_sources_of_boxes_are_one_too_many(tmp_path):
    write_csv(tmp_path)
    write_voc(tmp_path)
    with pytest.raises(SpikeSegError, match=r"has boxes in boxes\.csv and voc: keep one of them"):
        read_boxes(tmp_path, NAMES, CLASSES)
