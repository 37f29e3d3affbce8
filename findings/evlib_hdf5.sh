#!/usr/bin/env bash
# What: evlib 0.13.2 writes times in seconds to HDF5 and reads them back as whole microseconds, so 0.5 s becomes
# 0 us. The polarity -1, which is how evlib itself marks OFF events, is stored as -1 and read back as +1.
# Why it matters: a recording saved by evlib and opened by evlib has all events of a second at the same instant and
# only ON events. Everything still loads, and networks with two input channels see one.
# Versions: evlib 0.13.2, numpy 2.4.6.
# Source of the guess: the pair `save_events_to_hdf5` and `load_events` of one library. Near: pull request 57 of
# tallamjr/evlib mended the unit of times in Prophesee's compressed HDF5 files.
. "$(dirname "$0")/observe.sh"
observe evlib==0.13.2 h5py==3.16.0 numpy==2.4.6 <<'PY'
import evlib
import h5py
import numpy as np
from observe import check

seconds, polarity = [10.0, 11.5, 12.25], [1, -1, 1]
columns = np.array([1, 2, 3], np.int64)
evlib.save_events_to_hdf5(columns, columns, np.array(seconds), np.array(polarity, np.int64), "events.h5")
with h5py.File("events.h5") as file:
    check("times in the file", guess=seconds, seen=file["events/ts"][()].tolist(), recorded=seconds)
    check("polarity in the file", guess=polarity, seen=file["events/ps"][()].tolist(), recorded=polarity)
read = evlib.load_events("events.h5").collect()
microseconds = read["t"].dt.total_microseconds().to_list()
check("times read (us)", guess=[10_000_000, 11_500_000, 12_250_000], seen=microseconds, recorded=[10, 11, 12])
check("polarity read", guess=polarity, seen=read["polarity"].to_list(), recorded=[1, 1, 1])
PY
