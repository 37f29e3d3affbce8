"""Galleries, painted: the overlays of all items, row by row, captions that tell pictures apart, a legend."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from helpers.blocks import encode, network, picture
from spikeseg.analysis.decoding.segmentation import segment_classes
from spikeseg.analysis.painting.gallery import WIDTH, paint_gallery, shortened, write_gallery
from spikeseg.analysis.painting.overlay import ABOVE, paint_overlay, text_length
from spikeseg.boxes import Box
from spikeseg.datasets.sample import Target

PICTURE = np.full((48, 96), 120, np.uint8)
NAMES = ("Faces/image_0001.jpg", "orange-panda/both-0.5/seed1000000/00012", "folder/" + 60 * "W", "a")


@pytest.fixture(scope="module")
def classes():
    return network().config.data.classes


@pytest.fixture(scope="module")
def item(classes):
    trained = network()
    found = segment_classes(trained, encode(trained, picture((0, 1, 1), (1, 2, 6))), classes)
    return PICTURE, found, [Target(classes[0], Box(4, 8, 40, 80)), Target(classes[1], None)], "a/picture.png"


@pytest.mark.parametrize(("items", "columns"), [(1, 4), (4, 4), (5, 4), (3, 1)])
def test_overlays_fill_a_grid_row_by_row(item, classes, items, columns):
    page = np.array(paint_gallery([item] * items, classes, columns))
    assert page.shape[1] == WIDTH
    width = (WIDTH - (columns - 1) * 16) // columns
    image, found, truth, caption = item
    cell = np.array(paint_overlay(image, found, classes, caption, truth=truth, width=width))
    inside = np.s_[ABOVE + 1 : -1, 1:-1]  # without the frame
    for number in range(items):
        row, column = divmod(number, columns)
        top, left = row * (len(cell) + 16), column * (width + 16)
        here = page[top : top + len(cell), left : left + width]
        np.testing.assert_array_equal(here[inside], cell[inside])
        np.testing.assert_array_equal(here[:ABOVE], cell[:ABOVE])


def test_pictures_of_any_shape_lie_below_their_captions_and_apart(classes):
    shapes = (96, 48), (48, 96), (30, 30), (10, 900), (4, 4, 3)
    page = paint_gallery([(np.zeros(shape, np.uint8), [], [], name) for shape in shapes for name in NAMES], classes)
    dark = (np.array(page) == 0).all(axis=2)
    assert dark.any(axis=1).sum() < page.height  # there is white between the rows
    for column in range(1, 4):
        assert not dark[:, column * (WIDTH - 48) // 4 + (column - 1) * 16 + 4].any()  # and between columns


@pytest.mark.parametrize("width", [150, 300, 420])
@pytest.mark.parametrize("name", NAMES)
def test_captions_end_like_the_names_and_fit(width, name):
    shown = shortened(name, width)
    assert shown
    assert name.endswith(shown.removeprefix("…"))
    assert text_length(shown) <= width
    assert shortened(name, 1e6) == name


@pytest.mark.parametrize("name", ["a/image_1.jpg + b/image_2.jpg", "a/b/c.jpg"])
def test_captions_keep_every_picture_of_a_scene(name):
    last = [part.split("/")[-1] for part in name.split(" + ")]
    for width in (300, 1000):
        assert [part.split("/")[-1] for part in shortened(name, width).split(" + ")] == last


def test_the_legend_explains_only_what_is_there(item, classes):
    image, found, truth, caption = item
    both, predicted = (
        np.array(paint_gallery([(image, found, there, caption)], classes))[-40:] for there in (truth, truth[1:])
    )
    half = text_length("predicted") + 130
    assert (predicted[:, : int(half)] < 255).any()
    assert not (predicted[:, int(half) :] < 255).any()
    assert (both[:, int(half) :] < 255).any()


def test_a_file_is_written_and_nothing_else_is_left_behind(item, classes, tmp_path):
    write_gallery(tmp_path / "new" / "gallery.png", [item], classes, columns=3, numbered=True)
    with Image.open(tmp_path / "new" / "gallery.png") as written:
        assert written.format == "PNG"
        assert written.width == WIDTH
    assert len(list(tmp_path.rglob("*"))) == 2
