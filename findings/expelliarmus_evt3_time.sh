#!/usr/bin/env bash
# What: expelliarmus 1.1.12 adds 4096 us to all later EVT3 events whenever the low 12 bits of the time become
# smaller, although the word for the high 12 bits has already counted that step. Its writer stores the high bits
# only once, so its own files come back with the times folded into about 4 ms steps.
# Why it matters: a recording seems to last longer than it did; rates, optical flow and spike-timing rules that
# use the times are wrong while the picture of the events looks right. EVT2 and DAT are not affected.
# Versions: expelliarmus 1.1.12, numpy 2.3.5.
# Source of the guess: the EVT 3.0 page of Prophesee's documentation (docs.prophesee.ai, encoding formats): time =
# 12 high bits (EVT_TIME_HIGH) and 12 low bits (EVT_TIME_LOW). Known upstream, open: issues 19 (durations too long)
# and 20 (wrong times after save) of open-neuromorphic/expelliarmus.
. "$(dirname "$0")/observe.sh"
observe expelliarmus==1.1.12 numpy==2.3.5 <<'PY'
import numpy as np
from expelliarmus import Wizard
from observe import check

times = [5000, 9000, 20000, 1000000]
words = [0x0000 | 20]  # row 20
for column, time in enumerate(times):
    words += [0x8000 | time >> 12, 0x6000 | time & 0xFFF, 0x2000 | column]  # high bits, low bits, event
with open("camera.raw", "wb") as file:
    file.write(b"% evt 3.0\n% geometry 1280x720\n" + np.array(words, "<u2").tobytes())

read = Wizard(encoding="evt3").read("camera.raw")
check("times read (us)", guess=times, seen=read["t"].tolist(), recorded=[5000, 13096, 24096, 1008192])

made = read.copy()
made["t"] = times
Wizard(encoding="evt3").save("saved.raw", made)
saved = Wizard(encoding="evt3").read("saved.raw")["t"].tolist()
check("times saved and read again (us)", guess=times, seen=saved, recorded=[5000, 9000, 11808, 12864])
PY
