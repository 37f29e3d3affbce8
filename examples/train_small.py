"""
Train a small network
=====================

Learn, measure and record, all through the Python API. Pictures are rendered and Brian2 runs on NumPy: this needs
neither data nor a C++ compiler, and takes about a quarter of a minute. The network is a toy; ``spikeseg demo`` does the
same with a larger one.

Usage: ``python examples/train_small.py [RUN]``; RUN is where everything goes, ``runs/small`` without it.
"""

# %%
# Learn
# -----
# ``small.toml``, beside this program, has every number of the experiment. ``train`` learns layer by layer and writes
# everything to the run directory. If that is complete already, it is only read.

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import spikeseg

DEVICE = "numpy"

run = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/small")
try:
    config = spikeseg.load_config(Path(sys.argv[0]).with_name("small.toml"))
    network = spikeseg.train(config, data=None, path=run, device=DEVICE)
except spikeseg.SpikeSegError as error:
    sys.exit(f"train_small: {error}")
for number, label in enumerate(network.map_labels):
    print(f"map {number} of conv3 stands for {label}")

# %%
# Measure
# -------
# The test part of the split, beside a constant box per class. This baseline is given the true class, and a local search
# fits its boxes to the very boxes that it is tested on, which favours it.

selection = spikeseg.select(run, data=None, part="test")
report = spikeseg.evaluate(selection, DEVICE).report
print(f"accuracy {report.accuracy:.1%} on {report.n} test pictures")
constant = report.baselines.constant_box_oracle
print(f"mIoU of boxes {report.miou:.3f}; constant boxes score {constant.miou:.3f}")

# %%
# Look at the spikes
# ------------------
# ``encode`` writes the spikes of every layer to disk, and returns them. Input comes in the first ten of twenty steps,
# and a spike crosses one layer per step.

spikes = spikeseg.encode(selection, run / "spikes" / "test.npz", DEVICE)
figure, axis = plt.subplots(figsize=(7, 3.2), layout="constrained")
for layer, recorded in spikes.items():
    per_picture = len(recorded) / recorded.stimuli
    print(f"{layer} {tuple(recorded.shape)}: {per_picture:.0f} spikes per picture")
    share = np.bincount(recorded.step, minlength=20) / len(recorded)
    axis.plot(share, label=f"{layer}, {per_picture:.0f} spikes", drawstyle="steps-mid")
axis.set(xlabel="step", ylabel="share of the layer's spikes", xticks=range(0, 20, 2))
axis.legend(frameon=False)
plt.show()
