"""From costs to a table: medians, their spread, and ratios pair by pair."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from .cases import Row
from .measuring import Costs

FACTOR = "times as fast"
PEAK = "peak MB"


def header(versions: Sequence[str]) -> list[str]:
    """Heads of the table's columns."""
    return ["", *versions, FACTOR, PEAK]


def lines(rows: Sequence[Row], costs: Costs, versions: Sequence[str]) -> list[list[str]]:
    """Lines of the table, for what was measured.

    The column of a version has the median and, below, the least and the most of its rounds; so have the ratios of the
    first version's time to the last one's, pair by pair. The last column has the peak memory of each version. Noise may
    make a difference of two times negative; it says nothing then, and is left out.
    """
    found = []
    for row in rows:
        seconds = [_seconds(row, costs, version) for version in versions]
        if not any(seconds):
            continue
        figures = [_spread([row.figure(one) for one in some if one > 0]) for some in seconds]
        pairs = [a / b for a, b in zip(seconds[0], seconds[-1], strict=False) if a > 0 and b > 0]
        found.append([row.name, *figures, _spread(pairs), _peak(row, costs, versions)])
    return found


def _seconds(row: Row, costs: Costs, version: str) -> list[float]:
    """Processor seconds of each round, without those of the case that is subtracted; none if it was not measured."""
    spent = [one.cpu_s for one in costs.get(row.case, {}).get(version, [])]
    if not row.beyond:
        return spent
    less = [one.cpu_s for one in costs.get(row.beyond, {}).get(version, [])]
    return [one - other for one, other in zip(spent, less, strict=False)]


def _spread(figures: Sequence[float]) -> str:
    if not figures:
        return "-"
    return f"{_short(median(figures))}\n{_short(min(figures))} to {_short(max(figures))}"


def _short(figure: float) -> str:
    """Three digits, without an exponent."""
    return f"{figure:.0f}" if abs(figure) >= 100 else f"{figure:#.3g}"


def _peak(row: Row, costs: Costs, versions: Sequence[str]) -> str:
    """Peak memory of each version, a line each; empty for a difference, which has none."""
    if row.beyond:
        return ""
    peaks = [[one.peak_mb for one in costs[row.case].get(version, [])] for version in versions]
    return "\n".join(f"{max(peak):.0f}" if peak else "-" for peak in peaks)
