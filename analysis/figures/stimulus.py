"""One stimulus in every layer: from pixels to the latent layer and back, and as a raster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Patch
from matplotlib.ticker import MaxNLocator

from spikeseg.spikes import SILENT, Spikes

from ...models.network import LAYERS, TrainedNetwork
from ..decoding.decoder import decode
from ..decoding.segmentation import Segmentation
from ..painting.colours import FAINT, INK, MUTED, class_colours
from .style import WIDTH, as_they_are, bare, legend_columns, map_colours, outline, predicted, style

_ALL_LAYERS = ("input", *LAYERS)

_TIGHT: Any = {"handlelength": 0.8, "handleheight": 0.8, "handletextpad": 0.4, "columnspacing": 0.8}  # of legends
_LATEST = 0.3  # opacity of the last spike of a layer; the first has 1


@style()
def latent_sheet(
    network: TrainedNetwork, spikes: Mapping[str, Spikes], index: int, segmentation: Segmentation
) -> Figure:
    """Show one stimulus in every layer, encoded and decoded (paper, figures 5 and 8).

    Above, the spikes of each layer from the input to Conv3; below, in colour, those among them that decoding
    recruits from the segmentation's Conv3 neuron back to the input. Where several maps spike, the earliest shows;
    of those equally early in Conv3, the one that answers.

    Parameters
    ----------
    spikes
        Of ``input`` to ``conv3``.
    index
        Which of their stimuli.
    segmentation
        What `segment_one` or `segment_classes` made of it.
    """
    steps = {layer: spikes[layer].first_steps(index) for layer in _ALL_LAYERS}
    seed = (segmentation.map, *segmentation.place)
    recruited = decode(network, steps, [seed], segmentation.decoded_mode).active
    fired = {layer: steps[layer] != SILENT for layer in _ALL_LAYERS}
    _, rows, columns = steps["input"].shape
    height = WIDTH / len(_ALL_LAYERS) * rows / columns + 0.6  # of a row, in inches
    rows_of_names = -(-len(network.config.data.classes) // _class_columns(network))
    legend = 0.3 + 0.17 * rows_of_names
    figure = Figure((WIDTH, 2 * height + legend), layout="constrained")
    upper, lower = figure.subfigures(2, 1, height_ratios=(height + legend, height), squeeze=False)[:, 0]
    encoding = _draw_layers(upper, network, segmentation, steps, fired, "{:,} spikes", "\N{RIGHTWARDS ARROW}")
    decoding = _draw_layers(lower, network, segmentation, steps, recruited, "{:,} recruited", "\N{LEFTWARDS ARROW}")
    upper.suptitle("Encoding: from pixels to the latent layer", x=0.005, ha="left")
    mode = segmentation.decoded_mode
    lower.suptitle(f"Decoding: from {segmentation.label} back to pixels (mode: {mode})", x=0.005, ha="left")
    _explain_colours(upper, encoding, network)
    _mark_answer(decoding, segmentation, class_colours(network.config.data.classes)[segmentation.label])
    return figure


def _draw_layers(
    figure: SubFigure,
    network: TrainedNetwork,
    segmentation: Segmentation,
    steps: Mapping[str, np.ndarray],
    active: Mapping[str, np.ndarray],
    caption: str,
    arrow: str,
) -> dict[str, Axes]:
    """Draw a row of panels, by layer: the active neurons in colour, all others that spiked in grey."""
    panels = dict[str, Axes](zip(_ALL_LAYERS, figure.subplots(1, len(_ALL_LAYERS)), strict=True))
    for layer, axes in panels.items():
        others = (steps[layer] != SILENT).any(axis=0) & ~active[layer].any(axis=0)
        axes.imshow(np.where(others[..., None], to_rgba(FAINT), 1.0), interpolation="nearest")
        colours = map_colours(network, layer, len(steps[layer]))
        preferred = segmentation.map if layer == "conv3" else 0
        axes.imshow(_painted(colours, steps[layer], active[layer], preferred), interpolation="nearest")
        axes.set_title(layer.capitalize(), pad=4)
        axes.set_xlabel(caption.format(np.count_nonzero(active[layer])), fontsize=8)
        bare(axes)
        if layer != _ALL_LAYERS[-1]:
            axes.text(1.06, 0.5, arrow, transform=axes.transAxes, color=MUTED, ha="center", va="center")
    return panels


def _painted(colours: np.ndarray, steps: np.ndarray, active: np.ndarray, preferred: int) -> np.ndarray:
    """RGBA picture (H, W, 4) of the active neurons: the colour of the feature, paler the later they spiked.

    The earliest feature of a place shows; of those that are equally early the `preferred` one, or the first.
    """
    first = steps.min(where=steps != SILENT, initial=steps.max())
    span = max(1, steps.max() - first)
    lateness = np.where(active, np.maximum(steps - first, 0) / span, np.inf)  # 0 for a seed that did not spike
    alpha = np.where(active.any(axis=0), 1 - (1 - _LATEST) * lateness.min(axis=0), 0).clip(0, 1)
    shown = np.where(lateness[preferred] == lateness.min(axis=0), preferred, lateness.argmin(axis=0))
    return np.dstack([colours[shown], alpha])


def _mark_answer(panels: Mapping[str, Axes], segmentation: Segmentation, colour: str) -> None:
    """Circle the Conv3 neuron that is decoded, and outline the box of what it decodes to."""
    row, column = segmentation.place
    radius = 0.08 * panels["conv3"].images[0].get_size()[1]
    panels["conv3"].add_patch(Circle((column, row), radius, fill=False, edgecolor=colour))
    panels["conv3"].set_xlabel("seed")
    if segmentation.box is not None:
        from_centres = segmentation.box.shifted(-0.5, -0.5)  # a picture's pixel n covers n - 1/2 to n + 1/2 here
        outline(panels["input"], from_centres, predicted(colour, 1.2))


def _explain_colours(figure: SubFigure, panels: Mapping[str, Axes], network: TrainedNetwork) -> None:
    """Legends under the panels: what paleness, the colours of Conv1 and those of Conv3 stand for."""
    colours = map_colours(network, "conv1", network.config.conv1.orientations)
    bars = [
        Line2D([], [], color=colour, linestyle="none", marker=(2, 2, -180 * k // len(colours)), markersize=9, mew=2)
        for k, colour in enumerate(colours)
    ]
    paleness = [Patch(color=INK, alpha=alpha, label=label) for label, alpha in (("early", 1), ("late", _LATEST))]
    for layer, handles in (("input", paleness), ("conv1", bars)):
        below = {"loc": "upper center", "bbox_to_anchor": (0.5, 0), "borderaxespad": 2.2}
        panels[layer].legend(handles=handles, ncols=len(handles), **below, **_TIGHT)
    classes = [Patch(color=colour, label=label) for label, colour in class_colours(network.config.data.classes).items()]
    as_they_are(figure.legend(handles=classes, loc="outside lower right", ncols=_class_columns(network), **_TIGHT))


def _class_columns(network: TrainedNetwork) -> int:
    """How many names of classes lie side by side in the legend."""
    return legend_columns(network.config.data.classes)


@style()
def raster(
    network: TrainedNetwork,
    spikes: Mapping[str, Spikes],
    index: int,
    layers: Sequence[str] | None = None,
    features: Sequence[int] | None = None,
) -> Figure:
    """Show when which neuron spikes, for one stimulus: a panel per layer, coloured by feature, Conv3 by class.

    Parameters
    ----------
    network
        Whose spikes these are.
    spikes
        By layer.
    index
        Which of their stimuli.
    layers
        Which layers, from top to bottom; all of `spikes` when absent.
    features
        Which features of every layer that has them; all when absent.
    """
    layers = tuple(spikes) if layers is None else layers
    width, named = 0.75 * WIDTH, network.config.data.classes if "conv3" in layers else ()
    columns = legend_columns(named, width) if named else 1
    figure = Figure((width, 0.6 + 1.1 * len(layers) + 0.17 * -(-len(named) // columns)), layout="constrained")
    panels = figure.subplots(len(layers), 1, sharex=True, squeeze=False)[:, 0]
    for axes, layer in zip(panels, layers, strict=True):
        colours = map_colours(network, layer, spikes[layer].shape.features)
        _draw_raster(axes, layer, spikes[layer], index, features, colours)
    panels[-1].set_xlabel("step (spread within each step by the neuron's column)")
    panels[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.supylabel("neuron", fontsize=9)
    if named:
        classes = [Patch(color=colour, label=label) for label, colour in class_colours(named).items()]
        as_they_are(figure.legend(handles=classes, loc="outside lower left", ncols=columns, **_TIGHT))
    return figure


def _draw_raster(
    axes: Axes, layer: str, spikes: Spikes, index: int, features: Sequence[int] | None, colours: np.ndarray
) -> None:
    """Features lie one below the other; within a step the spikes are spread by column, and so show a picture."""
    shape, (step, neuron) = spikes.shape, spikes.of(index)
    places = shape.rows * shape.columns
    chosen = [f for f in range(shape.features) if features is None or f in features]
    height = np.full(shape.features, -1)  # rank of the chosen features
    height[chosen] = np.arange(len(chosen))
    shown = height[neuron // places] >= 0
    feature, place = np.divmod(neuron[shown], places)
    within = 0.8 * ((place % shape.columns + 0.5) / shape.columns - 0.5)
    size = np.clip(1500 / max(1, len(place)), 1, 6)
    y = height[feature] * places + place
    axes.scatter(step[shown] + within, y, s=size, c=colours[feature], linewidths=0, rasterized=True)
    ends = [f * places for f in chosen] + [(chosen[-1] + 1) * places] if chosen else []
    marked = range(0, len(ends), -(-len(chosen) // 4) or 1)
    axes.set_yticks([k * places for k in marked], [f"{ends[k]:,}" for k in marked])
    axes.set(ylim=(max(1, len(chosen)) * places, 0), title=layer.capitalize())
    axes.grid(axis="y", color=FAINT, linewidth=0.5)
