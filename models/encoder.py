"""The encoder: Gabor Conv1 - Pool1 - Conv2 - Pool2 - Conv3, every layer recorded (paper, IV.C, V, Fig. 1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, SpikeMonitor, Synapses, second

from spikeseg.spikes import Shape

from ..equations import adaptation, competition, neurons
from ..equations import genn as genn_equations
from .conv_synapses import ConvSynapses
from .designs import EncoderDesign
from .geometry import Window, neighbourhood, same_place, whole_layer
from .layer import Layer, positions
from .model import Model
from .neurons import COUNTER, NOT_LESS, ORDER, NeuronKind, neurons_of
from .targets import genn, step_clock


def build_encoder(design: EncoderDesign) -> Model:
    """Build the encoder, a Brian2 network that is shown one stimulus after the other.

    Parameters
    ----------
    design
        Sizes of the layers, steps per stimulus, duration of a step, and the largest number of stimuli in a run.

    Returns
    -------
    Model
        Its source is the input layer. A spike monitor records each of the layers ``conv1``, ``pool1``, ``conv2``,
        ``pool2`` and ``conv3``; their shapes are those of the design. Its state, which has no units and has to be
        set before a run:

        - ``<conv layer>.w``: the kernel, of shape (maps, maps below, rows, columns), flat;
        - ``<conv layer>.theta``: the threshold of each map before adaptation, shape (maps,);
        - ``scale``: a factor on all thresholds for each stimulus, shape (capacity,);
        - ``<conv layer>.<name>``: the constants of a neuron model, see `NeuronModel.constants`.

    Notes
    -----
    In the first step of a stimulus all potentials are set to 0 (slot ``start``) and all thresholds to their adapted
    values (``synapses``). In every step, Conv1 and Conv2 choose which map may fire at a place (``before_thresholds``),
    neurons fire (``thresholds``), their spikes arrive in the layer above (``synapses``), and they are kept from firing
    again in this stimulus (``resets``). What arrives is compared with thresholds in the next step, so a spike crosses
    one layer per step.

    With GeNN a competition takes a step more; ``delays`` of the model says which layers are late by how many steps.
    """
    builder = _GennEncoder if genn() else _Encoder
    return builder(design).model()


class _Encoder:
    """Collects the objects while layers are added from input to output."""

    conv_model = neurons.CONV
    delays: Mapping[str, int] = {}  # steps by which the spikes of a layer are late

    def __init__(self, design: EncoderDesign):
        self.design = design
        self.shapes = design.shapes
        self.clock = step_clock(design.dt)
        self.period = (design.total_steps + self.spare) * design.dt * second
        self.objects: list[Any] = []
        self.state: dict[str, tuple[Any, str]] = {}
        self.layers: dict[str, Any] = {"input": self._source()}
        self.stimuli = self._stimuli(design.capacity)
        self._conv("conv1", "input", competes=True)
        self._pool("pool1", "conv1")
        self._conv("conv2", "pool1", competes=True)
        self._pool("pool2", "conv2")
        self._conv("conv3", "pool2", competes=False)

    def model(self) -> Model:
        layers = {name: group for name, group in self.layers.items() if name != "input"}
        monitors = {name: SpikeMonitor(group, name=f"{name}_spikes") for name, group in layers.items()}
        network = Network(*self.layers.values(), *self.objects, *monitors.values(), name="encoder")
        times: dict[str, Any] = {"ticks": 1, "dt": self.design.dt, "spare": self.spare, "delays": self.delays}
        times |= {"constant": tuple(self.state), "forgets": True}
        steps = self.design.total_steps
        return Model(network, self.layers["input"], monitors, self.shapes, self.state, steps, **times)

    @property
    def spare(self) -> int:
        """Steps between the end of a stimulus and the next one."""
        return 0

    def _group(self, size: int, model: str, name: str, **options: Any) -> NeuronGroup:
        return NeuronGroup(size, model, name=name, clock=self.clock, **options)

    def _source(self) -> SpikeGeneratorGroup:
        size = self.shapes["input"].size
        return SpikeGeneratorGroup(size, [0], [0] * second, clock=self.clock, name="input")

    def _stimuli(self, capacity: int) -> NeuronGroup:
        """One neuron per stimulus, which fires at its onset."""
        stimuli = self._group(capacity, adaptation.STIMULUS, "stimuli", threshold=adaptation.STIMULUS_ONSET, reset="")
        stimuli.period = self.period
        stimuli.scale = 1
        self.objects.append(stimuli)
        self.state["scale"] = (stimuli, "scale")
        return stimuli

    def _features(self, layer: str, kind: NeuronKind) -> NeuronGroup:
        """One neuron per map, which holds the threshold of the map; each stimulus scales it (paper, IV.B)."""
        maps, stimuli = self.shapes[layer].features, self.stimuli
        features = self._group(maps, adaptation.FEATURE, f"{layer}_features", dtype={"theta": kind.precision})
        features.theta = np.inf  # nothing fires before the first stimulus
        everyone = whole_layer(Shape(1, 1, len(stimuli)), maps)
        scale = adaptation.FEATURE_SCALE_SINGLE if kind.precision is np.float32 else adaptation.FEATURE_SCALE
        scaling = ConvSynapses(
            stimuli, features, everyone, on_pre=scale, namespace={"not_less": NOT_LESS}, name=f"{layer}_scaling"
        )
        scaling.pre.order = ORDER - 1
        self.objects += [features, scaling]
        self.state[f"{layer}.theta"] = (features, "resting")
        return features

    def _layer(
        self, name: str, kind: NeuronKind, model: str, new_stimulus: str, at_rest: bool, **options: Any
    ) -> Layer:
        """A layer whose neurons begin each stimulus anew, at rest if what they began with is all they go back to."""
        options |= {"clock": self.clock, "reset": kind.reset, "dtype": {"v": kind.precision}}
        layer = Layer(self.shapes[name], neurons.LAYER + model, name=name, **options)
        begin = layer.return_to_rest if at_rest else layer.run_regularly
        begin(new_stimulus, dt=self.period, when="start", name=f"{name}_run_regularly_new_stimulus")
        self.layers[name] = layer
        return layer

    def _forward(self, name: str, below: str, window: Window, **model: Any) -> ConvSynapses:
        synapses = ConvSynapses(self.layers[below], self.layers[name], window, name=f"{name}_forward", **model)
        self.objects.append(synapses)
        return synapses

    def _pool(self, name: str, below: str) -> None:
        self._layer(name, COUNTER, neurons.POOL, neurons.NEW_STIMULUS, at_rest=True, threshold=neurons.POOL_THRESHOLD)
        size, stride = self.design.poolings[name]
        window = Window(self.shapes[below], self.shapes[name], (size, size), stride=stride, depthwise=True)
        self._forward(name, below, window, on_pre=neurons.POOL_FORWARD)

    def _conv(self, name: str, below: str, competes: bool) -> None:
        design = self.design
        kind = neurons_of(design.models[name], design.taus[name], design.total_steps, design.dt)
        if competes:
            layer = self._competing(name, kind)
        else:
            layer = self._adaptive(name, kind, self.conv_model, threshold=kind.condition(neurons.CONV_THRESHOLD))
        kind.every_step(layer, self.clock)
        kernel, padding = design.convolutions[name]
        window = Window(self.shapes[below], self.shapes[name], kernel, padding)
        options = {"on_pre": kind.on_pre, "namespace": kind.namespace, "dtype": {"w": kind.precision}}
        weights = self._forward(name, below, window, model=neurons.KERNEL, **options)
        self.state[f"{name}.w"] = (weights, "w")
        self.state |= {f"{name}.{constant}": (layer, constant) for constant in kind.constants}

    def _adaptive(self, name: str, kind: NeuronKind, model: str, **options: Any) -> Layer:
        """A layer whose neurons have the threshold of their map."""
        new_stimulus, rest = kind.new_stimulus(neurons.NEW_STIMULUS), kind.starts_at_rest
        if not rest:
            new_stimulus = f"{neurons.RESTLESS}\n{new_stimulus}"
        layer = self._layer(name, kind, kind.equations(model), new_stimulus, rest, **options)
        layer.link_per_map(kind.linked, self._features(name, kind), "theta")
        return layer

    def _competing(self, name: str, kind: NeuronKind) -> Layer:
        """A conv layer whose maps compete at each place (docs/model.md, rule 7)."""
        layer = self._adaptive(
            name,
            kind,
            competition.PLACE_CONV,
            threshold=kind.condition(competition.PLACE_THRESHOLD),
            events={"candidate": kind.condition(competition.PLACE_CANDIDATE)},
            among="candidate",
        )
        self.objects += gates(layer, name)
        everyone = neighbourhood(layer.shape, 0)
        self.objects.append(ConvSynapses(layer, layer, everyone, on_pre=kind.silence, name=f"{name}_silence"))
        return layer


def gates(layer: Layer, name: str) -> list[Any]:
    """Gates that tell, before thresholds, which candidate of a place may fire (docs/model.md, rule 7)."""
    layer.set_event_schedule("candidate", when="before_thresholds", order=-1)
    places = same_place(layer.shape, 1)
    precision = {"best": layer.variables["v"].dtype}
    gate = NeuronGroup(places.target.size, competition.GATE, name=f"{name}_gate", clock=layer.clock, dtype=precision)
    objects: list[Any] = [gate]
    steps = competition.PLACE_OPEN, competition.PLACE_COMPARE, competition.PLACE_TELL
    for order, (step, statement) in enumerate(zip(("open", "compare", "tell"), steps, strict=True)):
        compete = ConvSynapses(layer, gate, places, on_pre=statement, on_event="candidate", name=f"{name}_{step}")
        compete.pre.when, compete.pre.order = "before_thresholds", order
        objects.append(compete)
    return objects


class _GennEncoder(_Encoder):
    """The same encoder without linked variables and custom events, for GeNN: a competition takes a step more."""

    conv_model = genn_equations.CONV
    delays: Mapping[str, int] = {"conv1": 1, "pool1": 1, "conv2": 2, "pool2": 2, "conv3": 2}

    @property
    def spare(self) -> int:
        """Extra steps until no spike is under way: a later spike would reach its targets in the next stimulus."""
        design = self.design
        return design.input_steps + len(self.delays) + max(self.delays.values()) - design.total_steps

    def _stimuli(self, capacity: int) -> NeuronGroup:
        stimuli = self._group(capacity, genn_equations.STIMULUS, "stimuli")
        self.objects.append(stimuli)
        self.state["scale"] = (stimuli, "scale")
        return stimuli

    def _features(self, layer: str, kind: NeuronKind) -> NeuronGroup:
        features = self._group(self.shapes[layer].features, genn_equations.FEATURE, f"{layer}_features")
        self.objects.append(features)
        self.state[f"{layer}.theta"] = (features, "resting")
        return features

    def _adaptive(self, name: str, kind: NeuronKind, model: str, **options: Any) -> Layer:
        layer = self._layer(
            name, kind, kind.equations(model), genn_equations.CONV_NEW_STIMULUS, at_rest=False, **options
        )
        layer.link_per_map("resting", self._features(name, kind))
        layer.variables.add_reference("scale", self.stimuli, "scale", index="stimulus")
        return layer

    def _competing(self, name: str, kind: NeuronKind) -> Layer:
        layer = self._adaptive(name, kind, genn_equations.PLACE_CONV, threshold=genn_equations.PLACE_THRESHOLD)
        rank = Synapses(layer, layer, genn_equations.PLACE_RANK, clock=self.clock, name=f"{name}_rank")
        source, target, _ = neighbourhood(layer.shape, 0).synapses()
        rank.connect(i=positions(layer, source), j=positions(layer, target))
        self.objects.append(rank)
        return layer
