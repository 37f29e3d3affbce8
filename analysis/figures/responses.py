"""How the features of a layer respond to many stimuli: when, how sparsely, and what it says about the class.

Every function returns a `matplotlib.figure.Figure`, as those of `figures` do; `style.save` writes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm, to_hex
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from spikeseg.spikes import SILENT

from ...models.network import TrainedNetwork
from ..measures.information import LEVELS, Information
from ..measures.responses import latencies
from ..measures.selectivity import Selectivity
from ..measures.sparsity import Sparsity
from ..painting.colours import FAINT, LINES, MUTED, class_colours
from .style import PER_CENT, WIDTH, as_they_are, legend_columns, map_colours, on_ground, style

_SHADES = "YlGnBu"


# ---- When ------------------------------------------------------------------------------------------


@style()
def feature_rasters(network: TrainedNetwork, layer: str, counts: np.ndarray, labels: Sequence[str]) -> Figure:
    """Show when each feature of a layer spikes in every stimulus: a panel per feature, a row per stimulus.

    Rows lie class by class, in the order of the recording; the colours at the left name the classes.

    Parameters
    ----------
    counts
        See `spike_counts`, (stimuli, features, steps).
    labels
        Class of each stimulus, (stimuli,).
    """
    classes = network.config.data.classes
    features = counts.shape[1]
    down = -(-features // 9)
    across = -(-features // down)
    width = WIDTH if across > 4 else 0.75 * WIDTH
    names = [label for label in classes if label in labels]
    legend = 0.2 * -(-len(names) // legend_columns(names, width))
    figure = Figure((width, 0.9 + legend + max(1.1, 2.8 / down) * down), layout="constrained")
    figure.suptitle(f"{layer.capitalize()}: spikes of each feature in {len(labels):,} stimuli", x=0.01, ha="left")
    grid = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    shown = {label: np.flatnonzero(np.asarray(labels, str) == label) for label in names}
    order = np.concatenate(list(shown.values()))
    norm, colours = PowerNorm(0.5, 0, max(1, counts.max())), map_colours(network, layer, features)
    for feature, axes in enumerate(grid.flat[:features]):
        spikes = np.ma.masked_equal(counts[order, feature], 0)
        picture = axes.imshow(spikes, cmap=_SHADES, norm=norm, aspect="auto", interpolation="nearest")
        axes.set_title(str(feature), fontsize=8, pad=4, **on_ground(to_hex(colours[feature])))
        axes.set(yticks=[], xticks=(0, counts.shape[2] // 2))
        _mark_classes(axes, {label: len(own) for label, own in shown.items()}, class_colours(classes))
    for axes in grid.flat[features:]:
        axes.set_axis_off()
    grid[-1, 0].set_xlabel("step")
    figure.colorbar(picture, ax=grid, label="spikes", aspect=16 + 4 * down, pad=0.01, ticks=MaxNLocator(integer=True))
    handles = grid[0, 0].get_legend_handles_labels()
    columns = legend_columns(names, width)
    as_they_are(figure.legend(*handles, loc="outside lower left", ncols=columns, handlelength=0.8))
    return figure


def _mark_classes(axes: Axes, rows: Mapping[str, int], colours: Mapping[str, str]) -> None:
    """A coloured edge at the left of the rows of each class."""
    axes.spines["left"].set_visible(False)
    ends = np.cumsum(list(rows.values()))
    for end, (label, count) in zip(ends, rows.items(), strict=True):
        edge = {"color": colours[label], "linewidth": 3, "clip_on": False, "solid_capstyle": "butt"}
        axes.plot([-1.4, -1.4], [end - count - 0.5, end - 0.5], scalex=False, scaley=False, label=label, **edge)


@style()
def latency_profile(
    network: TrainedNetwork, counts: Mapping[str, np.ndarray], labels: Sequence[str], dt_ms: float
) -> Figure:
    """Show when the spikes of each layer come, when its first one does, and when Conv3's does for each class.

    Parameters
    ----------
    counts
        See `spike_counts`, by layer, of ``conv3`` in any case.
    labels
        Class of each stimulus, (stimuli,).
    dt_ms
        Duration of a step.
    """
    names = [f"{label} (n = {list(labels).count(label):,})" for label in dict.fromkeys(labels)]
    columns = legend_columns(names)
    height = 0.9 + 0.32 * max(6, len(counts)) + 0.2 * -(-len(names) // columns)
    figure = Figure((WIDTH, height), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.35, 1))
    _draw_profile(figure, left, counts)
    _draw_decided(right, counts["conv3"], labels, class_colours(network.config.data.classes))
    for axes in (left, right):
        axes.set_xlabel(f"step ({dt_ms:g} ms)")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    handles = right.get_legend_handles_labels()
    as_they_are(figure.legend(*handles, loc="outside lower right", handlelength=1.6, ncols=columns))
    return figure


def _draw_profile(figure: Figure, axes: Axes, counts: Mapping[str, np.ndarray]) -> None:
    """A row per layer: shaded by the share of its spikes at each step, with the first spikes' spread over stimuli."""
    by_step = np.array([of.sum(axis=(0, 1)) for of in counts.values()], float)
    share = by_step / np.maximum(by_step.sum(axis=1, keepdims=True), 1)
    picture = axes.imshow(np.ma.masked_equal(share, 0), cmap=_SHADES, vmin=0, aspect="auto", interpolation="nearest")
    figure.colorbar(picture, ax=axes, label="share of the layer's spikes", pad=0.02, format=PER_CENT, aspect=15)
    for row, of in enumerate(counts.values()):
        first = latencies(of).layer
        if (first != SILENT).any():
            low, middle, high = np.percentile(first[first != SILENT], (5, 50, 95))
            axes.plot([low, high], [row, row], color=LINES[1], linewidth=1.2)
            axes.plot(middle, row, "o", color=LINES[1], markersize=5, markeredgecolor="white")
    axes.set_yticks(range(len(counts)), [layer.capitalize() for layer in counts])
    axes.tick_params(axis="y", length=0)
    axes.set_title("Spikes; each layer's first: median, 5 to 95 % of stimuli")


