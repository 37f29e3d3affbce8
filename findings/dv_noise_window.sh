#!/usr/bin/env bash
# What: in dv-processing 2.0.4 the window of BackgroundActivityNoiseFilter is open: an event whose neighbour fired
# exactly `backgroundActivityDuration` earlier is dropped. Of two neighbouring events of one microsecond the later in
# the file is kept and the earlier dropped, so the order within a microsecond, which cameras do not define, decides.
# An event within the first window after time 0 needs no neighbour at all.
# Why it matters: two filters with the same setting keep different events; recordings that start at 0, or were sorted
# by another program, are filtered differently.
# Versions: dv-processing 2.0.4, Python 3.11.
# Source of the guess: Delbruck 2008 and the documentation of dv-processing: an event is noise if no neighbour had one
# within the given time before it.
. "$(dirname "$0")/observe.sh"
observe dv-processing==2.0.4 <<'PY'
from datetime import timedelta

import dv_processing as dv
from observe import check


def kept(*events):
    """Times and columns of what the filter keeps of events (t, x) in one row, window 100 us."""
    noise = dv.noise.BackgroundActivityNoiseFilter((16, 16), backgroundActivityDuration=timedelta(microseconds=100))
    store = dv.EventStore()
    for t, x in events:
        store.push_back(t, x, 5, True)
    noise.accept(store)
    return [(event.timestamp(), event.x()) for event in noise.generateEvents()]


check("99 us after its neighbour", guess=[(1099, 6)], seen=kept((1000, 5), (1099, 6)), recorded=[(1099, 6)])
check("100 us after its neighbour", guess=[(1100, 6)], seen=kept((1000, 5), (1100, 6)), recorded=[])
both = [(1000, 5), (1000, 6)]
check("two of one microsecond", guess=f"{both}, or none", seen=kept(*both), recorded=[(1000, 6)])
check("alone, 1 us after time 0", guess=[], seen=kept((1, 5)), recorded=[(1, 5)])
PY
