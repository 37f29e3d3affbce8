"""What learning did: how the weights moved, and which pixels a neuron of each layer sees."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, to_rgba
from matplotlib.figure import Figure

from spikeseg.spikes import SILENT

from ...configs.geometry import layer_shapes
from ...models.network import LAYERS, TrainedNetwork
from ..decoding.links import receptive_field
from ..decoding.segmentation import Segmentation
from ..measures.features import project
from ..measures.formatting import named
from ..measures.receptive_fields import pixels_seen, receptive_box
from ..measures.weights import BINS, WeightHistory
from ..painting.colours import FAINT, INK, LINES, class_colours, distinct
from .style import WIDTH, bare, outline, predicted, style, text_width


@style()
def weights_over_learning(histories: Mapping[str, WeightHistory]) -> Figure:
    """Show how the weights of each layer move apart: learning from left to right, then where they ended.

    Parameters
    ----------
    histories
        By layer; see `WeightHistory`.
    """
    figure = Figure((WIDTH, 0.4 + 2.1 * len(histories)), layout="constrained")
    grid = figure.subplots(len(histories), 2, width_ratios=(4, 1), sharey=True, squeeze=False)
    for (over_time, at_end), (layer, history) in zip(grid, histories.items(), strict=True):
        _draw_over_time(figure, over_time, layer, history)
        _draw_end(at_end, history.histogram[-1])
    grid[-1, 0].set_xlabel("stimuli presented")
    grid[-1, 1].set_xlabel("share of the weights")
    return figure


def _draw_over_time(figure: Figure, axes: Axes, layer: str, history: WeightHistory) -> None:
    """A column per snapshot, which reaches half-way to its neighbours; white where there is no weight."""
    count = history.histogram.sum(axis=1, keepdims=True)
    share = np.ma.masked_equal(history.histogram / np.maximum(count, 1), 0)
    between = (history.presented[:-1] + history.presented[1:]) / 2
    edges = np.concatenate([history.presented[:1], between, history.presented[-1:]])
    picture = axes.pcolormesh(
        edges, np.linspace(0, 1, BINS + 1), share.T, cmap="YlGnBu", norm=LogNorm(1e-4, 1), rasterized=True
    )
    axes.set(title=layer.capitalize(), ylabel="weight", yticks=(0, 0.5, 1))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    figure.colorbar(picture, ax=axes, label="share of the weights", pad=0.01, extend="min")


def _draw_end(axes: Axes, histogram: np.ndarray) -> None:
    axes.barh((np.arange(BINS) + 0.5) / BINS, histogram / max(1, histogram.sum()), 1 / BINS, color=LINES[0])
    axes.set_title("at the end")
    axes.set(xlim=(0, 1), xticks=(0, 0.5, 1))
    axes.grid(axis="x", color=FAINT, linewidth=0.5)
    axes.set_axisbelow(True)


# ---- Receptive fields ------------------------------------------------------------------------------


@style()
def receptive_fields(network: TrainedNetwork, steps: np.ndarray, segmentation: Segmentation) -> Figure:
    """Show which pixels a neuron of each layer sees, and what the answering map weighs them with.

    Left, over the events of a stimulus, the rectangle of the decoded Conv3 neuron and those of neurons of the layers
    below at its centre; right, the same rectangle with the map's kernel, projected to pixels (see `project`).

    Parameters
    ----------
    steps
        Of the input neurons' spikes, `SILENT` without one, (C, H, W).
    segmentation
        Of that stimulus.
    """
    _, rows, columns = steps.shape
    figure = Figure((WIDTH, 0.46 * WIDTH * rows / columns + 0.75), layout="constrained")
    seen, weighed = figure.subplots(1, 2)
    events = (steps != SILENT).any(axis=0)[..., None]
    _draw_rectangles(seen, network, segmentation, (rows, columns))
    seen.imshow(np.where(events, to_rgba(FAINT), 1.0), interpolation="nearest")
    _draw_projection(weighed, network, segmentation)
    weighed.imshow(np.where(events, to_rgba(INK, 0.35), 0.0), interpolation="nearest")
    for axes in (seen, weighed):
        axes.set(xlim=(-2, columns + 1), ylim=(rows + 1, -2))  # an outline at the picture's edge is seen, too
        bare(axes)
    return figure


def _draw_rectangles(axes: Axes, network: TrainedNetwork, segmentation: Segmentation, picture: tuple[int, int]) -> None:
    """Of the decoded Conv3 neuron, and of the neuron in the middle of what it sees in each layer below."""
    shapes, place = layer_shapes(network.config, picture), segmentation.place
    colour = class_colours(network.config.data.classes)[segmentation.label]
    for layer, other in zip(reversed(LAYERS), ("", *distinct(4)), strict=True):
        if (box := pixels_seen(network.config, layer, place, picture)) is not None:
            look = predicted(other if layer != "conv3" else colour, 1.2)
            rows, columns = box.bottom - box.top, box.right - box.left
            label = f"{layer.capitalize()}, {rows:g} \N{MULTIPLICATION SIGN} {columns:g}"
            outline(axes, box.shifted(-0.5, -0.5), look | {"label": label})
        size, stride, padding = receptive_field(network.config, layer)
        below = shapes[("input", *LAYERS)[LAYERS.index(layer)]]
        middle = [s * n - p + (k - 1) // 2 for s, n, p, k in zip(stride, place, padding, size, strict=True)]
        place = min(max(middle[0], 0), below.rows - 1), min(max(middle[1], 0), below.columns - 1)
    axes.set_title("Pixels that a neuron sees")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 0), ncols=3, handlelength=1.2, columnspacing=1)


def _draw_projection(axes: Axes, network: TrainedNetwork, segmentation: Segmentation) -> None:
    """The map's kernel, projected to pixels, where its neuron is."""
    image = project(network, "conv3")[segmentation.map]
    top, left, bottom, right = receptive_box(network.config, "conv3", segmentation.place).shifted(-0.5, -0.5)
    picture = axes.imshow(image / (np.abs(image).max() or 1), extent=(left, right, bottom, top), **_WEIGHTS)
    axes.figure.colorbar(picture, ax=axes, label="weight / largest", ticks=(-1, 0, 1), pad=0.02, shrink=0.7)
    axes.set_title(f"What {segmentation.label} weighs them with", parse_math=False)


