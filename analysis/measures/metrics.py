"""Accuracy, intersection over union (IoU), and the baselines that stand beside them.

The paper reports accuracy and mIoU (Table I). Where objects always fill their pictures in the same way, even a constant
box has a high mIoU. So every result is reported beside what trivial answers score.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

import numpy as np

from spikeseg.boxes import Box, box_iou
from spikeseg.errors import SpikeSegError

_EMPTY = Box(0, 0, 0, 0)  # stands for a missing box; its IoU with any box is 0


@dataclass(frozen=True)
class Outcome:
    """Truth and answer for one picture, or for one object of it. All boxes are in pixels of a picture of `size`.

    Attributes
    ----------
    name
        Name of the picture.
    true_label, predicted_label
        The annotated class, and the network's answer.
    true_box, predicted_box
        The annotated box, None without annotation; and the predicted box, None for an empty mask, whose IoU is 0.
    event_box
        The box around all input events; None without events.
    size
        Rows and columns of the picture.
    pixel_iou, silhouette_iou
        IoU of the decoded pixels and of the silhouette with the object's pixels, whatever the class; None where these
        are not annotated.
    """

    name: str
    true_label: str
    predicted_label: str
    true_box: Box | None
    predicted_box: Box | None
    event_box: Box | None
    size: tuple[int, int]
    pixel_iou: float | None = None
    silhouette_iou: float | None = None

    @property
    def correct(self) -> bool:
        """Whether the class is right."""
        return self.true_label == self.predicted_label


@dataclass(frozen=True)
class Overlap:
    """Mean IoU over all pictures with an annotated box, and the mean of the means of the classes.

    Both are None if no picture has an annotated box.
    """

    miou: float | None
    miou_class_mean: float | None


@dataclass(frozen=True)
class ClassReport:
    """Results of one class.

    Attributes
    ----------
    n, n_boxes
        Number of pictures, and of those with an annotated box.
    accuracy
        Fraction of the pictures that are answered with this class.
    miou, miou_strict
        Mean IoU of boxes, whatever the answer; and with an IoU of 0 where the answer is another class. None without
        annotated boxes.
    """

    n: int
    n_boxes: int
    accuracy: float
    miou: float | None
    miou_strict: float | None


@dataclass(frozen=True)
class PixelReport:
    """IoU of pixels for the objects of one class.

    Attributes
    ----------
    n
        Number of objects whose pixels are annotated.
    iou, iou_strict
        Mean IoU where the answer is right, None if it never is; and over all objects, with 0 where it is wrong.
    """

    n: int
    iou: float | None
    iou_strict: float


@dataclass(frozen=True)
class Baselines:
    """What trivial answers score on the same pictures.

    Attributes
    ----------
    majority_class_accuracy
        Accuracy of always answering the most frequent class.
    event_box
        IoU of the box around all input events.
    constant_box
        IoU of one constant box per class, given the true class. The box is in fractions of the picture; a local search
        (`best_constant_box`) fits it to the training boxes. None where a class has no training boxes.
    constant_box_oracle
        The same, but fitted by the same local search to the very boxes that it is tested on, which favours it.
    """

    majority_class_accuracy: float
    event_box: Overlap
    constant_box: Overlap | None
    constant_box_oracle: Overlap


@dataclass(frozen=True)
class Report:
    """Summary of a set of outcomes.

    Attributes
    ----------
    n, n_boxes
        Number of outcomes, and of those with an annotated box. Only the latter count for IoU.
    accuracy
        Fraction of outcomes whose class is right.
    miou, miou_class_mean
        IoU of boxes, whatever the class: mean over outcomes, and mean of the means of the classes.
    miou_strict, miou_strict_class_mean
        The same, but with an IoU of 0 where the class is wrong.
    per_class
        Results by true class.
    confusion
        ``confusion[true][predicted]``: number of outcomes.
    baselines
        What trivial answers score.
    pixels, silhouettes
        Per class, the mean IoU of decoded pixels and of silhouettes over the objects whose pixels are annotated; None
        without such objects.
    """

    n: int
    n_boxes: int
    accuracy: float
    miou: float | None
    miou_class_mean: float | None
    miou_strict: float | None
    miou_strict_class_mean: float | None
    per_class: dict[str, ClassReport]
    confusion: dict[str, dict[str, int]]
    baselines: Baselines
    pixels: dict[str, PixelReport] | None
    silhouettes: dict[str, PixelReport] | None

    def to_dict(self) -> dict[str, Any]:
        """The report as dicts and numbers for JSON; without ``pixels`` and ``silhouettes`` if these are None."""
        content = asdict(self)
        unknown = [key for key in ("pixels", "silhouettes") if content[key] is None]
        return {key: value for key, value in content.items() if key not in unknown}


def best_constant_box(boxes: Sequence[Box] | np.ndarray) -> Box:
    """Search for the box with the largest mean IoU with `boxes`.

    This is a deterministic local search, which need not find the best box of all. It starts from the medians of the
    edges, or from their means if these are better. In each round every edge moves out, in, or not at all by one step;
    the best of all combinations is kept. When no move helps, the step is halved.

    Parameters
    ----------
    boxes
        Top, left, bottom, right in fractions of the picture, (n, 4) float.
    """
    edges = np.asarray(boxes, float)
    starts = np.array([np.median(edges, axis=0), edges.mean(axis=0)])
    moves = np.array(list(product((0, -1, 1), repeat=4)))  # no move comes first, so it wins ties
    best, step = starts[np.argmax(_mean_iou(starts, edges))], 1 / 16
    while step > 1e-4:
        tried = best + step * moves
        choice = np.argmax(_mean_iou(tried, edges))
        best, step = tried[choice], step if choice else step / 2
    return Box(*best.tolist())


def _mean_iou(candidates: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    return box_iou(candidates[:, None], boxes).mean(axis=1)


def evaluate(outcomes: Sequence[Outcome], training: Mapping[str, Sequence[Box]]) -> Report:
    """Summarise a set of outcomes.

    Parameters
    ----------
    outcomes
        One per picture, or one per object.
    training
        Per class, the annotated boxes of the training pictures, in fractions of the picture: the constant-box
        baseline is fitted to them.

    Raises
    ------
    SpikeSegError
        There are no outcomes.
    """
    if not outcomes:
        raise SpikeSegError("no pictures to evaluate: the set is empty")
    boxed = [outcome for outcome in outcomes if outcome.true_box is not None]
    labels = _labels(boxed)
    iou = box_iou(_edges(o.predicted_box for o in boxed), _edges(o.true_box for o in boxed))
    strict = iou * [outcome.correct for outcome in boxed]
    overlap, overlap_strict = _overlap(labels, iou), _overlap(labels, strict)
    return Report(
        n=len(outcomes),
        n_boxes=len(boxed),
        accuracy=float(np.mean([outcome.correct for outcome in outcomes])),
        miou=overlap.miou,
        miou_class_mean=overlap.miou_class_mean,
        miou_strict=overlap_strict.miou,
        miou_strict_class_mean=overlap_strict.miou_class_mean,
        per_class=_per_class(outcomes, labels, iou, strict),
        confusion=confusion((outcome.true_label, outcome.predicted_label) for outcome in outcomes),
        baselines=_baselines(outcomes, boxed, training),
        pixels=_pixels(outcomes, "pixel_iou"),
        silhouettes=_pixels(outcomes, "silhouette_iou"),
    )


def _labels(outcomes: Sequence[Outcome]) -> np.ndarray:
    return np.array([outcome.true_label for outcome in outcomes], str)


def _edges(boxes: Iterable[Box | None]) -> np.ndarray:
    return np.reshape([_EMPTY if box is None else box for box in boxes], (-1, 4)).astype(float)


def _mean(values: np.ndarray) -> float | None:
    return float(np.mean(values)) if len(values) else None


def _overlap(labels: np.ndarray, iou: np.ndarray) -> Overlap:
    means = [iou[labels == label].mean() for label in np.unique(labels)]
    return Overlap(_mean(iou), _mean(np.array(means)))


def _per_class(
    outcomes: Sequence[Outcome], labels: np.ndarray, iou: np.ndarray, strict: np.ndarray
) -> dict[str, ClassReport]:
    """Results by true class; `labels`, `iou` and `strict` belong to the outcomes with a box, (n_boxes,) each."""
    report = {}
    for label in sorted({outcome.true_label for outcome in outcomes}):
        correct = [outcome.correct for outcome in outcomes if outcome.true_label == label]
        own = labels == label
        report[label] = ClassReport(
            n=len(correct),
            n_boxes=int(own.sum()),
            accuracy=float(np.mean(correct)),
            miou=_mean(iou[own]),
            miou_strict=_mean(strict[own]),
        )
    return report


def confusion(answers: Iterable[tuple[str, str]]) -> dict[str, dict[str, int]]:
    """Count answers by true and answered class: ``confusion[true][answered]``.

    Every row has all classes that occur, true or answered.

    Parameters
    ----------
    answers
        Pairs of true and answered class.
    """
    count = Counter(answers)
    true, answered = (sorted(set(labels)) for labels in zip(*count, strict=True))
    return {row: {column: count[row, column] for column in sorted({*true, *answered})} for row in true}


def _pixels(outcomes: Sequence[Outcome], which: str) -> dict[str, PixelReport] | None:
    known: dict[str, list[tuple[float, bool]]] = {}
    for outcome in outcomes:
        if getattr(outcome, which) is not None:
            known.setdefault(outcome.true_label, []).append((getattr(outcome, which), outcome.correct))
    report = {}
    for label in sorted(known):
        iou, right = map(np.array, zip(*known[label], strict=True))
        report[label] = PixelReport(len(iou), _mean(iou[right]), float(np.mean(iou * right)))
    return report or None


def _baselines(
    outcomes: Sequence[Outcome], boxed: Sequence[Outcome], training: Mapping[str, Sequence[Box]]
) -> Baselines:
    labels = _labels(boxed)
    true = _edges(o.true_box.scaled(1 / o.size[0], 1 / o.size[1]) for o in boxed if o.true_box)
    tested = {label: true[labels == label] for label in np.unique(labels)}
    fitted = {label: best_constant_box(training[label]) for label in tested if training.get(label)}
    oracle = {label: best_constant_box(boxes) for label, boxes in tested.items()}

    def constant(box: Mapping[str, Box]) -> Overlap:
        return _overlap(labels, box_iou(_edges(box[label] for label in labels), true))

    most_frequent = max(Counter(outcome.true_label for outcome in outcomes).values())
    event_iou = box_iou(_edges(o.event_box for o in boxed), _edges(o.true_box for o in boxed))
    return Baselines(
        majority_class_accuracy=most_frequent / len(outcomes),
        event_box=_overlap(labels, event_iou),
        constant_box=constant(fitted) if fitted.keys() == tested.keys() else None,
        constant_box_oracle=constant(oracle),
    )
