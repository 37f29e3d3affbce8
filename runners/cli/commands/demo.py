"""`spikeseg demo`: train on rendered ornaments, measure, and segment two that overlap."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..console import console
from ..options import DeviceOption

OVERLAP = 0.5


def demo(
    out: Annotated[Path, typer.Option("--out", help="Run directory of the demo.")] = Path("runs/demo"),
    device: DeviceOption = "cpp_standalone",
) -> None:
    """Train on rendered oranges and pandas, measure, and segment two that overlap."""
    from ....configs import load
    from ...evaluation.selection import select
    from ...evaluation.variants import overlapping
    from ...training.directory import Run
    from ...training.histories import draw_training
    from ...training.training import train
    from ..measuring import evaluate_and_print
    from ..progress import Bars

    console.print("Two rendered desk ornaments, an orange and a panda, a simulated stand-in for NVS-OrangePanda.")
    with Bars(console) as bars:
        network = train(load("orange-panda"), None, out, device, bars)
    draw_training(network, Run(out))
    selection = select(out, None, "test")
    evaluate_and_print(selection, "test", out, device)
    evaluate_and_print(overlapping(selection, OVERLAP), "test", out / "overlapping", device)
    galleries = [directory / "figures" / "gallery.png" for directory in (out, out / "overlapping")]
    console.print(f"Look at {galleries[0]} and {galleries[1]}", soft_wrap=True)
