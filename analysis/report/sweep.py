"""The content of a page about a sweep, under the names that its template (``templates/sweep.html``) uses."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from spikeseg.version import __version__

from .page import embedded

PICTURES = {
    "heat-map": "Means over the seeds, and their standard deviation",
    "lines": "Means over the seeds, their spread, and every point",
    "parallel": "Every point; the colour is its score",
}
"""Figures of a sweep, see `figures.sweeps.draw`, and their captions."""


def sweep_contents(directory: Path, summary: Mapping[str, Any]) -> dict[str, Any]:
    """All values that the template uses, except style and script.

    Parameters
    ----------
    directory
        The directory of the sweep, with its figures; the runs are beside it.
    summary
        Content of its ``summary.json``, see `runners.sweeps.summary.write_summary`.
    """
    settings = [_setting(one) for one in summary["settings"]]
    means = [one["mean"] for one in summary["settings"] if one["mean"] is not None]
    scores = [score for one in summary["settings"] for score in one["scores"].values()]
    pictures = {directory / f"{name}.png": caption for name, caption in PICTURES.items()}
    return {
        "version": __version__,
        "name": directory.name,
        "source": summary["source"],
        "part": summary["measure_on"],
        "score": summary["score"],
        "runs": str(directory.parent),
        "keys": list(summary["settings"][0]["varied"]),
        "settings": settings,
        "points": len(scores),
        "failed": sum(score is None for score in scores),
        "best": settings[0] if means else None,
        "range": f"{min(means):.3f} to {max(means):.3f}, median {median(means):.3f}" if means else "",
        "pictures": [
            {"image": embedded(file.read_bytes(), "image/png"), "caption": caption}
            for file, caption in pictures.items()
            if file.exists()
        ],
    }


def _setting(one: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the table, as text."""
    return {
        "values": list(one["varied"].values()),
        "mean": "failed" if one["mean"] is None else f"{one['mean']:.3f}",
        "spread": "" if one["spread"] is None else f"± {one['spread']:.3f}",
        "points": [{"name": name, "score": "failed" if s is None else f"{s:.3f}"} for name, s in one["scores"].items()],
    }
