"""Noise becomes a pattern: leaky neurons on a sheet excite their neighbours and inhibit those farther away.

Usage: ``python examples/mexican_hat.py [DEVICE]``; DEVICE is numpy (default), cython or cpp_standalone.

This has nothing to do with SpikeSEG. It shows ConvSynapses in a Brian2 model of one's own (docs/conv-synapses.md).
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from brian2 import NeuronGroup, SpikeMonitor, device, ms, mV, prefs, run, seed, set_device

from spikeseg import ConvSynapses, Shape, Window

SIDE, REACH = 40, 7

LIF = """
dv/dt = (15 * mV - v) / (10 * ms) + 6 * mV * xi * (5 * ms) ** -0.5 : volt (unless refractory)
"""


def mexican_hat(reach: int) -> np.ndarray:
    """A narrow Gaussian minus a wide one with the same sum, shape (1, 1, side, side)."""
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    narrow, wide = (np.exp(-(x**2 + y**2) / (2 * sigma**2)) for sigma in (1.5, 3.5))
    return (narrow / narrow.sum() - wide / wide.sum())[np.newaxis, np.newaxis]


def clustering(counts: np.ndarray) -> float:
    """Correlation of spike counts between neurons side by side; counts of shape (rows, columns)."""
    return float(np.corrcoef(counts[:, 1:].ravel(), counts[:, :-1].ravel())[0, 1])


def main(target: str) -> None:
    """Simulate a quarter of a second and say how alike neighbours are."""
    if target == "cpp_standalone":
        set_device("cpp_standalone", directory=None)
    else:
        prefs.codegen.target = target
    seed(1)
    refractory: Any = 2 * ms
    sheet = NeuronGroup(
        SIDE**2, LIF, threshold="v > 20 * mV", reset="v = 0 * mV", refractory=refractory, method="euler"
    )
    sheet.v = "rand() * 20 * mV"

    window = Window.convolution(Shape(1, SIDE, SIDE), maps=1, kernel=(2 * REACH + 1,) * 2, padding=(REACH, REACH))
    lateral = ConvSynapses(sheet, sheet, window, "w : volt", on_pre="v_post += w")
    lateral.set_kernel(mexican_hat(REACH) * 60 * mV)

    spikes = SpikeMonitor(sheet)
    run(250 * ms)
    counts = np.asarray(spikes.count).reshape(SIDE, SIDE)
    print(f"{target}: {counts.sum()} spikes; neighbours correlate by {clustering(counts):.2f}")
    if target == "cpp_standalone":
        device.delete(force=True)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "numpy")
