#!/usr/bin/env bash
# What: cut a train at 0.3 s into two windows and count. PyNWB 4.2.0, Neo 0.14.6 and Elephant 1.2.1 count the spike at
# 0.3 s twice, since their windows include both ends. pynapple 0.11.4 counts it once, and shortens the first window
# by 1 us (with a warning). Elephant's BinnedSpikeTrain excludes the right end, and so drops a spike at the end of the
# train (with a warning).
# Why it matters: times from a simulator lie on a grid, and windows (stimulus on, stimulus off) start and end on the
# same grid: the border is hit often, not once in a blue moon. Rates from the four libraries differ for the same train.
# Versions: pynwb 4.2.0, neo 0.14.6, elephant 1.2.1, pynapple 0.11.4, numpy 2.3.5.
# Source of the guess: Python's slices, numpy.histogram's inner bins and `sliceTime` of dv-processing are half-open;
# PyNWB's docstring says only "within this interval". Neo's and Elephant's docstrings do write both ends.
. "$(dirname "$0")/observe.sh"
observe pynwb==4.2.0 neo==0.14.6 elephant==1.2.1 pynapple==0.11.4 numpy==2.3.5 <<'PY'
from datetime import datetime, timezone

import neo
import numpy as np
import pynapple
import quantities as pq
from elephant.conversion import BinnedSpikeTrain
from elephant.statistics import mean_firing_rate
from observe import check
from pynwb import NWBFile

times, windows = [0.1, 0.2, 0.3, 0.4, 0.5], [(0.1, 0.3), (0.3, 0.5)]
file = NWBFile("windows", "windows", datetime(2020, 1, 1, tzinfo=timezone.utc))
file.add_unit(spike_times=times)
train = neo.SpikeTrain(times, units="s", t_stop=0.5)

seen = [len(file.units.get_unit_spike_times(0, in_interval=window)) for window in windows]
check("spikes per window, PyNWB", guess="[2, 2], or 5 in all", seen=seen, recorded=[3, 3])
seen = [len(train.time_slice(start * pq.s, stop * pq.s)) for start, stop in windows]
check("spikes per window, Neo", guess="[2, 2], or 5 in all", seen=seen, recorded=[3, 3])
rates = [float(mean_firing_rate(train, a * pq.s, b * pq.s).rescale("Hz")) for a, b in windows]
seen = [round(rate * 0.2) for rate in rates]
check("rate x duration, Elephant", guess="[2, 2], or 5 in all", seen=seen, recorded=[3, 3])
seen = int(BinnedSpikeTrain(train, bin_size=100 * pq.ms).to_array().sum())
check("spikes in the bins, Elephant", guess=5, seen=seen, recorded=4)
interval = pynapple.IntervalSet(*zip(*windows))
seen = len(pynapple.Ts(np.array(times)).restrict(interval))
check("spikes in both windows, pynapple", guess=5, seen=seen, recorded=5)
check("end of the first window, pynapple", guess=0.3, seen=float(interval.end[0]), recorded=0.299999)
PY
