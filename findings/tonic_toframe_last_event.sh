#!/usr/bin/env bash
# What: Tonic 1.7.0's ToFrame leaves out the last event whenever the window divides the duration, also with
# `include_incomplete=True`, and always with `n_time_bins`: the last window ends before its end time and no other one
# follows.
# Why it matters: events are lost without a word, and how many depends on the recording. Counts per frame do not add
# up to the events, and a sample with all its events at the last instant loses them all.
# Versions: tonic 1.7.0, numpy 2.3.5.
# Source of the guess: the docstring of ToFrame: "All the events in one slice are added up in a frame", and
# `n_time_bins` is described as a fixed number of frames over the recording. Near: issue 264 of neuromorphs/tonic
# (edges of the bins follow the data). An `end_time` past the last event helps.
. "$(dirname "$0")/observe.sh"
observe tonic==1.7.0 numpy==2.3.5 <<'PY'
import numpy as np
from observe import check
from tonic.transforms import ToFrame

events = np.zeros(5, [("x", "i2"), ("y", "i2"), ("t", "i8"), ("p", "i1")])
events["t"] = [0, 100, 200, 300, 400]
size = (4, 4, 2)
for options, recorded in (
    (dict(time_window=100), 4),
    (dict(time_window=100, include_incomplete=True), 4),
    (dict(time_window=150, include_incomplete=True), 5),
    (dict(n_time_bins=1), 4),
    (dict(n_time_bins=4), 4),
    (dict(time_window=100, start_time=0, end_time=500), 5),
):
    seen = int(ToFrame(size, **options)(events.copy()).sum())
    check(f"events in the frames, {options}", guess=5, seen=seen, recorded=recorded)
PY
