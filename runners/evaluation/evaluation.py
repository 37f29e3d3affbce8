"""Measure a trained network on annotated pictures or recordings: a report, all outcomes, and some examples."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from spikeseg.boxes import Box, mask_iou, resized

from ...analysis.decoding.decisions import BufferDecision, DecisionSummary, buffer_decision, summarise
from ...analysis.decoding.naming import largest_by_class
from ...analysis.decoding.presence import CONFIDENCE, presence_of
from ...analysis.decoding.segmentation import Segmentation
from ...analysis.measures.metrics import Outcome, Report, evaluate
from ...analysis.measures.presence import Answered, ClassPresence, presence_report
from ...analysis.report.examples import evenly_spaced
from ...datasets.absent import open_absent
from ...datasets.events.events import Buffer
from ...datasets.recordings import Recordings
from ...datasets.sample import Dataset, Sample, Target
from ...datasets.stimuli import samples
from ...models.network import TrainedNetwork
from ..inference.encoding import batch_size, check_jobs
from ..inference.segmenting import BATCH, Segmenter, open_segmenter
from .parallel import in_processes
from .readouts import Readout
from .selection import Selection

EXAMPLES = 12  # pictures kept for the gallery
RECORDINGS = 5  # measured at a time: about as many buffers as there are pictures in a batch
NOT_FOUND = "not found"  # the answer for an object that is not present, see `Segmentation.is_present`
OTHERS = "other classes"  # the set of stimuli in which a class is absent because another one is there


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
    presence
        Per class, how well the network tells whether it is there; None for a network without readouts.
    supervised, population, taught
        Answers of a supervised linear readout, of all Conv3 maps together, and of a linear readout that these have
        taught; where they were asked for.
    """

    report: Report
    outcomes: list[Outcome]
    examples: list[SegmentedSample]
    all_found: float
    decisions: DecisionSummary | None
    presence: dict[str, ClassPresence] | None
    supervised: Readout | None = None
    population: Readout | None = None
    taught: Readout | None = None


