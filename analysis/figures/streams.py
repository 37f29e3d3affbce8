"""How soon the buffers of a stream were decided."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from ..painting.colours import FAINT, LINES, MUTED
from .style import PER_CENT, WIDTH, style


@style()
def latencies(buffers_by_ms: Mapping[int, int], buffers: int, duration_ms: float) -> Figure:
    """Show how many of all buffers were decided by when.

    Parameters
    ----------
    buffers_by_ms
        Buffers per millisecond of the events' time until the first Conv3 spike.
    buffers
        All of them, those without a spike included.
    duration_ms
        Of a buffer.
    """
    figure = Figure((0.65 * WIDTH, 2.8), layout="constrained")
    axes = figure.subplots()
    times = sorted(buffers_by_ms)
    shares = np.cumsum([buffers_by_ms[ms] for ms in times]) / max(buffers, 1)
    axes.step([0, *times, duration_ms], [0, *shares, shares[-1] if len(shares) else 0], where="post", color=LINES[0])
    axes.axhline(0.5, color=MUTED, linewidth=0.6, linestyle=":")
    axes.set(xlabel="events' time since the buffer began (ms)", ylabel="share of the buffers", ylim=(0, 1.02))
    axes.yaxis.set_major_formatter(PER_CENT)
    axes.set(title=f"Decided: buffers with a Conv3 spike, of {buffers:,}", xlim=(0, duration_ms))
    axes.grid(axis="y", color=FAINT, linewidth=0.5)
    return figure
