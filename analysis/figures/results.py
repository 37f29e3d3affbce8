"""Accuracy and mIoU beside what trivial answers score."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ..measures.metrics import Report
from .style import INK, WIDTH, style

_PER_CLASS, _OVERALL, _TRIVIAL = "#b7cbe0", "#6e9bc5", "#cfcfcf"


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
