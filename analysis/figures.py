"""The figures: what the network saw, made of it, has learned, and how good it is.

Every function returns a `matplotlib.figure.Figure`, which belongs to no window and no global state; `save` writes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Patch, Rectangle
from matplotlib.patheffects import Normal, Stroke

from spikeseg.spikes import Spikes

from ..datasets.sample import Box, Target
from ..models.network import LAYERS, Network
from .decoder import SILENT, decode
from .segmentation import Segmentation
from .style import FAINT, INK, MUTED, WIDTH, bare, class_colour, map_colours, save, styled

__all__ = ["convergence", "features", "gallery", "latent_sheet", "overlay", "raster", "save", "scores"]

_ALL_LAYERS = ("input", *LAYERS)
_MASK_ALPHA = 0.7
_LATEST = 0.3  # opacity of the last spike of a layer; the first has 1

Item = tuple[np.ndarray, Sequence[Segmentation], Sequence[Target], str]


# ---- Pictures with what was found in them ----------------------------------------------------------


@styled
def overlay(
    image: np.ndarray, segmentations: Sequence[Segmentation], truth: Sequence[Target] = (), title: str | None = None
) -> Figure:
    """Draw what was segmented over the picture (paper, figures 7 and 10).

    Parameters
    ----------
    image
        (H, W, 3) or (H, W), uint8, of any size.
    segmentations
        Masks and boxes in network pixels, which are stretched to the picture.
    truth
        The objects as annotated, in pixels of the picture.
    title
        Above the picture.
    """
    width = 0.6 * WIDTH
    figure = Figure((width, width * image.shape[0] / image.shape[1] + 0.6), layout="constrained")
    axes = figure.subplots()
    axes.set_title(title or "")
    _draw_overlay(axes, image, segmentations, truth, size=8)
    _box_legend(figure, bool(truth))
    return figure


@styled
def gallery(items: Sequence[Item], columns: int = 4) -> Figure:
    """Draw many overlays in a grid; items are (image, segmentations, truth, caption), see `overlay`."""
    rows = -(-len(items) // columns)
    aspect = float(np.median([image.shape[0] / image.shape[1] for image, *_ in items]))
    figure = Figure((WIDTH, rows * (WIDTH / columns * aspect + 0.25) + 0.35), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, (image, segmentations, truth, caption) in zip(grid, items, strict=False):
        _draw_overlay(axes, image, segmentations, truth, size=24 / columns)
        axes.set_title(caption, fontsize=min(9, 30 / columns), pad=3)
    for axes in grid[len(items) :]:
        axes.set_axis_off()
    _box_legend(figure, any(truth for _, _, truth, _ in items))
    return figure


def _draw_overlay(
    axes: Axes, image: np.ndarray, segmentations: Sequence[Segmentation], truth: Sequence[Target], size: float
) -> None:
    rows, columns = image.shape[:2]
    whole = (0, columns, rows, 0)
    axes.imshow(image, cmap="gray", vmin=0, vmax=255, extent=whole)
    for found in segmentations:
        tint = np.where(found.mask[..., None], to_rgba(class_colour(found.map), _MASK_ALPHA), 0.0)
        axes.imshow(tint, extent=whole, interpolation="nearest")
    for target in truth:
        if target.box is not None:
            _outline(axes, target.box, "white", dashed=True)
            _tag(axes, target.box.bottom, target.box.right, target.label, "#000000a0", size, "bottom", "right")
    for found in segmentations:
        if found.box is not None:
            box = found.box.scaled(rows / found.mask.shape[0], columns / found.mask.shape[1])
            _outline(axes, box, class_colour(found.map), dashed=False)
            _tag(axes, box.top, box.left, found.label, class_colour(found.map), size, "top", "left")
    axes.set(xlim=(0, columns), ylim=(rows, 0))
    bare(axes)


def _outline(axes: Axes, box: Box, colour: str, dashed: bool) -> None:
    size = box.right - box.left, box.bottom - box.top
    axes.add_patch(Rectangle((box.left, box.top), *size, fill=False, edgecolor=colour, **_line(dashed)))


def _line(dashed: bool) -> dict:
    """Line of a box: predicted solid, true dashed; edged, so that it shows on any picture."""
    halo = [Stroke(linewidth=2.8, foreground=INK if dashed else "white"), Normal()]
    return {"linewidth": 1.6, "linestyle": (0, (4, 2)) if dashed else "solid", "path_effects": halo}


def _tag(axes: Axes, row: float, column: float, text: str, colour: str, size: float, va: str, ha: str) -> None:
    ground = {"facecolor": colour, "edgecolor": "none", "boxstyle": "square,pad=0.25"}
    axes.text(column, row, text, color="white", fontsize=size, va=va, ha=ha, bbox=ground, clip_on=True)


def _box_legend(figure: Figure, truth: bool) -> None:
    handles = [Line2D([], [], color=MUTED, label="predicted", **_line(dashed=False))]
    if truth:
        handles.append(Line2D([], [], color="white", label="annotated", **_line(dashed=True)))
    figure.legend(handles=handles, loc="outside lower left", ncols=2)


# ---- From pixels to the latent layer and back ------------------------------------------------------


@styled
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
    active = decode(network, steps, [seed], segmentation.decoded_mode).active
    fired = {layer: steps[layer] != SILENT for layer in _ALL_LAYERS}
    figure = Figure((WIDTH, 4.3), layout="constrained")
    upper, lower = figure.subfigures(2, 1, height_ratios=(1.12, 1))
    _draw_layers(upper, network, steps, fired, "Encoding: pixels to latent", "spikes")
    _draw_layers(
        lower,
        network,
        steps,
        active,
        f"Decoding {segmentation.label}: latent to pixels (mode {segmentation.decoded_mode})",
        "recruited",
    )
    _mark_seed(lower.axes[-1], segmentation)
    _mark_box(lower.axes[0], segmentation)
    _layer_legends(upper, network)
    return figure


def _draw_layers(
    figure: SubFigure,
    network: Network,
    steps: Mapping[str, np.ndarray],
    active: Mapping[str, np.ndarray],
    title: str,
    unit: str,
) -> None:
    figure.suptitle(title, x=0.005, ha="left")
    for axes, layer in zip(figure.subplots(1, len(_ALL_LAYERS)), _ALL_LAYERS, strict=True):
        fired = (steps[layer] != SILENT).any(axis=0)
        axes.imshow(np.where(fired[..., None], to_rgba(FAINT), 1.0), interpolation="nearest")
        axes.imshow(_painted(steps[layer], active[layer], map_colours(network, layer, len(steps[layer]))))
        axes.set_title(layer.capitalize())
        axes.set_xlabel(f"{np.count_nonzero(active[layer]):,} {unit}", fontsize=8)
        bare(axes)


def _painted(steps: np.ndarray, active: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """RGBA picture (H, W, 4) of the active neurons: the colour of the feature, paler the later they spiked."""
    last = steps.max()
    first = np.where(active, steps, last + 1)  # a seed that did not spike is drawn as the earliest
    span = max(1, last - steps.min(where=steps != SILENT, initial=last))
    earliest = first.min(axis=0)
    lateness = (earliest - (last - span)) / span
    alpha = np.where(active.any(axis=0), 1 - (1 - _LATEST) * lateness.clip(0, 1), 0)
    return np.dstack([colours[first.argmin(axis=0)], alpha])


def _mark_seed(axes: Axes, segmentation: Segmentation) -> None:
    row, column = segmentation.place
    axes.add_patch(Circle((column, row), 2.5, fill=False, edgecolor=class_colour(segmentation.map), linewidth=1))


def _mark_box(axes: Axes, segmentation: Segmentation) -> None:
    if segmentation.box is not None:
        _outline(axes, segmentation.box.shifted(-0.5, -0.5), class_colour(segmentation.map), dashed=False)


def _layer_legends(figure: SubFigure, network: Network) -> None:
    """Under the upper row: what brightness, the colours of Conv1 and those of Conv3 mean."""
    by_layer = dict(zip(_ALL_LAYERS, figure.axes, strict=True))
    ink = [Patch(color=INK, alpha=alpha, label=label) for label, alpha in (("early", 1), ("late", _LATEST))]
    colours = map_colours(network, "conv1", network.config.conv1.orientations)
    bars = [
        Line2D([], [], color=colour, marker=(2, 2, -angle), markersize=9, markeredgewidth=2, linestyle="none")
        for colour, angle in zip(colours, np.arange(len(colours)) * 180 / len(colours), strict=True)
    ]
    classes = [Patch(color=class_colour(m), label=label) for m, label in enumerate(network.map_labels)]
    for layer, handles in (("input", ink), ("conv1", bars), ("conv3", classes)):
        by_layer[layer].legend(
            handles=handles,
            loc="upper center",
            bbox_to_anchor=(0.5, -0.22),
            ncols=2 if layer == "input" else len(handles) if layer == "conv1" else 1,
            handlelength=0.8,
            handleheight=0.8,
            handletextpad=0.4,
            columnspacing=0.8,
        )


@styled
def raster(
    spikes: Mapping[str, Spikes],
    index: int,
    layers: Sequence[str] | None = None,
    features: Sequence[int] | None = None,
) -> Figure:
    """Show when which neuron spikes, for one stimulus: a panel per layer, coloured by feature.

    Parameters
    ----------
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
        _draw_raster(axes, spikes[layer], index, features)
        axes.set_title(layer.capitalize())
    panels[-1].set_xlabel("time since onset (steps)")
    figure.supylabel("neuron", fontsize=9)
    return figure
