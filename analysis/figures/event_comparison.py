"""Event statistics of recordings, side by side."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..measures.event_comparison import BIN_US, EventSummary
from ..painting.colours import LINES
from .style import WIDTH, as_they_are, legend_columns, style


@style()
def comparison(summaries: Mapping[str, EventSummary]) -> Figure:
    """Rates and polarity over time, events per pixel and intervals, one line per summary."""
    figure = Figure(figsize=(WIDTH, 0.62 * WIDTH), layout="constrained")
    (rate, share), (counts, intervals) = figure.subplots(2, 2)
    for (name, summary), colour in zip(summaries.items(), LINES, strict=False):
        time = (np.arange(len(summary.per_bin)) + 0.5) * BIN_US / 1000
        rate.plot(time, summary.rate, color=colour, label=name)
        share.plot(time, 100 * summary.on_share, color=colour)
        _survival(counts, summary.per_pixel, colour)
        _survival(intervals, summary.intervals_us / 1000, colour)
    rate.set(title="Events per second and active pixel", xlabel="time (ms)", ylim=(0, None))
    share.set(title="ON events (%)", xlabel="time (ms)", ylim=(0, 100))
    counts.set(
        title="Active pixels with at least so many events (%)", xlabel="events of a pixel", xscale="log", yscale="log"
    )
    intervals.set(
        title="Intervals of a pixel's events that are at least so long (%)", xlabel="interval (ms)", xscale="log"
    )
    for axis in (counts.xaxis, counts.yaxis, intervals.xaxis):
        axis.set_major_formatter("{x:,g}")
    columns = legend_columns(list(summaries))
    as_they_are(figure.legend(loc="outside upper left", ncols=columns))
    return figure


def _survival(axes: Axes, values: np.ndarray, colour: str) -> None:
    """How many per cent of sorted values are at least as large as each of them."""
    if len(values):
        first = np.flatnonzero(np.diff(values, prepend=values[0] - 1))
        axes.plot(values[first], 100 * (1 - first / len(values)), color=colour)
