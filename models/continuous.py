"""The encoder in continuous time: Conv1 - Pool1 - Conv2 - Pool2 - Conv3 without stimuli (docs/model.md, rule 17)."""

from __future__ import annotations

import math
from typing import Any

from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, SpikeMonitor, linked_var, second

from spikeseg.spikes import Shape

from ..equations import competition, continuous, neurons
from .conv_synapses import ConvSynapses
from .decay import EXACT
from .designs import ContinuousDesign
from .encoder import gates
from .geometry import Window, neighbourhood, whole_layer
from .layer import Layer
from .model import Model
from .neurons import ORDER, NeuronKind, continuous_neurons_of
from .targets import step_clock


def build_continuous(design: ContinuousDesign) -> Model:
    """Build the encoder that runs on and on.

    Parameters
    ----------
    design
        Sizes of the layers, time constants and refractory times, duration of a step.

    Returns
    -------
    Model
        Each of its "stimuli" is one step, so that a run may have any number of them. Its source is the input layer, and
        ``conv1``, ``pool1``, ``conv2``, ``pool2`` and ``conv3`` are recorded. Its state has no units and has to be set
        before a run; what is listed from ``<layer>.v`` on is what a run leaves for the next one:

        - ``<conv layer>.w`` and ``<conv layer>.resting``: kernels, flat, and thresholds of the maps;
        - ``fewest``, ``most``, ``variation``: by which thresholds adapt;
        - ``<layer>.v`` and ``<layer>.until``: potential of each neuron and the end of its refractory time;
        - ``<conv layer>.gain`` and ``<conv layer>.theta``: unit and adapted thresholds;
        - ``count``: input spikes of late.

        Layers whose neurons are of a model that is named also have its variables and constants, ``<layer>.<name>``.
    """
    return _Continuous(design).model()


