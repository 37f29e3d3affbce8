"""Small networks, layers that learn, windows and stimuli, mostly random, and what the judge makes of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

import numpy as np
from hypothesis import Phase, reject, settings
from hypothesis import strategies as st

from helpers import judge
from spikeseg.configs import Config, layer_shapes, load, validate
from spikeseg.configs.schema import Conv, Gabor, Learning, Neurons, Plasticity
from spikeseg.errors import SpikeSegError
from spikeseg.models.geometry import Window
from spikeseg.models.network import CONV_LAYERS, LAYERS, TrainedNetwork
from spikeseg.spikes import Shape, Spikes

SILENT = judge.SILENT

MULTIPLICATIVE = Plasticity()
CLASSES = 2  # that labels tell apart where a rule is supervised

many = settings(max_examples=100, derandomize=True)
few = settings(many, max_examples=8, phases=[Phase.generate])  # of what takes a good part of a second each

seeds = st.integers(0, 2**32 - 1)


def configuration(**sections: Mapping) -> Config:
    """The shipped configuration with some keys of some sections replaced."""
    content = load("dog-caltech").model_dump(mode="json")
    for name, keys in sections.items():
        content[name] |= keys
    return validate(content, "test")


taus = st.one_of(st.none(), st.floats(0.01, 100.0))  # milliseconds; half of the layers do not leak


@st.composite
def configurations(draw) -> Config:
    """Of networks that are small, mostly not square, and cut off by the end of the stimulus now and then."""

    def whole(low: int, high: int) -> int:
        return draw(st.integers(low, high))

    def conv() -> dict:
        sizes = {"kernel": [whole(1, 3), whole(1, 3)], "padding": [whole(0, 2), whole(0, 2)]}
        return {"maps": whole(1, 3), "tau_ms": draw(taus), **sizes}

    def pool() -> dict:
        window = whole(1, 3)
        return {"window": window, "stride": whole(1, window)}

    try:
        return configuration(
            data={"classes": ["Faces"]},  # which one map of Conv3 is enough for
            input={
                "rows": whole(4, 8),
                "columns": whole(4, 8),
                "polarity": draw(st.sampled_from(["merged", "split"])),
                "steps": whole(2, 5),
                "flush_steps": whole(3, 8),
                "threshold_variation": draw(st.sampled_from([0, 0.05, 0.5])),
            },
            conv1={"orientations": whole(1, 3), "kernel": draw(st.sampled_from([1, 3])), "tau_ms": draw(taus)},
            pool1=pool(),
            conv2=conv(),
            pool2=pool(),
            conv3=conv(),
        )
    except SpikeSegError:  # a window that does not fit
        reject()


ENCODERS = {
    "overlapping pools": configuration(
        input={
            "rows": 13,
            "columns": 10,
            "polarity": "split",
            "steps": 4,
            "flush_steps": 6,
            "threshold_variation": 0.5,
        },
        conv1={"orientations": 2, "kernel": 3},
        pool1={"window": 3, "stride": 2},
        conv2={"maps": 3, "kernel": [2, 3], "padding": [0, 1]},
        pool2={"window": 3, "stride": 1},
        conv3={"maps": 2, "kernel": [3, 2], "padding": [1, 0]},
    ),
    "leaky": configuration(
        input={"rows": 13, "columns": 10, "polarity": "split", "steps": 8, "flush_steps": 6},
        conv1={"orientations": 2, "kernel": 3, "tau_ms": 1.1},
        pool1={"window": 3, "stride": 2},
        conv2={"maps": 3, "kernel": [2, 3], "padding": [0, 1], "tau_ms": 10.0},
        pool2={"window": 3, "stride": 1},
        conv3={"maps": 2, "kernel": [3, 2], "padding": [1, 0], "tau_ms": 30.0},
    ),
    "kernels larger than their layers": configuration(
        input={"rows": 9, "columns": 14, "polarity": "merged", "steps": 10, "flush_steps": 3},
        conv1={"orientations": 3, "kernel": 5},
        pool1={"window": 2, "stride": 2},
        conv2={"maps": 2, "kernel": [7, 3], "padding": [4, 1]},
        pool2={"window": 4, "stride": 3},
        conv3={"maps": 3, "kernel": [5, 5], "padding": [2, 3]},
    ),
}


def learning_layer(maps=2, kernel=(2, 3), padding=(0, 0), **learning) -> Conv:
    """Weights are all 0.5 unless told otherwise: then maps and places tie until the first winner has learned."""
    defaults = {
        "weight_mean": 0.5,
        "weight_std": 0.0,
        "a_plus": 0.0625,
        "a_minus_ratio": 0.5,
        "doubling": 4,
        "a_plus_max": 0.4,
        "winners": 1,
        "inhibition_radius": 0,
        "threshold_start": 2.0,
        "homeostasis": 0.02,
        "threshold_silent": 0.1,
        "stimuli": 20,
        "convergence": 1e-6,
    }
    return Conv(maps=maps, kernel=kernel, padding=padding, learning=Learning(**defaults | learning))


layer_shape = st.builds(Shape, st.integers(1, 3), st.integers(1, 4), st.integers(1, 5))


@st.composite
def windows(draw) -> Window:
    """Of all sorts: strides that skip sources, kernels with gaps, targets that see nothing but padding."""
    source, target, depthwise = draw(layer_shape), draw(layer_shape), draw(st.booleans())
    return Window(
        source,
        target._replace(features=source.features) if depthwise else target,
        kernel=(draw(st.integers(1, 4)), draw(st.integers(1, 4))),
        padding=(draw(st.integers(0, 3)), draw(st.integers(0, 3))),
        stride=draw(st.integers(1, 3)),
        depthwise=depthwise,
        dilation=draw(st.integers(1, 3)),
    )


def neurons(shape: Shape) -> Iterator[tuple[int, tuple[int, ...]]]:
    """(flat index, (feature, row, column)) of every neuron of a layer."""
    return enumerate(product(*map(range, shape)))


def connected(window: Window) -> list[tuple[int, int, int]]:
    """(source, target, weight) of the pairs of neurons that a window connects, by its definition, sorted."""
    weights = np.arange(window.weights).reshape(window.kernel_shape)
    found = []
    for (source, (c, y, x)), (target, (m, oy, ox)) in product(neurons(window.source), neurons(window.target)):
        i, off_row = divmod(y - (oy * window.stride - window.padding[0]), window.dilation)
        j, off_column = divmod(x - (ox * window.stride - window.padding[1]), window.dilation)
        own = (c == m or not window.depthwise) and off_row == off_column == 0
        if own and 0 <= i < window.kernel[0] and 0 <= j < window.kernel[1]:
            found.append((source, target, int(weights[m, 0 if window.depthwise else c, i, j])))
    return found


KINDS = ("whole", "tenths", "real")  # of weights and thresholds: exact ties, ties but for rounding, none


def random_weights(rng: np.random.Generator, shape: tuple[int, ...], kind: str) -> np.ndarray:
    """Weights of one of `KINDS`, some of them negative."""
    match kind:
        case "whole":
            return rng.integers(-1, 4, shape).astype(float)
        case "tenths":
            return rng.integers(-2, 8, shape) / 10
        case _:
            return rng.normal(0.3, 0.4, shape)


def random_thresholds(rng: np.random.Generator, maps: int, kind: str) -> np.ndarray:
    """Thresholds that weights of this kind reach sooner or later."""
    match kind:
        case "tenths":
            return rng.integers(3, 12, maps) / 10
        case "real":
            return rng.uniform(0.2, 1.2, maps)
        case _:
            return rng.integers(1, 6, maps).astype(float)


def random_network(config: Config, seed: int, kind: str) -> TrainedNetwork:
    """A network whose thresholds follow the number of events, from none to all inputs."""
    rng = np.random.default_rng(seed)
    shapes = shapes_of(config)
    kernels, thresholds = {}, {}
    for layer, below in zip(CONV_LAYERS, ("input", "pool1", "pool2"), strict=True):
        size = (config.conv1.kernel,) * 2 if layer == "conv1" else getattr(config, layer).kernel
        kernels[layer] = random_weights(rng, (shapes[layer].features, shapes[below].features, *size), kind)
        thresholds[layer] = random_thresholds(rng, shapes[layer].features, kind)
    return TrainedNetwork(config, kernels, thresholds, event_range=(0, shapes["input"].size))


def random_stimuli(shape: Shape, stimuli: int, steps: int, seed: int) -> np.ndarray:
    """Spike steps (stimuli, C, H, W): the first stimulus is empty, the second full, the others in between."""
    rng = np.random.default_rng(seed)
    share = np.concatenate([[0, 1], rng.random(stimuli)])[:stimuli].reshape(-1, 1, 1, 1)
    fires = rng.random((stimuli, *shape)) < share
    return np.where(fires, rng.integers(0, steps, fires.shape), SILENT)


def to_spikes(steps: np.ndarray) -> Spikes:
    """Spike steps (stimuli, C, H, W) as the package's container."""
    stimuli, *sizes = steps.shape
    shape = Shape(*sizes)
    flat = steps.reshape(stimuli, shape.size)
    stimulus, neuron = np.nonzero(flat != SILENT)
    return Spikes.collect(shape, stimuli, stimulus, flat[stimulus, neuron], neuron)


