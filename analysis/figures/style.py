"""What all figures share: type, lines, colours, and how they are saved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.legend import Legend
from matplotlib.patheffects import Normal, Stroke
from matplotlib.textpath import text_to_path
from matplotlib.ticker import PercentFormatter
from PIL import Image

from spikeseg.boxes import Box
from spikeseg.errors import SpikeSegError
from spikeseg.files import replacing

from ...models.network import TrainedNetwork
from ..painting.colours import FAINT, INK, MUTED, class_colours, distinct, ink_on

WIDTH = 8.6
"""Of a full-width figure in inches: at the width of a README the type is as large as the text around it."""

_DPI, _PAD = 200, 0.05  # of a saved picture; white around it, in inches

PER_CENT = PercentFormatter(1, decimals=0, symbol=" %")
"""Writes fractions along an axis as ``50 %``."""

_STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.titley": 1.0,  # Matplotlib would ask all axes for their sizes to know whether it is free
    "figure.facecolor": "white",
    "figure.titlesize": 10,
    "figure.titleweight": "bold",
    "legend.fontsize": 8,
    "legend.frameon": False,
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 8,
    "xtick.major.width": 0.6,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 8,
    "ytick.major.width": 0.6,
}


@contextmanager
def style() -> Iterator[None]:
    """Draw in the shared style, whatever the user's own settings, which stay as they are; also a decorator."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        yield


def check_suffix(path: Path) -> None:
    """Raise SpikeSegError where Matplotlib cannot write files with that suffix."""
    known = FigureCanvasBase.get_supported_filetypes()
    if path.suffix.lower().removeprefix(".") not in known:
        raise SpikeSegError(f"cannot write a figure to {path}: give it one of the suffixes {', '.join(sorted(known))}")


def save(figure: Figure, path: str | Path) -> None:
    """Write a figure, atomically; the suffix says how: ``.png``, ``.svg``, ``.pdf``.

    Raises
    ------
    SpikeSegError
        Matplotlib cannot write files with that suffix, or the file system refused.
    """
    path = Path(path)
    check_suffix(path)
    with replacing(path) as temporary, style():
        if path.suffix.lower() != ".png" or not _save_pixels(figure, temporary):
            figure.savefig(temporary, dpi=_DPI, bbox_inches="tight", pad_inches=_PAD)


def _save_pixels(figure: Figure, path: Path) -> bool:
    """Draw a figure once and cut off its white edges; Matplotlib would lay it out twice to know where they begin.

    Returns whether it was: not where something reaches the edge of the figure, and so may be cut off.
    """
    figure.dpi = _DPI
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())
    drawn = pixels.view(np.uint32)[..., 0] != np.uint32(0xFFFFFFFF)  # four bytes of a pixel at a time: white and opaque
    if drawn[[0, -1]].any() or drawn[:, [0, -1]].any():
        return False
    pad = round(_PAD * _DPI)
    rows, columns = (np.flatnonzero(drawn.any(axis=axis)) for axis in (1, 0))
    kept = [slice(max(0, within[0] - pad), within[-1] + 1 + pad) for within in (rows, columns)]
    Image.fromarray(pixels[kept[0], kept[1], :3]).save(path, compress_level=1, dpi=(_DPI, _DPI))
    return True


def on_ground(colour: str, opacity: float = 1, pad: float = 0.25) -> dict[str, Any]:
    """Look of a text on a ground of a colour; `pad` in sizes of its type."""
    ground = {"facecolor": to_rgba(colour, opacity), "edgecolor": "none", "boxstyle": f"square,pad={pad}"}
    return {"color": ink_on(colour), "bbox": ground}


def map_colours(network: TrainedNetwork, layer: str, features: int) -> np.ndarray:
    """Colours of the features of ``input, conv1, ... conv3``, RGB, shape (features, 3).

    A Conv3 map has its class's colour, however many maps stand for the class; one that stands for none is faint.
    """
    if layer == "conv3" and network.map_labels:
        colours = class_colours(network.config.data.classes)
        return np.array([to_rgb(colours.get(label, FAINT)) for label in network.map_labels])
    if layer == "input" and features == 1:
        return np.array([to_rgb(INK)])
    return distinct(features)


def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Width of a line of text in points, for type of `size` points."""
    font = FontProperties(family=_STYLE["font.family"], size=size, weight=weight)
    return text_to_path.get_text_width_height_descent(text, font, ismath=False)[0]


def legend_columns(labels: Sequence[str], width: float = WIDTH) -> int:
    """How many entries of a legend fit beside each other into `width` inches."""
    entry = max(text_width(label, 8) for label in labels) + 32  # points: with its handle and the gap to the next
    return max(1, min(len(labels), int(72 * width / entry)))


def as_they_are(legend: Legend) -> None:
    """Draw names in a legend as they are, whatever looks like a formula in them."""
    for text in legend.get_texts():
        text.set_parse_math(False)


def outline(axes: Axes, box: Box, line: dict) -> None:
    """Draw a box's edges; `line` as `predicted` gives it."""
    top, left, bottom, right = box
    columns, rows = (left, right, right, left, left), (top, top, bottom, bottom, top)
    axes.plot(columns, rows, scalex=False, scaley=False, clip_on=False, **line)


def predicted(colour: str, width: float) -> dict:
    """Line of an answer's box: solid, edged in white; `width` in points."""
    halo = [Stroke(linewidth=width + 1.2, foreground="white"), Normal()]
    return {"color": colour, "linewidth": width, "path_effects": halo, "solid_joinstyle": "miter"}


def bare(axes: Axes) -> None:
    """Leave the picture in a hairline frame: no ticks."""
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=FAINT)
