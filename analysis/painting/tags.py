"""Where the names of boxes are written: at a corner of the box, in the picture, over as little of others as can be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from spikeseg.boxes import Box

PAD = 0.25
"""Around a name, in sizes of its type."""

LINE = 1.2
"""Height of a line of type, in sizes of its type."""


class Tag(NamedTuple):
    """Name of a box, and the colour and opacity of its ground."""

    text: str
    box: Box
    colour: str
    opacity: float
    predicted: bool


def tag_places(
    tags: Sequence[Tag], widths: Sequence[float], height: float, picture: tuple[float, float]
) -> list[tuple[Tag, Box]]:
    """Find a place for every tag.

    Parameters
    ----------
    tags
        Predicted boxes come first and prefer their upper left corner, annotated ones their lower right corner.
    widths, height
        Of the tags, in pixels of the picture.
    picture
        Height and width of the picture.

    Returns
    -------
    Each tag with its place in the picture, in the order in which they were placed.
    """
    placed: list[tuple[Tag, Box]] = []
    for tag, width in sorted(zip(tags, widths, strict=True), key=lambda pair: not pair[0].predicted):
        places = [Box(top, left, top + height, left + width) for top, left in _corners(tag, height, width, picture)]
        best = min(places, key=lambda place: sum(_shared(place, other) for _, other in placed))
        placed.append((tag, best))
    return placed


def _corners(tag: Tag, height: float, width: float, picture: tuple[float, float]) -> Iterator[tuple[float, float]]:
    """Top and left of a name of this size: inside and outside each corner of its box, the best first."""
    top, left, bottom, right = tag.box
    tops, lefts = (top, top - height, bottom - height, bottom), (left, right - width)
    places = [(y, x) for y in tops for x in lefts]
    if not tag.predicted:
        places = [(y, x) for y in (bottom - height, bottom, top, top - height) for x in reversed(lefts)]
    for y, x in places:
        yield min(max(y, 0), max(picture[0] - height, 0)), min(max(x, 0), max(picture[1] - width, 0))


def _shared(one: Box, other: Box) -> float:
    """Area of the overlap."""
    rows = min(one.bottom, other.bottom) - max(one.top, other.top)
    columns = min(one.right, other.right) - max(one.left, other.left)
    return max(rows, 0) * max(columns, 0)
