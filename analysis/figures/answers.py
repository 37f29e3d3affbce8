"""What the network answered: confusion of classes, and when the evidence for an answer came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.figure import Figure

from spikeseg.spikes import SILENT

from ..decoding.segmentation import Segmentation
from ..measures.formatting import named
from ..painting.colours import FAINT, INK, MUTED, class_colours
from .style import PER_CENT, WIDTH, bare, style, text_width


@style()
def confusion_matrix(
    confusion: Mapping[str, Mapping[str, int]], classes: Sequence[str], title: str = "Confusion"
) -> Figure:
    """Show what was answered to each class: shares of the true class, with the numbers.

    Parameters
    ----------
    confusion
        ``confusion[true][answered]``: see `metrics.confusion`.
    classes
        All of the configuration, in whose order they are shown; other answers come last.
    title
        Above the picture.
    """
    answers = next(iter(confusion.values()))
    true = [label for label in classes if label in confusion]
    columns = [label for label in classes if label in answers] + [a for a in answers if a not in classes]
    answered = [named(label) for label in columns]
    count = np.array([[confusion[row][column] for column in columns] for row in true])
    share = count / np.maximum(count.sum(axis=1, keepdims=True), 1)
    side = float(np.clip(5 / len(answered), 0.42, 1.1))
    rotated = max(text_width(label, 8) for label in answered) > 72 * side - 6
    names = [f"{label} (n = {n:,})" for label, n in zip(true, count.sum(axis=1), strict=True)]
    beside = max(text_width(name, 8) for name in names) / 72 + 0.4
    below = (max(text_width(label, 8) for label in answered) / 72 if rotated else 0.2) + 0.3
    size = beside + side * len(answered), 0.3 + below + side * len(true)
    figure = Figure(size, layout="compressed")
    axes = figure.subplots()
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1.2, interpolation="nearest")
    for (row, column), number in np.ndenumerate(count):
        ink = "white" if share[row, column] > 0.6 else INK if number else MUTED
        text = f"{number:,}\n{100 * share[row, column]:.1f} %" if side > 0.7 else f"{number:,}"
        axes.text(column, row, text, ha="center", va="center", color=ink, fontsize=9 if side > 0.7 else 7)
    axes.set_xticks(range(len(answered)), answered, parse_math=False, rotation=90 * rotated)
    axes.set_yticks(range(len(true)), names, parse_math=False)
    axes.set(xlabel="answered", ylabel="true", title=title)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


@style()
def saliency_film(
    saliency: np.ndarray, steps: np.ndarray, segmentation: Segmentation, classes: Sequence[str]
) -> Figure:
    """Show how the saliency of an answer grows with the input: a picture per step, and its share by then.

    Grey are the events that have come, in the class's colour those that the answer was decoded to.

    Parameters
    ----------
    saliency
        See `saliency_over_time`, (input steps, H, W).
    steps
        Of the input neurons' spikes, `SILENT` without one, (C, H, W).
    segmentation
        Whose saliency it is.
    classes
        All of the configuration.
    """
    count, rows, columns = saliency.shape
    across = -(-count // 2)
    height = WIDTH / across * rows / columns + 0.22
    figure = Figure((WIDTH, 2 * height + 2.1), layout="constrained")
    upper, lower = figure.subfigures(2, 1, height_ratios=(2 * height + 0.3, 1.8), squeeze=False)[:, 0]
    upper.suptitle(f"The evidence for {segmentation.label}, as it came", x=0.005, ha="left", parse_math=False)
    colour = class_colours(classes)[segmentation.label]
    grown = saliency.cumsum(axis=0)
    grid = np.ravel(upper.subplots(2, across))
    for step, axes in enumerate(grid[:count]):
        come = ((steps != SILENT) & (steps <= step)).any(axis=0)
        axes.imshow(np.where(come[..., None], to_rgba(FAINT), 1.0), interpolation="nearest")
        alpha = np.sqrt(grown[step] / max(grown[-1].max(), 1e-300))
        axes.imshow(np.dstack([np.broadcast_to(to_rgb(colour), (rows, columns, 3)), alpha]), interpolation="nearest")
        axes.set_title(f"step {step}", fontsize=8, pad=2)
        bare(axes)
    for axes in grid[count:]:
        axes.set_axis_off()
    _draw_shares(lower.add_subplot(), saliency, steps, colour)
    return figure


def _draw_shares(axes: Axes, saliency: np.ndarray, steps: np.ndarray, colour: str) -> None:
    """Of the saliency and of all events, what share has come by the end of each step."""
    events = np.bincount(steps[steps != SILENT], minlength=len(saliency))[: len(saliency)]
    for values, line, label in ((saliency.sum(axis=(1, 2)), colour, "saliency"), (events, MUTED, "input spikes")):
        axes.plot(values.cumsum() / max(values.sum(), 1e-300), "o-", color=line, markersize=3, label=label)
    axes.set(xlabel="input step", ylabel="share so far", ylim=(0, 1.03), xticks=range(len(saliency)))
    axes.yaxis.set_major_formatter(PER_CENT)
    axes.grid(axis="y", color=FAINT, linewidth=0.5)
    axes.legend(loc="lower right")
