"""The report of a sweep: one HTML page with its best setting, its figures and all settings."""

from __future__ import annotations

from pathlib import Path

from spikeseg.errors import SpikeSegError
from spikeseg.files import read_json, replacing

from ...analysis.report.page import render
from ...analysis.report.sweep import sweep_contents
from .summary import SUMMARY


def is_sweep(directory: Path) -> bool:
    """Whether a directory has the results of a sweep or a search."""
    return (directory / SUMMARY).exists()


def write_sweep_report(directory: Path, out: Path) -> int:
    """Write the page of a finished sweep.

    Parameters
    ----------
    directory
        What `spikeseg sweep` or `spikeseg search` wrote: a directory with ``summary.json`` and figures.
    out
        The file to write.

    Returns
    -------
    Number of settings on the page.

    Raises
    ------
    SpikeSegError
        The summary cannot be read, or the file system refuses.
    """
    summary = read_json(directory / SUMMARY)
    try:
        content = sweep_contents(directory.resolve(), summary)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise SpikeSegError(f"{directory / SUMMARY} lacks {error}: run `spikeseg sweep` again") from error
    with replacing(out) as temporary:
        temporary.write_text(render(content, "sweep.html"), encoding="utf-8")
    return len(content["settings"])
