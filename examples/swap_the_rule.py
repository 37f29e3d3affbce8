"""
Swap the learning rule
======================

The same ConvSynapses with two rules of STDP: additive, in which the size of a change does not depend on the weight
(Song, Miller and Abbott, Nature Neuroscience 3, 2000), and multiplicative, in which weights approach their bounds
ever more slowly (van Rossum, Bi and Turrigiano, J. Neuroscience 20, 2000; Rubin, Lee and Sompolinsky, Phys. Rev.
Lett. 86, 2001). The first drives weights apart, the second keeps them together.

Usage: ``python examples/swap_the_rule.py``. It takes about ten seconds, on NumPy.
"""

# %%
# Two rules
# ---------
# ``up`` and ``down`` are what the pairs of spikes of one step ask for. A rule says what the weight makes of them.
# This is the one line that differs.

import matplotlib.pyplot as plt
import numpy as np
from brian2 import Network, NeuronGroup, defaultclock, ms, prefs, seed

from spikeseg import ConvSynapses, Shape, Window

RULES = {
    "additive": "w = clip(w + 0.002 * up - 0.0025 * down, 0, 1)",
    "multiplicative": "w = clip(w + 0.002 * (1 - w) * up - 0.0025 * w * down, 0, 1)",
}

prefs.codegen.target = "numpy"
defaultclock.dt = 1 * ms

# %%
# One model
# ---------
# Pixels fire at random, without any structure; cells integrate them. As in :ref:`sphx_glr_gallery_stdp.py`, ``r`` is
# the trace of a neuron.

TRACE = "dr/dt = -r / (20 * ms) : 1"


def learned_weights(rule: str) -> np.ndarray:
    """All weights, shape (n,), after 3 s with a rule, a statement that changes ``w`` by ``up`` and ``down``."""
    seed(1)
    image = Shape(1, 12, 12)
    window = Window.convolution(image, maps=8, kernel=(5, 5), stride=1, padding=(0, 0))
    pixels = NeuronGroup(image.size, TRACE, threshold="rand() < 20 * Hz * dt", reset="r += 1", method="exact")
    cells = NeuronGroup(
        window.target.size,
        "dv/dt = -v / (20 * ms) : 1\n" + TRACE,
        threshold="v > 5",
        reset="v = 0\nr += 1",
        method="exact",
    )
    synapses = ConvSynapses(
        pixels,
        cells,
        window,
        "w : 1\nup : 1\ndown : 1",
        on_pre="v_post += w\ndown += r_post",
        on_post="up += r_pre",
    )
    synapses.run_regularly(f"{rule}\nup = 0\ndown = 0", dt=1 * ms)
    synapses.w = "rand()"
    Network(pixels, cells, synapses).run(3000 * ms)
    return np.array(synapses.w)


# %%
# Two outcomes
# ------------

figure, axes = plt.subplots(1, 2, figsize=(7, 2.8), layout="constrained", sharey=True)
for axis, (name, rule) in zip(axes, RULES.items(), strict=True):
    weights = learned_weights(rule)
    axis.hist(weights, bins=25, range=(0, 1))
    axis.set(title=name, xlabel="weight", ylabel="weights" if axis is axes[0] else None)
    print(f"{name}: {np.mean((weights < 0.1) | (weights > 0.9)):.0%} of the weights are near 0 or 1")
plt.show()

# %%
# SpikeSEG's own rule has the factor w (1 - w) on both sides, which makes changes small near both bounds and still
# drives weights to 0 or 1. How to change that one: :doc:`/changing-the-rule`.
