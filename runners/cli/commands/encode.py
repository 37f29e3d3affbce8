"""`spikeseg encode`: write the spikes of every layer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..console import console
from ..options import DataOption, DeviceOption, InvalidOption, JobsOption, RunArgument, SplitOption


def encode(
    run: RunArgument,
    data: DataOption = None,
    invalid: InvalidOption = "error",
    split: SplitOption = "test",
    out: Annotated[Path | None, typer.Option("--out", help="A .npz file; RUN/spikes/SPLIT.npz by default.")] = None,
    device: DeviceOption = "cpp_standalone",
    jobs: JobsOption = 1,
) -> None:
    """Write the spikes of every layer to disk."""
    from ...evaluation.recording import record
    from ...evaluation.selection import select
    from ..progress import Bars

    selection = select(run, data, split, invalid)
    out = out or selection.run.results / "spikes" / f"{split}.npz"
    with Bars(console) as bars:
        bars.stage("encode", len(selection.indices))
        spikes = record(selection, out, device, bars.advance, jobs)
    counts = ", ".join(f"{layer} {len(s) / s.stimuli:.0f}" for layer, s in spikes.items())
    console.print(f"{out}: spikes per stimulus: {counts}", soft_wrap=True)
