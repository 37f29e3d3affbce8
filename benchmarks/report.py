"""The numbers as a table and as a picture."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from spikeseg.analysis.figures.style import WIDTH, save, style
from spikeseg.analysis.painting.colours import LINES, distinct

Results = dict[str, dict[str, float]]

COLUMNS = {
    "ms": "ms per stimulus",
    "ns": "ns per synaptic event",
    "per_s": "presentations per s",
    "further": "ms per further one",
    "mb": "peak MB",
    "build_s": "build s",
    "first_s": "first spikes after s",
}
FACTOR = "times procedural"
KINDS = {"procedural": "ConvSynapses", "torch": "dense PyTorch"}


def rows(results: Results) -> list[list[str]]:
    """Rows of the table: name, the columns, and the time relative to that of ConvSynapses in the same setting."""
    found = []
    for name, result in results.items():
        if name.startswith(("kernel", "maps", "size")):
            continue
        group = re.sub(r" (procedural|explicit|torch|numpy|cython)$", "", name)
        base = results.get(f"{group} procedural", {})
        factor = next((result[k] / base[k] for k in ("ms", "ns") if k in result and k in base), None)
        if "per_s" in result and "per_s" in base:
            factor = base["per_s"] / result["per_s"]
        cells = [f"{result[key]:.3g}" if key in result else "" for key in COLUMNS]
        found.append([name, *cells, f"{factor:.2f}" if factor else ""])
    return found


def write(results: Results, path: Path, console: Console) -> None:
    """Write the table to `path` as Markdown, and print it to the terminal."""
    header = ["", *COLUMNS.values(), FACTOR]
    lines = [header, ["---"] * len(header), *rows(results)]
    path.write_text("".join(f"| {' | '.join(cells)} |\n" for cells in lines))
    table = Table(*header)
    for cells in rows(results):
        table.add_row(*cells)
    console.print(table)


@style()
def draw(results: Results, path: Path) -> None:
    """Draw how the time per stimulus grows with the kernel, the maps, and the input spikes at several sizes."""
    figure = Figure((WIDTH, 3), layout="constrained")
    kernels, maps, spikes = figure.subplots(1, 3)
    for axes, name, label in ((kernels, "kernel", "side of Conv2's kernel"), (maps, "maps", "maps of Conv2")):
        for (kind, text), colour in zip(KINDS.items(), LINES, strict=False):
            points = _points(results, rf"{name} (\d+) {kind}")
            axes.loglog(*np.array(points).T, "o-", color=colour, label=text)
        axes.set(xlabel=label, xticks=[x for x, _ in points], xticklabels=[f"{x:g}" for x, _ in points])
        axes.minorticks_off()
    kernels.set(ylabel="ms per stimulus")
    kernels.legend()
    sizes = dict.fromkeys(found[1] for name in results if (found := re.match(r"size (\S+)", name)))
    for size, colour in zip(sizes, distinct(len(sizes)), strict=True):
        for kind, line in zip(KINDS, ("o-", "x:"), strict=True):
            points = _points(results, rf"size {size} spikes (\d+) {kind}")
            label = size if kind == "procedural" else None
            spikes.loglog(*np.array(points).T, line, color=colour, label=label)
    spikes.set(xlabel="input spikes; dotted: PyTorch")
    spikes.legend(title="input")
    save(figure, path)


def _points(results: Results, pattern: str) -> list[tuple[float, float]]:
    """(the number in a case's name, ms per stimulus) of the cases that match."""
    matches = ((re.fullmatch(pattern, name), result) for name, result in results.items())
    return sorted((float(found[1]), result["ms"]) for found, result in matches if found)
