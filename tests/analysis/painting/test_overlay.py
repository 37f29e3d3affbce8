"""Overlays, painted: the mask's pixels, the box's edges, names in the picture and apart; Matplotlib is not needed."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from helpers.blocks import encode, network, picture
from spikeseg.analysis.decoding.segmentation import segment_classes
from spikeseg.analysis.painting.colours import INK, class_colours, rgb
from spikeseg.analysis.painting.overlay import ABOVE, TALLEST, WIDTH, paint_overlay, shrunk, silhouette_lines
from spikeseg.analysis.painting.tags import Tag, tag_places
from spikeseg.boxes import Box, resized
from spikeseg.datasets.sample import Target

GREY = np.full((60, 100), 120, np.uint8)


@pytest.fixture(scope="module")
def found():
    trained = network()
    steps = encode(trained, picture((0, 1, 1), (1, 2, 6)))
    return segment_classes(trained, steps, trained.config.data.classes)


@pytest.fixture(scope="module")
def classes():
    return network().config.data.classes


def below_title(painted):
    """Pixels of the picture, without the line of text above."""
    pixels = np.array(painted)
    return pixels[len(pixels) - round(WIDTH * GREY.shape[0] / GREY.shape[1]) :]


def test_a_mask_has_the_colour_of_its_class_and_all_else_stays(found, classes):
    (one,) = [replace(found[0], box=None, beyond=np.ones_like(found[0].mask))]
    pixels = below_title(paint_overlay(GREY, [one], classes, "a"))
    mask = resized(one.mask, pixels.shape[:2])
    tint = 0.2 * 120 + 0.8 * np.array(rgb(class_colours(classes)[one.label]))
    np.testing.assert_allclose(pixels[mask], np.tile(tint, (mask.sum(), 1)), atol=1)
    assert (pixels[~mask] == 120).all()


def test_a_box_is_edged_outside_of_it(found, classes):
    nothing = np.zeros_like(found[0].mask)
    rows, columns = nothing.shape
    box = Box(rows * 0.25, columns * 0.5, rows * 0.75, columns * 0.75)
    one = replace(found[0], box=box, mask=nothing, beyond=~nothing)
    pixels = below_title(paint_overlay(GREY, [one], classes, "a"))
    high, wide = pixels.shape[:2]
    colour = rgb(class_colours(classes)[one.label])
    for row, column in ((high // 2, wide // 2 - 2), (high // 2, 3 * wide // 4 + 1), (3 * high // 4 + 1, 5 * wide // 8)):
        assert tuple(pixels[row, column]) == colour
    assert tuple(pixels[high // 2, 5 * wide // 8]) == (120, 120, 120)


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((60, 100), (480, WIDTH)),
        ((3000, 4000, 3), (600, WIDTH)),
        ((900, 10), (TALLEST * WIDTH, 36)),
        ((1, 1), (WIDTH, WIDTH)),
    ],
)
def test_pictures_of_any_size_are_as_wide_as_others(found, classes, shape, size):
    painted = paint_overlay(np.zeros(shape, np.uint8), found, classes, "a picture with a very long name " * 20)
    assert painted.mode == "RGB"
    assert (painted.height - ABOVE, painted.width) == size
    assert np.array(painted)[0].min() == 255  # the title's ground


def test_objects_with_numbers_have_colours_of_their_own(found, classes):
    alike = [replace(one, label=classes[0], beyond=np.ones_like(one.mask)) for one in found]
    by_class, by_number = (
        np.array(paint_overlay(GREY, alike, classes, "", numbered=numbered)) for numbered in (False, True)
    )
    assert not np.array_equal(by_class, by_number)


@pytest.mark.parametrize(
    "shape", [(60, 100), (900, 1201), (1000, 801, 3), (3000, 700, 3), (3300, 30), (7001, 900), (2, 1999), (600, 800, 3)]
)
def test_a_picture_made_as_small_as_its_overlay_looks_the_same_in_it(found, classes, shape):
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    small = shrunk(image)
    assert small.nbytes <= max(image.nbytes, WIDTH * TALLEST * WIDTH * 3)
    assert small.shape[1] <= WIDTH
    whole, kept = (paint_overlay(one, found, classes, "a") for one in (image, small))
    np.testing.assert_array_equal(np.asarray(whole), np.asarray(kept))


def test_contours_go_around_the_pixels_of_a_silhouette():
    mask = np.zeros((8, 9), bool)
    mask[2:5, 3:7] = True
    (line,) = silhouette_lines(mask)
    assert line.min(axis=0) == pytest.approx((3, 2), abs=0.51)
    assert line.max(axis=0) == pytest.approx((7, 5), abs=0.51)
    assert silhouette_lines(np.zeros((3, 3), bool)) == []


@pytest.mark.parametrize("seed", range(20))
def test_names_lie_in_the_picture_and_apart(seed):
    random = np.random.default_rng(seed)
    tags = []
    for number in range(5):
        top, left = random.integers(0, (400, 600)).tolist()
        box = Box(top, left, top + random.integers(50, 200), left + random.integers(50, 200))
        tags.append(Tag("name", box, "#000000", 1, predicted=bool(number % 2)))
    placed = [place for _, place in tag_places(tags, [80.0] * 5, 30, (480, 800))]
    assert [tag.predicted for tag, _ in tag_places(tags, [80.0] * 5, 30, (480, 800))] == sorted(
        (tag.predicted for tag in tags), reverse=True
    )
    for place in placed:
        assert 0 <= place.top < place.bottom <= 480
        assert 0 <= place.left < place.right <= 800
    for number, one in enumerate(placed):
        for other in placed[number + 1 :]:
            apart = one.bottom <= other.top or other.bottom <= one.top
            assert apart or one.right <= other.left or other.right <= one.left


def test_names_of_one_box_several_times_lie_apart():
    tags = [Tag("name", Box(60, 60, 140, 240), "#000000", 1, predicted=False)] * 4
    places = [place for _, place in tag_places(tags, [80.0] * 4, 30, (200, 300))]
    for number, one in enumerate(places):
        for other in places[number + 1 :]:
            assert (
                one.bottom <= other.top or other.bottom <= one.top or one.right <= other.left or other.right <= one.left
            )


@pytest.mark.parametrize("box", [Box(10, 20, 50, 90), Box(0, 0, 60, 100)])
def test_annotated_boxes_are_dark_dashes_on_white_inside_of_their_edges(classes, box):
    target = Target(classes[0], box)
    pixels = below_title(paint_overlay(GREY, [], classes, "a", truth=[target]))
    top, left, bottom, right = (round(8 * edge) for edge in box)
    for edge in (pixels[top, left:right], pixels[top:bottom, left]):
        assert {tuple(colour) for colour in edge.tolist()} == {(255, 255, 255), rgb(INK)}
    assert tuple(pixels[(top + bottom) // 2, (left + right) // 2]) == (120, 120, 120)
    changed = (pixels != 120).any(axis=2)
    assert not changed[:top].any()
    assert not changed[:, :left].any()


def test_an_annotated_box_without_area_is_seen(classes):
    painted = paint_overlay(GREY, [], classes, "a", truth=[Target(classes[0], Box(30, 40, 30, 40))])
    assert (below_title(painted)[240:243, 320:323] != 120).all()


@pytest.mark.parametrize("files", ["segment_files", "stream_files", "watch_files"])
def test_segmenting_imports_neither_matplotlib_nor_scipy(files):
    code = f"import sys; import spikeseg.runners.inference.{files}; print({{'matplotlib', 'scipy'}} & {{*sys.modules}})"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"
