"""
Swap SpikeSEG's learning rule
=============================

A learning rule is a small TOML file. Here one is written, and a toy network learns by it and by the bundled default:
rendered pictures, the network of ``small.toml``, on NumPy.

Usage: ``python examples/own_rule.py [FOLDER]``; FOLDER is where runs and the rule go, ``runs/rules`` without it. It
takes about a quarter of a minute.
"""

# %%
# A rule of one's own
# -------------------
# An input remembers how long ago it has fired, as a trace that decays. When a neuron wins, weights from inputs that
# have just fired grow, all others shrink. What a statement may use is in :doc:`/changing-the-rule`.

import sys
from pathlib import Path

import matplotlib.pyplot as plt

import spikeseg

RULE = """
source = "an example"

[input]
equations = "dx/dt = -x / tau : 1"
on_spike = "x = 1"
new_stimulus = "x = 0"

[weight]
on_win = "w = clip(w + (a_plus_post * x_pre - a_minus_post * (1 - x_pre)) * (w * (1 - w)), 0, 1)"

[parameters]
tau_ms = 5.0
"""

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/rules")
folder.mkdir(parents=True, exist_ok=True)
own = (folder / "recent.toml").absolute()
own.write_text(RULE)

# %%
# Learn by each
# -------------
# Nothing but the rule differs: rates, seed and competition are the same. So this says what the rules do from the same
# start, and not which is better once its constants are chosen for it.

networks = {}
for rule in ("multiplicative", str(own)):
    config = spikeseg.load_config(Path(sys.argv[0]).with_name("small.toml"), {"plasticity.rule": rule})
    name = config.plasticity.rule.removesuffix(".toml")
    networks[name] = spikeseg.train(config, data=None, path=folder / name, device="numpy")

# %%
# Look at the weights
# -------------------

figure, axes = plt.subplots(2, len(networks), figsize=(8, 4), layout="constrained", sharex=True, squeeze=False)
for (name, network), column in zip(networks.items(), axes.T, strict=True):
    for axis, layer in zip(column, ("conv2", "conv3"), strict=True):
        weights = network.kernels[layer].ravel()
        axis.hist(weights, bins=25, range=(0, 1))
        axis.set(title=f"{name}, {layer}", yticks=[])
        print(f"{name}, {layer}: {((weights < 0.1) | (weights > 0.9)).mean():.0%} of the weights are near 0 or 1")
for axis in axes[-1]:
    axis.set(xlabel="weight")
plt.show()
