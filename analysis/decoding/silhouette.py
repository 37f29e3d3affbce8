"""From the decoded pixels, which are edges, to the whole object: its silhouette (docs/model.md, rule 14).

Edges of the object that were not decoded lie beside those that were, and what lies between them is the object. No
outline of any object has been learned from, or is needed.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import binary_fill_holes, distance_transform_edt
from scipy.spatial import ConvexHull, QhullError

ROWS = 100
"""Rows of a picture from which on the lengths below are in pixels; in smaller ones they shrink with it."""

REACH = 8  # events count as edges of the object up to this far outside the convex hull of its decoded pixels
GAPS = (5, 10, 20)  # gaps in an outline are closed if no point in them is farther from it: by the first of these ...
FILLED = 0.4  # ... with which the object fills this share of the hull; an outline that stays open encloses nothing
THIN = 3  # what is nowhere thicker than twice this is no body: a stray edge
EDGE = 2  # a difference of Gaussians and a moving edge light up this far outside the contour


def silhouette(mask: np.ndarray, events: np.ndarray) -> np.ndarray:
    """Fill an object.

    Parameters
    ----------
    mask
        Its decoded pixels, (H, W) bool.
    events
        Pixels with an input event, inside the region where the object may lie, (H, W) bool.

    Returns
    -------
    (H, W) bool; empty for an empty mask.
    """
    if not mask.any():
        return mask
    scale = min(1, mask.shape[0] / ROWS)
    hull = _hull(mask)
    outline = mask | (events & (_distance_to(hull) <= REACH * scale))
    body = hull
    for gap in GAPS:
        closed = _closed(outline, gap * scale)
        if closed.sum() >= FILLED * hull.sum():
            body = closed
            break
    thin, edge = THIN * scale, EDGE * scale
    core = _eroded(body, thin)
    if core.any():
        body = _distance_to(core) <= thin
    inner = _eroded(body, edge)
    return inner if inner.any() else body


def _distance_to(pixels: np.ndarray) -> np.ndarray:
    """Distance of each pixel to the nearest of `pixels`, (H, W) float."""
    return np.asarray(distance_transform_edt(~pixels))


def _closed(outline: np.ndarray, gap: float) -> np.ndarray:
    """An outline and what it encloses, once gaps are closed."""
    margin = int(np.ceil(gap)) + 1
    body = np.asarray(binary_fill_holes(_distance_to(np.pad(outline, margin)) <= gap))
    return _eroded(body, gap)[margin:-margin, margin:-margin] | outline


def _eroded(pixels: np.ndarray, length: float) -> np.ndarray:
    """Those of `pixels` that are farther than this from any other pixel, or the picture's edge."""
    return np.asarray(distance_transform_edt(np.pad(pixels, 1)))[1:-1, 1:-1] > length


def _hull(pixels: np.ndarray) -> np.ndarray:
    """The convex hull of pixels, (H, W) bool; the pixels themselves where they lie on one line."""
    places = np.argwhere(pixels)
    try:
        corners = places[ConvexHull(places).vertices]
    except (QhullError, ValueError):
        return pixels
    picture = Image.new("1", (pixels.shape[1], pixels.shape[0]))
    ImageDraw.Draw(picture).polygon([(int(column), int(row)) for row, column in corners], fill=1, outline=1)
    return np.array(picture)
