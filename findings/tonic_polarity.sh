#!/usr/bin/env bash
# What: Tonic 1.7.0's ToFrame puts events of polarity -1 and +1 into the same channel, because -1 counts from the end
# of the two channels. With one channel it sets the polarity of the caller's own events to 0.
# Why it matters: -1/+1 is a usual way to write OFF and ON (evlib reads all files so). The frames look right, one
# channel is empty, and a two-channel network learns from ON+OFF. After the second case every later step that reads
# polarity sees OFF events only.
# Versions: tonic 1.7.0, numpy 2.3.5.
# Source of the guess: the docstring of ToFrame: events are added up "in a frame for each polarity"; transforms return
# new arrays (the other ones copy, for example TimeSkew).
. "$(dirname "$0")/observe.sh"
observe tonic==1.7.0 numpy==2.3.5 <<'PY'
import numpy as np
from observe import check
from tonic.transforms import TimeSkew, ToFrame


def events(polarities):
    made = np.zeros(len(polarities), [("x", "i2"), ("y", "i2"), ("t", "i8"), ("p", "i1")])
    made["t"], made["p"] = np.arange(len(polarities)), polarities
    return made


def channels(polarities):
    return ToFrame((4, 4, 2), event_count=4)(events(polarities)).sum((0, 2, 3)).tolist()


check("polarity 0, 0, 0, 1: events per channel", guess=[3, 1], seen=channels([0, 0, 0, 1]), recorded=[3, 1])
check("polarity -1, -1, -1, 1: events per channel", guess=[3, 1], seen=channels([-1, -1, -1, 1]), recorded=[0, 4])

on = events([1, 1, 1, 1])
TimeSkew(coefficient=2.0)(on)
check("caller's times after TimeSkew", guess=[0, 1, 2, 3], seen=on["t"].tolist(), recorded=[0, 1, 2, 3])
ToFrame((4, 4, 1), event_count=4)(on)
check("caller's polarity after ToFrame", guess=[1, 1, 1, 1], seen=on["p"].tolist(), recorded=[0, 0, 0, 0])
PY
