"""Spikes as comma-separated values: a row per spike, with units in the names of the columns."""

from __future__ import annotations

import csv
from collections.abc import Callable
from itertools import repeat
from pathlib import Path

import numpy as np

from spikeseg.excerpt import Excerpt
from spikeseg.spikes import SILENT

HEADER = ("stimulus", "name", "label", "layer", "feature", "row", "col", "step", "t_stimulus_ms", "t_ms")


def write(excerpt: Excerpt, path: Path, progress: Callable[[int], None]) -> None:
    """Write all spikes, stimulus by stimulus; the step and the times of a silent neuron are left empty."""
    layers, steps, done = list(excerpt.spikes), np.arange(excerpt.steps), 0
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(HEADER)
        for number, stimulus in enumerate(excerpt.stimuli.tolist()):
            rows = excerpt.rows(number)
            times = excerpt.t_stimulus_ms(steps), excerpt.t_ms(np.full(len(steps), number), steps)
            cells = [[*column.tolist(), ""] for column in (steps, *times)]  # SILENT, which is -1, gets the last cell
            step = rows.step.tolist()
            table.writerows(
                zip(
                    repeat(stimulus),
                    repeat(excerpt.names[number]),
                    repeat(excerpt.labels[number]),
                    (layers[layer] for layer in rows.layer.tolist()),
                    *(column.tolist() for column in (rows.feature, rows.row, rows.col)),
                    *([column[s] for s in step] for column in cells),
                    strict=False,  # the first three repeat without end
                )
            )
            done += int(np.count_nonzero(rows.step != SILENT))
            progress(done)
