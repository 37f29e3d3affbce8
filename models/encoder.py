"""The encoder: Gabor Conv1 - Pool1 - Conv2 - Pool2 - Conv3, every layer recorded (paper, section III.A)."""

from __future__ import annotations

from typing import Any

import numpy as np
from brian2 import (
    Clock,
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    Synapses,
    linked_var,
    second,
)

from spikeseg.spikes import Shape

from ..configs.schema import Config, layer_shapes
from ..equations import adaptation, competition, neurons
from .convolution import connect
from .geometry import Window, neighbourhood, same_place
from .model import Model
from .network import CONV_LAYERS


def build_encoder(config: Config, size: tuple[int, int], capacity: int) -> Model:
    """Build the encoder for stimuli of `size` (rows, columns), at most `capacity` of them in one run.

    Its state: ``<conv layer>.w`` (kernels, flat), ``theta`` (resting thresholds of the maps of Conv1, Conv2 and
    Conv3, one after the other) and ``scale`` (factor on all thresholds, one per stimulus).
    """
    return _Encoder(config, size, capacity).model()


class _Encoder:
    """Collects the objects while layers are added from input to output."""

    def __init__(self, config: Config, size: tuple[int, int], capacity: int):
        self.config = config
        self.shapes = layer_shapes(config, size)
        dt = config.input.dt_ms * 1e-3
        self.steps = config.input.total_steps
        self.clock = Clock(dt * second, name="step")
        self.period = self.steps * dt * second
        self.objects: list[Any] = []
        self.state: dict[str, tuple[Any, str]] = {}
        self.layers: dict[str, Any] = {"input": self._source()}
        self.features = self._features(capacity)
        conv1, conv2, conv3 = config.conv1, config.conv2, config.conv3
        self._conv("conv1", "input", (conv1.kernel,) * 2, (conv1.padding,) * 2, competes=True)
        self._pool("pool1", "conv1", config.pool1)
        self._conv("conv2", "pool1", conv2.kernel, conv2.padding, competes=True)
        self._pool("pool2", "conv2", config.pool2)
        self._conv("conv3", "pool2", conv3.kernel, conv3.padding, competes=False)

    def model(self) -> Model:
        layers = {name: group for name, group in self.layers.items() if name != "input"}
        monitors = {name: SpikeMonitor(group, name=f"{name}_spikes") for name, group in layers.items()}
        network = Network(*self.layers.values(), *self.objects, *monitors.values(), name="encoder")
        dt = self.config.input.dt_ms * 1e-3
        return Model(network, self.layers["input"], monitors, self.shapes, self.state, self.steps, ticks=1, dt=dt)

    def _group(self, size: int, model: str, name: str, **options: Any) -> NeuronGroup:
        return NeuronGroup(size, model, name=name, clock=self.clock, **options)

    def _source(self) -> SpikeGeneratorGroup:
        size = self.shapes["input"].size
        return SpikeGeneratorGroup(size, [0], [0] * second, clock=self.clock, name="input")

    def _features(self, capacity: int) -> NeuronGroup:
        """One neuron per feature map holds its threshold; stimulus neurons scale it (paper, IV.B)."""
        maps = sum(self.shapes[name].features for name in CONV_LAYERS)
        features = self._group(maps, adaptation.FEATURE, "features")
        stimuli = self._group(capacity, adaptation.STIMULUS, "stimuli", threshold=adaptation.STIMULUS_ONSET, reset="")
        features.theta = np.inf  # nothing fires before the first stimulus
        stimuli.period = self.period
        stimuli.scale = 1
        scaling = Synapses(stimuli, features, on_pre=adaptation.FEATURE_SCALE, name="threshold_scaling")
        pre, post = np.divmod(np.arange(capacity * maps), maps)
        scaling.connect(i=pre, j=post)
        self.objects += [features, stimuli, scaling]
        self.state["theta"] = (features, "resting")
        self.state["scale"] = (stimuli, "scale")
        return features

    def _first_feature(self, layer: str) -> int:
        """Index in `features` of a layer's first map."""
        before = CONV_LAYERS[: CONV_LAYERS.index(layer)]
        return sum(self.shapes[name].features for name in before)

    def _forward(self, name: str, below: str, window: Window, statement: str, kernel=None) -> None:
        source, target = self.layers[below], self.layers[name]
        target.run_regularly(neurons.NEW_STIMULUS, dt=self.period, when="start", name=f"{name}_new_stimulus")
        self.objects.append(connect(source, target, window, statement, name=f"{name}_forward", kernel=kernel))

    def _pool(self, name: str, below: str, layer) -> None:
        shape = self.shapes[name]
        self.layers[name] = self._group(
            shape.size, neurons.POOL, name, threshold=neurons.POOL_THRESHOLD, reset=neurons.RESET
        )
        window = Window(self.shapes[below], shape, (layer.window,) * 2, stride=layer.stride, depthwise=True)
        self._forward(name, below, window, neurons.POOL_FORWARD)

    def _conv(self, name: str, below: str, kernel, padding, competes: bool) -> None:
        shape = self.shapes[name]
        window = Window(self.shapes[below], shape, kernel, padding)
        weights = self._group(window.weights, neurons.KERNEL, f"{name}_kernel")
        if competes:
            self.layers[name] = self._competing(name, shape)
        else:
            self.layers[name] = self._group(
                shape.size, neurons.CONV, name, threshold=neurons.CONV_THRESHOLD, reset=neurons.RESET
            )
        maps = np.repeat(np.arange(shape.features), shape.rows * shape.columns)
        self.layers[name].theta = linked_var(self.features, "theta", index=self._first_feature(name) + maps)
        self._forward(name, below, window, neurons.CONV_FORWARD, weights)
        self.objects.append(weights)
        self.state[f"{name}.w"] = (weights, "w")

    def _competing(self, name: str, shape: Shape) -> NeuronGroup:
        """A conv layer whose maps compete at each place (contract 7)."""
        places = same_place(shape, 1)
        gate = self._group(places.target.size, competition.GATE, f"{name}_gate")
        gate.run_regularly(competition.GATE_OPEN, when="start", clock=self.clock, name=f"{name}_gate_open")
        group = self._group(
            shape.size,
            competition.PLACE_CONV,
            name,
            threshold=competition.PLACE_THRESHOLD,
            reset=neurons.RESET,
            events={"candidate": competition.PLACE_CANDIDATE},
        )
        group.set_event_schedule("candidate", when="before_thresholds", order=-2)
        group.feature = np.repeat(np.arange(shape.features), places.target.size)
        group.holder = linked_var(gate, "holder", index=np.tile(np.arange(places.target.size), shape.features))
        compare = connect(
            group,
            gate,
            places,
            competition.PLACE_COMPARE,
            name=f"{name}_compare",
            event="candidate",
            when="before_thresholds",
            order=-1,
        )
        silence = connect(group, group, neighbourhood(shape, 0), neurons.SILENCE, name=f"{name}_silence")
        self.objects += [gate, compare, silence]
        return group
