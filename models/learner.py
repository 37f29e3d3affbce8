"""One conv layer that learns by STDP with winner-take-all, driven by recorded spikes of the layer below."""

from __future__ import annotations

from typing import Any

import numpy as np
from brian2 import Clock, Network, NeuronGroup, SpikeGeneratorGroup, SpikeMonitor, linked_var, second

from spikeseg.spikes import Shape

from ..configs.plasticity.rule import PLACES, constant
from ..equations import competition, neurons, plasticity
from .conv_synapses import ConvSynapses
from .designs import LearnerDesign
from .geometry import Window, features_first, neighbourhood, own_feature, padded, same_map, whole_layer
from .layer import Layer
from .model import Model
from .neurons import ORDER, neurons_of
from .plasticity import Groups, afferents, learn_by, neuron_model, teach


def build_learner(design: LearnerDesign) -> Model:
    """Build the learning network of one layer.

    A step is cut into as many ticks as there are winners per stimulus. At most one neuron wins in each tick: winners
    are chosen greedily, one after the other. Input arrives once per step, after the threshold of the first tick. So of
    the winners' spikes only those of a step's first tick belong to that step; those of all later ticks belong to the
    next one (docs/model.md, rule 6).

    Parameters
    ----------
    design
        Sizes, winners per stimulus, and times. Input spikes come at steps 0 to ``input_steps`` - 1 of a stimulus, on
        the padded grid (see `padded`). A stimulus lasts one step more, in which the last of them can make a neuron win.

    Returns
    -------
    Model
        Its source is the padded input. The monitor ``winners`` records the neurons that win, in ticks. Its state has
        no units: ``w``, the kernel of shape (maps, maps below, rows, columns), flat; ``theta``, the threshold of each
        map, (maps,); ``a_plus``; ``presented``, the stimuli so far; ``wins``, the winners of the last stimulus; and
        what the rule carries from one stimulus to the next. A checkpoint keeps all of these. The rest of the state are
        constants of the configuration's `Learning`, of the rule, and of the neuron model, and, where the rule is
        supervised, ``label``: the class of each stimulus.

    Notes
    -----
    In the first step of a stimulus potentials are set to 0 and the learning rates are updated (slot ``start``). In
    every tick the neurons at threshold compete (``before_thresholds``) and the winner fires (``thresholds``). It then
    silences its map and its neighbourhood, moves the thresholds of all maps and changes its weights, before the input
    of this step arrives (all in ``synapses``).
    """
    return _Learner(design).model()


