"""What is built to be measured, in a module of its own: the process that builds imports it by its name."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spikeseg.models.geometry import Window


@dataclass(frozen=True)
class Measured:
    """Another design with ``procedural`` or ``explicit`` connections; the seconds of its building go to a file."""

    design: Any
    kind: str
    file: Path = field(repr=False)  # it makes no other program

    def build(self) -> Any:
        """Build it, where another model is not built later."""
        from spikeseg.models import building, targets

        if self.kind == "explicit":
            targets.PROCEDURAL = {}
        start = time.process_time()
        model = building.build(self.design)
        self.file.write_text(str(time.process_time() - start))
        return model


@dataclass(frozen=True)
class Forward:
    """One connection alone, in the encoder's precision; its targets do nothing else."""

    window: Window

    def build(self) -> Any:
        """Build it."""
        from brian2 import Clock, Network, SpikeGeneratorGroup, second

        from spikeseg.models.conv_synapses import ConvSynapses
        from spikeseg.models.layer import Layer
        from spikeseg.models.model import Model
        from spikeseg.models.neurons import COUNTER

        clock, precision = Clock(1e-3 * second), COUNTER.precision
        source = SpikeGeneratorGroup(self.window.source.size, [0], [0] * second, clock=clock, name="input")
        neuron = "v : 1\nfeature : integer (constant)\nchanged : boolean (shared)"
        target = Layer(self.window.target, neuron, clock=clock, dtype={"v": precision})
        options = {"dtype": {"w": precision}, "name": "forward"}
        synapses = ConvSynapses(source, target, self.window, "w : 1", on_pre="v_post += w", **options)
        state = {"w": (synapses, "w")}
        return Model(Network(source, target, synapses), source, {}, {}, state, steps=20, ticks=1, dt=1e-3)
