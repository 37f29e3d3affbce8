#!/usr/bin/env bash
# What: evt3 0.4.1 decodes an EVT2 file, whose first line says "% evt 2.0", as if it were EVT3: it returns a
# plausible number of events at wrong places and times, and no error. A DAT file gives no events and no error.
# Why it matters: EVT2 and EVT3 share the suffix .raw, and both are common (EVT2 on Gen3 sensors). A folder that holds
# both is read to the end, and only the pictures show that something is wrong.
# Versions: evt3 0.4.1, numpy 2.3.5.
# Source of the guess: the package reads the header (it takes width and height from it), and Prophesee's page on the
# RAW file format makes the header line the place where the encoding is named.
. "$(dirname "$0")/observe.sh"
observe evt3==0.4.1 numpy==2.3.5 <<'PY'
import evt3
import numpy as np
from observe import check

events = [(5000, 10, 20, 1), (5003, 11, 20, 0), (9000, 30, 40, 1), (20000, 700, 300, 0)]
evt2 = []
for t, x, y, p in events:
    evt2 += [0x80000000 | t >> 6, p << 28 | (t & 63) << 22 | x << 11 | y]
with open("evt2.raw", "wb") as file:
    file.write(b"% evt 2.0\n% format EVT2;height=720;width=1280\n% geometry 1280x720\n% end\n")
    file.write(np.array(evt2, "<u4").tobytes())
dat = [word for t, x, y, p in events for word in (t, p << 28 | y << 14 | x)]
with open("cd.dat", "wb") as file:
    file.write(b"% Data file containing CD events.\n% Version 2\n% Height 720\n% Width 1280\n" + bytes([12, 8]))
    file.write(np.array(dat, "<u4").tobytes())


def decode(path):
    try:
        read = evt3.decode_file(path)
    except Exception as error:
        return type(error).__name__
    return [tuple(map(int, event)) for event in zip(read.t, read.x, read.y, read.p)]


recorded = [(0, 2, 0, 0), (0, 4, 0, 0), (0, 10, 78, 0), (0, 12, 78, 0)]
check("EVT2: t, x, y, p", guess="an error that names the encoding", seen=decode("evt2.raw"), recorded=recorded)
check("DAT: t, x, y, p", guess="an error that names the format", seen=decode("cd.dat"), recorded=[])
PY