class _Continuous:
    """Collects the objects while layers are added from input to output."""

    def __init__(self, design: ContinuousDesign):
        self.design = design
        self.clock = step_clock(design.dt)
        self.objects: list[Any] = []
        self.state: dict[str, tuple[Any, str]] = {}
        source = SpikeGeneratorGroup(design.shapes["input"].size, [0], [0] * second, clock=self.clock, name="input")
        self.layers: dict[str, Any] = {"input": source}
        self.activity = self._activity()
        self._conv("conv1", "input", competes=True)
        self._pool("pool1", "conv1")
        self._conv("conv2", "pool1", competes=True)
        self._pool("pool2", "conv2")
        self._conv("conv3", "pool2", competes=False)

    def model(self) -> Model:
        layers = {name: group for name, group in self.layers.items() if name != "input"}
        monitors = {name: SpikeMonitor(group, name=f"{name}_spikes") for name, group in layers.items()}
        network = Network(*self.layers.values(), *self.objects, *monitors.values(), name="continuous")
        source, shapes = self.layers["input"], self.design.shapes
        kernels = [f"{name}.w" for name in self.design.convolutions]
        return Model(network, source, monitors, shapes, self.state, 1, 1, self.design.dt, constant=kernels)

    def _group(self, size: int, model: str, name: str, **options: Any) -> NeuronGroup:
        return NeuronGroup(size, model, name=name, clock=self.clock, **options)

    def _activity(self) -> NeuronGroup:
        """One neuron that counts input spikes."""
        namespace = {"fading": _rounded(math.exp(-1 / self.design.window))}
        activity = self._group(1, continuous.ACTIVITY + continuous.ACTIVITY_SCALE, "activity", namespace=namespace)
        activity.run_regularly(continuous.ACTIVITY_STEP, clock=self.clock, when="start", name="activity_step")
        everyone = whole_layer(self.design.shapes["input"], 1)
        counting = ConvSynapses(
            self.layers["input"], activity, everyone, on_pre=continuous.ACTIVITY_FORWARD, name="counting"
        )
        self.objects += [activity, counting]
        self.state |= {name: (activity, name) for name in ("count", "fewest", "most", "variation")}
        return activity

    def _layer(self, name: str, model: str, namespace: dict[str, Any], **options: Any) -> Layer:
        """A layer whose first step looks at all neurons: the run before may have left some at their threshold."""
        namespace["refractory"] = self.design.refractory[name]
        model = neurons.LAYER + model
        layer = Layer(
            self.design.shapes[name],
            model,
            name=name,
            clock=self.clock,
            namespace=namespace,
            **options,
        )
        layer.changed = True
        self.layers[name] = layer
        self.state |= {f"{name}.{variable}": (layer, variable) for variable in ("v", "until")}
        return layer

    def _pool(self, name: str, below: str) -> None:
        model = neurons.POOL + "\n" + continuous.RESTING
        self._layer(name, model, {}, reset=continuous.RESET, threshold=neurons.POOL_THRESHOLD)
        size, stride = self.design.poolings[name]
        window = Window(self._shape(below), self._shape(name), (size, size), stride=stride, depthwise=True)
        self._forward(name, below, window, on_pre=continuous.POOL_FORWARD)

    def _conv(self, name: str, below: str, competes: bool) -> None:
        model = self.design.models[name]
        kind = continuous_neurons_of(model)
        growth = {"growth": _rounded(math.exp(1 / self.design.taus[name])) if model is None else 1.0}
        if competes:
            layer = self._competing(name, kind, growth)
        else:
            threshold = kind.condition(neurons.CONV_THRESHOLD)
            layer = self._layer(name, kind.equations(neurons.CONV), growth, reset=kind.reset, threshold=threshold)
        layer.run_regularly(continuous.CONV_STEP, clock=self.clock, when="start", name=f"{name}_step")
        layer.link_per_map(kind.linked, self._features(name), "theta")
        kind.every_step(layer, self.clock)
        kernel, padding = self.design.convolutions[name]
        window = Window(self._shape(below), self._shape(name), kernel, padding)
        weights = self._forward(name, below, window, model=neurons.KERNEL, on_pre=kind.on_pre)
        self.state |= {f"{name}.w": (weights, "w"), f"{name}.gain": (layer, "gain")}
        if model is not None:
            layer.resetter["spike"].when, layer.resetter["spike"].order = "synapses", ORDER + 1
            self.state |= {f"{name}.{variable}": (layer, variable) for variable in (*model.names, *model.constants)}

    def _features(self, layer: str) -> NeuronGroup:
        """One neuron per map, which holds its threshold."""
        step = continuous.FEATURE_STEP if self.design.models[layer] is None else continuous.PLAIN_FEATURE_STEP
        features = self._group(self._shape(layer).features, continuous.FEATURE, f"{layer}_features")
        features.gain = linked_var(self.layers[layer], "gain")
        features.scale = linked_var(self.activity, "scale")
        features.run_regularly(step, clock=self.clock, when="start", order=1, name=f"{layer}_features_step")
        self.objects.append(features)
        self.state |= {f"{layer}.resting": (features, "resting"), f"{layer}.theta": (features, "theta")}
        return features

    def _competing(self, name: str, kind: NeuronKind, namespace: dict[str, Any]) -> Layer:
        """A conv layer whose maps compete at each place, as in `encoder`, with another way of silencing."""
        layer = self._layer(
            name,
            kind.equations(competition.PLACE_CONV),
            namespace,
            reset=kind.reset,
            threshold=kind.condition(competition.PLACE_THRESHOLD),
            events={"candidate": kind.condition(competition.PLACE_CANDIDATE)},
            among="candidate",
        )
        self.objects += gates(layer, name)
        silence = ConvSynapses(
            layer,
            layer,
            neighbourhood(layer.shape, 0),
            on_pre=kind.silence,
            namespace={"refractory": self.design.refractory[name]},
            name=f"{name}_silence",
        )
        if self.design.models[name] is not None:
            silence.pre.order = ORDER + 2
        self.objects.append(silence)
        return layer

    def _forward(self, name: str, below: str, window: Window, **model: Any) -> ConvSynapses:
        synapses = ConvSynapses(self.layers[below], self.layers[name], window, name=f"{name}_forward", **model)
        self.objects.append(synapses)
        return synapses

    def _shape(self, name: str) -> Shape:
        return self.design.shapes[name]


def _rounded(factor: float) -> float:
    """A factor as a multiple of 2**-38, so that it is the same whatever library computes the exponential."""
    return round(factor / EXACT) * EXACT
