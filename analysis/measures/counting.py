"""How well objects are counted and found: how often their number is right, and how well each is segmented."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spikeseg.boxes import Box, box_iou, mask_iou
from spikeseg.errors import SpikeSegError

from ...datasets.sample import Target
from ..decoding.segmentation import Segmentation

FOUND = 0.5  # an object counts as found if the IoU of the boxes is at least this (paper, VI)

_NOWHERE = Box(0, 0, 0, 0)


@dataclass(frozen=True)
class Match:
    """One object, and the predicted instance that was assigned to it, if any.

    Attributes
    ----------
    scene
        Name of the picture.
    label, box
        The object's class, and its box in pixels of the picture; the box is None where it is not annotated.
    predicted_label, predicted_box
        Class and box of the instance; None for an object without an instance.
    iou, pixel_iou
        IoU of the boxes and of the pixels; 0 without an instance. `pixel_iou` is None where the object's pixels are
        not annotated.
    """

    scene: str
    label: str
    box: Box | None
    predicted_label: str | None
    predicted_box: Box | None
    iou: float
    pixel_iou: float | None

    @property
    def right(self) -> bool:
        """Whether the object was found with its class."""
        return self.iou >= FOUND and self.predicted_label == self.label


@dataclass(frozen=True)
class CountedScene:
    """A picture: its objects with their assigned instances, and the number of all predicted instances."""

    matches: tuple[Match, ...]
    instances: int


@dataclass(frozen=True)
class CountReport:
    """Summary of a set of scenes.

    Attributes
    ----------
    scenes, objects
        Number of scenes, and of objects in them.
    count_accuracy
        Fraction of the scenes with as many instances as objects.
    counts
        ``counts[objects][instances]``: number of scenes.
    all_right
        Fraction of all scenes in which the count is right and every object was found with its class.
    found
        Fraction of the objects with an annotated box whose instance has a box with an IoU of at least 0.5; None
        without annotated boxes.
    label_accuracy
        Fraction of the objects with an instance whose instance has their class; None if no object has an instance.
    miou, miou_assigned
        Mean IoU of boxes over all objects with an annotated box, where an object without an instance counts as 0; and
        over the objects with an instance only.
    pixel_iou
        Mean IoU of pixels over the objects with annotated pixels; None without any.
    """

    scenes: int
    objects: int
    count_accuracy: float
    counts: dict[str, dict[str, int]]
    all_right: float
    found: float | None
    label_accuracy: float | None
    miou: float | None
    miou_assigned: float | None
    pixel_iou: float | None


def assign(name: str, targets: Sequence[Target], segmentations: Sequence[Segmentation]) -> CountedScene:
    """Assign at most one instance to every object, so that the sum of the boxes' IoU is largest (Hungarian method).

    An instance whose box does not overlap an object's is not assigned to it. Classes play no part in the assignment.

    Parameters
    ----------
    name
        Name of the picture.
    targets
        The annotated objects.
    segmentations
        One per predicted instance, in pixels of the picture.
    """
    from scipy.optimize import linear_sum_assignment  # slow to import, and most evaluations count nothing

    boxes = [found.box or _NOWHERE for found in segmentations]
    true = [target.box or _NOWHERE for target in targets]
    iou = box_iou(np.reshape(true, (-1, 1, 4)), np.reshape(boxes, (1, -1, 4)))
    pairs = zip(*linear_sum_assignment(iou, maximize=True), strict=True)
    assigned = {int(target): int(instance) for target, instance in pairs if iou[target, instance] > 0}
    matches = []
    for number, target in enumerate(targets):
        found = segmentations[assigned[number]] if number in assigned else None
        pixels = None
        if target.mask is not None:
            pixels = mask_iou(found.mask, target.mask) if found else 0.0
        overlap = float(iou[number, assigned[number]]) if found else 0.0
        label, box = (found.label, found.box) if found else (None, None)
        matches.append(Match(name, target.label, target.box, label, box, overlap, pixels))
    return CountedScene(tuple(matches), len(segmentations))


def count_report(scenes: Sequence[CountedScene]) -> CountReport:
    """Summarise a set of scenes.

    Raises
    ------
    SpikeSegError
        There are no scenes.
    """
    if not scenes:
        raise SpikeSegError("no scenes to evaluate: the set is empty")
    matches = [match for scene in scenes for match in scene.matches]
    assigned = [match for match in matches if match.predicted_label is not None]
    right = [len(scene.matches) == scene.instances for scene in scenes]
    all_right = [ok and all(match.right for match in scene.matches) for ok, scene in zip(right, scenes, strict=True)]
    table = Counter((len(scene.matches), scene.instances) for scene in scenes)
    objects, instances = (sorted(set(numbers)) for numbers in zip(*table, strict=True))
    return CountReport(
        scenes=len(scenes),
        objects=len(matches),
        count_accuracy=float(np.mean(right)),
        counts={str(true): {str(n): table[true, n] for n in instances} for true in objects},
        all_right=float(np.mean(all_right)),
        found=_mean([match.iou >= FOUND for match in matches if match.box is not None]),
        label_accuracy=_mean([match.predicted_label == match.label for match in assigned]),
        miou=_mean([match.iou for match in matches if match.box is not None]),
        miou_assigned=_mean([match.iou for match in assigned]),
        pixel_iou=_mean([match.pixel_iou for match in matches if match.pixel_iou is not None]),
    )


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
