"""
Learn oriented features by STDP
===============================

A Brian2 model of your own, not SpikeSEG: Poisson pixels show bars to integrate-and-fire cells, through kernels that
all places share. The traces of the learning rule live in the groups, so the rule is two short
statements.

Usage: ``python examples/stdp.py``. It takes about five seconds, on NumPy.
"""

# %%
# Bars
# ----
# A picture is shown for 30 ms: a bar of one of four orientations, at any place. A pixel of the bar spikes at 200 Hz,
# any other at 2 Hz.

import matplotlib.pyplot as plt
import numpy as np
from brian2 import Hz, NeuronGroup, SpikeMonitor, TimedArray, defaultclock, ms, prefs, run, seed

from spikeseg import ConvSynapses, Shape, Window

SIDE, KERNEL, MAPS, PICTURES, SHOWN = 12, 5, 4, 100, 30

prefs.codegen.target = "numpy"
defaultclock.dt = 1 * ms
seed(1)
generator = np.random.default_rng(1)


def bar() -> np.ndarray:
    """Pixels of one random bar, shape (SIDE, SIDE), bool."""
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    angle, offset = generator.integers(4) * np.pi / 4, generator.uniform(-4, 4)
    return np.abs(x * np.sin(angle) - y * np.cos(angle) - offset) < 0.8


bars = np.array([bar() for _ in range(PICTURES)])
rate = TimedArray((2 + 198 * bars.reshape(PICTURES, -1)) * Hz, dt=SHOWN * ms)

# %%
# Traces in the groups
# --------------------
# ``r`` is a neuron's trace: it rises by 1 with each of its spikes and decays. Synapses that share a weight have no
# variable of their own, and need none: a trace belongs to a neuron. The threshold of a cell rises with each spike, so
# that all cells get their turn.

TRACE = "dr/dt = -r / (20 * ms) : 1"
CELL = """
dv/dt = -v / (20 * ms) : 1
dtheta/dt = (8 - theta) / (200 * ms) : 1
"""

image = Shape(1, SIDE, SIDE)
window = Window.convolution(image, maps=MAPS, kernel=(KERNEL, KERNEL), stride=1, padding=(0, 0))
pixels = NeuronGroup(image.size, TRACE, threshold="rand() < rate(t, i) * dt", reset="r += 1", method="exact")
cells = NeuronGroup(
    window.target.size, CELL + TRACE, threshold="v > theta", reset="v = 0\ntheta += 0.6\nr += 1", method="exact"
)
cells.theta = 8

# %%
# The rule
# --------
# When a cell fires, weights of pixels that have just fired grow; weights of the others shrink, because their trace is
# below 1. When a pixel fires, its weights shrink by how recently the cells have fired. Thousands of pairs change the
# same few weights: ``change`` adds up what they ask for, and after each step the weight changes by it, between 0 and 1.

synapses = ConvSynapses(
    pixels,
    cells,
    window,
    "w : 1\nchange : 1",
    on_pre="v_post += w\nchange -= 0.001 * r_post",
    on_post="change += 0.005 * (r_pre - 1)",
)
synapses.run_regularly("w = clip(w + change, 0, 1)\nchange = 0", dt=1 * ms)
synapses.w = "0.4 + 0.2 * rand()"

# %%
# The maps compete: a cell that fires inhibits the cells of all maps at its place. That is a convolution too, with a
# kernel of one pixel.

same_place = Window.convolution(window.target, maps=MAPS, kernel=(1, 1), stride=1, padding=(0, 0))
rivals = ConvSynapses(cells, cells, same_place, on_pre="v_post -= 20")

# %%
# Before and after
# ----------------

spikes = SpikeMonitor(cells)
before = np.array(synapses.get_kernel())
run(PICTURES * SHOWN * ms)
after = np.array(synapses.get_kernel())

figure, axes = plt.subplots(2, MAPS, figsize=(6, 3.2), layout="constrained")
for row, kernels, title in zip(axes, (before, after), ("before", "after"), strict=True):
    row[0].set_ylabel(title)
    for axis, kernel in zip(row, kernels[:, 0], strict=True):
        axis.imshow(kernel, vmin=0, vmax=1)
        axis.set(xticks=[], yticks=[])
decided = np.mean((after < 0.1) | (after > 0.9))
print(f"{spikes.num_spikes} spikes; {decided:.0%} of the weights are near 0 or 1")
plt.show()

# %%
# Each map has become selective for one stretch of a bar. Where it lies inside the kernel does not matter: the cells of
# another place see the same bar elsewhere.
