#!/usr/bin/env bash
# What: expelliarmus 1.1.12 reads "time windows" that begin at an event and end with the first event after the window,
# which they include. So a window of 10 ms holds more than 10 ms, and the next one begins later than 10 ms after it:
# with an event every 3 ms, windows of 10 ms begin at 0, 15, 30 ms. A pause has no empty windows.
# Why it matters: window number times width is not the time. Frames, rates and labels by the number of the window
# drift away from the clock, by more the fewer events there are, and two recordings of one scene do not match.
# Versions: expelliarmus 1.1.12, numpy 2.3.5.
# Source of the guess: README of expelliarmus: `set_time_window` takes the "length of the time window" in us, and
# `read_time_window` "generates" windows of it.
. "$(dirname "$0")/observe.sh"
observe expelliarmus==1.1.12 numpy==2.3.5 <<'PY'
import numpy as np
from expelliarmus import Wizard
from observe import check

times = [*range(0, 60_000, 3000), *range(200_000, 230_000, 3000)]
words = np.array([(time, 1 << 14 | 1) for time in times], "<u4")
with open("camera.dat", "wb") as file:
    file.write(b"% Data file containing CD events.\n% Version 2\n% Width 640\n% Height 480\n" + bytes([12, 8]))
    file.write(words.tobytes())

wizard = Wizard(encoding="dat")
wizard.set_file("camera.dat")
wizard.set_time_window(10_000)
windows = [window["t"].tolist() for window in wizard.read_time_window()]
check("events in all windows", guess=len(times), seen=sum(map(len, windows)), recorded=len(times))
check("first window (us)", guess=[0, 3000, 6000, 9000], seen=windows[0], recorded=[0, 3000, 6000, 9000, 12_000])
starts = [window[0] for window in windows[:4]]
recorded = [0, 15_000, 30_000, 45_000]
check("first events of the windows (us)", guess=[0, 12_000, 21_000, 30_000], seen=starts, recorded=recorded)
check("windows of 10 ms in 230 ms", guess=23, seen=len(windows), recorded=6)
PY
