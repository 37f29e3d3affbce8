"""One HTML page that holds everything it shows: pictures as data, style and script within it."""

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

TEMPLATES = Path(__file__).parent / "templates"
SIDE = 480  # pixels, of the larger side of a photograph


def render(content: Mapping[str, Any]) -> str:
    """The page, from ``report.html``, ``report.css`` and ``report.js``.

    Parameters
    ----------
    content
        Everything that the template names.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    parts = {name: Markup((TEMPLATES / f"report.{name}").read_text(encoding="utf-8")) for name in ("css", "js")}
    return environment.get_template("report.html").render(**content, css=parts["css"], javascript=parts["js"])


def embedded(content: bytes, kind: str) -> str:
    """Content as a ``data:`` address; `kind` such as ``image/png``."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def photograph(image: np.ndarray) -> tuple[str, tuple[int, int]]:
    """A picture (H, W) or (H, W, 3), uint8, as a JPEG of at most `SIDE` pixels; and its rows and columns."""
    small = Image.fromarray(image)
    small.thumbnail((SIDE, SIDE))
    file = io.BytesIO()
    small.save(file, "JPEG", quality=80, optimize=True)
    return embedded(file.getvalue(), "image/jpeg"), (small.height, small.width)


def exact(image: np.ndarray) -> str:
    """A picture (H, W) or (H, W, 3 or 4), uint8, pixel by pixel, as a PNG."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG", optimize=True)
    return embedded(file.getvalue(), "image/png")


def drawing(figure: Figure) -> str:
    """A figure as an SVG."""
    file = io.BytesIO()
    with style():
        figure.savefig(file, format="svg", bbox_inches="tight", pad_inches=0.05)
    return embedded(file.getvalue(), "image/svg+xml")


def feature_layers(network: TrainedNetwork) -> list[dict[str, Any]]:
    """What the maps of every conv layer have learned, a tile each, see `project`; Conv3's by class."""
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
    """Weights as colours, (H, W, 3) uint8: red for, blue against, white for none."""
    largest = np.abs(image).max() or 1.0
    return matplotlib.colormaps["RdBu_r"](0.5 + 0.5 * image / largest, bytes=True)[..., :3]
