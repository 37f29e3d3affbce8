"""Accuracy and mIoU beside what trivial answers score."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ..measures.formatting import ACCURACY, MIOU, STRICT, STRICT_MIOU, Line, overlap, percent, result_lines
from ..measures.metrics import Report
from ..painting.colours import INK
from .style import WIDTH, style

_COLOURS = {"classes": "#b7cbe0", "total": "#6e9bc5", "baselines": "#cfcfcf"}


_Bar = tuple[str, str, float]  # section, name, and value as a fraction


@style()
def scores(report: Report) -> Figure:
    """Show accuracy and mIoU beside the baselines, in the words and units of the tables; see `Report`."""
    lines = result_lines(report.to_dict())
    accuracy = _bars(lines, lambda line: (line.n, line.accuracy))
    overlaps = _bars(lines, lambda line: (line.n_boxes, line.miou)) if report.n_boxes else []
    size = (WIDTH, 1.1) if overlaps else (0.6 * WIDTH, 1.1)
    figure = Figure((size[0], size[1] + 0.24 * max(len(accuracy), len(overlaps))), layout="constrained")
    left, *right = np.atleast_1d(figure.subplots(1, 2 if overlaps else 1))
    _draw_bars(left, accuracy, 100, percent)
    left.set(title=ACCURACY, xlabel="share with the right class (%)")
    handles = [Patch(color=_COLOURS["total"], label="SpikeSEG"), Patch(color=_COLOURS["baselines"], label="baselines")]
    for axes in right:
        _draw_bars(axes, overlaps, 1, overlap)
        axes.set(title=MIOU, xlabel="mean IoU of boxes")
        left.set_ylim(axes.get_ylim())
        mark = _mark_strict(axes, [*lines["classes"], *lines["total"]])
        figure.legend(handles=[*handles, mark], loc="outside lower center", ncols=3)
    if not right:
        figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return figure


def _bars(lines: Mapping[str, Sequence[Line]], pick: Callable[[Line], tuple[int | None, float | None]]) -> list[_Bar]:
    """Section, name and value of the lines that have one; `pick` gives how many a line is about, and the value."""
    found = []
    for section in _COLOURS:
        for line in lines[section]:
            count, value = pick(line)
            if value is not None:
                found.append((section, line.name if count is None else f"{line.name} (n = {count:,})", value))
    return found


def _draw_bars(axes: Axes, bars: Sequence[_Bar], scale: float, told: Callable[[float], str]) -> None:
    """Horizontal bars with their numbers, baselines a little apart; `scale` is what stands for the fraction 1."""
    places = [row + 0.4 * (section == "baselines") for row, (section, _, _) in enumerate(bars)]
    widths = [scale * value for *_, value in bars]
    axes.barh(places, widths, color=[_COLOURS[section] for section, _, _ in bars], height=0.72)
    for place, width, (*_, value) in zip(places, widths, bars, strict=True):
        axes.text(width + 0.015 * scale, place, told(value), va="center", fontsize=8)
    axes.set_yticks(places, [name for _, name, _ in bars], parse_math=False)
    axes.set(xlim=(0, 1.16 * scale), xticks=np.linspace(0, scale, 5), ylim=(places[-1] + 0.6, -0.6))
    axes.tick_params(axis="y", length=0)


def _mark_strict(axes: Axes, lines: Sequence[Line]) -> Line2D:
    """Mark the strict mIoU on the bars of those lines that have a mIoU; returns the mark for the legend."""
    strict = [line.miou_strict for line in lines if line.miou is not None]
    look = {"color": INK, "markersize": 10, "label": f"{STRICT_MIOU}: {STRICT}"}
    (mark,) = axes.plot(np.array(strict, float), range(len(strict)), "|", **look)
    return mark
