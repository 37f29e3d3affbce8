"""Frames of tracked objects: each has its name, and the colour of its number in every frame."""

from __future__ import annotations

import numpy as np

from spikeseg.analysis.painting.stream_frames import TRACK_COLOURS, Shown, tracks_frame
from spikeseg.boxes import Box
from spikeseg.datasets.events.events import EVENT, Buffer

SIZE = 240, 320
BUFFER = Buffer(np.empty(0, EVENT), SIZE, 0, 30_000)


def shown(number: int, column: int) -> Shown:
    mask = np.zeros(SIZE, bool)
    mask[60:90, column : column + 30] = True
    return Shown(mask, Box(50, column - 10, 100, column + 40), number, f"{number} panda")


def test_an_object_has_the_colour_of_its_number_wherever_it_is():
    first, second = (np.asarray(tracks_frame(BUFFER, [shown(2, column)])) for column in (40, 200))
    assert first[75, 50] == second[75, 210] != 0
    assert first[50, 40] == second[50, 200] != 0  # the box
    other = np.asarray(tracks_frame(BUFFER, [shown(3, 40)]))
    assert other[75, 50] != first[75, 50]


def test_colours_take_turns_and_names_are_written():
    one, again = (np.asarray(tracks_frame(BUFFER, [shown(n, 40)])) for n in (1, 1 + TRACK_COLOURS))
    assert one[75, 50] == again[75, 50]
    assert (one[36:50, 33:90] != again[36:50, 33:90]).any()  # the name above the box


def test_all_frames_have_one_palette_and_size():
    frames = [tracks_frame(BUFFER, found) for found in ([], [shown(0, 40), shown(1, 200)])]
    assert frames[0].getpalette() == frames[1].getpalette()
    assert frames[0].size == frames[1].size
