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
from ..datasets.sample import Box, Dataset, Sample, Target
from .segmenting import BATCH, Segmenter


@dataclass(frozen=True)
class Answer:
    """A picture with its truth, and what the network made of it."""

    sample: Sample
    segmentations: list[Segmentation]


def answers(
    segmenter: Segmenter,
    dataset: Dataset,
    indices: Sequence[int],
    every_class: bool = False,
    progress: Callable[[int], None] = lambda done: None,
) -> Iterator[Answer]:
    """Segment the pictures of a dataset, a batch in memory at a time.

    With `every_class`, each picture's own classes are segmented; else the class that wins. `progress` is told the
    number of pictures done.
    """
    for start in range(0, len(indices), BATCH):
        samples = [dataset[int(index)] for index in indices[start : start + BATCH]]
        classes = segmenter.network.config.data.classes if every_class else None
        found = segmenter.segment([sample.image for sample in samples], classes)
        for done, (sample, segmentations) in enumerate(zip(samples, found, strict=True), start + 1):
            yield Answer(sample, segmentations)
            progress(done)


def outcome(answer: Answer, target: Target, segmentation: Segmentation) -> Outcome:
    """Compare one target with one segmentation, in pixels of the picture."""
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
        predicted_label=segmentation.label,
        true_box=target.box,
        predicted_box=fit(segmentation.box),
        event_box=fit(segmentation.event_box),
        size=(size[0], size[1]),
        pixel_iou=pixel_iou,
    )


def resized(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Nearest neighbours: a mask (H, W) at another `size` (rows, columns)."""
    rows, columns = (np.arange(n) * m // n for n, m in zip(size, mask.shape, strict=True))
    return mask[rows[:, None], columns]


def measure(found: Sequence[Answer], training_boxes: dict[str, list[Box]]) -> tuple[Report, list[Outcome]]:
    """Report on single-object pictures. Raises SpikeSegError where there are none."""
    outcomes = [outcome(answer, answer.sample.targets[0], answer.segmentations[0]) for answer in found]
    return evaluate(outcomes, training_boxes), outcomes


def write_outcomes(path: Path, outcomes: Sequence[Outcome]) -> None:
    """One CSV row per picture, boxes in its pixels. Raises SpikeSegError where the file system refuses."""
    edges = [f"{kind}_{edge}_px" for kind in ("true", "predicted") for edge in Box._fields]
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["name", "true_label", "predicted_label", *edges])
        for row in outcomes:
            boxes = [edge for box in (row.true_box, row.predicted_box) for edge in box or [""] * 4]
            writer.writerow([row.name, row.true_label, row.predicted_label, *boxes])
