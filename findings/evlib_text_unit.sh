#!/usr/bin/env bash
# What: evlib 0.13.2 takes the times of a text file for seconds, whatever they are: 5000137 in a file of microseconds
# becomes 5,000,137 s, 58 days. A heading "t_us x y p" is passed over. The same numbers in HDF5 are microseconds to it.
# Why it matters: the same events from text and from HDF5 differ by a factor of a million, and what bins by time then
# sees one event per bin. Nothing is said.
# Versions: evlib 0.13.2, h5py 3.16.0, numpy 2.4.6.
# Source of the guess: one function, `load_events`, gives one type of time for all formats; faery and Metavision write
# text in microseconds, E2VID in seconds, so a reader follows the heading, or asks.
. "$(dirname "$0")/observe.sh"
observe evlib==0.13.2 h5py==3.16.0 numpy==2.4.6 <<'PY'
import evlib
import h5py
from observe import check

truth = [5_000_137, 5_000_150, 5_300_000]
whole = [time * 1_000_000 for time in truth]


def text(times, heading=""):
    with open("events.txt", "w") as file:
        file.write(heading + "".join(f"{time} 10 20 1\n" for time in times))
    return read("events.txt")


def read(path):
    return evlib.load_events(path).collect()["t"].dt.total_microseconds().to_list()


with h5py.File("events.h5", "w") as file:
    for name, values in {"x": [1, 1, 1], "y": [1, 1, 1], "t": truth, "p": [1, 1, 1]}.items():
        file[f"events/{name}"] = values
check("text in seconds (us)", guess=truth, seen=text([time / 1e6 for time in truth]), recorded=truth)
check("text in microseconds (us)", guess=truth, seen=text(truth), recorded=whole)
check("the same with a heading (us)", guess=truth, seen=text(truth, "# t_us x y p\n"), recorded=whole)
check("HDF5 in microseconds (us)", guess=truth, seen=read("events.h5"), recorded=truth)
PY
