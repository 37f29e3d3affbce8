"""When a network decides, and what a recording's buffers say together."""

from dataclasses import replace

import numpy as np
import pytest

from helpers.networks import configuration, random_network, random_stimuli, shapes_of, to_spikes
from spikeseg.analysis.decoding.decisions import BufferDecision, buffer_decision, event_time, summarise
from spikeseg.analysis.decoding.segmentation import Conv3Decision
from spikeseg.runners.inference.encoding import open_encoder

CONFIG = configuration(
    input={"rows": 9, "columns": 9, "steps": 4, "flush_steps": 6},
    conv1={"orientations": 1, "kernel": 1, "threshold": 0.01},
    pool1={"window": 1, "stride": 1},
    conv2={"maps": 1, "kernel": [1, 1], "padding": [0, 0]},
    pool2={"window": 1, "stride": 1},
    conv3={"maps": 2, "kernel": [1, 1], "padding": [0, 0]},
)


def test_the_time_of_an_event_that_fires_conv3_at_once_is_the_end_of_its_part():
    """The longest way through the network takes as long as the arithmetic says."""
    random = random_network(CONFIG, 0, "any")
    kernels = {name: np.ones_like(kernel) for name, kernel in random.kernels.items()}
    thresholds = {name: np.full_like(threshold, 0.5) for name, threshold in random.thresholds.items()}
    network = replace(random, kernels=kernels, thresholds=thresholds)
    stimuli = random_stimuli(shapes_of(CONFIG)["input"], 4, 4, 0)[1:]
    with open_encoder(CONFIG, CONFIG.input.size, "numpy") as encoder:
        inputs = to_spikes(stimuli)
        fired = encoder.encode(network, inputs)["conv3"]
    for index in range(inputs.stimuli):
        first_event, first_spike = inputs.of(index)[0].min(), fired.of(index)[0].min()
        assert event_time(int(first_spike), CONFIG.input, 40) == 10 * (first_event + 1)


def test_a_decision_has_the_best_score_of_each_class():
    network = random_network(CONFIG, 0, "any")
    named = network.__class__(**{**network.__dict__, "map_labels": ("Faces", "Faces")})
    said = buffer_decision(named, Conv3Decision(np.array([0.4, 1.5]), (1, 6)), "one", "Motorbikes", 40_000)
    assert said == BufferDecision("one", "Motorbikes", {"Faces": 1.5, "Motorbikes": -np.inf}, "Faces", 20.0)
    assert buffer_decision(named, Conv3Decision(np.array([0.4, 0.5]), None), "one", "Faces", 40_000).first_ms is None


def seen(recording, true, strength, first, ms):
    return BufferDecision(recording, true, dict(zip("ab", strength, strict=True)), first, ms)


def test_a_recording_is_what_its_buffers_say_together():
    decisions = [
        seen("one", "a", (0.5, 0.6), "b", 9.0),
        seen("one", "a", (2.0, 0.2), "a", 3.0),
        seen("two", "b", (0.9, 0.8), None, None),
        seen("two", "b", (0.1, 0.1), None, None),
        seen("two", "b", (0.1, 0.1), "b", 6.0),
    ]
    summary = summarise(decisions)
    assert (summary.recordings, summary.recording_accuracy) == (2, 0.5)
    assert summary.first_spike_accuracy == pytest.approx(2 / 3)
    assert summary.undecided == pytest.approx(0.4)
    assert summary.median_ms == 9.0  # those without a spike count as never
    assert summarise(decisions[2:]).median_ms is None
    assert summarise(decisions[2:4]).first_spike_accuracy is None
