"""What a network depends on, as plain data: equal designs build equal networks, in whatever process.

A design is made without Brian2, which is imported where it is built. Its `repr` names a compiled program, so it holds
all that its builder reads, and nothing else: seeds, kernels and thresholds are given to a run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from spikeseg.spikes import Shape

from ..configs.geometry import layer_shapes
from ..configs.neurons.neuron import NeuronModel
from ..configs.plasticity.rule import Rule
from ..configs.schema import Config, Conv

Pair = tuple[int, int]

STEP_US = 100
"""Of the continuous encoder, in microseconds."""


class SelfBuilding(Protocol):
    """A design that brings its own builder, as those of tests and benchmarks do."""

    def build(self) -> Any:
        """Build a `Model` with Brian2, for its active device."""
        ...


@dataclass(frozen=True)
class EncoderDesign:
    """An encoder.

    Attributes
    ----------
    shapes
        Sizes of ``input, conv1, pool1, conv2, pool2, conv3``.
    convolutions
        Kernel and padding of ``conv1, conv2, conv3``, rows and columns.
    poolings
        Window and stride of ``pool1, pool2``.
    taus
        Time constants of ``conv1, conv2, conv3`` in seconds; None without leak.
    models
        Neuron models of ``conv1, conv2, conv3``, without the values of their parameters; None for the default.
    input_steps, total_steps
        Steps in which a stimulus has input, and all of its steps.
    dt
        Duration of a step in seconds.
    capacity
        Largest number of stimuli in one run.
    """

    shapes: dict[str, Shape]
    convolutions: dict[str, tuple[Pair, Pair]]
    poolings: dict[str, Pair]
    taus: dict[str, float | None]
    models: dict[str, NeuronModel | None]
    input_steps: int
    total_steps: int
    dt: float
    capacity: int

    @classmethod
    def of(cls, config: Config, size: Pair, capacity: int) -> EncoderDesign:
        """Design the encoder of a configuration, for stimuli of `size` (rows, columns).

        Raises
        ------
        ValueError
            The stimuli are smaller than a layer's kernel or window.
        """
        gabor = config.conv1
        convolutions = {"conv1": ((gabor.kernel, gabor.kernel), (gabor.padding, gabor.padding))}
        convolutions |= {name: _convolution(conv) for name, conv in (("conv2", config.conv2), ("conv3", config.conv3))}
        poolings = {
            name: (pool.window, pool.stride) for name, pool in (("pool1", config.pool1), ("pool2", config.pool2))
        }
        layers = {"conv1": gabor, "conv2": config.conv2, "conv3": config.conv3}
        taus = {name: _seconds(layer.tau_ms) for name, layer in layers.items()}
        models = {name: config.neurons.of(name).neuron_model for name in layers}
        times = config.input.steps, config.input.total_steps, config.input.dt_ms * 1e-3
        return cls(layer_shapes(config, size), convolutions, poolings, taus, models, *times, capacity)


class Teaching(NamedTuple):
    """What a supervised rule learns from.

    Attributes
    ----------
    classes
        Number of classes that a label may be.
    stimuli
        Largest number of stimuli in one run.
    """

    classes: int
    stimuli: int


@dataclass(frozen=True)
class LearnerDesign:
    """The network in which one layer learns.

    Attributes
    ----------
    below
        Size of the layer below, without padding.
    maps
        Number of maps that learn.
    kernel, padding
        Of the layer, rows and columns.
    winners
        Winners per stimulus.
    inhibition_radius
        Distance within which a winner silences the other maps.
    tau
        Time constant in seconds; None without leak.
    model
        Neuron model, without the values of its parameters; None for the default.
    input_steps
        Steps in which a stimulus has input.
    dt
        Duration of a step in seconds.
    rule
        The learning rule, without the values of its parameters.
    teaching
        For a supervised rule; None for others.
    """

    below: Shape
    maps: int
    kernel: Pair
    padding: Pair
    winners: int
    inhibition_radius: int
    tau: float | None
    model: NeuronModel | None
    input_steps: int
    dt: float
    rule: Rule
    teaching: Teaching | None = None

    @classmethod
    def of(
        cls,
        conv: Conv,
        below: Shape,
        input_steps: int,
        dt: float,
        rule: Rule,
        model: NeuronModel | None = None,
        classes: int | None = None,
    ) -> LearnerDesign:
        """Design the learning network of a configuration's layer; a supervised rule needs the number of classes.

        Raises
        ------
        ValueError
            The rule is supervised and there is no number, or it is not and there is one.
        """
        if rule.supervised != (classes is not None):
            raise ValueError("the number of classes belongs to a supervised rule, and only to one")
        kernel, padding = _convolution(conv)
        learning = conv.learning
        competition = learning.winners, learning.inhibition_radius
        neurons = _seconds(conv.tau_ms), model
        teaching = None if classes is None else Teaching(classes, learning.chunk)
        return cls(below, conv.maps, kernel, padding, *competition, *neurons, input_steps, dt, rule, teaching)


@dataclass(frozen=True)
class Timing:
    """Times of an encoder in continuous time, in milliseconds unless said otherwise.

    Attributes
    ----------
    tau_ms
        Time constants of ``conv1, conv2, conv3``.
    refractory_ms
        Refractory times of ``input, conv1, pool1, conv2, pool2, conv3``.
    window_ms
        Time constant with which input spikes are counted for the adaptive thresholds.
    dt_us
        Duration of a step in microseconds.
    """

    tau_ms: dict[str, float]
    refractory_ms: dict[str, float]
    window_ms: float
    dt_us: int = STEP_US

    def steps(self, ms: float) -> float:
        """How many steps a time in milliseconds takes."""
        return 1000 * ms / self.dt_us

    def refractory_steps(self, layer: str) -> int:
        """Refractory time of a layer in whole steps, 1 at least."""
        return max(round(self.steps(self.refractory_ms[layer])), 1)


@dataclass(frozen=True)
class ContinuousDesign:
    """An encoder in continuous time: nothing is reset between stimuli, for there are none.

    Attributes
    ----------
    shapes, convolutions, poolings
        As of `EncoderDesign`.
    taus
        Time constants of ``conv1, conv2, conv3`` in steps, for neurons of the default.
    models
        As of `EncoderDesign`.
    refractory
        Refractory time of each layer above the input in steps.
    window
        Time constant in steps with which input spikes are counted for the adaptive thresholds.
    dt
        Duration of a step in seconds.
    """

    shapes: dict[str, Shape]
    convolutions: dict[str, tuple[Pair, Pair]]
    poolings: dict[str, Pair]
    taus: dict[str, float]
    models: dict[str, NeuronModel | None]
    refractory: dict[str, int]
    window: float
    dt: float

    @classmethod
    def of(cls, config: Config, size: Pair, timing: Timing) -> ContinuousDesign:
        """Design the continuous encoder of a configuration, for an input of `size` (rows, columns).

        Raises
        ------
        ValueError
            The input is smaller than a layer's kernel or window.
        """
        buffered = EncoderDesign.of(config, size, capacity=1)
        taus = {name: timing.steps(tau) for name, tau in timing.tau_ms.items()}
        refractory = {name: timing.refractory_steps(name) for name in timing.refractory_ms if name != "input"}
        layers = buffered.shapes, buffered.convolutions, buffered.poolings
        return cls(*layers, taus, buffered.models, refractory, timing.steps(timing.window_ms), timing.dt_us * 1e-6)


def _convolution(conv: Conv) -> tuple[Pair, Pair]:
    return conv.kernel, conv.padding


def _seconds(tau_ms: float | None) -> float | None:
    return None if tau_ms is None else tau_ms * 1e-3
