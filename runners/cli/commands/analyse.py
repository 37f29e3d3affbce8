"""`spikeseg analyse`: how a network responds, in figures and a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spikeseg.errors import SpikeSegError

from ..console import console
from ..options import RunArgument


def analyse(
    run: RunArgument,
    spikes: Annotated[
        Path | None, typer.Option("--spikes", help="A recording of spikes; RUN/spikes/test.npz by default.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Directory of the results; RUN/analysis by default.")
    ] = None,
) -> None:
    """Measure how a network responds: latencies, sparsity, information, selectivity, receptive fields and more."""
    from spikeseg.excerpt import take_excerpt

    from ...evaluation.analysing import check_match, write_analysis
    from ...training.directory import load_network
    from ..progress import Bars

    network, directory = load_network(run)
    file, out = spikes or directory.results / "spikes" / "test.npz", out or directory.results / "analysis"
    if not file.exists():
        raise SpikeSegError(f"{file} is missing: run `spikeseg encode {run}` first")
    excerpt = take_excerpt(file)
    check_match(network, excerpt)
    with Bars(console) as bars:
        figures = write_analysis(out, network, directory, excerpt, bars)
    console.print(f"analysis.csv and {figures} figures in {out}", soft_wrap=True)
