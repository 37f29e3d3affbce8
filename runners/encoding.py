"""Present stimuli to the encoder and collect the spikes of every layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from spikeseg.spikes import Spikes

from ..configs.schema import Config, layer_shapes
from ..models.encoder import build_encoder
from ..models.network import CONV_LAYERS, Network
from .simulator import Simulator, open_simulator

CAPACITY = 50  # stimuli in one run of the simulator


@dataclass(frozen=True)
class Encoder:
    """An encoder open on a device; kernels and thresholds may differ from call to call."""

    simulator: Simulator

    def encode(
        self, network: Network, stimuli: Spikes, progress: Callable[[int], None] = lambda done: None
    ) -> dict[str, Spikes]:
        """Spikes of ``input, conv1, pool1, conv2, pool2, conv3`` for `stimuli`.

        `progress` is told the number of stimuli done after every run.
        """
        parts: list[dict[str, Spikes]] = []
        for start in range(0, stimuli.stimuli, CAPACITY):
            chunk = stimuli.select(np.arange(start, min(start + CAPACITY, stimuli.stimuli)))
            parts.append(self.simulator.run(chunk, encoder_state(network, chunk)).spikes)
            progress(start + chunk.stimuli)
        return {"input": stimuli} | {name: Spikes.join([part[name] for part in parts]) for name in parts[0]}


def encoder_state(network: Network, stimuli: Spikes) -> Mapping[str, np.ndarray]:
    """The encoder's state variables for one run."""
    events = np.bincount(stimuli.stimulus, minlength=stimuli.stimuli)
    scale = np.ones(CAPACITY)
    scale[: stimuli.stimuli] = network.threshold_scale(events)
    thresholds = np.concatenate([network.thresholds[name] for name in CONV_LAYERS])
    kernels = {f"{name}.w": network.kernels[name].ravel() for name in CONV_LAYERS}
    return {**kernels, "theta": thresholds, "scale": scale}


@contextmanager
def open_encoder(config: Config, size: tuple[int, int], device: str) -> Iterator[Encoder]:
    """Give an encoder for stimuli of `size` (rows, columns). Raises what `open_simulator` raises."""
    shapes = layer_shapes(config, size)
    key = repr(("encoder", shapes, CAPACITY, config.input, config.conv1.kernel, config.pool1, config.pool2))
    key += repr((config.conv2.kernel, config.conv2.padding, config.conv3.kernel, config.conv3.padding))
    with open_simulator(lambda: build_encoder(config, size, CAPACITY), device, key) as simulator:
        yield Encoder(simulator)
