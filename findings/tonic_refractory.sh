#!/usr/bin/env bash
# What: in Tonic 1.7.0's RefractoryPeriod every event, also a dropped one, starts the period anew. A pixel that fires
# every 600 us with a period of 1000 us keeps its first event and then nothing, for as long as it goes on. An event
# at t = 0 is dropped too, though nothing came before it.
# Why it matters: a neuron's or pixel's refractory period thins a fast train to one event per period (here every
# 1200 us). This one silences exactly the busiest pixels: flicker, edges with many events, hot pixels.
# Versions: tonic 1.7.0, numpy 2.3.5.
# Source of the guess: the docstring: a period "during which events will be ignored/discarded". Its formula, with the
# time since the event before, fits what was seen, but says nothing of ignored events. Brian2's `refractory` counts
# from the last spike that was let through.
. "$(dirname "$0")/observe.sh"
observe tonic==1.7.0 numpy==2.3.5 <<'PY'
import numpy as np
from observe import check
from tonic.transforms import RefractoryPeriod


def kept(times):
    events = np.zeros(len(times), [("x", "i2"), ("y", "i2"), ("t", "i8"), ("p", "i1")])
    events["t"] = times
    return RefractoryPeriod(delta=1000)(events)["t"].tolist()


times = list(range(600, 6600, 600))
check(f"events every 600 us, {len(times)} of them", guess=times[::2], seen=kept(times), recorded=[600])
check("one event at 0, one at 5000", guess=[0, 5000], seen=kept([0, 5000]), recorded=[5000])
check("one event at 1, one at 5000", guess=[1, 5000], seen=kept([1, 5000]), recorded=[1, 5000])
PY
