"""When a network decides, and what the buffers of one recording say together (paper, section V: event cameras)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...configs.schema import Input
from ...models.network import LAYERS, TrainedNetwork
from .segmentation import Conv3Decision


@dataclass(frozen=True)
class BufferDecision:
    """What Conv3 said about one buffer.

    Attributes
    ----------
    recording
        Whose buffer it is.
    true_label
        Its class.
    scores
        Per class, the largest score of its maps at the end.
    first_label, first_ms
        Class of the first Conv3 spike, and the events' time that had passed by then; None without a spike.
    """

    recording: str
    true_label: str
    scores: Mapping[str, float]
    first_label: str | None
    first_ms: float | None


@dataclass(frozen=True)
class DecisionSummary:
    """Summary of the verdicts of many buffers.

    Attributes
    ----------
    recordings
        How many there are.
    recording_accuracy
        Fraction whose class has the largest sum of scores over the recording's buffers.
    first_spike_accuracy
        Of the buffers with a Conv3 spike, the fraction whose first one is of the right class; None without any.
    undecided
        Fraction of the buffers without a Conv3 spike.
    median_ms
        Median time of the first Conv3 spike; None where most buffers have none, which count as never.
    """

    recordings: int
    recording_accuracy: float
    first_spike_accuracy: float | None
    undecided: float
    median_ms: float | None


def buffer_decision(
    network: TrainedNetwork, decision: Conv3Decision, recording: str, true_label: str, duration: int
) -> BufferDecision:
    """What a decision says; `duration` of the buffer in microseconds."""
    scores: dict[str, float] = {}
    for label, score in zip(network.map_labels, decision.scores.tolist(), strict=True):
        scores[label] = max(score, scores.get(label, -np.inf))
    if decision.first_spike is None:
        return BufferDecision(recording, true_label, scores, None, None)
    map_, step = decision.first_spike
    return BufferDecision(
        recording, true_label, scores, network.map_labels[map_], event_time(step, network.config.input, duration) / 1000
    )


def event_time(step: int, config: Input, duration: int) -> float:
    """How much of a buffer's events had come when they made Conv3 spike at `step`; in the unit of `duration`.

    A spike crosses one layer per step: Conv3's is due to the inputs up to that many steps before it, the last of which
    is complete at its end.
    """
    return (step - len(LAYERS) + 1) * duration / config.steps


def summarise(verdicts: Sequence[BufferDecision]) -> DecisionSummary:
    """Summarise the verdicts of one or more buffers."""
    sums: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    truth = {}
    for one in verdicts:
        truth[one.recording] = one.true_label
        for label, score in one.scores.items():
            sums[one.recording][label] += score
    right = [max(scores, key=scores.__getitem__) == truth[name] for name, scores in sums.items()]
    decided = [one for one in verdicts if one.first_ms is not None]
    times = [np.inf if one.first_ms is None else one.first_ms for one in verdicts]
    median = float(np.median(times))
    return DecisionSummary(
        recordings=len(right),
        recording_accuracy=float(np.mean(right)),
        first_spike_accuracy=float(np.mean([d.first_label == d.true_label for d in decided])) if decided else None,
        undecided=1 - len(decided) / len(verdicts),
        median_ms=median if np.isfinite(median) else None,
    )
