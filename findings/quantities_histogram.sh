#!/usr/bin/env bash
# What: numpy.histogram, digitize and searchsorted take the bare numbers of quantities 0.16.4 and no notice of units:
# spike times in s with edges in ms all fall into the first bin. Comparing the same two with < converts.
# Why it matters: Neo trains carry their file's unit (s, ms or us), edges usually that of the stimulus. A peri-stimulus
# histogram comes out wrong without a warning, where units were meant to guard against just that.
# Versions: quantities 0.16.4, neo 0.14.6, numpy 2.3.5.
# Source of the guess: quantities converts in arithmetic and comparison (its documentation), and astropy's quantities
# convert in numpy.histogram too. Known in part: issues 47 and 50 of python-quantities/python-quantities (functions
# that drop the unit of the result); here the result is wrong, not only bare.
. "$(dirname "$0")/observe.sh"
observe quantities==0.16.4 neo==0.14.6 numpy==2.3.5 <<'PY'
import neo
import numpy as np
import quantities as pq
from observe import check

train = neo.SpikeTrain([1, 2, 3], units="s", t_stop=5)
edges = [0, 2500, 5000] * pq.ms
check("spikes before 2500 ms", guess=2, seen=int((train < edges[1]).sum()), recorded=2)
check("spikes per bin, histogram", guess=[2, 1], seen=np.histogram(train, edges)[0].tolist(), recorded=[3, 0])
check("bin of each spike, digitize", guess=[1, 1, 2], seen=np.digitize(train, edges).tolist(), recorded=[1, 1, 1])
check("place of 2500 ms, searchsorted", guess=2, seen=int(np.searchsorted(train, edges[1])), recorded=3)
PY
