"""Pictures with what was found in them: masks, boxes, names of classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke
from matplotlib.textpath import text_to_path

from spikeseg.boxes import Box

from ...datasets.sample import Target
from ..decoding.segmentation import Segmentation
from .style import INK, WIDTH, bare, class_colours, style

_MASK_ALPHA = 0.8

Item = tuple[np.ndarray, Sequence[Segmentation], Sequence[Target], str]


@style()
def overlay(
    image: np.ndarray,
    segmentations: Sequence[Segmentation],
    classes: Sequence[str],
    truth: Sequence[Target] = (),
    title: str | None = None,
    numbered: bool = False,
) -> Figure:
    """Draw what was segmented over the picture (paper, figures 7 and 10).

    Parameters
    ----------
    image
        (H, W, 3) or (H, W), uint8, of any size.
    segmentations
        Masks and boxes in network pixels, which are stretched to the picture.
    classes
        All classes of the configuration: they have the same colours in every picture.
    truth
        The objects as annotated, in pixels of the picture.
    title
        Above the picture.
    numbered
        Each object has a number and a colour of its own: there may be several of a class.
    """
    width = 0.6 * WIDTH
    figure = Figure((width, width * image.shape[0] / image.shape[1] + 0.6), layout="constrained")
    axes = figure.subplots()
    axes.set_title(title or "", parse_math=False)
    _draw_overlay(axes, image, _dressed(segmentations, classes, numbered), truth, size=8)
    _box_legend(figure, truth)
    return figure


@style()
def gallery(items: Sequence[Item], classes: Sequence[str], columns: int = 4, numbered: bool = False) -> Figure:
    """Draw many overlays in a grid; items are (image, segmentations, truth, caption), see `overlay`.

    A caption is the name of a picture; of a long one the last parts are shown.
    """
    rows = -(-len(items) // columns)
    aspect = float(np.median([image.shape[0] / image.shape[1] for image, *_ in items]))
    figure = Figure((WIDTH, rows * (WIDTH / columns * aspect + 0.25) + 0.35), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, (image, segmentations, truth, caption) in zip(grid, items, strict=False):
        _draw_overlay(axes, image, _dressed(segmentations, classes, numbered), truth, size=24 / columns)
        size = min(9, 30 / columns)
        axes.set_title(_shortened(caption, 72 * WIDTH / columns - size, size), fontsize=size, pad=3, parse_math=False)
    for axes in grid[len(items) :]:
        axes.set_axis_off()
    _box_legend(figure, [target for _, _, truth, _ in items for target in truth])
    return figure


def _shortened(name: str, width: float, size: float) -> str:
    """The last parts of a path that fit `width` points in type of `size` points; the end of the last if none does."""
    parts, font = name.split("/"), FontProperties(size=size)
    paths = ["/".join(parts[k:]) for k in range(len(parts))]
    ends = [f"…{parts[-1][k:]}" for k in range(1, len(parts[-1]))]

    def fits(text: str) -> bool:
        return text_to_path.get_text_width_height_descent(text, font, ismath=False)[0] <= width

    return next(filter(fits, paths + ends), "")


def _dressed(
    segmentations: Sequence[Segmentation], classes: Sequence[str], numbered: bool
) -> list[tuple[Segmentation, str, str]]:
    """Every segmentation with its name and colour: those of its class, or with a number and a colour of its own."""
    if not numbered:
        colours = class_colours(classes)
        return [(found, found.label, colours[found.label]) for found in segmentations]
    numbers = [str(number) for number in range(1, len(segmentations) + 1)]
    colours = class_colours(numbers)
    return [(found, f"{n} {found.label}", colours[n]) for n, found in zip(numbers, segmentations, strict=True)]


def _draw_overlay(
    axes: Axes,
    image: np.ndarray,
    dressed: Sequence[tuple[Segmentation, str, str]],
    truth: Sequence[Target],
    size: float,
) -> None:
    rows, columns = image.shape[:2]
    whole = (0, columns, rows, 0)
    axes.imshow(image, cmap="gray", vmin=0, vmax=255, extent=whole)
    for found, _, colour in dressed:
        tint = np.where(found.mask[..., None], to_rgba(colour, _MASK_ALPHA), 0.0)
        axes.imshow(tint, extent=whole, interpolation="nearest")
    for target in truth:
        if target.box is not None:
            outline(axes, target.box, _annotated(size / 5))
            _tag(axes, target.box.bottom, target.box.right, target.label, "#000000a0", size, "bottom", "right")
    for found, name, colour in dressed:
        if found.box is not None:
            box = found.box.scaled(rows / found.mask.shape[0], columns / found.mask.shape[1])
            outline(axes, box, predicted(colour, size / 5))
            _tag(axes, box.top, box.left, name, colour, size, "top", "left")
    axes.set(xlim=(0, columns), ylim=(rows, 0))
    axes.set_anchor("NW")  # captions begin at equal distances, whatever the pictures' shapes
    bare(axes)


def outline(axes: Axes, box: Box, line: dict) -> None:
    """Draw a box's edges; `line` as `predicted` gives it."""
    top, left, bottom, right = box
    columns, rows = (left, right, right, left, left), (top, top, bottom, bottom, top)
    axes.plot(columns, rows, scalex=False, scaley=False, **line)


def predicted(colour: str, width: float) -> dict:
    """Line of an answer's box: solid, edged in white; `width` in points."""
    halo = [Stroke(linewidth=width + 1.2, foreground="white"), Normal()]
    return {"color": colour, "linewidth": width, "path_effects": halo, "solid_joinstyle": "miter"}


def _annotated(width: float) -> dict:
    """Line of the truth: dark dashes on white, which show on any picture."""
    return {"color": INK, "gapcolor": "white", "linewidth": width, "linestyle": (0, (3, 2))}


def _tag(axes: Axes, row: float, column: float, text: str, colour: str, size: float, va: str, ha: str) -> None:
    ground = {"facecolor": colour, "edgecolor": "none", "boxstyle": "square,pad=0.25"}
    look = {"color": "white", "fontsize": size, "bbox": ground, "clip_on": True, "parse_math": False}
    axes.text(column, row, text, va=va, ha=ha, **look)


def _box_legend(figure: Figure, truth: Sequence[Target]) -> None:
    handles = [Line2D([], [], label="predicted", **predicted(INK, 1.6))]
    if any(target.box is not None for target in truth):
        handles.append(Line2D([], [], label="annotated", **_annotated(1.6)))
    figure.legend(handles=handles, loc="outside lower left", ncols=2, handlelength=3.5)
