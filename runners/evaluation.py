"""Measure a trained network on annotated pictures: a report, a row per picture, and pictures to look at."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spikeseg.files import replacing

from ..analysis.metrics import Outcome, Report, evaluate, mask_iou
from ..analysis.segmentation import Segmentation
from ..datasets.sample import Box, Sample, Target
from ..datasets.stimuli import samples
from .segmenting import BATCH, Segmenter, open_segmenter, response
from .selection import Selection

EXAMPLES = 12  # pictures kept to be looked at
NOT_FOUND = "not found"  # the answer for an object whose class does not reach its threshold


@dataclass(frozen=True)
class Answer:
    """A picture with its truth, and what the network made of it."""

    sample: Sample
    segmentations: list[Segmentation]


@dataclass(frozen=True)
class Evaluation:
    """What was measured.

    Attributes
    ----------
    report
        Over all outcomes.
    outcomes
        One per picture; one per object where pictures hold several.
    examples
        Evenly spaced among the pictures.
    all_found
        Fraction of the pictures in which every object was found with its class.
    """

    report: Report
    outcomes: list[Outcome]
    examples: list[Answer]
    all_found: float


def evaluate_selection(
    selection: Selection, device: str, progress: Callable[[int], None] = lambda done: None
) -> Evaluation:
    """Segment every selected picture and compare with its annotation, a batch in memory at a time.

    `progress` is told the number of pictures done.

    Raises
    ------
    SpikeSegError
        A picture or annotation cannot be read, or the simulation fails.
    """
    total = len(selection.indices)
    keep = set(np.linspace(0, total - 1, min(EXAMPLES, total)).round().astype(int).tolist())
    outcomes: list[Outcome] = []
    examples: list[Answer] = []
    found: list[bool] = []
    with open_segmenter(selection.network, selection.sizes, device) as segmenter:
        for number, answer in enumerate(answers(segmenter, selection)):
            several = len(answer.sample.targets) > 1
            compared = [
                outcome(answer, target, _segmentation_of(answer, target), must_spike=several)
                for target in answer.sample.targets
            ]
            outcomes += compared
            found.append(all(one.correct for one in compared))
            if number in keep:
                examples.append(answer)
            progress(number + 1)
    boxes = {} if selection.pasted else selection.run.training_boxes()
    return Evaluation(evaluate(outcomes, boxes), outcomes, examples, float(np.mean(found)))


def answers(segmenter: Segmenter, selection: Selection) -> Iterator[Answer]:
    """Segment the winning class of pictures with one object, and every object's class of pictures with several."""
    for start in range(0, len(selection.indices), BATCH):
        indices = selection.indices[start : start + BATCH]
        shown = list(samples(selection.dataset, indices, segmenter.network.config.input))
        several = len(shown[0].targets) > 1
        classes = segmenter.network.config.data.classes if several else None
        found = segmenter.segment([sample.view for sample in shown], classes)
        for sample, segmentations in zip(shown, found, strict=True):
            yield Answer(sample, segmentations)


def _segmentation_of(answer: Answer, target: Target) -> Segmentation:
    """The one of the target's class where each class was segmented, else the only one."""
    same = [s for s in answer.segmentations if s.label == target.label]
    return (same or answer.segmentations)[0]


def outcome(answer: Answer, target: Target, segmentation: Segmentation, must_spike: bool) -> Outcome:
    """Compare one target with one segmentation, in pixels of the picture.

    With `must_spike` the class counts as found only if its map reaches the threshold; otherwise the largest
    response is the answer, be it ever so small (contract 8).
    """
    size = answer.sample.image.shape[:2]
    presented = segmentation.mask.shape
    rows, columns = size[0] / presented[0], size[1] / presented[1]

    def fit(box: Box | None) -> Box | None:
        return None if box is None else box.scaled(rows, columns)

    pixel_iou = {}
    if target.mask is not None and segmentation.label == target.label:
        pixel_iou[target.label] = mask_iou(resized(segmentation.mask, size), target.mask)
    return Outcome(
        name=answer.sample.name,
        true_label=target.label,
        predicted_label=segmentation.label if response(segmentation) >= 1 or not must_spike else NOT_FOUND,
        true_box=target.box,
        predicted_box=fit(segmentation.box),
        event_box=fit(segmentation.event_box),
        size=(size[0], size[1]),
        pixel_iou=pixel_iou,
    )


def resized(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A mask (H, W) at another `size` (rows, columns), nearest neighbours."""
    rows, columns = (np.arange(n) * m // n for n, m in zip(size, mask.shape, strict=True))
    return mask[rows[:, None], columns]


def write_outcomes(path: Path, outcomes: Sequence[Outcome]) -> None:
    """One CSV row per outcome, boxes in the picture's pixels. Raises SpikeSegError where the file system refuses."""
    edges = [f"{kind}_{edge}_px" for kind in ("true", "predicted") for edge in Box._fields]
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["name", "true_label", "predicted_label", *edges])
        for row in outcomes:
            boxes = [edge for box in (row.true_box, row.predicted_box) for edge in box or [""] * 4]
            writer.writerow([row.name, row.true_label, row.predicted_label, *boxes])
