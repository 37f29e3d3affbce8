"""
Noise becomes a pattern
=======================

Leaky neurons on a sheet excite their neighbours and inhibit those farther away. This has nothing to do with SpikeSEG.
It shows ConvSynapses in a Brian2 model of your own.

Usage: ``python examples/mexican_hat.py [DEVICE]``; DEVICE is numpy (default), cython or cpp_standalone.
"""

# %%
# The kernel
# ----------
# A narrow Gaussian minus a wide one with the same sum.

import sys

import matplotlib.pyplot as plt
import numpy as np
from brian2 import NeuronGroup, SpikeMonitor, device, ms, mV, prefs, run, seed, set_device

from spikeseg import ConvSynapses, Shape, Window

SIDE, REACH = 40, 7

y, x = np.mgrid[-REACH : REACH + 1, -REACH : REACH + 1]
narrow, wide = (np.exp(-(x**2 + y**2) / (2 * sigma**2)) for sigma in (1.5, 3.5))
kernel = (narrow / narrow.sum() - wide / wide.sum())[np.newaxis, np.newaxis] * 60 * mV

# %%
# The sheet
# ---------
# 1,600 leaky integrate-and-fire neurons with noise, each connected with the 225 around it. Explicit synapses would be
# 360,000 weights; here they are 225.

target = sys.argv[1] if len(sys.argv) > 1 else "numpy"
if target == "cpp_standalone":
    set_device("cpp_standalone", directory=None)
else:
    prefs.codegen.target = target
seed(1)

sheet = NeuronGroup(
    SIDE**2,
    "dv/dt = (15 * mV - v) / (10 * ms) + 6 * mV * xi * (5 * ms) ** -0.5 : volt (unless refractory)",
    threshold="v > 20 * mV",
    reset="v = 0 * mV",
    refractory=2 * ms,  # pyright: ignore - Brian2 says bool, and takes a time
    method="euler",
)
sheet.v = "rand() * 20 * mV"
window = Window.convolution(Shape(1, SIDE, SIDE), maps=1, kernel=(2 * REACH + 1,) * 2, padding=(REACH, REACH))
lateral = ConvSynapses(sheet, sheet, window, "w : volt", on_pre="v_post += w")
lateral.set_kernel(kernel)

# %%
# The pattern
# -----------
# After a quarter of a second, neurons side by side have fired about equally often.

spikes = SpikeMonitor(sheet)
run(250 * ms)
counts = np.asarray(spikes.count).reshape(SIDE, SIDE)
correlation = np.corrcoef(counts[:, 1:].ravel(), counts[:, :-1].ravel())[0, 1]
print(f"{target}: {counts.sum()} spikes; neighbours correlate by {correlation:.2f}")
if target == "cpp_standalone":
    device.delete(force=True)

figure, (left, right) = plt.subplots(1, 2, figsize=(7.5, 3.3), layout="constrained")
shown = left.imshow(np.asarray(kernel[0, 0] / mV), cmap="RdBu_r", vmin=-5, vmax=5)
figure.colorbar(shown, ax=left, label="weight in mV")
figure.colorbar(right.imshow(counts, cmap="gray"), ax=right, label="spikes")
for axis, title in ((left, "kernel"), (right, "sheet")):
    axis.set(title=title, xticks=[], yticks=[])
plt.show()
