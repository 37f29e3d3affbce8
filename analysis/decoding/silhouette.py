"""From the decoded pixels, which are edges, to the whole object: its silhouette (docs/model.md, rule 14).

Edges of the object that were not decoded lie beside those that were, and what lies between them is the object. No
outline of any object has been learned from, or is needed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

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
    body[near] = _filled(mask[near], events[near], convex_hull(mask)[near], scale)
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
    reach = int(length)
    pitch = pixels.shape[1] + reach
    bits = _packed(pixels, pitch)
    found, wider, columns = 0, bits, 0  # `wider`: moved by as many columns as are within reach in a row so far away
    for rows in range(reach, -1, -1):
        while np.hypot(columns + 1, rows) <= length:
            columns += 1
            wider |= bits << columns | bits >> columns
        found |= wider << rows * pitch | wider >> rows * pitch
    return _unpacked(found, pixels.shape, pitch)


def _packed(pixels: np.ndarray, pitch: int) -> int:
    """A picture as one long integer, a bit per pixel: shifting it moves all pixels at once.

    Rows are `pitch` bits apart, more than they are long, so that none runs into the next.
    """
    apart = np.zeros((len(pixels), pitch), bool)
    apart[:, : pixels.shape[1]] = pixels
    return int.from_bytes(np.packbits(apart, bitorder="little").tobytes(), "little")


def _unpacked(bits: int, shape: tuple[int, ...], pitch: int) -> np.ndarray:
    """The picture of a shape, (H, W) bool, that was packed; bits beyond it fall away."""
    cells = shape[0] * pitch
    inside = (bits & ((1 << cells) - 1)).to_bytes(-(-cells // 8), "little")
    pixels = np.unpackbits(np.frombuffer(inside, np.uint8), count=cells, bitorder="little")
    return pixels.reshape(shape[0], pitch)[:, : shape[1]].view(bool)


def _closed(outline: np.ndarray, gap: float) -> np.ndarray:
    """An outline and what it encloses, once gaps are closed."""
    margin = int(np.ceil(gap)) + 1
    free = ~within(np.pad(outline, margin), gap)
    return _eroded(~reached_from_edges(free), gap)[margin:-margin, margin:-margin] | outline


def reached_from_edges(free: np.ndarray) -> np.ndarray:
    """Find those of the `free` pixels to which a path of free ones leads from the picture's edges, (H, W) bool."""
    edges = np.ones_like(free)
    edges[1:-1, 1:-1] = False
    pitch = free.shape[1] + 1
    passable, found, reached = _packed(free, pitch), 0, _packed(free & edges, pitch)
    while reached != found:
        found = reached
        reached |= (found << 1 | found >> 1 | found << pitch | found >> pitch) & passable
    return _unpacked(found, free.shape, pitch)


def _eroded(pixels: np.ndarray, length: float) -> np.ndarray:
    """Those of `pixels` that are farther than this from any other pixel, or the picture's edge."""
    return ~within(np.pad(~pixels, 1, constant_values=True), length)[1:-1, 1:-1]


def convex_hull(pixels: np.ndarray) -> np.ndarray:
    """Fill the convex hull of pixels, (H, W) bool; the pixels themselves where they lie on one line."""
    rows = np.flatnonzero(pixels.any(axis=1))
    first = pixels[rows].argmax(axis=1)
    last = pixels.shape[1] - 1 - pixels[rows, ::-1].argmax(axis=1)
    left = _bulge(rows.tolist(), first.tolist())
    right = _bulge(rows[::-1].tolist(), last[::-1].tolist())
    corners = list(dict.fromkeys([*left, *right]))
    if len(corners) < 3:
        return pixels
    picture = Image.new("1", (pixels.shape[1], pixels.shape[0]))
    ImageDraw.Draw(picture).polygon(corners, fill=1, outline=1)
    return np.array(picture)


def _bulge(rows: Sequence[int], columns: Sequence[int]) -> list[tuple[int, int]]:
    """Those of a pixel per row that the hull touches on one side, (x, y) each (Andrew's monotone chain)."""
    kept: list[tuple[int, int]] = []
    for y, x in zip(rows, columns, strict=True):
        while len(kept) > 1:
            (x1, y1), (x2, y2) = kept[-2:]
            if (y2 - y1) * (x - x2) > (x2 - x1) * (y - y2):
                break
            kept.pop()
        kept.append((x, y))
    return kept
