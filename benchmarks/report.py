"""The numbers as tables and as a picture."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from rich.console import Console

from spikeseg.analysis.figures.style import WIDTH, save, style
from spikeseg.analysis.painting.colours import LINES, distinct

from .table import markdown, table

Results = dict[str, dict[str, float]]

COLUMNS = {
    "ms": "ms per stimulus",
    "ns": "ns per synaptic event",
    "spike_us": "us per input spike",
    "per_s": "presentations per s",
    "further": "ms per further one",
    "same": "same boxes",
    "mb": "peak MB",
    "build_s": "build s",
    "first_s": "first spikes after s",
}
FACTOR = "times procedural"
KINDS = {"procedural": "ConvSynapses", "torch": "dense PyTorch"}
TABLES = {
    "Conv2's connection alone": r"\w+ forward .*",
    "Encode, decode and box": r"\w+ whole .*",
    "Training": r"\w+ train .*",
    "Encoding, over the number of input spikes": r"size .*",
    "Encoding, over Conv2's geometry": r"(kernel|maps) .*",
    "Encoding": r".*",
}
"""Titles, and the names of the cases that belong there; a case belongs to the first that matches."""


def tables(results: Results) -> dict[str, tuple[list[str], list[list[str]]]]:
    """Header and rows of each table, by title: names, what was measured, and the time relative to ConvSynapses."""
    found = {}
    left = dict(results)
    for title, pattern in TABLES.items():
        own = {name: left.pop(name) for name in list(left) if re.fullmatch(pattern, name)}
        if own:
            keys = [key for key in COLUMNS if any(key in result for result in own.values())]
            found[title] = ["", *(COLUMNS[key] for key in keys), FACTOR], rows(own, keys)
    return found


def rows(results: Results, keys: Sequence[str]) -> list[list[str]]:
    """Rows of a table: name, the columns, and the time relative to that of ConvSynapses in the same setting."""
    found = []
    for name, result in results.items():
        group = re.sub(r" (procedural|explicit|torch|numpy|cython)$", "", name)
        base = results.get(f"{group} procedural", {})
        factor = next((result[k] / base[k] for k in ("ms", "ns") if k in result and k in base), None)
        if "per_s" in result and "per_s" in base:
            factor = base["per_s"] / result["per_s"]
        cells = [f"{result[key]:.3g}" if key in result else "" for key in keys]
        found.append([name, *cells, f"{factor:.2f}" if factor else ""])
    return found


def write(results: Results, path: Path, console: Console) -> None:
    """Write the tables to `path` as Markdown, and print them to the terminal."""
    texts = []
    for title, (header, lines) in tables(results).items():
        texts.append(f"{title}:\n\n{markdown(header, lines)}")
        console.print(table(header, lines, title), "")
    path.write_text("\n".join(texts))


@style()
def draw(results: Results, path: Path) -> None:
    """Draw how the time per stimulus grows with the kernel, the maps, and the input spikes at several sizes."""
    figure = Figure((WIDTH, 3), layout="constrained")
    kernels, maps, spikes = figure.subplots(1, 3)
    for axes, name, label in ((kernels, "kernel", "side of Conv2's kernel"), (maps, "maps", "maps of Conv2")):
        for (kind, text), colour in zip(KINDS.items(), LINES, strict=False):
            if points := _points(results, rf"{name} (\d+) {kind}"):
                axes.loglog(*np.array(points).T, "o-", color=colour, label=text)
        ticks = [x for x, _ in _points(results, rf"{name} (\d+) procedural")]
        axes.set(xlabel=label, xticks=ticks, xticklabels=[f"{x:g}" for x in ticks])
        axes.minorticks_off()
    kernels.set(ylabel="ms per stimulus")
    if kernels.lines:
        kernels.legend()
    sizes = dict.fromkeys(found[1] for name in results if (found := re.match(r"size (\S+)", name)))
    for size, colour in zip(sizes, distinct(len(sizes)), strict=True):
        for kind, line in zip(KINDS, ("o-", "x:"), strict=True):
            if points := _points(results, rf"size {size} spikes (\d+) {kind}"):
                label = size if kind == "procedural" else None
                spikes.loglog(*np.array(points).T, line, color=colour, label=label)
    spikes.set(xlabel="input spikes; dotted: PyTorch")
    if spikes.lines:
        spikes.legend(title="input")
    save(figure, path)


def _points(results: Results, pattern: str) -> list[tuple[float, float]]:
    """(the number in a case's name, ms per stimulus) of the cases that match."""
    matches = ((re.fullmatch(pattern, name), result) for name, result in results.items())
    return sorted((float(found[1]), result["ms"]) for found, result in matches if found)
