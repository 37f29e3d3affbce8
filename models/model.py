"""A Brian2 network as a builder gives it to a runner, with the names of its input, state and recordings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from brian2 import Network, SpikeGeneratorGroup, SpikeMonitor

from spikeseg.spikes import Shape

from .conv_synapses import ConvSynapses
from .layer import Layer
from .targets import schedule


@dataclass(frozen=True)
class Model:
    """A Brian2 network that presents stimuli one after the other.

    Its schedule is set here: which step comes first decides who fires, and Brian2's default can be changed.

    Attributes
    ----------
    network
        All objects of the model.
    source
        The input layer.
    monitors, shapes
        The recorded layers, by name, and their sizes.
    state
        Variables that a run sets before it starts and reads after it has ended: name to (group, variable).
    steps, ticks
        Steps per stimulus, and ticks per step (competition chooses one winner per tick).
    dt
        Duration of a step in seconds.
    spare
        Steps from the end of a stimulus to the next one; negative where the last ones would be silent.
    delays
        Steps by which the spikes of a recorded layer come later than the model has them; 0 when absent.
    constant
        Names of the state that no run changes, and which is not read.
    forgets
        Whether each stimulus begins as the first one does, whatever came before it.
    """

    network: Network
    source: SpikeGeneratorGroup
    monitors: dict[str, SpikeMonitor]
    shapes: dict[str, Shape]
    state: dict[str, tuple[Any, str]]
    steps: int
    ticks: int
    dt: float
    spare: int = 0
    delays: Mapping[str, int] = field(default_factory=dict)
    constant: Collection[str] = ()
    forgets: bool = False

    def __post_init__(self):
        self.network.schedule = schedule()

    @property
    def results(self) -> dict[str, tuple[Any, str]]:
        """The state that is read after a run."""
        return {name: place for name, place in self.state.items() if name not in self.constant}

    @property
    def kernels(self) -> dict[str, tuple[int, int, int, int]]:
        """Shapes of those state variables that lie in `geometry.kernel_order`."""
        return {
            name: group.window.kernel_shape
            for name, (group, variable) in self.state.items()
            if isinstance(group, ConvSynapses)
            and isinstance(group.target, Layer)
            and not group.variables[variable].scalar
        }

    @property
    def features_last(self) -> list[str]:
        """The recorded layers whose neurons lie as `geometry.features_last` says."""
        return [name for name, monitor in self.monitors.items() if isinstance(monitor.source, Layer)]
