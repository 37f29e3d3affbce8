"""Measure a trained network on annotated pictures or recordings: a report, all outcomes, and some examples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from spikeseg.boxes import Box, mask_iou, resized

from ...analysis.decoding.decisions import BufferDecision, DecisionSummary, buffer_decision, summarise
from ...analysis.decoding.segmentation import Segmentation
from ...analysis.measures.examples import evenly_spaced
from ...analysis.measures.metrics import Outcome, Report, evaluate
from ...datasets.events.events import Buffer
from ...datasets.sample import Sample, Target
from ...datasets.stimuli import samples
from ...models.network import TrainedNetwork
from ..inference.segmenting import BATCH, Segmenter, open_segmenter, response
from .selection import Selection

EXAMPLES = 12  # pictures kept for the gallery
NOT_FOUND = "not found"  # the answer for an object whose class has no map that reaches its threshold


@dataclass(frozen=True)
class SegmentedSample:
    """A picture with its annotation, and the network's segmentations."""

    sample: Sample
    segmentations: list[Segmentation]


@dataclass(frozen=True)
class Evaluation:
    """What was measured.

    Attributes
    ----------
    report
        Summary of all outcomes.
    outcomes
        One per object: one per picture or buffer, unless these hold several objects.
    examples
        Evenly spaced pictures or recordings; of a recording, the buffer with most events.
    all_found
        Fraction of the pictures or buffers in which every object was found with its class.
    decisions
        Accuracy and latency of the decisions about buffers with a single object; None for pictures.
    """

    report: Report
    outcomes: list[Outcome]
    examples: list[SegmentedSample]
    all_found: float
    decisions: DecisionSummary | None


def evaluate_selection(
    selection: Selection,
    device: str = "cpp_standalone",
    progress: Callable[[int], None] = lambda done: None,
    jobs: int = 1,
) -> Evaluation:
    """Segment every selected picture or buffer and compare with its annotation. One batch is in memory at a time.

    Parameters
    ----------
    selection
        The network, and the pictures or recordings.
    device
        Where Brian2 simulates.
    progress
        Receives the number of pictures or recordings begun.
    jobs
        Number of simulations at a time.

    Raises
    ------
    SpikeSegError
        A picture or annotation cannot be read, or the simulation fails.
    """
    keep = set(evenly_spaced(range(len(selection.indices)), EXAMPLES))
    outcomes: list[Outcome] = []
    examples: dict[int, SegmentedSample] = {}
    found: list[bool] = []
    decisions: list[BufferDecision] = []
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
                decisions.append(_decision(selection.network, answer, answer.sample.buffer))
            if number in keep and _events(answer) >= _events(examples.get(number, answer)):
                examples[number] = answer
            progress(number + 1)
    boxes = {} if selection.pasted else selection.run.training_boxes()
    summary = summarise(decisions) if decisions else None
    return Evaluation(evaluate(outcomes, boxes), outcomes, list(examples.values()), float(np.mean(found)), summary)


def _events(answer: SegmentedSample) -> int:
    """Number of events of a buffer; 0 for a picture."""
    return 0 if answer.sample.buffer is None else len(answer.sample.buffer.events)


def _decision(network: TrainedNetwork, answer: SegmentedSample, buffer: Buffer) -> BufferDecision:
    decision, label = answer.segmentations[0].decision, answer.sample.targets[0].label
    return buffer_decision(network, decision, buffer.recording, label, buffer.duration)


def answers(segmenter: Segmenter, selection: Selection) -> Iterator[tuple[int, SegmentedSample]]:
    """Segment the winning class of samples with one object, and every class of samples with several objects.

    Yields
    ------
    Index of the picture or recording in the selection, and the segmented sample. A recording has a sample per buffer.
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
            yield number, SegmentedSample(sample, segmentations)


def _segmentation_of(answer: SegmentedSample, target: Target) -> Segmentation:
    """The segmentation of the target's class if there is one, else the first, which is then the only one."""
    same = [s for s in answer.segmentations if s.label == target.label]
    return (same or answer.segmentations)[0]


def outcome(answer: SegmentedSample, target: Target, segmentation: Segmentation, must_spike: bool) -> Outcome:
    """Compare one target with one segmentation, in pixels of the picture (docs/model.md, rule 8).

    Parameters
    ----------
    answer
        The picture and all its segmentations.
    target, segmentation
        The annotated object, and the segmentation to compare it with.
    must_spike
        The class counts as found only if its map reaches the threshold. If False, the map with the largest response is
        the answer, however small this response is.
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
