"""The figures: what the network saw, made of it, has learned, and how good it is.

Every function returns a `matplotlib.figure.Figure`, which belongs to no window and no global state; `save` writes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Patch
from matplotlib.ticker import MaxNLocator

from spikeseg.spikes import Spikes

from ...models.network import LAYERS, Network
from ..decoding.decoder import SILENT, decode
from ..decoding.segmentation import Segmentation
from ..measures.features import project
from ..measures.metrics import Report
from .overlays import gallery, outline, overlay, predicted
from .style import FAINT, INK, LINES, MUTED, WIDTH, bare, class_colours, map_colours, save, style

__all__ = ["convergence", "features", "gallery", "latent_sheet", "overlay", "raster", "save", "scores"]

_ALL_LAYERS = ("input", *LAYERS)
_PER_CLASS, _OVERALL, _TRIVIAL = "#b7cbe0", "#6e9bc5", "#cfcfcf"
_LATEST = 0.3  # opacity of the last spike of a layer; the first has 1

# ---- From pixels to the latent layer and back ------------------------------------------------------


@style()
def latent_sheet(network: Network, spikes: Mapping[str, Spikes], index: int, segmentation: Segmentation) -> Figure:
    """Show one stimulus in every layer, encoded and decoded (paper, figures 5 and 8).

    Above, the spikes of each layer from the input to Conv3; below, in colour, those among them that decoding
    recruits from the segmentation's Conv3 neuron back to the input. Where several maps spike, the earliest shows.

    Parameters
    ----------
    spikes
        Of ``input`` to ``conv3``.
    index
        Which of their stimuli.
    segmentation
        What `segment_one` or `segment_classes` made of it.
    """
    steps = {layer: spikes[layer].first_steps(index, SILENT) for layer in _ALL_LAYERS}
    seed = (segmentation.map, *segmentation.place)
    recruited = decode(network, steps, [seed], segmentation.decoded_mode).active
    fired = {layer: steps[layer] != SILENT for layer in _ALL_LAYERS}
    _, rows, columns = steps["input"].shape
    height = WIDTH / len(_ALL_LAYERS) * rows / columns + 0.6  # of a row, in inches
    legend = 0.1 + 0.15 * len(network.config.data.classes)
    figure = Figure((WIDTH, 2 * height + legend), layout="constrained")
    upper, lower = figure.subfigures(2, 1, height_ratios=(height + legend, height), squeeze=False)[:, 0]
    encoding = _draw_layers(upper, network, steps, fired, "{:,} spikes", "\N{RIGHTWARDS ARROW}")
    decoding = _draw_layers(lower, network, steps, recruited, "{:,} recruited", "\N{LEFTWARDS ARROW}")
    upper.suptitle("Encoding: from pixels to the latent layer", x=0.005, ha="left")
    mode = segmentation.decoded_mode
    lower.suptitle(f"Decoding: from {segmentation.label} back to pixels (mode: {mode})", x=0.005, ha="left")
    _explain_colours(encoding, network)
    _mark_answer(decoding, segmentation, class_colours(network.config.data.classes)[segmentation.label])
    return figure


def _draw_layers(
    figure: SubFigure,
    network: Network,
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
        axes.imshow(_painted(colours, steps[layer], active[layer]), interpolation="nearest")
        axes.set_title(layer.capitalize(), pad=4)
        axes.set_xlabel(caption.format(np.count_nonzero(active[layer])), fontsize=8)
        bare(axes)
        if layer != _ALL_LAYERS[-1]:
            axes.text(1.06, 0.5, arrow, transform=axes.transAxes, color=MUTED, ha="center", va="center")
    return panels


def _painted(colours: np.ndarray, steps: np.ndarray, active: np.ndarray) -> np.ndarray:
    """RGBA picture (H, W, 4) of the active neurons: the colour of the feature, paler the later they spiked."""
    first = steps.min(where=steps != SILENT, initial=steps.max())
    span = max(1, steps.max() - first)
    lateness = np.where(active, np.maximum(steps - first, 0) / span, np.inf)  # 0 for a seed that did not spike
    alpha = np.where(active.any(axis=0), 1 - (1 - _LATEST) * lateness.min(axis=0), 0).clip(0, 1)
    return np.dstack([colours[lateness.argmin(axis=0)], alpha])


def _mark_answer(panels: Mapping[str, Axes], segmentation: Segmentation, colour: str) -> None:
    """Circle the Conv3 neuron that is decoded, and outline the box of what it decodes to."""
    row, column = segmentation.place
    radius = 0.08 * panels["conv3"].images[0].get_size()[1]
    panels["conv3"].add_patch(Circle((column, row), radius, fill=False, edgecolor=colour))
    panels["conv3"].set_xlabel("seed")
    if segmentation.box is not None:
        from_centres = segmentation.box.shifted(-0.5, -0.5)  # a picture's pixel n covers n - 1/2 to n + 1/2 here
        outline(panels["input"], from_centres, predicted(colour, 1.2))


def _explain_colours(panels: Mapping[str, Axes], network: Network) -> None:
    """Legends under the panels: what paleness, the colours of Conv1 and those of Conv3 stand for."""
    colours = map_colours(network, "conv1", network.config.conv1.orientations)
    bars = [
        Line2D([], [], color=colour, linestyle="none", marker=(2, 2, -180 * k // len(colours)), markersize=9, mew=2)
        for k, colour in enumerate(colours)
    ]
    paleness = [Patch(color=INK, alpha=alpha, label=label) for label, alpha in (("early", 1), ("late", _LATEST))]
    classes = [Patch(color=colour, label=label) for label, colour in class_colours(network.config.data.classes).items()]
    for layer, handles, columns in (("input", paleness, 2), ("conv1", bars, len(bars)), ("conv3", classes, 1)):
        panels[layer].legend(
            handles=handles,
            loc="upper center",
            bbox_to_anchor=(0.5, 0),
            borderaxespad=2.2,
            ncols=columns,
            handlelength=0.8,
            handleheight=0.8,
            handletextpad=0.4,
            columnspacing=0.8,
        )


@style()
def raster(
    network: Network,
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
    figure = Figure((0.75 * WIDTH, 0.6 + 1.1 * len(layers)), layout="constrained")
    panels = figure.subplots(len(layers), 1, sharex=True, squeeze=False)[:, 0]
    for axes, layer in zip(panels, layers, strict=True):
        colours = map_colours(network, layer, spikes[layer].shape.features)
        _draw_raster(axes, layer, spikes[layer], index, features, colours)
    panels[-1].set_xlabel("step (spread within each step by the neuron's column)")
    panels[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.supylabel("neuron", fontsize=9)
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


# ---- What was learned ------------------------------------------------------------------------------


@style()
def features(network: Network, layer: str = "conv3") -> Figure:
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


# ---- How good it is --------------------------------------------------------------------------------


@style()
def scores(report: Report) -> Figure:
    """Show accuracy and mIoU per class beside what trivial answers score; see `Report` for what they mean."""
    base, classes = report.baselines, report.per_class
    accuracy = {f"{label} (n = {of.n})": of.accuracy for label, of in classes.items()}
    accuracy |= {f"all (n = {report.n})": report.accuracy}
    boxed = report.miou_class_mean is not None
    size = (WIDTH, 1.6) if boxed else (WIDTH / 2, 1.1)
    figure = Figure((size[0], size[1] + 0.27 * len(accuracy)), layout="constrained")
    left, *right = np.atleast_1d(figure.subplots(1, 2 if boxed else 1))
    _draw_bars(left, accuracy, {"most frequent class": base.majority_class_accuracy})
    left.set(title="Accuracy", xlabel="pictures with the right class (%)")
    handles: list[Artist] = [Patch(color=_OVERALL, label="SpikeSEG"), Patch(color=_TRIVIAL, label="trivial answers")]
    for axes in right:
        handles.append(_draw_overlaps(axes, report))
        left.set_ylim(axes.get_ylim())
    left.legend(handles=handles, loc="lower right", labelspacing=0.3)
    return figure


def _draw_overlaps(axes: Axes, report: Report) -> Line2D:
    """Bars of the mIoU per class, each with a mark for the strict one, which is returned."""
    base, classes = report.baselines, report.per_class
    overlap = {f"{label} (n = {of.n_boxes})": of.miou for label, of in classes.items()}
    overlap |= {"mean of classes": report.miou_class_mean}
    boxes = {
        "box around all events": base.event_box,
        "constant box": base.constant_box,
        "constant box, oracle": base.constant_box_oracle,
    }
    _draw_bars(axes, overlap, {name: box and box.miou_class_mean for name, box in boxes.items()})
    axes.set(title="mIoU", xlabel="mean IoU of predicted and annotated box (%)")
    strict = np.array([*(of.miou_strict for of in classes.values()), report.miou_strict_class_mean], float)
    (mark,) = axes.plot(100 * strict, range(len(strict)), "|", color=INK, markersize=11)
    mark.set_label("a wrong class counts as 0")
    return mark


def _draw_bars(axes: Axes, results: Mapping[str, float | None], baselines: Mapping[str, float | None]) -> None:
    """Horizontal bars in percent: results, of which the last sums up the others, above grey baselines."""
    colours = [_PER_CLASS] * (len(results) - 1) + [_OVERALL] + [_TRIVIAL] * len(baselines)
    bars = {**results, **baselines}
    places = [row + 0.4 * (row >= len(results)) for row in range(len(bars))]
    widths = [100 * (value or 0) for value in bars.values()]
    axes.barh(places, widths, color=colours, height=0.72)
    for place, width, value in zip(places, widths, bars.values(), strict=True):
        axes.text(width + 1, place, "unknown" if value is None else f"{width:.1f}", va="center", fontsize=8)
    axes.set_yticks(places, list(bars))
    axes.set(xlim=(0, 112), xticks=range(0, 101, 25), ylim=(places[-1] + 0.6, -0.6))
    axes.tick_params(axis="y", length=0)
