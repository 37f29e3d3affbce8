"""When a network decides (paper, VI.B), and which class the buffers of one recording add up to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...configs.inputs import Input
from ...models.network import LAYERS, TrainedNetwork
from .naming import largest_by_class
from .segmentation import Conv3Decision


@dataclass(frozen=True)
class BufferDecision:
    """What Conv3 decided about one buffer.

    Attributes
    ----------
    recording
        Name of the recording that the buffer belongs to.
    true_label
        Class of the recording.
    strength
        Per class, the largest margin of its maps, or score without readouts (docs/model.md, rules 8 and 13).
    first_label, first_ms
        Class of the first Conv3 spike and its latency: milliseconds of events that were needed, see `event_time`.
        Both are None where Conv3 did not spike.
    """

    recording: str
    true_label: str
    strength: Mapping[str, float]
    first_label: str | None
    first_ms: float | None


@dataclass(frozen=True)
class DecisionSummary:
    """Summary of the decisions about many buffers.

    Attributes
    ----------
    recordings
        Number of recordings.
    recording_accuracy
        Fraction of the recordings whose true class has the largest strength, summed over the recording's buffers.
    first_spike_accuracy
        Among buffers with a Conv3 spike, the fraction whose first spike is of the true class; None if no buffer has
        a spike.
    undecided
        Fraction of the buffers without a Conv3 spike.
    median_ms
        Median latency of the first Conv3 spike over all buffers, in milliseconds. A buffer without a spike counts as
        infinitely late; where that makes the median infinite, it is None.
    """

    recordings: int
    recording_accuracy: float
    first_spike_accuracy: float | None
    undecided: float
    median_ms: float | None


def buffer_decision(
    network: TrainedNetwork, decision: Conv3Decision, recording: str, true_label: str, duration: int
) -> BufferDecision:
    """Describe a decision by class instead of by map.

    Parameters
    ----------
    network
        A trained network whose maps have names.
    decision
        What Conv3 decided about the buffer.
    recording, true_label
        The recording that the buffer belongs to, and its class.
    duration
        Duration of the buffer in microseconds.
    """
    strength = largest_by_class(network, decision.strength)
    if decision.first_spike is None:
        return BufferDecision(recording, true_label, strength, None, None)
    map_, step = decision.first_spike
    needed_ms = event_time(step, network.config.input, duration) / 1000
    return BufferDecision(recording, true_label, strength, network.map_labels[map_], needed_ms)


def event_time(step: int, config: Input, duration: int) -> float:
    """Time from the start of a buffer to the last event that a Conv3 spike at `step` can depend on.

    A spike crosses one layer per step, so a Conv3 spike depends on input that is as many steps older as there are
    layers. The last of these input steps is complete when it ends.

    Parameters
    ----------
    step
        Step of the Conv3 spike within the stimulus.
    config
        The input section of the configuration.
    duration
        Duration of the buffer, in any unit.

    Returns
    -------
    The time, in the unit of `duration`.
    """
    return (step - len(LAYERS) + 1) * duration / config.steps


def summarise(decisions: Sequence[BufferDecision]) -> DecisionSummary:
    """Summarise the decisions about one or more buffers."""
    sums: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    truth = {}
    for one in decisions:
        truth[one.recording] = one.true_label
        for label, strength in one.strength.items():
            sums[one.recording][label] += strength
    right = [max(scores, key=scores.__getitem__) == truth[name] for name, scores in sums.items()]
    decided = [one for one in decisions if one.first_ms is not None]
    times = [np.inf if one.first_ms is None else one.first_ms for one in decisions]
    median = float(np.median(times))
    return DecisionSummary(
        recordings=len(right),
        recording_accuracy=float(np.mean(right)),
        first_spike_accuracy=float(np.mean([d.first_label == d.true_label for d in decided])) if decided else None,
        undecided=1 - len(decided) / len(decisions),
        median_ms=median if np.isfinite(median) else None,
    )
