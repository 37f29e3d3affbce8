"""Many pictures with what was found in them: masks, silhouettes, boxes, names of classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke

from spikeseg.boxes import Box

from ...datasets.sample import Target
from ..decoding.segmentation import Segmentation
from ..painting.colours import INK
from ..painting.overlay import dress, silhouette_lines
from ..painting.tags import LINE, PAD, Tag, tag_places
from .style import WIDTH, bare, on_ground, settle, style, text_width

_MASK_ALPHA = 0.8
_DRAWN = 4096  # rows or columns of a picture that are drawn, more than a figure has pixels

Item = tuple[np.ndarray, Sequence[Segmentation], Sequence[Target], str]


@style()
def gallery(items: Sequence[Item], classes: Sequence[str], columns: int = 4, numbered: bool = False) -> Figure:
    """Draw many pictures with what was found in a grid; items are (image, segmentations, truth, caption).

    Images are (H, W, 3) or (H, W), uint8, of any size; masks and boxes of segmentations are in network pixels, which
    are stretched to the picture; the truth is in pixels of the picture. With `numbered`, each object has a number and a
    colour of its own, otherwise all of a class have the class's.

    A caption is the name of a picture; of a long one the last parts are shown.
    """
    rows = -(-len(items) // columns)
    aspect = float(np.median([image.shape[0] / image.shape[1] for image, *_ in items]))
    figure = Figure((WIDTH, rows * (WIDTH / columns * aspect + 0.25) + 0.35), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    tags = []
    for axes, (image, segmentations, truth, caption) in zip(grid, items, strict=False):
        dressed = dress(segmentations, classes, numbered)
        tags.append(_draw_overlay(axes, image, dressed, truth, size=24 / columns))
        size = min(9, 30 / columns)
        axes.set_title(_shortened(caption, 72 * WIDTH / columns - size, size), fontsize=size, pad=3, parse_math=False)
    for axes in grid[len(items) :]:
        axes.set_axis_off()
    _box_legend(figure, [target for _, _, truth, _ in items for target in truth])
    settle(figure)  # how large are the pictures?
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


def _draw_overlay(
    axes: Axes,
    image: np.ndarray,
    dressed: Sequence[tuple[Segmentation, str, str]],
    truth: Sequence[Target],
    size: float,
) -> list[Tag]:
    """Draw masks and boxes; returns the tags of the boxes, which `_write_tags` writes when the layout is settled."""
    rows, columns = image.shape[:2]
    whole = (0, columns, rows, 0)
    step = 1 + max(rows, columns) // _DRAWN
    axes.imshow(image[::step, ::step], cmap="gray", vmin=0, vmax=255, extent=whole)
    for found, _, colour in dressed:
        tint = np.where(found.mask[..., None], to_rgba(colour, _MASK_ALPHA), 0.0)
        axes.imshow(tint, extent=whole, interpolation="nearest")
        _draw_silhouette(axes, found.silhouette, colour, (rows, columns))
    tags = []
    for target in truth:
        if target.box is not None:
            outline(axes, target.box, _annotated(size / 5))
            tags.append(Tag(target.label, target.box, "#000000", 0.63, predicted=False))
    for found, name, colour in dressed:
        if found.box is not None:
            box = found.box.scaled(rows / found.mask.shape[0], columns / found.mask.shape[1])
            outline(axes, box, predicted(colour, size / 5))
            tags.append(Tag(name, box, colour, 1, predicted=True))
    axes.set(xlim=(0, columns), ylim=(rows, 0))
    axes.set_anchor("NW")  # captions begin at equal distances, whatever the pictures' shapes
    bare(axes)
    return tags


def _draw_silhouette(axes: Axes, silhouette: np.ndarray, colour: str, size: tuple[int, int]) -> None:
    """Draw the contour of a silhouette over a picture of `size`."""
    rows, columns = silhouette.shape
    lines = [line * (size[1] / columns, size[0] / rows) for line in silhouette_lines(silhouette)]
    axes.add_collection(LineCollection(lines, colors=colour, linewidths=1.2), autolim=False)


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


def _write_tags(figure: Figure, axes: Axes, tags: Sequence[Tag], size: float) -> None:
    """Write the name of every box, in type of `size` points; see `tag_places`."""
    (_, columns), (rows, _) = axes.get_xlim(), axes.get_ylim()
    point = columns / (axes.get_window_extent().width * 72 / figure.dpi)  # pixels of the picture
    pad = PAD * size
    widths = [(text_width(tag.text, size) + 2 * pad) * point for tag in tags]
    for tag, place in tag_places(tags, widths, (LINE * size + 2 * pad) * point, (rows, columns)):
        look = on_ground(tag.colour, tag.opacity, PAD) | {"fontsize": size, "clip_on": True, "parse_math": False}
        axes.text(place.left + pad * point, (place.top + place.bottom) / 2, tag.text, va="center_baseline", **look)


def _box_legend(figure: Figure, truth: Sequence[Target]) -> None:
    handles = [Line2D([], [], label="predicted", **predicted(INK, 1.6))]
    if any(target.box is not None for target in truth):
        handles.append(Line2D([], [], label="annotated", **_annotated(1.6)))
    figure.legend(handles=handles, loc="outside lower left", ncols=2, handlelength=3.5)
