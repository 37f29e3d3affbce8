"""A picture with what was found in it: masks, contours of silhouettes, boxes and names (paper, figures 7 and 10)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from contourpy import contour_generator
from PIL import Image, ImageDraw, ImageFont

from spikeseg.boxes import Box, resized

from ..decoding.segmentation import Segmentation
from .colours import INK, class_colours, ink_on, rgb
from .tags import LINE, PAD, Tag, tag_places

WIDTH = 800
"""Pixels across; pictures are enlarged or made smaller to it."""

TALLEST = 4 * WIDTH
"""Pixels: taller pictures are narrower than `WIDTH`."""

_TYPE = 18  # pixels: size of the letters
_MASK_ALPHA = 0.8


def paint_overlay(
    image: np.ndarray,
    segmentations: Sequence[Segmentation],
    classes: Sequence[str],
    title: str,
    numbered: bool = False,
) -> Image.Image:
    """Paint what was segmented over the picture.

    Parameters
    ----------
    image
        (H, W, 3) or (H, W), uint8, of any size.
    segmentations
        Masks and boxes in network pixels, which are stretched to the picture.
    classes
        All classes of the configuration: they have the same colours in every picture.
    title
        Above the picture.
    numbered
        Each object has a number and a colour of its own: there may be several of a class.
    """
    rows, columns = _size(image)
    pixels = _scaled(image)
    dressed = dress(segmentations, classes, numbered)
    for found, _, colour in dressed:
        mask = resized(found.mask, (rows, columns))
        pixels[mask] = ((1 - _MASK_ALPHA) * pixels[mask] + _MASK_ALPHA * np.array(rgb(colour))).astype(np.uint8)
    painted = Image.fromarray(pixels)
    draw = ImageDraw.Draw(painted)
    tags = []
    for found, name, colour in dressed:
        high, wide = rows / found.mask.shape[0], columns / found.mask.shape[1]
        for line in silhouette_lines(found.silhouette):
            draw.line([(x * wide, y * high) for x, y in line], fill=colour, width=2)
        if found.box is not None:
            tags.append(Tag(name, found.box.scaled(high, wide), colour, 1, predicted=True))
            _paint_box(draw, tags[-1].box, colour)
    _write_tags(draw, tags, (rows, columns))
    return _titled(painted, title)


def shrunk(image: np.ndarray) -> np.ndarray:
    """A picture that is larger than its overlay, at the overlay's size, which looks the same in it; others as they are.

    Parameters
    ----------
    image
        (H, W, 3) or (H, W), uint8, of any size.
    """
    return _scaled(image) if _size(image)[1] < image.shape[1] else image


def _size(image: np.ndarray) -> tuple[int, int]:
    """Rows and columns of a picture in its overlay."""
    scale = min(WIDTH / image.shape[1], TALLEST / image.shape[0])
    return max(1, round(scale * image.shape[0])), max(1, round(scale * image.shape[1]))


def _scaled(image: np.ndarray) -> np.ndarray:
    """A picture at the size that it has in its overlay, (rows, columns, 3) uint8, a copy."""
    rows, columns = _size(image)
    source = Image.fromarray(image)
    source = source if source.mode == "RGB" else source.convert("RGB")
    return np.array(source.resize((columns, rows), Image.Resampling.BILINEAR, reducing_gap=2.0))


def dress(
    segmentations: Sequence[Segmentation], classes: Sequence[str], numbered: bool
) -> list[tuple[Segmentation, str, str]]:
    """Every segmentation with its name and colour: those of its class, or with a number and a colour of its own."""
    if not numbered:
        colours = class_colours(classes)
        return [(found, found.label, colours[found.label]) for found in segmentations]
    numbers = [str(number) for number in range(1, len(segmentations) + 1)]
    colours = class_colours(numbers)
    return [(found, f"{n} {found.label}", colours[n]) for n, found in zip(numbers, segmentations, strict=True)]


def silhouette_lines(silhouette: np.ndarray) -> list[np.ndarray]:
    """The contour of a silhouette, (H, W) bool: lines of points (x, y) in its pixels, (n, 2) each."""
    padded = np.pad(silhouette, 1).astype(float)
    return [np.asarray(line) - 0.5 for line in contour_generator(z=padded).lines(0.5)]


def _paint_box(draw: ImageDraw.ImageDraw, box: Box, colour: str) -> None:
    """A box's edges, outside of it, edged in white."""
    top, left, bottom, right = (round(edge) for edge in box)
    for reach, width, shade in ((4, 5, "#ffffff"), (3, 3, colour)):
        edges = (left - reach, top - reach, max(right, left + 1) + reach - 1, max(bottom, top + 1) + reach - 1)
        draw.rectangle(edges, outline=shade, width=width)


def _write_tags(draw: ImageDraw.ImageDraw, tags: Sequence[Tag], picture: tuple[int, int]) -> None:
    pad = PAD * _TYPE
    widths = [draw.textlength(tag.text, _font()) + 2 * pad for tag in tags]
    for tag, place in tag_places(tags, widths, LINE * _TYPE + 2 * pad, picture):
        draw.rectangle((place.left, place.top, place.right - 1, place.bottom - 1), fill=tag.colour)
        middle = (place.top + place.bottom) / 2
        draw.text((place.left + pad, middle), tag.text, fill=ink_on(tag.colour), font=_font(), anchor="lm")


def _titled(picture: Image.Image, title: str) -> Image.Image:
    """A picture with a line of text above; of a long one the end is shown."""
    margin, shown = round(LINE * _TYPE + 0.5 * _TYPE), title
    while len(shown) > 1 and _font().getlength(shown) > picture.width - 8:
        shown = f"…{shown[2:]}"
    page = Image.new("RGB", (picture.width, picture.height + margin), "white")
    page.paste(picture, (0, margin))
    ImageDraw.Draw(page).text((4, margin / 2), shown, fill=INK, font=_font(), anchor="lm")
    return page


@cache
def _font() -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which comes with Matplotlib; nothing of that has to be imported for it."""
    found = find_spec("matplotlib")
    assert found is not None
    assert found.origin is not None
    return ImageFont.truetype(Path(found.origin).with_name("mpl-data") / "fonts" / "ttf" / "DejaVuSans.ttf", _TYPE)
