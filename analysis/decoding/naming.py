"""What the Conv3 maps stand for, read off the training stimuli."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from spikeseg.errors import SpikeSegError

from ...models.network import UNNAMED, TrainedNetwork


def name_maps(
    scores: np.ndarray, labels: Sequence[str], classes: Sequence[str], purity: float = 0.0
) -> tuple[str, ...]:
    """What each Conv3 map stands for: the class of most of the training stimuli that it answers.

    Only training labels are used, and only here. A map that answers none is `UNNAMED`, and so is one whose class is
    not that of at least the fraction `purity` of them: it has learned what classes have in common.

    Parameters
    ----------
    scores
        Largest potential over threshold, (stimuli, maps); the largest of a stimulus answers it.
    labels
        Of the stimuli.
    classes
        All there are.

    Raises
    ------
    SpikeSegError
        Fewer maps have a name than there are classes: thresholds start too high, or there are too few stimuli.
    """
    answers, maps = np.argmax(scores, axis=1), scores.shape[1]
    truth = np.array([classes.index(label) for label in labels])
    won = [np.bincount(truth[answers == number], minlength=len(classes)) for number in range(maps)]
    clear = [count.any() and count.max() >= purity * count.sum() for count in won]
    if sum(clear) < len(classes):
        what = f"answer to one class in {purity:.0%} of the cases" if purity else "answer to anything"
        raise SpikeSegError(
            f"only {sum(clear)} of the {maps} maps of conv3 {what}, fewer than the {len(classes)} classes: "
            "lower conv3.learning.threshold_start, or raise its stimuli"
        )
    return tuple(classes[int(np.argmax(count))] if one else UNNAMED for count, one in zip(won, clear, strict=True))


def named(network: TrainedNetwork, names: tuple[str, ...]) -> TrainedNetwork:
    """The network whose Conv3 maps have these names; unnamed ones are silenced: their thresholds are out of reach."""
    silent = np.array(names) == UNNAMED
    conv3 = np.where(silent, np.inf, network.thresholds["conv3"])
    return replace(network, thresholds={**network.thresholds, "conv3": conv3}, map_labels=names)
