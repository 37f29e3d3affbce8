"""Events as pictures: what happened at every pixel within a slice of time."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .colours import INK, LINES, rgb

NONE, ON, OFF, TEXT = range(4)
COLOURS = ("#ffffff", LINES[0], LINES[1], INK)
"""Of no event, ON, OFF, and text: apart in hue and in lightness, whatever colours a person sees."""

CAPTION = 18
"""Screen pixels of the line of text below a frame."""

_MEANINGS = 90  # screen pixels, at the right of the caption, in which the colours' meaning stands
_NARROWEST = 240  # screen pixels: narrower pictures get a white margin, so that the caption has room
_LARGEST = 640  # screen pixels; larger sensors are drawn smaller
_SMALL = 480  # screen pixels; smaller sensors are drawn larger, as far as whole pixels go


def zoom(size: tuple[int, int]) -> Fraction:
    """Screen pixels per pixel of a sensor of `size` (rows, columns): a whole number, or one over a whole number."""
    longest = max(size)
    return Fraction(1, -(-longest // _LARGEST)) if longest > _LARGEST else Fraction(max(_SMALL // longest, 1))


def accumulate(events: np.ndarray, size: tuple[int, int], scale: Fraction) -> np.ndarray:
    """The last event of each screen pixel: `NONE`, `ON` or `OFF`, uint8, shape (rows, columns) of the screen.

    Parameters
    ----------
    events
        Dtype `EVENT`, on a sensor of `size` (rows, columns).
    scale
        As `zoom` gives it.
    """
    fold, repeat = scale.denominator, scale.numerator
    picture = np.full([-(-side // fold) for side in size], NONE, np.uint8)
    picture[events["y"] // fold, events["x"] // fold] = np.where(events["p"] > 0, ON, OFF)
    return picture.repeat(repeat, axis=0).repeat(repeat, axis=1)


def frame(events: np.ndarray, size: tuple[int, int], caption: str) -> Image.Image:
    """A picture of a slice of events with a line of text and the colours' meaning below, in mode ``P``."""
    pixels = accumulate(events, size, zoom(size))
    rows, columns = pixels.shape[0], max(pixels.shape[1], _NARROWEST)
    margins = (0, CAPTION), (0, columns - pixels.shape[1])
    image = Image.fromarray(np.pad(pixels, margins, constant_values=NONE)).convert("P")
    image.putpalette([value for colour in COLOURS for value in rgb(colour)])
    draw, font = ImageDraw.Draw(image), ImageFont.load_default()
    draw.fontmode = "1"  # text of one colour
    draw.line((0, rows, columns, rows), fill=TEXT)
    draw.text((3, rows + 3), caption, fill=TEXT, font=font)
    place = columns - 3
    draw.rectangle((columns - _MEANINGS, rows + 1, columns, rows + CAPTION), fill=NONE)  # ends a long caption
    for kind, name in ((OFF, "OFF"), (ON, "ON")):
        place -= int(draw.textlength(name, font=font))
        draw.text((place, rows + 3), name, fill=TEXT, font=font)
        draw.rectangle((place - 12, rows + 5, place - 4, rows + 13), fill=kind, outline=TEXT)
        place -= 20
    return image
