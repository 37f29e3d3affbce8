"""Small models as designs, here because the process that builds them imports their module by its name."""

from __future__ import annotations

from dataclasses import dataclass

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
class Connections:
    """Per window two groups that fire in the first step where `fires` is set, and a connection both ways."""

    windows: tuple[Window, ...]
    stored: bool = False  # as by devices that are made from C++ standalone
    delay: int = 0  # of both ways, in steps; the model has two
    layers: bool = False  # which lie features last

    def build(self):
        from brian2 import Clock, Network, SpikeGeneratorGroup, second

        from spikeseg.models import targets
        from spikeseg.models.conv_synapses import ConvSynapses
        from spikeseg.models.model import Model

        if self.stored:
            targets.PROCEDURAL = {}
        clock = Clock(1e-3 * second)
        source = SpikeGeneratorGroup(1, [0], [0] * second, clock=clock)
        network, state = Network(source), {}
        for number, window in enumerate(self.windows):
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
            network.add(below, above, link)
            variables = (below, "x"), (below, "fires"), (above, "v"), (above, "fires"), (link, "w"), (link, "gain")
            state |= {f"{group.name}.{variable}": (group, variable) for group, variable in variables}
        return Model(network, source, {}, {}, state, steps=2, ticks=1, dt=1e-3)


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
