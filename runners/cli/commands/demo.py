"""The demonstration: train on rendered ornaments, measure, and take two overlapping ones apart."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from ....configs import load
from ...evaluation.evaluation import evaluate_selection
from ...evaluation.reporting import present
from ...evaluation.selection import overlapping, select
from ...training.directory import Run
from ...training.histories import draw_training
from ...training.training import train
from ..progress import Bars

OVERLAP = 0.5


def run_demo(out: Path, device: str, console: Console) -> None:
    """Run the whole path on the embedded dataset; everything lands in `out`.

    Raises
    ------
    SpikeSegError
        `out` holds something else or cannot be written, or the device does not work.
    """
    console.print("Two rendered desk ornaments, an orange and a panda, a simulated stand-in for NVS-OrangePanda.")
    with Bars(console) as bars:
        network = train(load("orange-panda"), None, out, device, bars)
    draw_training(network, Run(out))
    selection = select(out, None, "test")
    both = overlapping(selection, OVERLAP)
    for chosen, directory in ((selection, out), (both, out / "overlapping")):
        with Bars(console) as bars:
            bars.stage("evaluate", len(chosen.indices))
            evaluation = evaluate_selection(chosen, device, bars.advance)
        present(evaluation, chosen, "test", directory, device, console)
    console.print(
        f"Look at {out / 'figures' / 'gallery.png'} and {out / 'overlapping' / 'figures' / 'gallery.png'}",
        soft_wrap=True,
    )