@style()
def features(network: TrainedNetwork, layer: str = "conv3") -> Figure:
    """Show what the maps of a layer have learned, projected to pixels (paper, figures 6 and 9); see `project`.

    Each map has its number and, in Conv3, its class. A pixel is at most 1/20 inch wide unless the kernels are tiny.

    Parameters
    ----------
    layer
        One of ``conv1, conv2, conv3``.
    """
    projected = project(network, layer)
    maps, rows, columns = projected.shape
    names = [f"{number}: {named(label)}" for number, label in enumerate(network.map_labels)]
    names = names if layer == "conv3" and names else [str(number) for number in range(maps)]
    size = f"{rows} \N{MULTIPLICATION SIGN} {columns}"
    title = f"{layer.capitalize()}: receptive fields of {size} pixels"
    grid = _map_grid(maps, (rows, columns), max(text_width(name, _MAP_NAME) for name in names) / 72)
    bar_height = min(grid.height - _NAME_ROOM - _GAP, 1.8)
    width = max(grid.width + _BAR_ROOM, text_width(title, 10, "bold") / 72 + 0.1)
    height = max(grid.height, _NAME_ROOM + bar_height / 2 + _BAR_LABEL / 2)
    figure = Figure((_EDGE + width, _TITLE_ROOM + height))
    corner = _EDGE / figure.get_figwidth(), 1 - _EDGE / figure.get_figheight()
    figure.text(*corner, title, va="top", fontsize=10, fontweight="bold")
    for number, (name, image) in enumerate(zip(names, projected, strict=True)):
        axes = figure.add_axes(_fraction(figure, *grid.panel(number)))
        picture = axes.imshow(image / (np.abs(image).max() or 1.0), **_WEIGHTS, aspect="auto")
        axes.set_title(name, fontsize=_MAP_NAME, pad=3, parse_math=False)
        bare(axes)
    bar = figure.add_axes(_fraction(figure, grid.width + 0.05, _NAME_ROOM, 0.12, bar_height))
    figure.colorbar(picture, cax=bar, label="weight / largest", ticks=(-1, 0, 1))
    return figure


