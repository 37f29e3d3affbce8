"""Choose the stimuli of an evaluation that a report shows."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from spikeseg.boxes import Box, box_iou
from spikeseg.errors import SpikeSegError
from spikeseg.files import read_table

from .examples import evenly_spaced

GALLERY = 4  # stimuli of each kind in the gallery, divided among the classes
OTHERS = "Others"
KINDS = ("Best", "Typical", "Worst", "Right", "Wrong", OTHERS)


class OutcomeRow(NamedTuple):
    """A row of ``outcomes.csv``, see `reporting.write_outcomes`; boxes are in pixels of the picture."""

    name: str
    true_label: str
    predicted_label: str
    true_box: Box | None
    predicted_box: Box | None

    @property
    def correct(self) -> bool:
        """Whether the class is right."""
        return self.true_label == self.predicted_label

    @property
    def iou(self) -> float:
        """IoU of the two boxes; 0 if one is missing."""
        return float(box_iou(self.predicted_box, self.true_box)) if self.predicted_box and self.true_box else 0.0


def read_outcomes(path: Path) -> list[OutcomeRow]:
    """Read a file that `reporting.write_outcomes` wrote. Raises SpikeSegError if it cannot be read as such."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            outcomes = [
                OutcomeRow(
                    row["name"], row["true_label"], row["predicted_label"], _box(row, "true"), _box(row, "predicted")
                )
                for row in read_table(file)
            ]
            if not outcomes:
                raise ValueError("it has no rows")
            return outcomes
    except (OSError, KeyError, ValueError, csv.Error) as error:
        raise SpikeSegError(f"{path} cannot be read ({error}): run `spikeseg evaluate` again") from error


def _box(row: Mapping[str, str], kind: str) -> Box | None:
    edges = [row[f"{kind}_{edge}_px"] for edge in Box._fields]
    if not all(edges):
        return None
    box = Box(*map(float, edges))
    if not np.isfinite(box).all():
        raise ValueError(f"no box: {box}")
    return box


def choose(outcomes: Sequence[OutcomeRow], count: int) -> dict[int, str]:
    """Choose the outcomes to show.

    For the gallery, a few of each class are chosen: by IoU the best, the typical (around the median) and the worst,
    where a wrong class counts as an IoU of 0. If nothing has an annotated box, some right and some wrong ones are
    chosen. Then come others, evenly spaced, until there are `count`; the gallery is complete even if it has more.

    Returns
    -------
    Index of each outcome to show, with its kind, one of `KINDS`.
    """
    classes: dict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(outcomes):
        classes[row.true_label].append(number)
    each = max(1, GALLERY // len(classes))
    boxed = any(row.true_box for row in outcomes)
    chosen: dict[int, str] = {}
    for own in classes.values():
        for kind, numbers in (_by_box if boxed else _by_class)(outcomes, own, each).items():
            chosen |= {number: kind for number in numbers if number not in chosen}
    rest = [number for number in range(len(outcomes)) if number not in chosen]
    return chosen | dict.fromkeys(evenly_spaced(rest, count - len(chosen)), OTHERS)


def _by_box(outcomes: Sequence[OutcomeRow], own: list[int], each: int) -> dict[str, list[int]]:
    def quality(number: int) -> tuple[float, float]:
        return outcomes[number].iou * outcomes[number].correct, outcomes[number].iou

    ranked = sorted(own, key=quality, reverse=True)
    middle = max(0, len(ranked) - each) // 2
    return {"Best": ranked[:each], "Worst": ranked[-each:], "Typical": ranked[middle : middle + each]}


def _by_class(outcomes: Sequence[OutcomeRow], own: list[int], each: int) -> dict[str, list[int]]:
    right = [number for number in own if outcomes[number].correct]
    wrong = [number for number in own if not outcomes[number].correct]
    return {"Right": evenly_spaced(right, each), "Wrong": evenly_spaced(wrong, each)}