def _draw_decided(axes: Axes, counts: np.ndarray, labels: Sequence[str], colours: Mapping[str, str]) -> None:
    """For each class the share of the stimuli in which Conv3 has spiked, over the steps."""
    first, end = latencies(counts).layer, counts.shape[2]
    for label in sorted(set(labels), key=list(colours).index):
        own = first[np.asarray(labels, str) == label]
        steps, count = np.unique(own[own != SILENT], return_counts=True)
        shares = np.cumsum(count) / len(own)
        x, y = [0, *steps, end], [0, *shares, shares[-1] if len(shares) else 0]
        axes.step(x, y, where="post", color=colours[label], label=f"{label} (n = {len(own):,})")
    axes.set(title="Stimuli with a Conv3 spike by then", xlim=(0, end), ylim=(0, 1.02))
    axes.yaxis.set_major_formatter(PER_CENT)
    axes.grid(axis="y", color=FAINT, linewidth=0.5)


# ---- How sparsely, and what it says ----------------------------------------------------------------


@style()
def sparsity_summary(found: Mapping[str, Sparsity]) -> Figure:
    """Show the sparsity of each layer: median, quartiles, and 5 to 95 % of the stimuli or features."""
    figure = Figure((WIDTH, 0.8 + 0.26 * len(found)), layout="constrained")
    active, population, lifetime = figure.subplots(1, 3, sharey=True)
    for row, of in enumerate(found.values()):
        for axes, values in ((active, 100 * of.active), (population, of.population), (lifetime, of.lifetime)):
            _draw_spread(axes, row, values[np.isfinite(values)])
    active.set(title="Active neurons", xlabel="% of the layer, over stimuli")
    population.set(title="Population sparseness", xlabel="over the features; 0 even, 1 one feature")
    lifetime.set(title="Lifetime sparseness", xlabel="over the stimuli; 0 even, 1 one stimulus")
    active.set_xlim(left=0)
    for axes in (population, lifetime):
        axes.set_xlim(-0.02, 1.02)
    active.set_yticks(range(len(found)), [layer.capitalize() for layer in found])
    active.set_ylim(len(found) - 0.5, -0.5)
    for axes in (active, population, lifetime):
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color=FAINT, linewidth=0.5)
    return figure


