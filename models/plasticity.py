"""Puts a learning rule into the network in which a layer learns: what is remembered where, and what runs when."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2 import NeuronGroup

from spikeseg.spikes import Shape

from ..configs.language.files import remains
from ..configs.plasticity.rule import PREFIX, RATES, REWARD, Rule
from ..equations import plasticity
from .conv_synapses import ConvSynapses
from .designs import Teaching
from .geometry import Window, one_to_one, own_feature, whole_layer
from .layer import Layer


def neuron_model(rule: Rule) -> str:
    """What a neuron has for the rule: its own variables, and those of its map and layer as they were when it won."""
    seen = [*rule.variables["map"], *rule.variables["layer"]]
    rewarded = f"\n{REWARD} : 1" if rule.supervised else ""
    return rule.equations("neuron") + "".join(f"\n{name} : {unit}" for name, unit, _ in seen) + rewarded


@dataclass(frozen=True)
class Groups:
    """Who remembers: by place, the group of its variables.

    Attributes
    ----------
    weight
        The kernel.
    input
        The twins of the inputs.
    neuron, map
        The neurons that learn, and a neuron for each of their maps.
    layer
        One neuron for the whole layer.
    """

    weight: ConvSynapses
    input: NeuronGroup
    neuron: Layer
    map: NeuronGroup
    layer: NeuronGroup


def afferents(rule: Rule, size: int, clock: Any) -> NeuronGroup:
    """The twins of `size` inputs, which remember what the rule has to know."""
    if rule.statement("weight", "on_input") is None:
        return NeuronGroup(size, rule.equations("input"), name="afferent", clock=clock)
    model = rule.equations("input") + "\n" + plasticity.AFFERENT
    group = NeuronGroup(size, model, name="afferent", clock=clock, events={"arrives": plasticity.AFFERENT_ARRIVES})
    group.set_event_schedule("arrives", when="synapses", order=0)
    group.run_on_event("arrives", plasticity.AFFERENT_ARRIVED, when="synapses", order=2)
    return group


def learn_by(
    rule: Rule, groups: Groups, source: Any, window: Window, period: Any, connect: Callable[..., ConvSynapses]
) -> None:
    """Run the statements of a rule when they are due.

    Parameters
    ----------
    rule, groups
        The rule, and who remembers.
    source
        The inputs, which fire in steps of the afferents' clock.
    window
        Which inputs a neuron sees.
    period
        Time from one stimulus to the next.
    connect
        Makes ConvSynapses that become part of the network.

    Notes
    -----
    Within the slot ``synapses``: at order -3 the winner looks at its map and layer, at -2 its weights change, at -1
    input arrives in the layer, with the new weights. At 0 winner, map and layer change. At 1 weights change for each
    input that arrives, and at 2 that input changes. Decay is the last of a step: what arrives in a step is seen whole
    by the winners of the next, less what a step takes.
    """
    _remember(rule, groups, period)
    _win(rule, groups, connect)
    on_input = rule.statement("weight", "on_input")
    pairs = {"on_pre": on_input, "on_post": rule.statement("weight", "on_win")}
    events = {"pre": "arrives", "post": "spike"}
    stdp = connect(groups.input, groups.neuron, window, "stdp", kernel=groups.weight, on_event=events, **pairs)
    if stdp.post is not None:
        stdp.post.order = groups.weight.pre.order - 1
    if on_input is not None:
        stdp.pre.order = 1
        connect(source, groups.input, one_to_one(window.source), "arrival", on_pre=plasticity.AFFERENT_ARRIVAL)
    if (on_spike := rule.statement("input", "on_spike")) is not None:
        spike = connect(source, groups.input, one_to_one(window.source), "afferent_spike", on_pre=_of_target(on_spike))
        spike.pre.order = 2


def _remember(rule: Rule, groups: Groups, period: Any) -> None:
    """Let all places begin a stimulus, and forget in every step."""
    for place in rule.variables:
        group = getattr(groups, place)
        if (code := rule.statement(place, "new_stimulus")) is not None:
            group.run_regularly(code, dt=period, when="start", order=1, name=f"{place}_new_stimulus_of_rule")
        if decay := "\n".join(f"{name} *= {remains(name)}" for name, _ in rule.decays(place)):
            group.run_regularly(decay, clock=groups.input.clock, when="end", name=f"{place}_decay")


def _win(rule: Rule, groups: Groups, connect: Callable[..., ConvSynapses]) -> None:
    """Let a winner see its map and the layer, and all three remember the win."""
    layer = groups.neuron
    shape = layer.shape
    own = {
        "neuron": (layer, one_to_one(shape)),
        "map": (groups.map, own_feature(shape)),
        "layer": (groups.layer, whole_layer(shape, 1)),
    }
    for place in ("map", "layer"):
        seen = [name for name, *_ in rule.variables[place]] + [REWARD] * (place == "map" and rule.supervised)
        if look := "\n".join(f"{name}_pre = {name}_post" for name in seen):
            connect(layer, *own[place], f"look_at_{place}", on_pre=look).pre.order = -3
    for place, (group, window) in own.items():
        if (code := rule.statement(place, "on_win")) is not None:
            connect(layer, group, window, f"{place}_on_win", on_pre=_of_target(code)).pre.order = 0


def teach(
    features: NeuronGroup, teaching: Teaching, steps: int, clock: Any, connect: Callable[..., ConvSynapses]
) -> NeuronGroup:
    """Let the label of a stimulus decide which maps are rewarded if they win.

    Parameters
    ----------
    features
        A neuron for each map, with `equations.plasticity.REWARDED`. Maps stand for the classes in turn.
    teaching
        How many classes there are, and stimuli in a run.
    steps
        Of a stimulus.
    clock
        That of the input.
    connect
        Makes ConvSynapses that become part of the network.

    Returns
    -------
    The teacher: a neuron for each stimulus of a run, which has its class as ``label`` and fires as it begins.
    """
    features.stands_for = np.arange(len(features)) % teaching.classes
    threshold = f"t_in_timesteps == {steps} * i"
    teacher = NeuronGroup(teaching.stimuli, plasticity.TEACHER, threshold=threshold, name="teacher", clock=clock)
    window = whole_layer(Shape(1, 1, teaching.stimuli), len(features))
    connect(teacher, features, window, "teach", on_pre=plasticity.TEACH)
    return teacher


def _of_target(code: str) -> str:
    """Statements of a group as those of a connection that ends in it."""
    return re.sub(rf"\b({PREFIX}\w+|{'|'.join(RATES)})\b", r"\g<0>_post", code)
