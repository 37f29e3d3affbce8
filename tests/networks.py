"""Small random networks and stimuli, and what the judge makes of them."""

from __future__ import annotations

from collections.abc import Mapping

import judge
import numpy as np
from hypothesis import reject, settings
from hypothesis import strategies as st

from spikeseg.configs import Config, layer_shapes, load, validate
from spikeseg.errors import SpikeSegError
from spikeseg.models.network import CONV_LAYERS, LAYERS, Network
from spikeseg.spikes import Shape, Spikes

SILENT = judge.SILENT

few = settings(max_examples=12, deadline=None, derandomize=True)  # of what takes a good part of a second each
many = settings(max_examples=100, deadline=None, derandomize=True)

seeds = st.integers(0, 2**32 - 1)


def configuration(**sections: Mapping) -> Config:
    """The shipped configuration with some keys of some sections replaced."""
    content = load("dog-caltech").model_dump(mode="json")
    for name, keys in sections.items():
        content[name] |= keys
    return validate(content, "test")


@st.composite
def configurations(draw) -> Config:
    """Of networks that are small, mostly not square, and cut off by the end of the stimulus now and then."""

    def whole(low: int, high: int) -> int:
        return draw(st.integers(low, high))

    def conv() -> dict:
        return {"maps": whole(1, 3), "kernel": [whole(1, 3), whole(1, 3)], "padding": [whole(0, 2), whole(0, 2)]}

    def pool() -> dict:
        window = whole(1, 3)
        return {"window": window, "stride": whole(1, window)}

    try:
        return configuration(
            input={
                "rows": whole(4, 8),
                "columns": whole(4, 8),
                "polarity": draw(st.sampled_from(["merged", "split"])),
                "steps": whole(2, 5),
                "flush_steps": whole(3, 8),
                "threshold_variation": draw(st.sampled_from([0, 0.05, 0.5])),
            },
            conv1={"orientations": whole(1, 3), "kernel": whole(1, 4)},
            pool1=pool(),
            conv2=conv(),
            pool2=pool(),
            conv3=conv(),
        )
    except SpikeSegError:  # a window that does not fit
        reject()


# Weights and thresholds: exact ties, ties but for rounding, none, and sums that tell in which order they were added.
KINDS = ("whole", "tenths", "real", "cancelling")


def random_weights(rng: np.random.Generator, shape: tuple[int, ...], kind: str) -> np.ndarray:
    """Weights of one of `KINDS`, some of them negative."""
    match kind:
        case "whole":
            return rng.integers(-1, 4, shape).astype(float)
        case "tenths":
            return rng.integers(-2, 8, shape) / 10
        case "real":
            return rng.normal(0.3, 0.4, shape)
        case _:
            return rng.choice([1.0, 2.0, 2.0**60, -(2.0**60)], shape)


def random_thresholds(rng: np.random.Generator, maps: int, kind: str) -> np.ndarray:
    """Thresholds that weights of this kind reach sooner or later."""
    match kind:
        case "tenths":
            return rng.integers(3, 12, maps) / 10
        case "real":
            return rng.uniform(0.2, 1.2, maps)
        case _:
            return rng.integers(1, 6, maps).astype(float)


def random_network(config: Config, seed: int, kind: str) -> Network:
    """A network whose thresholds follow the number of events, from none to all inputs."""
    rng = np.random.default_rng(seed)
    shapes = shapes_of(config)
    kernels, thresholds = {}, {}
    for layer, below in zip(CONV_LAYERS, ("input", "pool1", "pool2"), strict=True):
        size = (config.conv1.kernel,) * 2 if layer == "conv1" else getattr(config, layer).kernel
        kernels[layer] = random_weights(rng, (shapes[layer].features, shapes[below].features, *size), kind)
        thresholds[layer] = random_thresholds(rng, shapes[layer].features, kind)
    return Network(config, kernels, thresholds, event_range=(0, shapes["input"].size))


def random_stimuli(shape: Shape, stimuli: int, steps: int, seed: int) -> np.ndarray:
    """Spike steps (stimuli, C, H, W): the first stimulus is empty, the second full, the others in between."""
    rng = np.random.default_rng(seed)
    share = np.concatenate([[0, 1], rng.random(stimuli)])[:stimuli].reshape(-1, 1, 1, 1)
    fires = rng.random((stimuli, *shape)) < share
    return np.where(fires, rng.integers(0, steps, fires.shape), SILENT)


def to_spikes(steps: np.ndarray) -> Spikes:
    """Spike steps (stimuli, C, H, W) as the package's container."""
    stimuli, *shape = steps.shape
    flat = steps.reshape(stimuli, -1)
    stimulus, neuron = np.nonzero(flat != SILENT)
    return Spikes.collect(Shape(*shape), stimuli, stimulus, flat[stimulus, neuron], neuron)


def shapes_of(config: Config) -> dict[str, Shape]:
    """Shapes of all layers for the configuration's own size."""
    return layer_shapes(config, (config.input.rows, config.input.columns))


def judge_layers(network: Network) -> list[judge.Conv | judge.Pool]:
    """The network as the judge takes it."""
    config, kernels, thresholds = network.config, network.kernels, network.thresholds
    padding = {"conv1": (config.conv1.padding,) * 2, "conv2": config.conv2.padding, "conv3": config.conv3.padding}
    layers = []
    for name in LAYERS:
        section = getattr(config, name)
        if name in CONV_LAYERS:
            competes = name != "conv3"
            layers.append(judge.Conv(name, kernels[name], padding[name], thresholds[name], competes))
        else:
            layers.append(judge.Pool(name, section.window, section.stride))
    return layers


def judged(network: Network, stimuli: np.ndarray) -> dict[str, np.ndarray]:
    """Spike steps of every layer, (stimuli, C, H, W) each, as the judge would have them."""
    events = (stimuli != SILENT).sum(axis=(1, 2, 3))
    one_by_one = [
        judge.encode(steps, judge_layers(network), network.config.input.total_steps, scale)
        for steps, scale in zip(stimuli, network.threshold_scale(events), strict=True)
    ]
    return {name: np.stack([spikes[name] for spikes in one_by_one]) for name in one_by_one[0]}


def assert_same_spikes(found: Spikes, expected: Spikes) -> None:
    """The same neurons at the same steps of the same stimuli, none twice, none missing."""
    assert (found.shape, found.stimuli) == (expected.shape, expected.stimuli)
    for column in ("stimulus", "step", "neuron"):
        np.testing.assert_array_equal(getattr(found, column), getattr(expected, column), err_msg=column)
