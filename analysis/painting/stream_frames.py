"""Each buffer of a stream with its answer, as a frame of a film."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from spikeseg.boxes import Box

from ...datasets.events.events import Buffer
from . import frames
from .colours import INK, class_colours, rgb

_GREYS = ("#ffffff", "#666666", "#b0b0b0", INK)  # no event, ON, OFF, text: colour is for classes


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
    plain = frames.frame(buffer.events, buffer.size, f"{buffer.start / 1e6:.3f} s  {label}")
    colours = class_colours(classes)
    palette = list(_GREYS) + [shade for label in classes for shade in (colours[label], _tint(colours[label]))]
    pixels = np.array(plain)
    scale = frames.zoom(buffer.size)
    if label:
        full = len(_GREYS) + 2 * list(classes).index(label)
        shown = mask[:: scale.denominator, :: scale.denominator]
        shown = shown.repeat(scale.numerator, axis=0).repeat(scale.numerator, axis=1)
        part = pixels[: shown.shape[0], : shown.shape[1]]
        part[shown] = np.where(part[shown] == frames.NONE, full + 1, full)
    image = Image.fromarray(pixels).convert("P")
    image.putpalette([value for colour in palette for value in rgb(colour)])
    if label and box is not None:
        top, left, bottom, right = (round(float(scale) * edge) for edge in box)
        ImageDraw.Draw(image).rectangle((left, top, max(right - 1, left), max(bottom - 1, top)), outline=full, width=2)
    return image


def _tint(colour: str) -> str:
    """Half-way to white."""
    return "#" + "".join(f"{(value + 255) // 2:02x}" for value in rgb(colour))
