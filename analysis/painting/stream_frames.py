"""Each buffer of a stream with its answer, as a frame of a film."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from spikeseg.boxes import Box

from ...datasets.events.events import Buffer
from . import frames
from .colours import INK, class_colours, rgb

TRACK_COLOURS = 6
"""In so many colours tracks take turns."""

_TRACKS = list(class_colours([str(number) for number in range(TRACK_COLOURS)]).values())
_GREYS = ("#ffffff", "#666666", "#b0b0b0", INK)  # no event, ON, OFF, text: colour is for classes


class Shown(NamedTuple):
    """What is drawn of an object.

    Attributes
    ----------
    mask, box
        In pixels of the sensor, mask (rows, columns) bool; a box of None is not drawn.
    colour
        Number of its colour.
    name
        Written at its box.
    """

    mask: np.ndarray
    box: Box | None
    colour: int
    name: str = ""


def answer_frame(buffer: Buffer, mask: np.ndarray, box: Box | None, label: str, classes: Sequence[str]) -> Image.Image:
    """A buffer's events with its answer: the mask's events in the class's colour, the box, a line of text below.

    Parameters
    ----------
    buffer
        Drawn as `frames.frame` draws events.
    mask, box
        In pixels of the sensor, mask (rows, columns) bool.
    label
        The class; nothing but the events is drawn where it is empty, for nothing was decided.
    classes
        All classes of the configuration: they have the same colours in every frame.

    Returns
    -------
    A picture of mode ``P``; all frames of a stream have the same palette.
    """
    colours = class_colours(classes)
    shown = [Shown(mask, box, list(classes).index(label))] if label else []
    return _painted(buffer, label, shown, [colours[label] for label in classes])


def tracks_frame(buffer: Buffer, shown: Sequence[Shown]) -> Image.Image:
    """A buffer's events with all objects that were found, each with its name, and in the colour of its number.

    Parameters
    ----------
    buffer
        Drawn as `frames.frame` draws events.
    shown
        The objects; later ones are drawn over earlier ones.

    Returns
    -------
    A picture of mode ``P``; all frames of a stream have the same palette.
    """
    image = _painted(buffer, "", [one._replace(colour=one.colour % TRACK_COLOURS) for one in shown], _TRACKS)
    draw, font, scale = ImageDraw.Draw(image), ImageFont.load_default(), float(frames.zoom(buffer.size))
    draw.fontmode = "1"  # text of one colour
    for one in shown:
        if one.box is not None:
            at = scale * one.box.left + 3, max(scale * one.box.top - 14, 0)
            draw.rectangle(draw.textbbox(at, one.name, font=font), fill=0)
            draw.text(at, one.name, fill=len(_GREYS) + 2 * (one.colour % TRACK_COLOURS), font=font)
    return image


def _painted(buffer: Buffer, caption: str, shown: Sequence[Shown], colours: Sequence[str]) -> Image.Image:
    plain = frames.frame(buffer.events, buffer.size, f"{buffer.start / 1e6:.3f} s  {caption}")
    palette = list(_GREYS) + [shade for colour in colours for shade in (colour, _tint(colour))]
    pixels = np.array(plain)
    scale = frames.zoom(buffer.size)
    for one in shown:
        full = len(_GREYS) + 2 * one.colour
        mask = one.mask[:: scale.denominator, :: scale.denominator]
        mask = mask.repeat(scale.numerator, axis=0).repeat(scale.numerator, axis=1)
        part = pixels[: mask.shape[0], : mask.shape[1]]
        part[mask] = np.where(part[mask] == frames.NONE, full + 1, full)
    image = Image.fromarray(pixels).convert("P")
    image.putpalette([value for colour in palette for value in rgb(colour)])
    for one in shown:
        if one.box is not None:
            top, left, bottom, right = (round(float(scale) * edge) for edge in one.box)
            edges = (left, top, max(right - 1, left), max(bottom - 1, top))
            ImageDraw.Draw(image).rectangle(edges, outline=len(_GREYS) + 2 * one.colour, width=2)
    return image


def _tint(colour: str) -> str:
    """Half-way to white."""
    return "#" + "".join(f"{(value + 255) // 2:02x}" for value in rgb(colour))