_WEIGHTS: Any = {"cmap": "RdBu_r", "vmin": -1, "vmax": 1, "interpolation": "nearest"}

_TITLE_ROOM, _BAR_ROOM, _NAME_ROOM, _GAP = 0.3, 0.75, 0.2, 0.1  # inches: of the title, the colour bar, a map's name
_BAR_LABEL = 1.1  # inches along the colour bar
_EDGE = 0.02  # inches that stay white on the left, so that the picture is drawn once, see `save`
_MAP_NAME = 8  # points


class _MapGrid(NamedTuple):
    """Where maps lie beside and below each other; inches. `cell` is what a map takes across, with its name."""

    across: int
    down: int
    cell: float
    panel_width: float
    panel_height: float

    @property
    def width(self) -> float:
        return self.across * self.cell

    @property
    def height(self) -> float:
        return self.down * (_NAME_ROOM + self.panel_height + _GAP)

    def panel(self, number: int) -> tuple[float, float, float, float]:
        """Left and top (below the figure's title) of a map, its width and height."""
        row, column = divmod(number, self.across)
        top = row * (_NAME_ROOM + self.panel_height + _GAP) + _NAME_ROOM
        return column * self.cell, top, self.panel_width, self.panel_height


def _map_grid(maps: int, size: tuple[int, int], name: float) -> _MapGrid:
    """The largest panels of which all fit a page across and 5 inches down, if they can be 0.65 inches wide then.

    `size` is of a kernel in pixels (rows, columns), `name` the width of the longest name in inches.
    """
    rows, columns = size
    room, largest, smallest = WIDTH - _BAR_ROOM - _EDGE, max(0.05 * columns, 0.65), max(0.65, name)
    most = max(1, min(maps, int(room / (smallest + _GAP))))
    for across in range(min(most, max(1, int(room / (max(largest, name) + _GAP)))), most + 1):
        down = -(-maps // across)
        across = -(-maps // down)  # rows of one length, as far as they can be
        panel = min(largest, room / across - _GAP)
        grid = _MapGrid(across, down, max(panel, name) + _GAP, panel, panel * rows / columns)
        if grid.height <= 5:
            break
    return grid


def _fraction(
    figure: Figure, left: float, top: float, width: float, height: float
) -> tuple[float, float, float, float]:
    """Inches from the left and from below the title as what Matplotlib takes: shares of the figure, from below."""
    across, down = figure.get_size_inches()
    return (_EDGE + left) / across, 1 - (_TITLE_ROOM + top + height) / down, width / across, height / down


@style()
def convergence(curves: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Figure:
    """Show how the weights of each layer converge: mean w (1 - w), 0 when every weight is 0 or 1.

    Parameters
    ----------
    curves
        By layer: how many stimuli had been presented, and mean w (1 - w) then; (n,) each.
    """
    figure = Figure((0.65 * WIDTH, 3.2), layout="constrained")
    axes = figure.subplots()
    for (layer, (presented, mean)), colour in zip(curves.items(), cycle(LINES)):
        axes.semilogy(presented, mean, color=colour, linewidth=1.5, label=layer.capitalize())
    axes.set(xlabel="stimuli presented", ylabel="mean $w\\,(1 - w)$", title="Convergence of the weights")
    axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.grid(axis="y", color=FAINT, linewidth=0.5)
    axes.legend()
    return figure
