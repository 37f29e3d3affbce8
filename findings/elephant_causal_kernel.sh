#!/usr/bin/env bash
# What: with Elephant 1.2.1 the rate from a causal kernel rises before the spike: `instantaneous_rate` moves every
# kernel so that its median lies on the spike. An ExponentialKernel of 50 ms starts 34 ms early.
# `center_kernel=False` keeps the kernel where its formula puts it.
# Why it matters: latencies and "how early can it be decided" results are read from such rates, and a decoder trained
# on them sees the future.
# Versions: elephant 1.2.1, neo 0.14.6, numpy 2.3.5.
# Source of the guess: the formula of ExponentialKernel in the documentation: 0 for t < 0. Known: issue 107 of
# NeuralEnsemble/elephant, closed after `center_kernel` came; centring stayed the default.
. "$(dirname "$0")/observe.sh"
observe elephant==1.2.1 neo==0.14.6 numpy==2.3.5 <<'PY'
import neo
import numpy as np
import quantities as pq
from elephant.kernels import ExponentialKernel
from elephant.statistics import instantaneous_rate
from observe import check

train = neo.SpikeTrain([0.5], units="s", t_stop=1.0)


def onset(**options):
    rate = instantaneous_rate(train, 1 * pq.ms, kernel=ExponentialKernel(50 * pq.ms), **options)
    first = np.flatnonzero(rate.magnitude > 1e-6)[0]
    return int(np.rint(rate.times[first].rescale("ms").item()))


check("spike at 500 ms, rate above 0 from (ms)", guess=500, seen=onset(), recorded=466)
check("the same, center_kernel=False (ms)", guess=500, seen=onset(center_kernel=False), recorded=500)
PY
