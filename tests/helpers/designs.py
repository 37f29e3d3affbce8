"""Small models as designs, here because the process that builds them imports their module by its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from spikeseg.models.geometry import Window
from spikeseg.spikes import Shape

INPUTS = Shape(1, 1, 3)


@dataclass(frozen=True)
class Inputs:
    """Three inputs, which are recorded."""

    name: str = "smallest"

    def build(self):
        from brian2 import Clock, Network, SpikeGeneratorGroup, SpikeMonitor, second

        from spikeseg.models.model import Model

        source = SpikeGeneratorGroup(3, [0], [0] * second, clock=Clock(1e-3 * second))
        monitor = SpikeMonitor(source)
        network = Network(source, monitor)
        return Model(network, source, {"input": monitor}, {"input": INPUTS}, {}, steps=2, ticks=1, dt=1e-3)


@dataclass(frozen=True)
class Unbuildable:
    """A model whose builder fails."""

    def build(self):
        raise AssertionError("a model was built")


@dataclass(frozen=True)
class Deadly:
    """A model whose builder ends its process."""

    signal: int

    def build(self):
        import os

        os.kill(os.getpid(), self.signal)


@dataclass(frozen=True)
class Preferences:
    """Inputs, built where Brian2's preferences are these and no signal handler is Brian2's."""

    expected: dict[str, str]

    def build(self):
        from brian2 import prefs

        found = {name: repr(prefs[name]) for name in self.expected}
        assert found == self.expected
        return Inputs().build()


@dataclass(frozen=True)
class Connected:
    """Per window some groups and what connects them, which a subclass makes; the source does nothing."""

    windows: tuple[Window, ...]
    steps: ClassVar[int] = 2

    def build(self):
        from brian2 import Clock, Network, SpikeGeneratorGroup, second

        from spikeseg.models.model import Model

        clock = Clock(1e-3 * second)
        source = SpikeGeneratorGroup(1, [0], [0] * second, clock=clock)
        network, state = Network(source), {}
        for number, window in enumerate(self.windows):
            objects, variables = self.connected(number, window, clock)
            network.add(*objects)
            state |= {f"{group.name}.{variable}": (group, variable) for group, variable in variables}
        return Model(network, source, {}, {}, state, steps=self.steps, ticks=1, dt=1e-3)

    def connected(self, number, window, clock):
        """The objects of a window, and pairs of a group and a variable that are told and asked for."""
        raise NotImplementedError


@dataclass(frozen=True)
class Connections(Connected):
    """Per window two groups that fire in the first step where `fires` is set, and a connection both ways."""

    stored: bool = False  # as by devices that are made from C++ standalone
    delay: int = 0  # of both ways, in steps; the model has two
    layers: bool = False  # which lie features last

    def connected(self, number, window, clock):
        from brian2 import second

        from spikeseg.models import targets
        from spikeseg.models.conv_synapses import ConvSynapses

        if self.stored:
            targets.PROCEDURAL = {}
        kind = _firing_layer if self.layers else _firing
        below = kind("x", window.source, f"below{number}", clock)
        above = kind("v", window.target, f"above{number}", clock)
        link = ConvSynapses(
            below,
            above,
            window,
            "w : 1\ngain : 1 (shared)",
            on_pre="v_post += gain * w",
            on_post="w = 0.5 * w + x_pre",
            delay=dict.fromkeys(("pre", "post"), self.delay * 1e-3 * second),
            name=f"link{number}",
        )
        link.post.order = link.pre.order - 1
        variables = (below, "x"), (below, "fires"), (above, "v"), (above, "fires"), (link, "w"), (link, "gain")
        return (below, above, link), variables


STDP = {
    "model": """
w : 1
change : 1
dapre/dt = -apre / (4*ms) : 1 (event-driven)
dapost/dt = -apost / (7*ms) : 1 (event-driven)
""",
    "on_pre": {
        "transmission": "v_post += w * (1 + apost)  # a comment",
        "plasticity": "change -= apost * w\napre += 1 + 0.5 * gain_pre\nchange += 0.1 * apost",
    },
    "on_post": "change += 2 * apre\napost = 0.75 * apost + gain_post",
}
"""As Synapses and ConvSynapses take it: traces are set before, after and amid statements for pairs."""

STEPS = 12
LATE = {"transmission": 2, "post": 1}  # steps


@dataclass(frozen=True)
class Plastic(Connected):
    """Per window two groups that fire in steps `a` and `b`, and `STDP` between them; every other pair are layers."""

    steps = STEPS

    def connected(self, number, window, clock):
        from brian2 import second

        from spikeseg.models.conv_synapses import ConvSynapses

        kind = twice_firing if number % 2 == 0 else _twice_firing_layer
        below = kind(window.source, f"below{number}", clock)
        above = kind(window.target, f"above{number}", clock)
        delay = {pathway: steps * 1e-3 * second for pathway, steps in LATE.items()}
        link = ConvSynapses(below, above, window, **STDP, delay=delay, name=f"link{number}")
        variables = [(group, name) for group in (below, above) for name in ("v", "gain", "a", "b")]
        return (below, above, link), [*variables, (link, "w"), (link, "change")]


TWICE = {"threshold": "t_in_timesteps == a or t_in_timesteps == b", "reset": ""}
_MODEL = "v : 1\ngain : 1\na : integer\nb : integer"


def twice_firing(shape, name, clock):
    """Neurons that fire in steps `a` and `b`."""
    from brian2 import NeuronGroup

    return NeuronGroup(shape.size, _MODEL, name=name, clock=clock, **TWICE)


def _twice_firing_layer(shape, name, clock):
    from spikeseg.models.layer import Layer

    model = f"{_MODEL}\nfeature : integer (constant)\nchanged : boolean (shared)"
    layer = Layer(shape, model, name=name, clock=clock, **TWICE)
    layer.run_regularly("changed = True", when="start", clock=clock)
    return layer


def _firing(variable, shape, name, clock):
    from brian2 import NeuronGroup

    model = f"{variable} : 1\nfires : 1"
    return NeuronGroup(shape.size, model, threshold="fires > 0.5", reset="fires = 0", name=name, clock=clock)


def _firing_layer(variable, shape, name, clock):
    from spikeseg.models.layer import Layer

    model = f"{variable} : 1\nfires : 1\nfeature : integer (constant)\nchanged : boolean (shared)"
    layer = Layer(shape, model, threshold="fires > 0.5", reset="fires = 0", name=name, clock=clock)
    layer.changed = True
    return layer


@dataclass(frozen=True)
class Reached(Connected):
    """Per window a layer that fires in the first step where `fires` is set, and one that `fired` where it was reached.

    A neuron of the second has a threshold of its map, `theta`, and fires in the second step.
    """

    def connected(self, number, window, clock):
        from brian2 import NeuronGroup

        from spikeseg.models.conv_synapses import ConvSynapses
        from spikeseg.models.layer import Layer

        below = _firing_layer("x", window.source, f"below{number}", clock)
        maps = NeuronGroup(window.target.features, "theta : 1", name=f"maps{number}", clock=clock)
        model = "v : 1\ntheta : 1 (linked)\nfired : 1\nfeature : integer (constant)\nchanged : boolean (shared)"
        options = {"threshold": "v >= theta", "reset": "fired += 1\nv = -1", "clock": clock}
        above = Layer(window.target, model, name=f"above{number}", **options)
        above.link_per_map("theta", maps)
        link = ConvSynapses(below, above, window, "w : 1", on_pre="v_post += w", name=f"link{number}")
        return (below, maps, above, link), ((below, "fires"), (maps, "theta"), (above, "fired"), (link, "w"))