def evaluate_selection(
    selection: Selection,
    device: str = "cpp_standalone",
    progress: Callable[[int], None] = lambda done: None,
    jobs: int = 1,
    confidence: float = CONFIDENCE,
    absent: Sequence[str] = (),
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
        Number of processes that read, simulate and decode at a time; the dataset is copied to each of them.
    confidence
        Presence from which on an object counts as found.
    absent
        Sets of pictures or recordings without any of the objects, see `open_absent`.

    Raises
    ------
    SpikeSegError
        A picture or annotation cannot be read, there is no such set, or the simulation fails.
    """
    check_jobs(device, jobs)
    keep = set(evenly_spaced(range(len(selection.indices)), EXAMPLES))
    outcomes: list[Outcome] = []
    examples: dict[int, SegmentedSample] = {}
    found: list[bool] = []
    decisions: list[BufferDecision] = []
    asked: list[Answered] = []
    empty = [Absent(Path(name).name, open_absent(name, selection.network.config)) for name in absent]
    with open_segmenter(selection.network, selection.sizes, device, confidence=confidence) as segmenter:
        for one in _measured(segmenter, selection, OTHERS, keep, jobs):
            outcomes += one.outcomes
            found.append(all(same.correct for same in one.outcomes))
            if one.decision is not None:
                decisions.append(one.decision)
            if one.example is not None and one.events >= _events(examples.get(one.number, one.example)):
                examples[one.number] = one.example
            asked.append(one.answered)
            progress(one.number + 1)
        for other in empty:
            without = replace(selection, dataset=other.dataset, indices=np.arange(len(other.dataset)))
            asked += [one.answered for one in _measured(segmenter, without, other.name, set(), jobs)]
    boxes = {} if selection.pasted else selection.run.training_boxes()
    summary = summarise(decisions) if decisions else None
    classes = selection.network.config.data.classes
    return Evaluation(
        report=evaluate(outcomes, boxes),
        outcomes=outcomes,
        examples=list(examples.values()),
        all_found=float(np.mean(found)),
        decisions=summary,
        presence=None if selection.network.presence is None else presence_report(asked, classes),
    )


class Absent(NamedTuple):
    """A set without any of the objects, and its name."""

    name: str
    dataset: Dataset | Recordings


class Measured(NamedTuple):
    """What is kept of an answer about an item of a selection; the answer itself, where it is an example."""

    number: int
    events: int
    outcomes: list[Outcome]
    decision: BufferDecision | None
    answered: Answered
    example: SegmentedSample | None


def _measured(
    segmenter: Segmenter, selection: Selection, source: str, keep: Collection[int], jobs: int
) -> Iterator[Measured]:
    """Measure every answer; `keep` has the numbers of the items whose answers are kept."""
    many = len(selection.indices)
    step = min(batch_size(many, jobs), BATCH if selection.network.config.input.buffer is None else RECORDINGS)
    invalid = getattr(selection.dataset, "invalid_events", {})

    def work(start: int) -> tuple[list[Measured], dict[str, int]]:
        part = replace(selection, indices=selection.indices[start : start + step])
        found = answers(segmenter, part)
        return [_measure(segmenter, start + number, answer, source, keep) for number, answer in found], invalid

    for found, more in in_processes(work, range(0, many, step), jobs):
        invalid.update(more)
        yield from found


def _measure(
    segmenter: Segmenter, number: int, answer: SegmentedSample, source: str, keep: Collection[int]
) -> Measured:
    sample, network, confidence = answer.sample, segmenter.network, segmenter.confidence
    targets = sample.targets if source == OTHERS else ()  # else there is nothing to be found
    several, decision = len(targets) > 1, None
    outcomes = [
        outcome(answer, target, _segmentation_of(answer, target), confidence if several else None) for target in targets
    ]
    if sample.buffer is not None and len(targets) == 1:
        decision = _decision(network, answer, sample.buffer)
    there = [found for found in answer.segmentations if found.is_present(confidence)]
    example = SegmentedSample(sample, there) if number in keep else None
    return Measured(
        number, _events(answer), outcomes, decision, _answered(network, answer, source, confidence), example
    )


def _answered(network: TrainedNetwork, answer: SegmentedSample, source: str, confidence: float) -> Answered:
    of_maps = answer.segmentations[0].decision.margins
    margins = {} if of_maps is None else largest_by_class(network, of_maps)
    return Answered(
        source,
        labels=frozenset(target.label for target in answer.sample.targets) & frozenset(network.config.data.classes),
        answered=frozenset(found.label for found in answer.segmentations if found.is_present(confidence)),
        asked=frozenset(name for name, margin in margins.items() if presence_of(network, name, margin) >= confidence),
        margins=margins,
    )


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


def outcome(answer: SegmentedSample, target: Target, segmentation: Segmentation, confidence: float | None) -> Outcome:
    """Compare one target with one segmentation, in pixels of the picture (docs/model.md, rule 8).

    Parameters
    ----------
    answer
        The picture and all its segmentations.
    target, segmentation
        The annotated object, and the segmentation to compare it with.
    confidence
        The class counts as found only if its presence is at least this. If None, the class is the answer, however
        little speaks for it.
    """
    size = answer.sample.image.shape[:2]
    presented = segmentation.mask.shape
    rows, columns = size[0] / presented[0], size[1] / presented[1]

    def fit(box: Box | None) -> Box | None:
        return None if box is None else box.scaled(rows, columns)

    pixels: dict[str, float] = {}
    if target.mask is not None:
        found = {"pixel_iou": segmentation.mask, "silhouette_iou": segmentation.silhouette}
        pixels = {name: mask_iou(resized(mask, size), target.mask) for name, mask in found.items()}
    return Outcome(
        name=answer.sample.name,
        true_label=target.label,
        predicted_label=segmentation.label if confidence is None or segmentation.is_present(confidence) else NOT_FOUND,
        true_box=target.box,
        predicted_box=fit(segmentation.box),
        event_box=fit(segmentation.event_box),
        size=(size[0], size[1]),
        **pixels,
    )
