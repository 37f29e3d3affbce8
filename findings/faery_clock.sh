#!/usr/bin/env bash
# What: faery 0.7.1 writes the same events with their own clock into .aedat4 and .csv, but counted from the first
# event into .dat, .raw and .es. The start goes into a header line "T0" that faery reads back and expelliarmus does
# not know; in .es it is lost. The docstring of `to_file` says so (`zero_t0`, on unless switched off).
# Why it matters: labels, frames and spikes of another sensor are tied to the events by the clock. After a conversion
# to DAT they fit in faery and are off by the whole start time in any other reader.
# Versions: faery 0.7.1, expelliarmus 1.1.12, numpy 2.3.5.
# Source of the guess: DAT and EVT2 hold absolute microseconds (file format pages of Prophesee's documentation), so a
# change of format has no reason to change them.
. "$(dirname "$0")/observe.sh"
observe faery==0.7.1 expelliarmus==1.1.12 numpy==2.3.5 <<'PY'
import faery
import numpy as np
from expelliarmus import Wizard
from observe import check

truth = [1_000_000, 1_009_000]
events = np.zeros(2, faery.EVENTS_DTYPE)
events["t"] = truth
for suffix, recorded in ((".aedat4", truth), (".csv", truth), (".dat", truth), (".raw", truth), (".es", [0, 9000])):
    path = "events" + suffix
    faery.events_stream_from_array(events, dimensions=(1280, 720)).to_file(path)
    read = faery.events_stream_from_file(path).to_array()["t"].tolist()
    check(f"{suffix}, faery reads (us)", guess=truth, seen=read, recorded=recorded)
read = Wizard(encoding="dat").read("events.dat")["t"].tolist()
check(".dat, expelliarmus reads (us)", guess=truth, seen=read, recorded=[0, 9000])
PY
