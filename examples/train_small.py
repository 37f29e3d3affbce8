"""Train a small network through the Python API, measure it, and keep its spikes.

Usage: ``python examples/train_small.py [RUN]``; RUN is where everything goes, ``runs/small`` without it.

Pictures are rendered and Brian2 runs on NumPy: this needs neither data nor a C++ compiler, and takes about a quarter
of a minute. What it learns is a toy's worth; ``spikeseg demo`` does the same in earnest.
"""

from __future__ import annotations

import sys
from pathlib import Path

import spikeseg

DEVICE = "numpy"


def main(run: Path) -> None:
    """Train into the directory `run`, which is made; a run that is complete already is only measured."""
    config = spikeseg.load_config(Path(__file__).with_name("small.toml"))
    network = spikeseg.train(config, data=None, path=run, device=DEVICE)
    for number, label in enumerate(network.map_labels):
        print(f"map {number} of conv3 stands for {label}")

    selection = spikeseg.select(run, data=None, part="test")
    report = spikeseg.evaluate(selection, DEVICE).report
    print(f"accuracy {report.accuracy:.1%} on {report.n} test pictures")
    constant = report.baselines.constant_box_oracle
    # One box per class, which a local search fits to the very boxes that it is tested on: that favours it.
    print(f"mIoU of boxes {report.miou:.3f}; a constant box per class, fitted to these, scores {constant.miou:.3f}")

    spikes = spikeseg.encode(selection, run / "spikes" / "test.npz", DEVICE)
    for layer, recorded in spikes.items():
        print(f"{layer} {tuple(recorded.shape)}: {len(recorded) / recorded.stimuli:.0f} spikes per picture")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/small"))
    except spikeseg.SpikeSegError as error:
        sys.exit(f"train_small: {error}")
