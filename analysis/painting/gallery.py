"""Many pictures with what was found in them, in a grid: masks, silhouettes, boxes, names of classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from spikeseg.boxes import Box
from spikeseg.files import replacing

from ...datasets.sample import Target
from ..decoding.segmentation import Segmentation
from .colours import FAINT, INK
from .overlay import ABOVE, font, paint_dashed, paint_overlay, text_length

WIDTH = 1720
"""Pixels across, as many as those of a figure."""

_BESIDE = 16  # pixels between the pictures
_SAMPLE, _LEGEND = (84, 3), 40  # size of the lines in the legend, and of all of it

Item = tuple[np.ndarray, Sequence[Segmentation], Sequence[Target], str]


def write_gallery(
    path: Path, items: Sequence[Item], classes: Sequence[str], columns: int = 4, numbered: bool = False
) -> None:
    """Write a PNG file, atomically: see `paint_gallery`. Raises SpikeSegError if the file system refuses."""
    with replacing(path) as temporary:
        paint_gallery(items, classes, columns, numbered).save(temporary, "PNG", compress_level=1)


def paint_gallery(
    items: Sequence[Item], classes: Sequence[str], columns: int = 4, numbered: bool = False
) -> Image.Image:
    """Paint many pictures with what was found in a grid, row by row.

    Parameters
    ----------
    items
        Image, segmentations, truth and caption of each: see `paint_overlay`. A caption is the name of a picture; of a
        long one the last parts are shown.
    classes
        All classes of the configuration.
    columns
        Pictures in a row.
    numbered
        See `paint_overlay`.
    """
    width = (WIDTH - (columns - 1) * _BESIDE) // columns
    cells = [
        paint_overlay(image, found, classes, shortened(caption, width - 8), numbered, truth, width)
        for image, found, truth, caption in items
    ]
    rows = [cells[first : first + columns] for first in range(0, len(cells), columns)]
    tops = np.cumsum([0] + [max(cell.height for cell in row) + _BESIDE for row in rows]).tolist()
    page = Image.new("RGB", (WIDTH, tops[-1] + _LEGEND), "white")
    draw = ImageDraw.Draw(page)
    for top, row in zip(tops, rows, strict=False):
        for number, cell in enumerate(row):
            left = number * (width + _BESIDE)
            page.paste(cell, (left, top))
            picture = left, top + ABOVE, left + cell.width - 1, top + cell.height - 1
            draw.rectangle(picture, outline=FAINT)
    _paint_legend(draw, tops[-1], annotated=any(target.box is not None for _, _, truth, _ in items for target in truth))
    return page


def shortened(name: str, width: float) -> str:
    """The last parts of a path that fit into `width` pixels; the end of the last if none does.

    Of a scene's two paths, ``a/b.jpg + c/d.jpg``, both are shortened.
    """
    paths = [path.split("/") for path in name.split(" + ")]
    most = max(map(len, paths))
    shorter = [" + ".join("/".join(path[min(k, len(path) - 1) :]) for path in paths) for k in range(most)]
    ends = [f"…{shorter[-1][k:]}" for k in range(1, len(shorter[-1]))]
    return next((text for text in shorter + ends if text_length(text) <= width), "")


def _paint_legend(draw: ImageDraw.ImageDraw, top: int, annotated: bool) -> None:
    (length, thick), middle, left = _SAMPLE, top + _LEGEND // 2, 4
    for name in ("predicted", "annotated") if annotated else ("predicted",):
        line = Box(middle, left, middle + thick, left + length)
        if name == "annotated":
            paint_dashed(draw, line)
        else:
            draw.rectangle((line.left, line.top, line.right - 1, line.bottom - 1), fill=INK)
        draw.text((left + length + 12, middle), name, fill=INK, font=font(), anchor="lm")
        left += length + round(text_length(name)) + 60
