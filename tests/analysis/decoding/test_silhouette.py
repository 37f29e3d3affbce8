"""From edges to a whole object."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from scipy.ndimage import distance_transform_edt, label
from scipy.spatial import ConvexHull, QhullError

from spikeseg.analysis.decoding.silhouette import EDGE, convex_hull, reached_from_edges, silhouette, within

ROW, COLUMN = np.indices((160, 250))


def disk(row, column, radius):
    return np.hypot(ROW - row, COLUMN - column) <= radius


def ring(row, column, radius):
    return disk(row, column, radius) & ~disk(row, column, radius - 1.5)


def iou(a, b):
    return (a & b).sum() / (a | b).sum()


@given(st.integers(50, 110), st.integers(50, 200), st.integers(15, 45))
def test_an_outline_becomes_the_disk_that_it_encloses(row, column, radius):
    outline = ring(row, column, radius + EDGE)  # a difference of Gaussians lights up outside the contour
    assert iou(silhouette(outline, outline), disk(row, column, radius)) > 0.9


def test_edges_that_were_not_decoded_help_where_they_lie_around_the_others():
    outline, part = ring(80, 120, 40), ring(80, 120, 40) & (COLUMN < 153)
    far = ring(80, 230, 10)
    whole = silhouette(part, outline | far)
    assert iou(silhouette(part, part), disk(80, 120, 38)) < iou(whole, disk(80, 120, 38))
    assert iou(whole, disk(80, 120, 38)) > 0.95
    assert not whole[:, 210:].any()


def test_an_outline_with_wide_gaps_encloses_its_hull():
    corners = np.zeros((160, 250), bool)
    for row in (40, 120):
        for column in (60, 180):
            corners[row - 2 : row + 3, column - 2 : column + 3] = True
    inside = np.zeros((160, 250), bool)
    inside[40:121, 60:181] = True
    assert iou(silhouette(corners, corners), inside) > 0.9


@pytest.mark.parametrize("pixels", [0, 1, 2])
def test_of_next_to_nothing_comes_next_to_nothing(pixels):
    mask = np.zeros((160, 250), bool)
    mask[80, 100 : 100 + pixels] = True
    assert silhouette(mask, mask).sum() == pixels


@given(st.integers(1, 30), st.integers(1, 30), st.floats(0, 25), st.integers(0, 2**32))
def test_pixels_within_a_distance_are_those_of_the_distance_transform(rows, columns, length, seed):
    pixels = np.random.default_rng(seed).random((rows, columns)) < 0.05
    pixels[rows // 2, columns // 2] = True
    assert np.array_equal(within(pixels, length), distance_transform_edt(~pixels) <= length)


def _pixels(rows: int, columns: int, share: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((rows, columns)) < share


PIXELS = st.builds(_pixels, st.integers(1, 40), st.integers(1, 40), st.floats(0.001, 0.9), st.integers(0, 2**32))


@given(PIXELS)
def test_hulls_have_the_corners_of_qhull(pixels):
    places = np.argwhere(pixels)
    try:
        corners = places[ConvexHull(places).vertices]
    except (QhullError, ValueError):  # none, or on one line
        assert np.array_equal(convex_hull(pixels), pixels)
        return
    drawn = Image.new("1", pixels.shape[::-1])
    ImageDraw.Draw(drawn).polygon([(int(column), int(row)) for row, column in corners], fill=1, outline=1)
    assert np.array_equal(convex_hull(pixels), np.array(drawn))


@given(PIXELS)
def test_pixels_are_reached_from_edges_where_their_connected_part_has_one_there(free):
    parts, _ = label(free)
    edges = np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]])
    assert np.array_equal(reached_from_edges(free), np.isin(parts, edges[edges > 0]))
