"""Give each Conv3 map the class that it stands for (docs/model.md, rule 12)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from spikeseg.errors import SpikeSegError

from ...models.network import UNNAMED, TrainedNetwork


def name_maps(
    scores: np.ndarray, labels: Sequence[str], classes: Sequence[str], purity: float = 0.0
) -> tuple[str, ...]:
    """Name each Conv3 map after the class of most of the training stimuli that it answers.

    A stimulus is answered by the map with the largest score. A map that answers no stimulus is `UNNAMED`. So is a
    map with less than the fraction `purity` of its answers in one class: it has learned what classes have in common.

    Parameters
    ----------
    scores
        Largest potential over threshold, (stimuli, maps).
    labels
        Class of each training stimulus, (stimuli,). Nothing else in training uses labels.
    classes
        All classes.
    purity
        From 0 to 1.

    Returns
    -------
    A name for each map, (maps,).

    Raises
    ------
    SpikeSegError
        Fewer maps have a name than there are classes: thresholds start too high, or there are too few stimuli.
    """
    answers, maps = np.argmax(scores, axis=1), scores.shape[1]
    truth = np.array([classes.index(label) for label in labels])
    counts = [np.bincount(truth[answers == number], minlength=len(classes)) for number in range(maps)]
    pure = [count.any() and count.max() >= purity * count.sum() for count in counts]
    if sum(pure) < len(classes):
        what = f"answer stimuli of one class in {purity:.0%} of the cases" if purity else "answer any stimulus"
        raise SpikeSegError(
            f"only {sum(pure)} of the {maps} maps of conv3 {what}, fewer than the {len(classes)} classes: "
            "lower conv3.learning.threshold_start, or raise conv3.learning.stimuli"
        )
    return tuple(classes[int(np.argmax(count))] if one else UNNAMED for count, one in zip(counts, pure, strict=True))


def named(network: TrainedNetwork, names: tuple[str, ...]) -> TrainedNetwork:
    """The network with named Conv3 maps. The thresholds of unnamed maps are infinite, so that they stay silent."""
    silent = np.array(names) == UNNAMED
    conv3 = np.where(silent, np.inf, network.thresholds["conv3"])
    return replace(network, thresholds={**network.thresholds, "conv3": conv3}, map_labels=names)


def largest_by_class(network: TrainedNetwork, values: np.ndarray) -> dict[str, float]:
    """The largest value of each class's maps, from one per map, (maps,); -inf for a class that no map stands for."""
    names = np.array(network.map_labels)
    return {label: float(values[names == label].max(initial=-np.inf)) for label in network.config.data.classes}
