"""What all figures share: type, lines, colours, and how they are saved."""

from __future__ import annotations

import colorsys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from spikeseg.errors import SpikeSegError
from spikeseg.files import replacing

from ...models.network import TrainedNetwork

WIDTH = 8.6
"""Of a full-width figure in inches: at the width of a README the type is as large as the text around it."""

INK, MUTED, FAINT = "#333333", "#8a8a8a", "#dedede"

LINES = ("#004488", "#bb5566", "#ddaa33")
"""Of anything that is not a class (Paul Tol's high-contrast scheme)."""

_CLASSES = ("#0077bb", "#ee3377", "#009988", "#ee7733", "#33bbee", "#cc3311")  # Paul Tol's vibrant scheme
_DPI = 200

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
        figure.savefig(temporary, dpi=_DPI, bbox_inches="tight", pad_inches=0.05)


def class_colours(classes: Sequence[str]) -> dict[str, str]:
    """Colour of each class, by its place among the configuration's `classes`: the same in every figure."""
    colours = _CLASSES if len(classes) <= len(_CLASSES) else [to_hex(hue) for hue in hues(len(classes))]
    return dict(zip(classes, colours, strict=False))


def map_colours(network: TrainedNetwork, layer: str, features: int) -> np.ndarray:
    """Colours of the features of ``input, conv1, ... conv3``, RGB, shape (features, 3).

    A Conv3 map has its class's colour, however many maps stand for the class; one that stands for none is faint.
    """
    if layer == "conv3" and network.map_labels:
        colours = class_colours(network.config.data.classes)
        return np.array([to_rgb(colours.get(label, FAINT)) for label in network.map_labels])
    if layer == "input" and features == 1:
        return np.array([to_rgb(INK)])
    return hues(features)


def hues(count: int) -> np.ndarray:
    """Colours around the circle of hues, like the orientations of Conv1; RGB, shape (count, 3).

    Many take turns in lightness, so that neighbours differ.
    """
    lightness = (0.45,) if count <= 8 else (0.36, 0.48, 0.6)
    return np.array([colorsys.hls_to_rgb(k / count, lightness[k % len(lightness)], 0.55) for k in range(count)])


def bare(axes: Axes) -> None:
    """Leave the picture in a hairline frame: no ticks."""
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=FAINT)
