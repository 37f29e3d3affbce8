"""Pictures of a sweep: heat maps, lines with the spread over seeds, parallel coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_hex
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from ..measures.formatting import ACCURACY, MIOU
from ..measures.sweep_table import SEED, SweepRow
from ..painting.colours import FAINT, MUTED, distinct, ink_on
from .style import WIDTH, style, text_width

SCORES = {"accuracy": f"{ACCURACY} (%)", "miou": MIOU}
CONVERGENCE = {"conv2_convergence": "mean w(1-w) of Conv2", "conv3_convergence": "mean w(1-w) of Conv3"}

SPREADS = 8
"""Standard deviations over seeds that the colours of a heat map span at least: one is an eighth of the scale."""

LEAST = 0.1
"""What the colours of scores span at least where there is one seed: among 100 pictures at 90 %, 3 standard errors."""

_PER_CENT = 100  # what stands for an accuracy of 1
_MOST = {"accuracy": _PER_CENT, "miou": 1}
_LEAST = {"accuracy": _PER_CENT * LEAST, "miou": LEAST}
_TICKS = 6  # so many values can be told apart where they are
_LOG = 10  # an axis whose values differ by this factor is logarithmic


def draw(table: Sequence[SweepRow], keys: Sequence[str]) -> dict[str, Figure]:
    """The pictures that suit a table, by name; none where every point failed.

    Parameters
    ----------
    keys
        The columns of what varies. Over `SEED`, if it is among others, there are means and spreads.
    """
    table = [row if row["accuracy"] is None else row | {"accuracy": _PER_CENT * row["accuracy"]} for row in table]
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
    """The different values of a column: numbers in order, also inf, others as they come."""
    values = list(dict.fromkeys(row[key] for row in table))
    return sorted(values) if _numbers([value for value in values if value != np.inf]) else values


def _numbers(values: Sequence[Any]) -> bool:
    """Whether values have places on an axis of numbers, as inf has none."""
    return all(isinstance(value, int | float) and not isinstance(value, bool) and value != np.inf for value in values)


def _shown(table: Sequence[SweepRow]) -> dict[str, str]:
    """Title per column: the scores that are known, and the convergence that depends on more than the seed."""
    columns = {**SCORES, **CONVERGENCE}
    known = {name: {row[name] for row in table if row[name] is not None} for name in columns}
    seeds = {row.get(SEED) for row in table}
    fewest = {**dict.fromkeys(SCORES, 1), **dict.fromkeys(CONVERGENCE, len(seeds) + 1)}
    return {name: title for name, title in columns.items() if len(known[name]) >= fewest[name]}


def _panels(table: Sequence[SweepRow], size: tuple[float, float]) -> tuple[Figure, dict[str, Axes]]:
    """A figure with a titled panel per column of what was measured.

    `size` is what a panel takes at least (width, height) in inches: up to three lie beside each other, four two by two.
    """
    shown, (width, height) = _shown(table), size
    across = min(2 if len(shown) == 4 else len(shown), max(1, int(WIDTH / width)))
    down = -(-len(shown) // across)
    figure = Figure((max(WIDTH, width), height * down), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False).ravel()
    panels = dict(zip(shown, grid, strict=False))
    for name, axes in panels.items():
        axes.set_title(shown[name])
    for axes in grid[len(shown) :]:
        axes.set_axis_off()
    return figure, panels


@style()
def heat_maps(table: Sequence[SweepRow], across: str, down: str) -> Figure:
    """Mean of each measurement over the seeds, per pair of two constants; below it, the standard deviation.

    The colours of a panel span at least `SPREADS` standard deviations over seeds, pooled over its cells: a difference
    that one seed more or less could make is then at most a small step of colour. Without a second seed no spread is
    known, and scores span `LEAST` at least. Points that failed are counted where they are.
    """
    columns, rows = _values(table, across), _values(table, down)
    cells = [[[row for row in table if _place(row, (across, down)) == (x, y)] for x in columns] for y in rows]
    labels = [_label(x) for x in columns]
    cell = max(0.48, *(text_width(label, 8) / 72 + 0.1 for label in labels))
    width = max(cell * len(columns) + 0.36, text_width(across, 9) / 72) + 0.55
    figure, panels = _panels(table, (width, 1.0 + 0.45 * len(rows)))
    for name, axes in panels.items():
        picture = _heat_map(axes, cells, name)
        figure.colorbar(picture, ax=axes, pad=0.02, aspect=25).outline.set_visible(False)
        axes.set_xticks(range(len(columns)), labels)
        axes.set_yticks(range(len(rows)), [_label(y) for y in rows])
        axes.set(xlabel=across, ylabel=down)
        axes.label_outer()
    known = f"Colours span at least {SPREADS} standard deviations over seeds (pooled over the cells)."
    alone = f"Only one seed: how far seeds differ is not known. Colours of scores span {LEAST} at least ({LEAST:.0%})."
    repeated = any(len(points) > 1 for line in cells for points in line)
    figure.supxlabel(known if repeated else alone, x=0.01, ha="left", fontsize=8)
    return figure


def _heat_map(axes: Axes, cells: Sequence[Sequence[Sequence[SweepRow]]], name: str) -> AxesImage:
    known = [[[row[name] for row in cell if row[name] is not None] for cell in line] for line in cells]
    means = np.array([[np.mean(cell) if cell else np.nan for cell in line] for line in known])
    low, high = colour_range(
        means, [cell for line in known for cell in line], _LEAST.get(name, 0), _MOST.get(name, np.inf)
    )
    picture = axes.imshow(means, cmap="viridis", vmin=low, vmax=high, aspect="auto", origin="lower")
    for (y, x), mean in np.ndenumerate(means):
        ground = to_hex(tuple(np.ravel(picture.cmap(picture.norm(mean))))) if np.isfinite(mean) else "#ffffff"
        text = _told(name, known[y][x], len(cells[y][x]))
        axes.text(x, y, text, color=ink_on(ground), ha="center", va="center", fontsize=7)
    return picture


def colour_range(
    means: np.ndarray, cells: Sequence[Sequence[float]], least: float, most: float = np.inf
) -> tuple[float, float]:
    """Lowest and highest value of a heat map's colours, around the means; see `heat_maps`.

    Parameters
    ----------
    means
        Of the cells, NaN where nothing is known.
    cells
        What was measured in each, a value per seed.
    least
        What the colours span at least if no cell has a second value.
    most
        The largest value that there can be; the smallest is 0. Colours lie between the two if they can.
    """
    repeated = [cell for cell in cells if len(cell) > 1]
    if repeated:
        freedom = [len(cell) - 1 for cell in repeated]
        least = SPREADS * float(np.sqrt(np.average([np.var(cell, ddof=1) for cell in repeated], weights=freedom)))
    low, high = float(np.nanmin(means)), float(np.nanmax(means))
    span = max(high - low, least)
    start = float(np.clip((low + high - span) / 2, 0, max(most - span, 0)))
    return start, start + span


def _told(name: str, values: Sequence[float], points: int) -> str:
    """Mean, spread, and how many of the points failed."""
    lines = []
    if values:
        digits = 1 if name == "accuracy" else 3 if max(values) >= 0.1 else 4
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
    figure, panels = _panels(table, (WIDTH / 3, 2.6))
    xs, axes_width = _values(table, across), figure.get_figwidth() / min(len(panels), 3)
    groups = [None] if apart is None else _values(table, apart)
    for name, axes in panels.items():
        for group, colour in zip(groups, distinct(len(groups)), strict=True):
            members = [row for row in table if apart is None or row[apart] == group]
            _line(axes, members, (across, name), xs, colour, "" if group is None else f"{apart} {_label(group)}")
        axes.set_xlabel(across)
        if _numbers(xs):
            axes.set_xscale("log" if _logarithmic(xs) else "linear")
        if len(xs) <= _TICKS or not _numbers(xs):
            labels = [_label(x) for x in xs]
            rotated = max(text_width(label, 8) for label in labels) > 72 * 0.75 * axes_width / len(xs) - 4
            axes.set_xticks(xs if _numbers(xs) else range(len(xs)), labels, rotation=90 * rotated)
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
