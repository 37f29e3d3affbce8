"""Present stimuli to the encoder and collect the spikes of every layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spikeseg.recording import description_file, save_recording
from spikeseg.spikes import Spikes

from ..configs.schema import Config, layer_shapes
from ..datasets.stimuli import samples, stimuli
from ..models.encoder import build_encoder
from ..models.network import CONV_LAYERS, Network
from .directory import provenance
from .selection import Selection
from .simulator import Simulator, open_simulator

CAPACITY = 50  # stimuli in one run of the simulator


@dataclass(frozen=True)
class Encoder:
    """An encoder open on a device; kernels and thresholds may differ from call to call."""

    simulator: Simulator

    def encode(
        self, network: Network, inputs: Spikes, progress: Callable[[int], None] = lambda done: None
    ) -> dict[str, Spikes]:
        """Spikes of ``input, conv1, pool1, conv2, pool2, conv3`` for `inputs`.

        `progress` is told the number of stimuli done after every run.
        """
        parts: list[dict[str, Spikes]] = []
        for start in range(0, inputs.stimuli, CAPACITY):
            chunk = inputs.select(np.arange(start, min(start + CAPACITY, inputs.stimuli)))
            parts.append(self.simulator.run(chunk, encoder_state(network, chunk)).spikes)
            progress(start + chunk.stimuli)
        return {"input": inputs} | {name: Spikes.join([part[name] for part in parts]) for name in parts[0]}


def encoder_state(network: Network, inputs: Spikes) -> Mapping[str, np.ndarray]:
    """The encoder's state variables for one run."""
    events = np.bincount(inputs.stimulus, minlength=inputs.stimuli)
    scale = np.ones(CAPACITY)
    scale[: inputs.stimuli] = network.threshold_scale(events)
    kernels = {f"{name}.w": network.kernels[name].ravel() for name in CONV_LAYERS}
    thresholds = {f"{name}.theta": network.thresholds[name] for name in CONV_LAYERS}
    return {**kernels, **thresholds, "scale": scale}


@contextmanager
def open_encoder(config: Config, size: tuple[int, int], device: str) -> Iterator[Encoder]:
    """Give an encoder for stimuli of `size` (rows, columns). Raises what `open_simulator` raises."""
    shapes = layer_shapes(config, size)
    key = repr(("encoder", shapes, CAPACITY, config.input, config.conv1.kernel, config.pool1, config.pool2))
    key += repr((config.conv2.kernel, config.conv2.padding, config.conv3.kernel, config.conv3.padding))
    with open_simulator(lambda: build_encoder(config, size, CAPACITY), device, key) as simulator:
        yield Encoder(simulator)


def record(
    selection: Selection, out: Path, device: str, progress: Callable[[int], None] = lambda done: None
) -> dict[str, Spikes]:
    """Encode the selected pictures and write their spikes to `out` (.npz) with a description beside it (.json).

    Raises
    ------
    SpikeSegError
        A picture cannot be read, the simulation fails, `out` is not an .npz, or the file system refuses.
    """
    description_file(out)  # before the work, not after it
    network, config = selection.network, selection.network.config
    shown = list(samples(selection.dataset, selection.indices, config.input))
    inputs = stimuli([sample.view for sample in shown], config.input, selection.size)
    with open_encoder(config, selection.size, device) as encoder:
        spikes = encoder.encode(network, inputs, progress)
    description = {
        "names": [sample.name for sample in shown],
        "labels": [sample.targets[0].label for sample in shown],
        "source": selection.source,
        "dt_ms": config.input.dt_ms,
        "steps": config.input.total_steps,
        "t_start_ms": 0.0,
        "t_stop_ms": config.input.total_steps * config.input.dt_ms,
        "seed": config.seed,
        "config": config.digest(),
    }
    save_recording(out, spikes, description | provenance(None, device))
    return spikes
