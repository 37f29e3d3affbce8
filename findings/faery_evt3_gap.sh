#!/usr/bin/env bash
# What: a .raw file (EVT3) that faery 0.7.1 writes from events 20 s apart does not come back: faery itself reads
# 12.6 s, evt3 0.4.1 and evlib 0.13.2 read 3.2 s. expelliarmus reads the 20 s. Across a gap faery writes the high
# time word in four steps per turn of the 24-bit clock, not all 4096 as a camera does; the readers do not count
# such a step back as a turn. EVT2 from the same call, and EVT3 gaps up to 16 s, are right.
# Why it matters: filtered, cropped or rendered recordings have such gaps; every event after one moves in time, and
# no reader says so.
# Versions: faery 0.7.1, evt3 0.4.1, evlib 0.13.2, expelliarmus 1.1.12, numpy 2.4.6.
# Source of the guess: a converter reads its own files (README of faery: "converts neuromorphic event-based data
# between formats"); the EVT 3.0 page of Prophesee's documentation gives the 24-bit clock and its turn.
. "$(dirname "$0")/observe.sh"
observe faery==0.7.1 evt3==0.4.1 evlib==0.13.2 expelliarmus==1.1.12 numpy==2.4.6 <<'PY'
import evlib
import evt3
import faery
import numpy as np
from expelliarmus import Wizard
from observe import check

truth = 20_000_000


def write(version):
    events = np.zeros(2, faery.EVENTS_DTYPE)
    events["t"] = [0, truth]
    path = version + ".raw"
    faery.events_stream_from_array(events, dimensions=(1280, 720)).to_file(path, version=version)
    return path


def last(path):
    return int(faery.events_stream_from_file(path).to_array()["t"][-1])


check("EVT2, faery reads (us)", guess=truth, seen=last(write("evt2")), recorded=truth)
path = write("evt3")
check("EVT3, faery reads (us)", guess=truth, seen=last(path), recorded=12_586_240)
check("EVT3, evt3 reads (us)", guess=truth, seen=int(evt3.decode_file(path).t[-1]), recorded=3_222_784)
table = evlib.load_events(path).collect()
check("EVT3, evlib reads (us)", guess=truth, seen=table["t"].dt.total_microseconds()[-1], recorded=3_222_784)
seen = int(Wizard(encoding="evt3").read(path)["t"][-1])
check("EVT3, expelliarmus reads (us)", guess=truth, seen=seen, recorded=truth)
PY
