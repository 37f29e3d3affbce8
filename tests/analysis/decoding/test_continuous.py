"""Decisions in continuous time against the judge: who is decoded, from which spikes, and when."""

from __future__ import annotations

import gc
import tracemalloc
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from helpers import judge
from helpers.networks import configuration, judge_layers, random_network, shapes_of
from spikeseg.analysis.decoding.continuous import EVIDENCE, Memory, Watcher
from spikeseg.analysis.decoding.instances import segment_instances
from spikeseg.analysis.decoding.presence import CONFIDENCE
from spikeseg.models.network import LAYERS, RANKS, Presence

CONFIG = configuration(
    data={"classes": ["Faces", "Motorbikes"]},
    input={"rows": 14, "columns": 17},
    conv1={"orientations": 2, "kernel": 3},
    pool1={"window": 2, "stride": 2},
    conv2={"maps": 3, "kernel": [3, 3], "padding": [1, 1]},
    pool2={"window": 2, "stride": 2},
    conv3={"maps": 3, "kernel": [3, 3], "padding": [1, 1]},
)
SHAPES = shapes_of(CONFIG)
MEMORY = Memory(window=60, hold=25, between=4)
STEPS = 400


def network(seed: int, presence: bool = True):
    rng = np.random.default_rng(seed)
    found = replace(random_network(CONFIG, seed, "tenths"), map_labels=("Faces", "Motorbikes", "Faces"))
    if not presence:
        return found
    weights = rng.integers(-8, 9, found.kernels["conv3"].shape) / 2**20 * 2**18
    ranks = np.sort(rng.integers(-20, 20, (2, RANKS)), axis=1) / 2.0
    return replace(found, presence=Presence(weights, np.array([-1.0, 0.5, 0.0]), ranks))


