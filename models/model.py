"""What a builder returns: a network, and what a runner needs to drive it and to read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from brian2 import Network, SpikeGeneratorGroup, SpikeMonitor

from spikeseg.spikes import Shape


@dataclass(frozen=True)
class Model:
    """A Brian2 network that presents stimuli one after the other.

    Attributes
    ----------
    network
        Brian2's network, with all objects.
    source
        The input layer, whose spikes a run sets.
    monitors, shapes
        By name of a layer: the monitors of the recorded layers, and the size of each layer.
    state
        Variables that a run sets before it starts and returns when it has ended: name to (group, name in the group).
    steps, ticks
        Steps per stimulus, and ticks per step; while a layer learns, one winner is chosen in each tick.
    dt
        Duration of a step in seconds.
    spare
        Steps between the end of a stimulus and the next one; negative if the last steps of a stimulus are left out,
        because nothing can fire in them.
    delays
        Steps by which the spikes of a recorded layer are later than those of the model; 0 for a layer that is not
        in it.
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
