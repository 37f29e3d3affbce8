"""From the decoded pixels, which are edges, to the whole object: its silhouette (docs/model.md, rule 14).

Edges of the object that were not decoded lie beside those that were, and what lies between them is the object. No
outline of any object has been learned from, or is needed.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import label
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
    near = _around(mask, REACH * scale)
    body = np.zeros_like(mask)
    body[near] = _filled(mask[near], events[near], _hull(mask)[near], scale)
    return body


def _around(mask: np.ndarray, reach: float) -> tuple[slice, slice]:
    """Rows and columns of the mask's box, grown by `reach` as far as the picture goes: no silhouette leaves them."""
    ends = [np.flatnonzero(mask.any(axis=axis))[[0, -1]] for axis in (1, 0)]
    margin = int(reach) + 1
    rows, columns = (slice(max(0, int(first) - margin), int(last) + margin + 1) for first, last in ends)
    return rows, columns


def _filled(mask: np.ndarray, events: np.ndarray, hull: np.ndarray, scale: float) -> np.ndarray:
    """The silhouette of a mask with a convex hull; the lengths above are multiplied by `scale`."""
    outline = mask | (events & within(hull, REACH * scale))
    body = hull
    for gap in GAPS:
        closed = _closed(outline, gap * scale)
        if closed.sum() >= FILLED * hull.sum():
            body = closed
            break
    thin, edge = THIN * scale, EDGE * scale
    core = _eroded(body, thin)
    if core.any():
        body = within(core, thin)
    inner = _eroded(body, edge)
    return inner if inner.any() else body


def within(pixels: np.ndarray, length: float) -> np.ndarray:
    """Find all pixels that are at most `length` pixels from one of `pixels`, both (H, W) bool."""
    # The picture is one long integer, a bit per pixel, and shifting it moves all pixels at once. Rows are `reach` bits
    # apart, so that none runs into the next.
    reach = int(length)
    apart = np.zeros((len(pixels), pixels.shape[1] + reach), bool)
    apart[:, : pixels.shape[1]] = pixels
    pitch, size = apart.shape[1], -(-apart.size // 8)
    bits = int.from_bytes(np.packbits(apart, bitorder="little").tobytes(), "little")
    found, wider, columns = 0, bits, 0  # `wider`: moved by as many columns as are within reach in a row so far away
    for rows in range(reach, -1, -1):
        while np.hypot(columns + 1, rows) <= length:
            columns += 1
            wider |= bits << columns | bits >> columns
        found |= wider << rows * pitch | wider >> rows * pitch
    inside = (found & ((1 << 8 * size) - 1)).to_bytes(size, "little")
    unpacked = np.unpackbits(np.frombuffer(inside, np.uint8), count=apart.size, bitorder="little")
    return unpacked.reshape(apart.shape)[:, : pixels.shape[1]].view(bool)


def _closed(outline: np.ndarray, gap: float) -> np.ndarray:
    """An outline and what it encloses, once gaps are closed."""
    margin = int(np.ceil(gap)) + 1
    outside = ~within(np.pad(outline, margin), gap)
    free = np.empty(outside.shape, np.int32)  # which connected part each pixel belongs to; 0: the outline
    label(outside, output=free)
    return _eroded(free != free[0, 0], gap)[margin:-margin, margin:-margin] | outline


def _eroded(pixels: np.ndarray, length: float) -> np.ndarray:
    """Those of `pixels` that are farther than this from any other pixel, or the picture's edge."""
    return ~within(np.pad(~pixels, 1, constant_values=True), length)[1:-1, 1:-1]


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
