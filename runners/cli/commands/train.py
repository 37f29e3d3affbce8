"""`spikeseg train`: train a network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..console import console
from ..options import ConfigArgument, DataOption, DeviceOption, InvalidOption


def train(
    config: ConfigArgument,
    out: Annotated[Path, typer.Option("--out", help="Run directory; an interrupted training in it resumes.")],
    data: DataOption = None,
    invalid: InvalidOption = "error",
    seed: Annotated[
        int | None, typer.Option(help="Seed of initial weights and presentation order, instead of the configuration's.")
    ] = None,
    device: DeviceOption = "cpp_standalone",
) -> None:
    """Train a network: STDP, layer by layer, without labels."""
    from ....configs import load
    from ...training.directory import Run
    from ...training.histories import draw_training
    from ...training.training import train as run_training
    from ..progress import Bars

    loaded = load(config, seed=seed)
    with Bars(console) as bars:
        network = run_training(loaded, data, out, device, bars, invalid)
    draw_training(network, Run(out))
    counts = ", ".join(f"{label} {network.map_labels.count(label)}" for label in loaded.data.classes)
    supervised = "supervised, " if loaded.plasticity.learning_rule.supervised else ""
    console.print(
        f"{out / 'network.npz'}: {supervised}maps per class: {counts}; figures in {Run(out).figures}", soft_wrap=True
    )
