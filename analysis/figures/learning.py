"""What learning did: how the weights moved, and which pixels a neuron of each layer sees."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, to_rgba
from matplotlib.figure import Figure

from spikeseg.spikes import SILENT

from ...configs.geometry import layer_shapes
from ...models.network import LAYERS, TrainedNetwork
from ..decoding.decoder import receptive_field
from ..decoding.segmentation import Segmentation
from ..measures.features import project
from ..measures.receptive_fields import pixels_seen, receptive_box
from ..measures.weights import BINS, WeightHistory
from .overlays import outline, predicted
from .style import FAINT, INK, LINES, WIDTH, bare, class_colours, hues, style


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
    for layer, other in zip(reversed(LAYERS), ("", *hues(4)), strict=True):
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
    look = {"cmap": "RdBu_r", "vmin": -1, "vmax": 1, "interpolation": "nearest"}
    picture = axes.imshow(image / (np.abs(image).max() or 1), extent=(left, right, bottom, top), **look)
    axes.figure.colorbar(picture, ax=axes, label="weight / largest", ticks=(-1, 0, 1), pad=0.02, shrink=0.7)
    axes.set_title(f"What {segmentation.label} weighs them with", parse_math=False)


@style()
def features(network: TrainedNetwork, layer: str = "conv3") -> Figure:
    """Show what the maps of a layer have learned, projected to pixels (paper, figures 6 and 9); see `project`.

    Parameters
    ----------
    layer
        One of ``conv1, conv2, conv3``.
    """
    projected = project(network, layer)
    maps, rows, columns = projected.shape
    panel = float(np.clip(min(0.05 * columns, (WIDTH - 0.8) / np.sqrt(maps)), 0.85, 3.8))  # inches
    across = min(maps, int((WIDTH - 0.8) / panel))
    down = -(-maps // across)
    figure = Figure((across * panel + 0.8, down * (panel * rows / columns + 0.25) + 0.3), layout="constrained")
    size = f"{rows} \N{MULTIPLICATION SIGN} {columns}"
    figure.suptitle(f"{layer.capitalize()}: receptive fields of {size} pixels", x=0.01, ha="left")
    grid = figure.subplots(down, across, squeeze=False).ravel()
    names = network.map_labels if layer == "conv3" else ()
    for map_, (axes, image) in enumerate(zip(grid, projected, strict=False)):
        limit = np.abs(image).max() or 1.0
        picture = axes.imshow(image / limit, cmap="RdBu_r", vmin=-1, vmax=1, interpolation="nearest")
        axes.set_title(names[map_] if names else str(map_), fontsize=9 if names else 7, pad=3)
        bare(axes)
    for axes in grid[maps:]:
        axes.set_axis_off()
    figure.colorbar(picture, ax=grid, label="weight / largest", aspect=15, pad=0.02, ticks=(-1, 0, 1))
    return figure


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
