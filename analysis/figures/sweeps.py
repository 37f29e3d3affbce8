"""Pictures of a sweep: heat maps, lines with the spread over seeds, parallel coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from ..measures.sweep_table import SweepRow
from .style import FAINT, INK, MUTED, WIDTH, hues, style

SEED = "seed"  # what is averaged over
SCORES = {"accuracy": "accuracy", "miou": "box mIoU"}
CONVERGENCE = {"conv2_convergence": "mean w(1-w) of Conv2", "conv3_convergence": "mean w(1-w) of Conv3"}
_TICKS = 6  # so many values can be told apart where they are
_LOG = 10  # an axis whose values differ by this factor is logarithmic


def draw(table: Sequence[SweepRow], keys: Sequence[str]) -> dict[str, Figure]:
    """The pictures that suit a table, by name; none where every point failed.

    Parameters
    ----------
    keys
        The columns of what varies. Over `SEED`, if it is among others, there are means and spreads.
    """
    constants = [key for key in keys if key != SEED] or list(keys)
    done = [row for row in table if not row["failure"]]
    if not done:
        return {}
    counts = [len(_values(table, key)) for key in constants]
    crossed = len({_place(row, constants) for row in table}) == np.prod(counts)
    if len(constants) == 1:
        return {"lines": lines(done, constants[0])}
    if len(constants) == 2 and crossed:
        return {"heat-map": heat_maps(table, *constants), "lines": lines(done, *constants)}
    return {"parallel": parallel(done, constants)}


def _place(row: SweepRow, keys: Sequence[str]) -> tuple[Any, ...]:
    return tuple(row[key] for key in keys)


def _values(table: Sequence[SweepRow], key: str) -> list[Any]:
    """The different values of a column: numbers in order, others as they come."""
    values = list(dict.fromkeys(row[key] for row in table))
    return sorted(values) if _numbers(values) else values


def _numbers(values: Sequence[Any]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _shown(table: Sequence[SweepRow]) -> dict[str, str]:
    """Title per column: the scores that are known, and the convergence that depends on more than the seed."""
    columns = {**SCORES, **CONVERGENCE}
    known = {name: {row[name] for row in table if row[name] is not None} for name in columns}
    seeds = {row.get(SEED) for row in table}
    fewest = {**dict.fromkeys(SCORES, 1), **dict.fromkeys(CONVERGENCE, len(seeds) + 1)}
    return {name: title for name, title in columns.items() if len(known[name]) >= fewest[name]}


def _panels(table: Sequence[SweepRow], height: float) -> tuple[Figure, dict[str, Axes]]:
    """A figure with a titled panel per column of what was measured: up to three beside each other, or two by two."""
    shown = _shown(table)
    across = 2 if len(shown) == 4 else len(shown)
    figure = Figure((WIDTH, height * len(shown) / across), layout="constrained")
    panels = dict(zip(shown, figure.subplots(len(shown) // across, across, squeeze=False).flat, strict=True))
    for name, axes in panels.items():
        axes.set_title(shown[name])
    return figure, panels


@style()
def heat_maps(table: Sequence[SweepRow], across: str, down: str) -> Figure:
    """Mean of each measurement over the seeds, per pair of two constants; below it, the standard deviation.

    Points that failed are counted where they are.
    """
    columns, rows = _values(table, across), _values(table, down)
    cells = [[[row for row in table if _place(row, (across, down)) == (x, y)] for x in columns] for y in rows]
    figure, panels = _panels(table, 0.9 + 0.45 * len(rows))
    for name, axes in panels.items():
        _heat_map(axes, cells, name)
        axes.set_xticks(range(len(columns)), [_label(x) for x in columns])
        axes.set_yticks(range(len(rows)), [_label(y) for y in rows])
        axes.set_xlabel(across)
    figure.axes[0].set_ylabel(down)
    return figure


def _heat_map(axes: Axes, cells: Sequence[Sequence[Sequence[SweepRow]]], name: str) -> None:
    known = [[[row[name] for row in cell if row[name] is not None] for cell in line] for line in cells]
    means = np.array([[np.mean(cell) if cell else np.nan for cell in line] for line in known])
    axes.imshow(means, cmap="viridis", aspect="auto", origin="lower")
    dark = means < np.nanmin(means) + 0.6 * np.ptp(means[~np.isnan(means)])
    for (y, x), white in np.ndenumerate(dark):
        told = _told(known[y][x], len(cells[y][x]))
        axes.text(x, y, told, color="white" if white else INK, ha="center", va="center", fontsize=7)


def _told(values: Sequence[float], points: int) -> str:
    """Mean, spread, and how many of the points failed."""
    lines = []
    if values:
        digits = 3 if max(values) >= 0.1 else 4
        lines.append(f"{np.mean(values):.{digits}f}")
        if len(values) > 1:
            lines.append(f"±{np.std(values, ddof=1):.{digits}f}")
    if failed := points - len(values):
        lines.append(f"{failed} failed")
    return "\n".join(lines)


def _label(value: Any) -> str:
    return f"{value:g}" if _numbers([value]) else str(value)


@style()
def lines(table: Sequence[SweepRow], across: str, apart: str | None = None) -> Figure:
    """Each measurement over a constant, a line per value of another: means over the seeds, spread (±1 sd), points."""
    figure, panels = _panels(table, 2.6)
    xs = _values(table, across)
    groups = [None] if apart is None else _values(table, apart)
    for name, axes in panels.items():
        for group, colour in zip(groups, hues(len(groups)), strict=True):
            members = [row for row in table if apart is None or row[apart] == group]
            _line(axes, members, (across, name), xs, colour, "" if group is None else f"{apart} {_label(group)}")
        axes.set_xlabel(across)
        if _numbers(xs):
            axes.set_xscale("log" if _logarithmic(xs) else "linear")
        if len(xs) <= _TICKS or not _numbers(xs):
            axes.set_xticks(xs if _numbers(xs) else range(len(xs)), [_label(x) for x in xs])
            axes.minorticks_off()
    if apart is not None:
        figure.legend(*next(iter(panels.values())).get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _line(
    axes: Axes, table: Sequence[SweepRow], keys: tuple[str, str], xs: Sequence[Any], colour: Any, label: str
) -> None:
    across, name = keys
    known = {x: [row[name] for row in table if row[across] == x and row[name] is not None] for x in xs}
    places = [(x if _numbers(xs) else xs.index(x), values) for x, values in known.items() if values]
    if not places:
        return
    at = np.array([x for x, _ in places], float)
    mean = np.array([np.mean(values) for _, values in places])
    spread = np.array([np.std(values, ddof=1) if len(values) > 1 else 0 for _, values in places])
    axes.plot(at, mean, color=colour, label=label)
    axes.fill_between(at, mean - spread, mean + spread, color=colour, alpha=0.15, linewidth=0)
    axes.plot(np.repeat(at, [len(v) for _, v in places]), [v for _, vs in places for v in vs], ".", color=colour, ms=3)


def _logarithmic(values: Sequence[float]) -> bool:
    return min(values) > 0 and max(values) >= _LOG * min(values)


@style()
def parallel(table: Sequence[SweepRow], keys: Sequence[str]) -> Figure:
    """A line per point through what varies and what was measured; its colour is the mIoU, or the accuracy without."""
    titles = {key: key.replace(".learning.", "\n") for key in keys} | _shown(table)
    judged = "miou" if "miou" in titles else "accuracy"
    figure = Figure((WIDTH, 3.6), layout="constrained")
    axes = figure.subplots()
    heights = np.stack([_heights(axes, table, name, x) for x, name in enumerate(titles)], axis=1)
    scores = np.array([row[judged] for row in table], float)
    colours = ScalarMappable(Normalize(scores.min(), scores.max()), "viridis")
    for number in np.argsort(scores):
        axes.plot(range(len(titles)), heights[number], color=colours.to_rgba(scores[number]), alpha=0.8)
    axes.set_xticks(range(len(titles)), list(titles.values()))
    axes.set(yticks=[], ylim=(-0.06, 1.06))
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    figure.colorbar(colours, ax=axes, label=titles[judged], pad=0.02)
    return figure


def _heights(axes: Axes, table: Sequence[SweepRow], name: str, x: int) -> np.ndarray:
    """Draw the axis of a column at `x`; where each row crosses it, from 0 to 1, shape (rows,)."""
    values = _values([row for row in table if row[name] is not None], name)
    axes.axvline(x, color=FAINT, zorder=0)
    if not _numbers(values):
        places = {value: (number + 0.5) / len(values) for number, value in enumerate(values)}
        for value, height in places.items():
            axes.annotate(_label(value), (x, height), (3, 0), textcoords="offset points", color=MUTED, fontsize=7)
        return np.array([places[row[name]] for row in table])
    scale = np.log if _logarithmic(values) else np.asarray
    low, high = scale(values[0]), scale(values[-1])
    for value, height, beyond in ((values[0], 0, -10), (values[-1], 1, 4)):
        told = {"textcoords": "offset points", "ha": "center", "color": MUTED, "fontsize": 7}
        axes.annotate(f"{value:.3g}", (x, height), (0, beyond), **told)
    column = scale(np.array([np.nan if row[name] is None else row[name] for row in table], float))
    return (column - low) / (high - low) if high > low else np.full(len(table), 0.5)
