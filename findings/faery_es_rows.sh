#!/usr/bin/env bash
# What: an .es file from faery 0.7.1 is upside down for event_stream 1.6.3, the format's own library: row y becomes
# height - 1 - y. faery turns the rows again when it reads, so a round trip with faery alone shows nothing.
# Why it matters: a network with oriented filters, or flow with a sign, gets the mirrored scene; up and down motion
# are swapped, and boxes drawn for the original recording miss.
# Versions: faery 0.7.1, event_stream 1.6.3, expelliarmus 1.1.12, numpy 2.3.5.
# Source of the guess: the Event Stream specification (README of neuromorphic-paris/event_stream) has y and names no
# origin, event_stream returns the stored value, and faery's other formats keep y as it is.
. "$(dirname "$0")/observe.sh"
observe faery==0.7.1 event-stream==1.6.3 expelliarmus==1.1.12 numpy==2.3.5 <<'PY'
import event_stream
import faery
import numpy as np
from expelliarmus import Wizard
from observe import check

rows = [20, 300, 719]
events = np.zeros(3, faery.EVENTS_DTYPE)
events["t"], events["y"] = [0, 10, 20], rows
for path in ("events.es", "events.dat"):
    faery.events_stream_from_array(events, dimensions=(1280, 720)).to_file(path)

read = faery.events_stream_from_file("events.es").to_array()["y"].tolist()
check(".es, faery reads rows", guess=rows, seen=read, recorded=rows)
read = np.concatenate(list(event_stream.Decoder("events.es")))["y"].tolist()
check(".es, event_stream reads rows", guess=rows, seen=read, recorded=[699, 419, 0])
read = Wizard(encoding="dat").read("events.dat")["y"].tolist()
check(".dat, expelliarmus reads rows", guess=rows, seen=read, recorded=rows)
PY