@cache
def spiking(seed: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Spikes of all layers, as the judge has them for bursts of input."""
    net, rng = network(seed), np.random.default_rng(seed)
    rate = 0.02 * rng.random((STEPS, 1, 1, 1)) * (np.arange(STEPS) % 100 < 60)[:, None, None, None]
    layers = [replace(one, tau=60.0) if isinstance(one, judge.Conv) else one for one in judge_layers(net)]
    activity = judge.Activity(60.0, 0, 100, 0.1)
    inputs = rng.random((STEPS, *SHAPES["input"])) < rate
    found = judge.encode_continuously(inputs, layers, dict.fromkeys(LAYERS, 20), activity)
    return {name: np.nonzero(spikes.reshape(STEPS, -1)) for name, spikes in found.items()}


def cut(spikes, edges):
    for begin, end in zip([0, *edges], [*edges, STEPS], strict=True):
        parts = {name: (step >= begin) & (step < end) for name, (step, _) in spikes.items()}
        part = {name: (step[parts[name]], neuron[parts[name]]) for name, (step, neuron) in spikes.items()}
        yield part, range(begin, end)


def watched(net, spikes, edges=(), memory=MEMORY, instances=False):
    watcher = Watcher(net, SHAPES, memory, instances=instances)
    return [one for part, steps in cut(spikes, edges) for one in watcher.watch(part, steps)]


def last_steps(spikes, name: str, before: int, now: int) -> np.ndarray:
    """The last spike of every neuron before a step, (C, H, W), SILENT where it is older than the window."""
    last = np.full(SHAPES[name].size, judge.SILENT)
    for step, neuron in zip(*spikes[name], strict=True):
        if now - MEMORY.window <= step < before:
            last[neuron] = step
    return last.reshape(SHAPES[name])


def judged_readout(net, spikes, now: int) -> np.ndarray:
    """Readouts of all maps and places, with their offsets."""
    fired = last_steps(spikes, "pool2", now, now) != judge.SILENT
    field = np.zeros(SHAPES["conv3"])
    judge.arrive(np.argwhere(fired), field, net.presence.weights, net.config.conv3.padding)
    return field + net.presence.offsets[:, None, None]


def test_each_decision_is_what_the_judge_decodes():
    decided = 0
    for seed in range(4):
        net, spikes = network(seed), spiking(seed)
        for now, answer in watched(net, spikes):
            readout = judged_readout(net, spikes, now)
            margins = answer.decision.margins
            np.testing.assert_array_equal(margins, readout.max(axis=(1, 2)))
            seed_neuron = (answer.map, *answer.place)
            steps = {name: last_steps(spikes, name, now, now) for name in ("input", *LAYERS[:-1])}
            conv3 = last_steps(spikes, "conv3", now + 1, now)
            fired = (conv3 != judge.SILENT).any(axis=(1, 2))
            assert fired[answer.map]
            assert answer.presence >= CONFIDENCE
            assert margins[answer.map] >= 0 or margins[answer.map] == margins[fired].max()
            assert readout[seed_neuron] == readout[answer.map].max()
            thresholds = {"conv1": 0.05, "conv2": 0.5, "conv3": 0.5}
            steps["conv3"] = conv3
            decoded = judge.decode(steps, judge_layers(net), {seed_neuron: now}, "causal", thresholds)
            np.testing.assert_array_equal(answer.mask, decoded.active["input"].any(axis=0))
            decided += answer.mask.any()
    assert decided > 10


def test_decisions_come_with_conv3_spikes_and_a_class_waits():
    spikes = spiking(7)
    decisions = watched(network(7), spikes)
    assert {now for now, _ in decisions} <= set(spikes["conv3"][0].tolist())
    for label in ("Faces", "Motorbikes"):
        times = [now for now, answer in decisions if answer.label == label]
        assert len(times) > 2
        assert np.diff(times).min() >= MEMORY.hold


def test_it_does_not_matter_how_spikes_are_cut():
    net, spikes = network(2), spiking(2)
    whole = watched(net, spikes)
    for edges in ((200,), (1, 2, 50, 399), tuple(range(1, STEPS))):
        parts = watched(net, spikes, edges)
        for (now, found), (then, expected) in zip(parts, whole, strict=True):
            assert (now, found.label, found.place) == (then, expected.label, expected.place)
            np.testing.assert_array_equal(found.mask, expected.mask)


def test_without_readouts_a_conv3_spike_is_a_decision():
    spikes = spiking(3)
    decisions = watched(network(3, presence=False), spikes)
    assert decisions[0][0] == spikes["conv3"][0][0]
    for _, answer in decisions:
        assert answer.presence is None
        assert answer.is_present()


OBJECTS = Memory(window=60, hold=25, between=25)


@pytest.mark.parametrize("edges", [(), (37, 38, 151, 275), (25, 50, 300)])
def test_objects_are_looked_for_at_regular_times_however_spikes_are_cut(edges):
    net, spikes = network(2, presence=False), spiking(2)
    found = watched(net, spikes, edges, OBJECTS, instances=True)
    assert len({now for now, _ in found}) > 5
    expected = []
    for now in range(0, STEPS, OBJECTS.between):
        last = {name: last_steps(spikes, name, now + (name == "conv3"), now) for name in spikes}
        since = now - OBJECTS.window
        steps = {name: np.where(step == judge.SILENT, judge.SILENT, step - since) for name, step in last.items()}
        steps["conv3"] = np.full(SHAPES["conv3"], OBJECTS.window)
        expected += [(now, one.segmentation) for one in segment_instances(net, steps, OBJECTS.window + 1, EVIDENCE)]
    assert [(now, one.label, one.box, one.mask.tobytes()) for now, one in found] == [
        (now, one.label, one.box, one.mask.tobytes()) for now, one in expected
    ]


def test_memory_does_not_grow_with_the_stream():
    spikes, watcher, kept = spiking(2), Watcher(network(2), SHAPES, MEMORY), []
    tracemalloc.start()
    try:
        for number in range(16):
            later = {name: (step + number * STEPS, neuron) for name, (step, neuron) in spikes.items()}
            assert sum(1 for _ in watcher.watch(later, range(number * STEPS, (number + 1) * STEPS))) > 0
            if number in (3, 15):
                gc.collect()
                kept.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    seen = 12 * sum(step.nbytes + neuron.nbytes for step, neuron in spikes.values())
    assert kept[1] - kept[0] < seen / 10