def _draw_spread(axes: Axes, row: int, values: np.ndarray) -> None:
    if len(values):
        lowest, low, middle, high, highest = np.percentile(values, (5, 25, 50, 75, 95))
        axes.plot([lowest, highest], [row, row], color=MUTED, linewidth=0.8)
        axes.plot([low, high], [row, row], color=LINES[0], linewidth=4, solid_capstyle="butt")
        axes.plot(middle, row, "o", color="white", markeredgecolor=LINES[0], markersize=5)


@style()
def information_summary(found: Mapping[str, Information]) -> Figure:
    """Show what each layer says about the class: by its first spike, and by the spike count of each feature."""
    figure = Figure((0.75 * WIDTH, 1.0 + 0.3 * len(found)), layout="constrained")
    axes = figure.subplots()
    perfect = max(of.classes for of in found.values())
    axes.axvline(perfect, color=MUTED, linewidth=0.8, linestyle=":", label="entropy of the classes")
    for row, of in enumerate(found.values()):
        spread = row + 0.12 + 0.2 * np.linspace(-1, 1, len(of.count) + 2)[1:-1]
        axes.plot(of.count, spread, "o", color=LINES[0], markersize=3, alpha=0.6, markeredgewidth=0)
        axes.plot([of.first] * 2, [row - 0.35, row + 0.35], color=LINES[1], linewidth=2.5)
    dots, bar = axes.lines[-2:]
    dots.set_label(f"spike count of a feature, in {LEVELS} levels")
    bar.set_label("which feature spikes first")
    axes.set_yticks(range(len(found)), [layer.capitalize() for layer in found])
    axes.set(ylim=(len(found) - 0.5, -0.5), title="Information about the class", xlabel="bits")
    axes.set_xlim(-0.02 * perfect, 1.05 * perfect or 1)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color=FAINT, linewidth=0.5)
    figure.legend(loc="outside lower left", ncols=3, handlelength=1.5)
    return figure


@style()
def selectivity_map(network: TrainedNetwork, found: Mapping[str, Selectivity]) -> Figure:
    """Show how the features of each layer respond to the classes, sorted by preferred class and index.

    Features that never spike come last.
    """
    classes = next(iter(found.values())).classes
    figure = Figure((WIDTH, len(found) * (1.5 + 0.16 * len(classes)) + 0.2), layout="constrained")
    grid = figure.subplots(2 * len(found), 1, height_ratios=(0.9, 0.16 * len(classes) + 0.1) * len(found))
    colours = class_colours(network.config.data.classes)
    for (above, below), (layer, of) in zip(grid.reshape(-1, 2), found.items(), strict=True):
        _draw_selectivity(figure, above, below, of, [colours[label] for label in classes])
        above.set_title(f"{layer.capitalize()}: selectivity")
    grid[-1].set_xlabel("feature")
    return figure


def _draw_selectivity(figure: Figure, above: Axes, below: Axes, of: Selectivity, colours: Sequence[str]) -> None:
    order = np.lexsort((-of.index, of.preferred, np.isnan(of.index)))
    total = of.mean.sum(axis=0)
    share = np.ma.masked_invalid(np.divide(of.mean, total, out=np.full(of.mean.shape, np.nan), where=total > 0))
    above.bar(range(len(order)), of.index[order], color=[colours[number] for number in of.preferred[order]], width=0.8)
    above.set(ylim=(0, 1), xticks=[], yticks=(0, 0.5, 1), ylabel="index")
    picture = below.imshow(share[:, order], cmap=_SHADES, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    named = order if len(order) <= 40 else order[:0]  # more names could not be read
    below.set_xticks(range(len(named)), [str(number) for number in named])
    below.set_yticks(range(len(of.classes)), of.classes, parse_math=False)
    for tick, colour in zip(below.get_yticklabels(), colours, strict=True):
        tick.set(**on_ground(colour))
    below.tick_params(length=0)
    for axes in (above, below):
        axes.set_xlim(-0.5, max(len(order), 12) - 0.5)  # of two features, no bars as broad as the page
    below.spines[:].set_visible(False)
    figure.colorbar(picture, ax=[above, below], label="share of response", format=PER_CENT, pad=0.01)
