"""
Swap SpikeSEG's neuron
======================

A neuron model is a small TOML file. Here one is written, in which an input is a current that lasts instead of a jump of
the potential, and a toy network learns with it and with the default: rendered pictures, the network of ``small.toml``,
on NumPy.

Usage: ``python examples/own_neuron.py [FOLDER]``; FOLDER is where runs and the model go, ``runs/neurons`` without it.
It takes about half a minute.
"""

# %%
# A neuron of one's own
# ---------------------
# The current decays between inputs, and moves the potential in every step. What statements may use is in
# :doc:`/changing-the-neuron`.

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import spikeseg

NEURON = """
source = "an example"

[neuron]
equations = '''
v : 1
di/dt = -i / tau : 1
'''
on_input = "i = i + w"
on_step = "v = v + dt / tau * i"
threshold = "v >= theta"

[parameters]
tau_ms = 3.0
"""

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/neurons")
folder.mkdir(parents=True, exist_ok=True)
own = (folder / "current.toml").absolute()
own.write_text(NEURON)

# %%
# Learn with each
# ---------------
# Nothing but the neuron of Conv2 and Conv3 differs. An input raises the potential little by little, over several steps:
# so thresholds are reached later.

figure, axes = plt.subplots(2, sharex=True, figsize=(7, 4.5), layout="constrained")
for model in ("integrate-and-fire", str(own)):
    changes = {"neurons.model": model, "neurons.layers": ["conv2", "conv3"]}
    config = spikeseg.load_config(Path(sys.argv[0]).with_name("small.toml"), changes)
    name = config.neurons.model.removesuffix(".toml")
    spikeseg.train(config, data=None, path=folder / name, device="numpy")
    selection = spikeseg.select(folder / name, data=None, part="test")
    spikes = spikeseg.encode(selection, folder / name / "spikes" / "test.npz", "numpy")
    for axis, layer in zip(axes, ("conv2", "conv3"), strict=True):
        recorded = spikes[layer]
        per_picture = len(recorded) / recorded.stimuli
        print(f"{name}, {layer}: {per_picture:.0f} spikes per picture, in step {recorded.step.mean():.1f} on average")
        counts = np.bincount(recorded.step, minlength=20) / recorded.stimuli
        axis.plot(counts, label=f"{name}, {per_picture:.0f} spikes", drawstyle="steps-mid")

# %%
# When they fire
# --------------
# Spikes per picture in each of the twenty steps. Input comes in the first ten.

for axis, layer in zip(axes, ("conv2", "conv3"), strict=True):
    axis.set(title=layer, ylabel="spikes per picture", xticks=range(0, 20, 2))
    axis.legend(frameon=False)
axes[-1].set(xlabel="step")
plt.show()
