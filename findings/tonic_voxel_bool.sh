#!/usr/bin/env bash
# What: Tonic 1.7.0's ToVoxelGrid counts OFF events as ON where polarity is a bool: it replaces 0 by -1 in the same
# array, and -1 is True for a bool. A bool is what Tonic's own datasets and readers give (`tonic.io.events_struct`).
# Why it matters: the voxel grid of Zhu et al. takes OFF events as negative, so that what appears and what disappears
# differ. Here all values are positive, and a flicker that should cancel out is twice as strong. No warning is given.
# Versions: tonic 1.7.0, numpy 2.3.5.
# Source of the guess: the comment in the function, "polarity should be +1 / -1", and the paper that it names.
. "$(dirname "$0")/observe.sh"
observe tonic==1.7.0 numpy==2.3.5 <<'PY'
import numpy as np
from observe import check
from tonic.io import events_struct
from tonic.transforms import ToVoxelGrid


def total(dtype):
    events = np.zeros(5, dtype)
    events["t"], events["p"] = np.arange(0, 500, 100), [1, 0, 0, 0, 0]  # weights 1, 0.75, 0.5, 0.25, 0
    return float(ToVoxelGrid(sensor_size=(2, 2, 2), n_time_bins=1)(events).sum().round(6))


integers = [(name, "i8") for name in "xytp"]
check("type of polarity in Tonic's own events", guess="bool", seen=str(events_struct["p"]), recorded="bool")
check("1 ON and 4 OFF events, polarity as integers: their sum", guess=-0.5, seen=total(integers), recorded=-0.5)
check("the same events as Tonic's own type: their sum", guess=-0.5, seen=total(events_struct), recorded=2.5)
PY
