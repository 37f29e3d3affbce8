"""Render a self-contained HTML page: pictures, style and script are embedded in it."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure
from PIL import Image

from ...models.network import CONV_LAYERS, TrainedNetwork
from ..figures.style import style
from ..measures.features import project
from ..painting.overlay import silhouette_lines

TEMPLATES = Path(__file__).parent / "templates"
SIDE = 480  # largest side of a photograph in pixels


def render(content: Mapping[str, Any], template: str = "report.html") -> str:
    """Render a page from its template, ``report.css`` and ``report.js``.

    Parameters
    ----------
    content
        All values that the template uses, see `contents.contents` and `sweep.sweep_contents`.
    template
        ``report.html`` for a run, ``sweep.html`` for a sweep.

    Returns
    -------
    The HTML text.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    parts = {name: Markup((TEMPLATES / f"report.{name}").read_text(encoding="utf-8")) for name in ("css", "js")}
    return environment.get_template(template).render(**content, css=parts["css"], javascript=parts["js"])


def embedded(content: bytes, kind: str) -> str:
    """Write content as a ``data:`` address; `kind` is its media type, such as ``image/png``."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def photograph(image: np.ndarray) -> tuple[str, tuple[int, int]]:
    """Embed a picture, (H, W) or (H, W, 3) uint8, as a JPEG whose sides have at most `SIDE` pixels.

    Returns
    -------
    The ``data:`` address, and the rows and columns of the JPEG.
    """
    small = Image.fromarray(image)
    small.thumbnail((SIDE, SIDE))
    file = io.BytesIO()
    small.save(file, "JPEG", quality=80, optimize=True)
    return embedded(file.getvalue(), "image/jpeg"), (small.height, small.width)


def exact(image: np.ndarray) -> str:
    """Embed a picture, (H, W) or (H, W, 3 or 4) uint8, without loss as a PNG."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG", optimize=True)
    return embedded(file.getvalue(), "image/png")


def contours(mask: np.ndarray) -> list[list[list[float]]]:
    """Outline the regions of a mask, (H, W) bool: lines of points (x, y), in fractions of the width and the height."""
    rows, columns = mask.shape
    return [np.round(line / (columns, rows), 4).tolist() for line in silhouette_lines(mask)]


def drawing(figure: Figure) -> str:
    """Embed a figure as an SVG."""
    file = io.BytesIO()
    with style():
        figure.savefig(file, format="svg", bbox_inches="tight", pad_inches=0.05)
    return embedded(file.getvalue(), "image/svg+xml")


def feature_layers(network: TrainedNetwork) -> list[dict[str, Any]]:
    """For every conv layer, a tile per map with its projected features (see `project`); Conv3's are sorted by class."""
    layers = []
    for layer in CONV_LAYERS:
        projected = project(network, layer)
        maps, rows, columns = projected.shape
        labels = network.map_labels if layer == "conv3" else ("",) * maps
        layers.append(
            {
                "name": layer.capitalize(),
                "title": f"{layer.capitalize()}: {maps} maps of {rows} \N{MULTIPLICATION SIGN} {columns} pixels",
                "rows": rows,
                "columns": columns,
                "side": int(np.clip(min(1.5 * columns, 600 / np.sqrt(maps)), 52, 300)),
                "tiles": [
                    {
                        "name": f"{labels[number]}, map {number}".removeprefix(", "),
                        "image": exact(_tile(projected[number])),
                    }
                    for number in sorted(range(maps), key=lambda number: labels[number])
                ],
            }
        )
    return layers


def _tile(image: np.ndarray) -> np.ndarray:
    """Weights as colours, (H, W, 3) uint8: red for positive, blue for negative, white for 0."""
    largest = np.abs(image).max() or 1.0
    return matplotlib.colormaps["RdBu_r"](0.5 + 0.5 * image / largest, bytes=True)[..., :3]