class _Learner:
    def __init__(self, design: LearnerDesign):
        self.ticks = design.winners
        self.steps = design.input_steps + 1
        self.dt = dt = design.dt
        self.below = padded(design.below, design.padding)
        rows, columns = (n - k + 1 for n, k in zip(self.below[1:], design.kernel, strict=True))
        self.shape = Shape(design.maps, rows, columns)
        self.window = Window(self.below, self.shape, design.kernel)
        self.step_clock = Clock(dt * second, name="step")
        self.tick_clock = Clock(dt / self.ticks * second, name="tick") if self.ticks > 1 else self.step_clock
        self.period = self.steps * dt * second
        self.objects: list[Any] = []
        self.source = SpikeGeneratorGroup(self.below.size, [0], [0] * second, clock=self.step_clock, name="input")
        self.own = design.model is not None
        self.kind = neurons_of(design.model, design.tau, self.steps, dt)
        self.rule = design.rule
        self.gate = self._gate()
        self.features = self._features()
        self.layer = self._layer(design.inhibition_radius)
        self.afferent = afferents(self.rule, self.below.size, self.step_clock)
        self.forward = self._connect(self.source, self.layer, self.window, "forward", **self._arriving())
        self.groups = Groups(self.forward, self.afferent, self.layer, self.features, self.gate)
        learn_by(self.rule, self.groups, self.source, self.window, self.period, self._connect)
        self.teacher = None
        if design.teaching is not None:
            self.teacher = teach(self.features, design.teaching, self.steps, self.step_clock, self._connect)
            self.objects.append(self.teacher)

    def model(self) -> Model:
        monitor = SpikeMonitor(self.layer, name="winners")
        network = Network(
            self.source,
            self.gate,
            self.features,
            self.layer,
            self.afferent,
            *self.objects,
            monitor,
            name="learner",
        )
        layer = ("a_plus", "a_minus_ratio", "a_plus_max", "doubling", "presented", "winners")
        state: dict[str, tuple[Any, str]] = {
            "w": (self.forward, "w"),
            "theta": (self.features, "theta"),
            "wins": (self.gate, "wins"),
            "rise": (self.features, "rise"),
            "fall": (self.features, "fall"),
            "silent_fall": (self.features, "silent_fall"),
        }
        state |= {name: (self.layer, name) for name in layer}
        if self.teacher is not None:
            state["label"] = (self.teacher, "label")
        for place in PLACES:
            group = getattr(self.groups, place)
            state |= {name: (group, name) for name in self.rule.carried[place]}
            state |= {constant(name, place): (group, name) for name in self.rule.constants(place)}
        state |= {name: (self.layer, name) for name in self.kind.constants}
        shapes = {"input": self.below, "winners": self.shape}
        return Model(network, self.source, {"winners": monitor}, shapes, state, self.steps, self.ticks, self.dt)

    def _connect(self, source, target, window: Window, name: str, **statements: Any) -> ConvSynapses:
        synapses = ConvSynapses(source, target, window, name=name, **statements)
        self.objects.append(synapses)
        return synapses

    def _gate(self) -> NeuronGroup:
        model = competition.LAYER_GATE + self.rule.equations("layer")
        gate = NeuronGroup(1, model, name="gate", clock=self.tick_clock)
        gate.run_regularly(
            plasticity.GATE_NEW_STIMULUS, dt=self.period, when="start", order=1, name="gate_new_stimulus"
        )
        gate.run_regularly(competition.LAYER_OPEN, when="start", clock=self.tick_clock, name="gate_open")
        return gate

    def _features(self) -> NeuronGroup:
        """One neuron per map, which holds the map's threshold and moves it by homeostasis."""
        rewarded = plasticity.REWARDED if self.rule.supervised else ""
        model = plasticity.FEATURE + self.rule.equations("map") + rewarded
        features = NeuronGroup(self.shape.features, model, name="features", clock=self.tick_clock)
        features.wins = linked_var(self.gate, "wins")
        features.run_regularly(
            plasticity.FEATURE_NEW_STIMULUS, dt=self.period, when="start", name="features_new_stimulus"
        )
        return features

    def _layer(self, radius: int) -> Layer:
        candidate = self.kind.condition(competition.LAYER_CANDIDATE)
        if self.own:
            candidate += f" and {competition.LAYER_IN_TIME}"
        layer = Layer(
            self.shape,
            neurons.LAYER + self.kind.equations(plasticity.LEARNER) + neuron_model(self.rule),
            name="layer",
            clock=self.tick_clock,
            threshold=self.kind.condition(competition.LAYER_THRESHOLD),
            reset=self.kind.reset,
            events={"candidate": candidate},
            among="candidate",
            namespace={"ticks_of_stimulus": self.steps * self.ticks, "last_tick": (self.steps - 1) * self.ticks},
        )
        layer.set_event_schedule("candidate", when="before_thresholds", order=-3)
        layer.run_on_event("candidate", competition.LAYER_DRIVE, when="before_thresholds", order=-2)
        layer.neuron = features_first(self.shape, np.arange(len(layer)))
        layer.holder = linked_var(self.gate, "holder")
        layer.wins = linked_var(self.gate, "wins")
        layer.link_per_map(self.kind.linked, self.features, "theta")
        new_stimulus = self.kind.new_stimulus(plasticity.LEARNER_NEW_STIMULUS)
        layer.run_regularly(new_stimulus, dt=self.period, when="start", name="layer_new_stimulus")
        self.kind.every_step(layer, self.step_clock)
        self._compete(layer, radius)
        return layer

    def _compete(self, layer: Layer, radius: int) -> None:
        """Connections by which one neuron wins per tick, silences others, and moves the thresholds of the maps."""
        shape, features, gate = self.shape, self.features, self.gate
        one = whole_layer(shape, 1)
        compare = self._connect(layer, gate, one, "compare", on_pre=competition.LAYER_COMPARE, on_event="candidate")
        compare.pre.when = "before_thresholds"
        self._connect(layer, gate, one, "win", on_pre=competition.LAYER_WIN)
        self._connect(layer, layer, same_map(shape), "silence_map", on_pre=self.kind.silence)
        self._connect(layer, layer, neighbourhood(shape, radius), "silence_neighbourhood", on_pre=self.kind.silence)
        rise = self._connect(layer, features, own_feature(shape), "threshold_rise", on_pre=plasticity.FEATURE_RISE)
        everything = whole_layer(shape, shape.features)
        fall = self._connect(layer, features, everything, "threshold_fall", on_pre=plasticity.FEATURE_FALL)
        rise.pre.order, fall.pre.order = ORDER - 2, ORDER - 1

    def _arriving(self) -> dict[str, Any]:
        """What the kernel stores, and how new input arrives, which has not contributed to this winner."""
        model = neurons.KERNEL + self.rule.equations("weight")
        return {"model": model, "on_pre": self.kind.on_pre, "namespace": self.kind.namespace}
