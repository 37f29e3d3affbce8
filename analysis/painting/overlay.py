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

from ...datasets.sample import Target
from ..decoding.segmentation import Segmentation
from .colours import INK, class_colours, ink_on, rgb
from .tags import LINE, PAD, Tag, tag_places

WIDTH = 800
"""Pixels across; pictures are enlarged or made smaller to it."""

TALLEST = 4
"""How many times as high as wide an overlay may be; taller pictures are narrower."""

TYPE = 18
"""Size of the letters, in pixels."""

ABOVE = round(LINE * TYPE + 0.5 * TYPE)
"""Rows of pixels above the picture, with its title."""

_MASK_ALPHA = 0.8
_DASH, _GAP = 7, 5  # pixels


def paint_overlay(
    image: np.ndarray,
    segmentations: Sequence[Segmentation],
    classes: Sequence[str],
    title: str,
    numbered: bool = False,
    truth: Sequence[Target] = (),
    width: int = WIDTH,
) -> Image.Image:
    """Paint what was segmented, and what is annotated, over the picture.

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
    truth
        What is annotated, in pixels of the picture: boxes are dashed.
    width
        Pixels across.
    """
    rows, columns = _size(image, width)
    pixels = _scaled(image, width)
    dressed = dress(segmentations, classes, numbered)
    for found, _, colour in dressed:
        mask = resized(found.mask, (rows, columns))
        pixels[mask] = ((1 - _MASK_ALPHA) * pixels[mask] + _MASK_ALPHA * np.array(rgb(colour))).astype(np.uint8)
    painted = Image.fromarray(pixels)
    draw = ImageDraw.Draw(painted)
    tags = []
    for target in truth:
        if target.box is not None:
            box = target.box.scaled(rows / image.shape[0], columns / image.shape[1])
            paint_dashed(draw, box)
            tags.append(Tag(target.label, box, "#000000", 0.63, predicted=False))
    for found, name, colour in dressed:
        high, wide = rows / found.mask.shape[0], columns / found.mask.shape[1]
        for line in silhouette_lines(found.silhouette):
            draw.line([(x * wide, y * high) for x, y in line], fill=colour, width=2)
        if found.box is not None:
            tags.append(Tag(name, found.box.scaled(high, wide), colour, 1, predicted=True))
            _paint_box(draw, tags[-1].box, colour)
    _write_tags(painted, tags)
    return _titled(painted, title)


def shrunk(image: np.ndarray) -> np.ndarray:
    """A picture that is larger than its overlay, at the overlay's size, which looks the same in it; others as they are.

    Parameters
    ----------
    image
        (H, W, 3) or (H, W), uint8, of any size.
    """
    return _scaled(image, WIDTH) if _size(image, WIDTH)[1] < image.shape[1] else image


def _size(image: np.ndarray, width: int) -> tuple[int, int]:
    """Rows and columns of a picture in its overlay."""
    scale = min(width / image.shape[1], TALLEST * width / image.shape[0])
    return max(1, round(scale * image.shape[0])), max(1, round(scale * image.shape[1]))


def _scaled(image: np.ndarray, width: int) -> np.ndarray:
    """A picture at the size that it has in its overlay, (rows, columns, 3) uint8, a copy."""
    rows, columns = _size(image, width)
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


def paint_dashed(draw: ImageDraw.ImageDraw, box: Box) -> None:
    """A box's edges, inside of it: dark dashes on white, which show on any picture."""
    top, left, bottom, right = (round(edge) for edge in box)
    bottom, right = max(bottom, top + 3), max(right, left + 3)
    draw.rectangle((left, top, right - 1, bottom - 1), outline="#ffffff", width=3)
    for x in range(left, right, _DASH + _GAP):
        for y in (top, bottom - 3):
            draw.rectangle((x, y, min(x + _DASH, right) - 1, y + 2), fill=INK)
    for y in range(top, bottom, _DASH + _GAP):
        for x in (left, right - 3):
            draw.rectangle((x, y, x + 2, min(y + _DASH, bottom) - 1), fill=INK)


def _write_tags(painted: Image.Image, tags: Sequence[Tag]) -> None:
    pad, draw = PAD * TYPE, ImageDraw.Draw(painted)
    widths = [text_length(tag.text) + 2 * pad for tag in tags]
    for tag, place in tag_places(tags, widths, LINE * TYPE + 2 * pad, (painted.height, painted.width)):
        top, left, bottom, right = (round(edge) for edge in place)
        painted.paste(tag.colour, (left, top), Image.new("L", (right - left, bottom - top), round(255 * tag.opacity)))
        middle = (place.top + place.bottom) / 2
        draw.text((place.left + pad, middle), tag.text, fill=ink_on(tag.colour), font=font(), anchor="lm")


def _titled(picture: Image.Image, title: str) -> Image.Image:
    """A picture with a line of text above; of a long one the end is shown."""
    shown = title
    while len(shown) > 1 and text_length(shown) > picture.width - 8:
        shown = f"…{shown[2:]}"
    page = Image.new("RGB", (picture.width, picture.height + ABOVE), "white")
    page.paste(picture, (0, ABOVE))
    ImageDraw.Draw(page).text((4, ABOVE / 2), shown, fill=INK, font=font(), anchor="lm")
    return page


def text_length(text: str) -> float:
    """Width of a line of text in pixels."""
    return font().getlength(text)


@cache
def font() -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which comes with Matplotlib; nothing of that has to be imported for it."""
    found = find_spec("matplotlib")
    assert found is not None
    assert found.origin is not None
    return ImageFont.truetype(Path(found.origin).with_name("mpl-data") / "fonts" / "ttf" / "DejaVuSans.ttf", TYPE)
