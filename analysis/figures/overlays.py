"""Pictures with what was found in them: masks, boxes, names of classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke

from spikeseg.boxes import Box

from ...datasets.sample import Target
from ..decoding.segmentation import Segmentation
from .style import INK, WIDTH, bare, class_colours, on_ground, style, text_width

_MASK_ALPHA = 0.8
_DRAWN = 4096  # rows or columns of a picture that are drawn, more than a figure has pixels

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
    tags = _draw_overlay(axes, image, _dressed(segmentations, classes, numbered), truth, size=8)
    _box_legend(figure, truth)
    figure.draw_without_rendering()  # settles how large the picture is
    _write_tags(figure, axes, tags, size=8)
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
    tags = []
    for axes, (image, segmentations, truth, caption) in zip(grid, items, strict=False):
        dressed = _dressed(segmentations, classes, numbered)
        tags.append(_draw_overlay(axes, image, dressed, truth, size=24 / columns))
        size = min(9, 30 / columns)
        axes.set_title(_shortened(caption, 72 * WIDTH / columns - size, size), fontsize=size, pad=3, parse_math=False)
    for axes in grid[len(items) :]:
        axes.set_axis_off()
    _box_legend(figure, [target for _, _, truth, _ in items for target in truth])
    figure.draw_without_rendering()  # settles how large the pictures are
    for axes, own in zip(grid, tags, strict=False):
        _write_tags(figure, axes, own, size=24 / columns)
    return figure


def _shortened(name: str, width: float, size: float) -> str:
    """The last parts of a path that fit `width` points in type of `size` points; the end of the last if none does.

    Of a scene's two paths, ``a/b.jpg + c/d.jpg``, both are shortened.
    """
    paths = [path.split("/") for path in name.split(" + ")]
    most = max(map(len, paths))
    shorter = [" + ".join("/".join(path[min(k, len(path) - 1) :]) for path in paths) for k in range(most)]
    ends = [f"…{shorter[-1][k:]}" for k in range(1, len(shorter[-1]))]
    return next((text for text in shorter + ends if text_width(text, size) <= width), "")


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
) -> list[_Tag]:
    """Draw masks and boxes; returns the tags of the boxes, which `_write_tags` writes when the layout is settled."""
    rows, columns = image.shape[:2]
    whole = (0, columns, rows, 0)
    step = 1 + max(rows, columns) // _DRAWN
    axes.imshow(image[::step, ::step], cmap="gray", vmin=0, vmax=255, extent=whole)
    for found, _, colour in dressed:
        tint = np.where(found.mask[..., None], to_rgba(colour, _MASK_ALPHA), 0.0)
        axes.imshow(tint, extent=whole, interpolation="nearest")
    tags = []
    for target in truth:
        if target.box is not None:
            outline(axes, target.box, _annotated(size / 5))
            tags.append(_Tag(target.label, target.box, "black", 0.63, predicted=False))
    for found, name, colour in dressed:
        if found.box is not None:
            box = found.box.scaled(rows / found.mask.shape[0], columns / found.mask.shape[1])
            outline(axes, box, predicted(colour, size / 5))
            tags.append(_Tag(name, box, colour, 1, predicted=True))
    axes.set(xlim=(0, columns), ylim=(rows, 0))
    axes.set_anchor("NW")  # captions begin at equal distances, whatever the pictures' shapes
    bare(axes)
    return tags


def outline(axes: Axes, box: Box, line: dict) -> None:
    """Draw a box's edges; `line` as `predicted` gives it."""
    top, left, bottom, right = box
    columns, rows = (left, right, right, left, left), (top, top, bottom, bottom, top)
    axes.plot(columns, rows, scalex=False, scaley=False, clip_on=False, **line)


def predicted(colour: str, width: float) -> dict:
    """Line of an answer's box: solid, edged in white; `width` in points."""
    halo = [Stroke(linewidth=width + 1.2, foreground="white"), Normal()]
    return {"color": colour, "linewidth": width, "path_effects": halo, "solid_joinstyle": "miter"}


def _annotated(width: float) -> dict:
    """Line of the truth: dark dashes on white, which show on any picture."""
    return {"color": INK, "gapcolor": "white", "linewidth": width, "linestyle": (0, (3, 2))}


class _Tag(NamedTuple):
    """Name of a box, and the colour and opacity of its ground."""

    text: str
    box: Box
    colour: str
    opacity: float
    predicted: bool


def _write_tags(figure: Figure, axes: Axes, tags: Sequence[_Tag], size: float) -> None:
    """Write the name of every box at one of its corners, within the picture, over as little of other names as can be.

    Predicted boxes come first and prefer their upper left corner, annotated ones their lower right corner.
    """
    (_, columns), (rows, _) = axes.get_xlim(), axes.get_ylim()
    point = columns / (axes.get_window_extent().width * 72 / figure.dpi)  # pixels of the picture
    pad, taken = _PAD * size, list[Box]()
    for tag in sorted(tags, key=lambda tag: not tag.predicted):
        width, height = (text_width(tag.text, size) + 2 * pad) * point, (_LINE * size + 2 * pad) * point
        places = [
            Box(top, left, top + height, left + width) for top, left in _corners(tag, height, width, (rows, columns))
        ]
        place = min(places, key=lambda place: sum(_shared(place, other) for other in taken))
        taken.append(place)
        look = on_ground(tag.colour, tag.opacity, _PAD) | {"fontsize": size, "clip_on": True, "parse_math": False}
        axes.text(place.left + pad * point, (place.top + place.bottom) / 2, tag.text, va="center_baseline", **look)


_PAD = 0.25  # around a name, in sizes of its type
_LINE = 1.2  # height of a line of type


def _corners(tag: _Tag, height: float, width: float, picture: tuple[float, float]) -> Iterator[tuple[float, float]]:
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


def _box_legend(figure: Figure, truth: Sequence[Target]) -> None:
    handles = [Line2D([], [], label="predicted", **predicted(INK, 1.6))]
    if any(target.box is not None for target in truth):
        handles.append(Line2D([], [], label="annotated", **_annotated(1.6)))
    figure.legend(handles=handles, loc="outside lower left", ncols=2, handlelength=3.5)
