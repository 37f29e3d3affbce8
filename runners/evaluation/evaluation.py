"""Measure a trained network on annotated pictures: a report, a row per picture, and pictures to look at."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from spikeseg.boxes import Box, mask_iou, resized
from spikeseg.files import replacing, write_json
from spikeseg.provenance import provenance

from ...analysis.decoding.decisions import Decisions, Verdict, summarise, verdict
from ...analysis.decoding.segmentation import Segmentation
from ...analysis.measures.metrics import Outcome, Report, evaluate
from ...datasets.events.events import Buffer
from ...datasets.sample import Sample, Target
from ...datasets.stimuli import samples
from ...models.network import Network
from ..inference.segmenting import BATCH, Segmenter, open_segmenter, response
from .selection import Selection, evenly_spaced

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
        Evenly spaced among the pictures; of a recording, its fullest buffer.
    all_found
        Fraction of the pictures in which every object was found with its class.
    decisions
        When buffers of single objects were decided; None for pictures.
    """

    report: Report
    outcomes: list[Outcome]
    examples: list[Answer]
    all_found: float
    decisions: Decisions | None


def evaluate_selection(
    selection: Selection, device: str, progress: Callable[[int], None] = lambda done: None, jobs: int = 1
) -> Evaluation:
    """Segment every selected picture or buffer and compare with its annotation, a batch in memory at a time.

    `progress` is told the number of items begun; `jobs` simulations run at a time.

    Raises
    ------
    SpikeSegError
        A picture or annotation cannot be read, or the simulation fails.
    """
    keep = set(evenly_spaced(range(len(selection.indices)), EXAMPLES))
    outcomes: list[Outcome] = []
    examples: dict[int, Answer] = {}
    found: list[bool] = []
    verdicts: list[Verdict] = []
    with open_segmenter(selection.network, selection.sizes, device, jobs) as segmenter:
        for number, answer in answers(segmenter, selection):
            several = len(answer.sample.targets) > 1
            compared = [
                outcome(answer, target, _segmentation_of(answer, target), must_spike=several)
                for target in answer.sample.targets
            ]
            outcomes += compared
            found.append(all(one.correct for one in compared))
            if answer.sample.buffer is not None and not several:
                verdicts.append(_verdict(selection.network, answer, answer.sample.buffer))
            if number in keep and _fullness(answer) >= _fullness(examples.get(number, answer)):
                examples[number] = answer
            progress(number + 1)
    boxes = {} if selection.pasted else selection.run.training_boxes()
    decisions = summarise(verdicts) if verdicts else None
    return Evaluation(evaluate(outcomes, boxes), outcomes, list(examples.values()), float(np.mean(found)), decisions)


def _fullness(answer: Answer) -> int:
    """Events of a buffer: the fullest one of a recording is its example."""
    return 0 if answer.sample.buffer is None else len(answer.sample.buffer.events)


def _verdict(network: Network, answer: Answer, buffer: Buffer) -> Verdict:
    decision, label = answer.segmentations[0].decision, answer.sample.targets[0].label
    return verdict(network, decision, buffer.recording, label, buffer.duration)


def answers(segmenter: Segmenter, selection: Selection) -> Iterator[tuple[int, Answer]]:
    """Segment the winning class of samples with one object, and every object's class of samples with several.

    Yields the number of the item, of which a recording gives several samples, and the answer.
    """
    config = segmenter.network.config
    shown = (
        (number, sample)
        for number, index in enumerate(selection.indices)
        for sample in samples(selection.dataset, [index], config.input)
    )
    while batch := list(islice(shown, BATCH)):
        several = len(batch[0][1].targets) > 1
        found = segmenter.segment([sample.view for _, sample in batch], config.data.classes if several else None)
        for (number, sample), segmentations in zip(batch, found, strict=True):
            yield number, Answer(sample, segmentations)


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


def write_outcomes(path: Path, outcomes: Sequence[Outcome]) -> None:
    """One CSV row per outcome, boxes in the picture's pixels. Raises SpikeSegError where the file system refuses."""
    edges = [f"{kind}_{edge}_px" for kind in ("true", "predicted") for edge in Box._fields]
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["name", "true_label", "predicted_label", *edges])
        for row in outcomes:
            boxes = [edge for box in (row.true_box, row.predicted_box) for edge in box or [""] * 4]
            writer.writerow([row.name, row.true_label, row.predicted_label, *boxes])


def write_metrics(path: Path, evaluation: Evaluation, selection: Selection, part: str, device: str) -> None:
    """The report as JSON, with what it was measured on. Raises SpikeSegError where the file system refuses."""
    config = selection.network.config
    context = {
        "all_found": evaluation.all_found,
        "decisions": None if evaluation.decisions is None else asdict(evaluation.decisions),
        "input": config.input.model_dump(mode="json"),
        "name": config.name,
        "seed": config.seed,
        "data": selection.source,
        "split": part,
        "decoder_mode": config.decoder.mode,
        "training": selection.network.provenance,
        "evaluation": provenance(None, device),
    }
    write_json(path, evaluation.report.to_dict() | context)