def shapes_of(config: Config) -> dict[str, Shape]:
    """Shapes of all layers for the configuration's own size."""
    return layer_shapes(config, config.input.size)


def judge_layers(network: TrainedNetwork) -> list[judge.Conv | judge.Pool]:
    """The network as the judge takes it."""
    config, kernels, thresholds = network.config, network.kernels, network.thresholds
    padding = {"conv1": (config.conv1.padding,) * 2, "conv2": config.conv2.padding, "conv3": config.conv3.padding}
    layers = []
    for name in LAYERS:
        section = getattr(config, name)
        if name in CONV_LAYERS:
            competes = name != "conv3"
            tau = judge_tau(section, config.input.dt_ms)
            cell = judge_cell(config.neurons.of(name), config.input.dt_ms * 1e-3)
            layers.append(judge.Conv(name, kernels[name], padding[name], thresholds[name], competes, tau, cell))
        else:
            layers.append(judge.Pool(name, section.window, section.stride))
    return layers


def judge_tau(layer: Conv | Gabor, dt_ms: float) -> float:
    """The time constant of a layer in steps."""
    return np.inf if layer.tau_ms is None else layer.tau_ms / dt_ms


def judge_cell(neurons: Neurons, dt: float) -> judge.Cell | None:
    """A bundled neuron model, as the judge takes it, for steps of `dt` seconds; None for the default."""
    values = neurons.values
    match neurons.model:
        case "leaky":
            return judge.Cell(left=judge.one_step(values["tau_ms"] * 1e-3 / dt))
        case "adaptive":
            return judge.Cell(rate=dt / (values["tau_ms"] * 1e-3), slope=values["alpha"])
        case "alif":
            left = judge.one_step(values["tau_ms"] * 1e-3 / dt), judge.one_step(values["tau_threshold_ms"] * 1e-3 / dt)
            return judge.Cell(left=left[0], fades=left[1], beta=values["beta"])
        case "quadratic":
            return judge.Cell(rate=dt / (values["tau_ms"] * 1e-3), peak=values["peak"])
    return None


def judge_rule(conv: Conv, plasticity: Plasticity = MULTIPLICATIVE, dt_ms: float = 1.0) -> judge.Rule:
    """How a layer learns, as the judge takes it; of the bundled rules."""
    learning, values = conv.learning, plasticity.values
    reward = judge.Reward(CLASSES, **values) if plasticity.rule == "reward" else None
    traces = None
    if plasticity.rule in ("pair", "triplet"):
        taus = {key.removesuffix("_ms"): value / dt_ms for key, value in values.items() if "tau" in key}
        traces = judge.Traces(**taus, **{key: value for key, value in values.items() if "tau" not in key})
    return judge.Rule(
        a_plus=learning.a_plus,
        a_minus_ratio=learning.a_minus_ratio,
        doubling=learning.doubling,
        a_plus_max=learning.a_plus_max,
        winners=learning.winners,
        inhibition_radius=learning.inhibition_radius,
        threshold_rise=learning.homeostasis,
        threshold_fall=learning.homeostasis / conv.maps,
        threshold_silent=learning.threshold_silent,
        additive=plasticity.rule == "additive",
        traces=traces,
        reward=reward,
    )


def judged(network: TrainedNetwork, stimuli: np.ndarray) -> dict[str, np.ndarray]:
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
