"""The numbers as a table and as a picture."""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot as plt
from rich.console import Console
from rich.table import Table

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


def rows(results: Results) -> list[list[str]]:
    """Name, the columns, and how many times the time of the computed connections it takes."""
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
    """As Markdown to `path`, and to the terminal."""
    header = ["", *COLUMNS.values(), FACTOR]
    lines = [header, ["---"] * len(header), *rows(results)]
    path.write_text("".join(f"| {' | '.join(cells)} |\n" for cells in lines))
    table = Table(*header)
    for cells in rows(results):
        table.add_row(*cells)
    console.print(table)


def draw(results: Results, path: Path) -> None:
    """Growth with kernel, maps, and spikes at several sizes."""
    figure, axes = plt.subplots(1, 3, figsize=(13, 4), constrained_layout=True)
    for axis, name, label in ((axes[0], "kernel", "side of Conv2's kernel"), (axes[1], "maps", "maps of Conv2")):
        for kind in ("procedural", "torch"):
            line = sorted(
                (int(found[1]), result["ms"])
                for case, result in results.items()
                if (found := re.fullmatch(rf"{name} (\d+) {kind}", case))
            )
            if line:
                axis.loglog(*zip(*line, strict=True), "o-", label=kind)
        axis.set_xlabel(label)
        axis.set_ylabel("ms per stimulus")
        if axis.lines:
            axis.legend()
    lines: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for case, result in results.items():
        if found := re.fullmatch(r"size (\d+x\d+) spikes (\d+) (procedural|torch)", case):
            lines.setdefault((found[1], found[3]), []).append((float(found[2]), result["ms"]))
    for number, ((size, kind), points) in enumerate(sorted(lines.items(), key=lambda one: one[0][::-1])):
        style = "o-" if kind == "procedural" else "x:"
        axes[2].loglog(*zip(*sorted(points), strict=True), style, color=f"C{number % 4}", label=f"{size} {kind}")
    axes[2].set_xlabel("input spikes")
    axes[2].set_ylabel("ms per stimulus")
    if lines:
        axes[2].legend(fontsize="x-small")
    figure.savefig(path, dpi=120)
