"""Present stimuli to the encoder and collect the spikes of every layer."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from spikeseg.errors import SpikeSegError
from spikeseg.spikes import Spikes

from ...configs.schema import Config
from ...models.decay import neuron_constants
from ...models.designs import EncoderDesign
from ...models.network import CONV_LAYERS, TrainedNetwork
from ..simulation.devices import GENN, PROGRAMS
from ..simulation.interface import Simulator
from ..simulation.simulator import open_simulator

CAPACITY = 50  # largest number of stimuli in one run of the simulator


@dataclass(frozen=True)
class Encoder:
    """An encoder on a device. Kernels and thresholds may differ from call to call.

    Attributes
    ----------
    simulator
        Simulates the network.
    jobs
        Number of simulations at a time, each in a process with a working directory of its own.
    ahead
        Whether it simulates what comes next while its caller is at what it was given, which takes a second core.
    """

    simulator: Simulator
    jobs: int = 1
    ahead: bool = False

    def encode(
        self, network: TrainedNetwork, inputs: Spikes, progress: Callable[[int], None] = lambda done: None
    ) -> dict[str, Spikes]:
        """Encode stimuli.

        Parameters
        ----------
        network
            Kernels and thresholds.
        inputs
            Input spikes of the stimuli.
        progress
            Receives the number of stimuli done after every run of the simulator.

        Returns
        -------
        Spikes of ``input, conv1, pool1, conv2, pool2, conv3``.

        Raises
        ------
        SpikeSegError
            The simulation fails.
        """
        return joined(self.encode_parts(network, inputs, batch_size(inputs.stimuli, self.jobs)), progress)

    def encode_parts(self, network: TrainedNetwork, inputs: Spikes, most: int) -> Iterator[dict[str, Spikes]]:
        """Encode stimuli, at most so many at a time, of at most `CAPACITY`; see `encode`."""
        if inputs.stimuli <= most:
            yield self._run(network, inputs)
            return
        starts = range(0, inputs.stimuli, most)
        parts = (inputs.select(np.arange(start, min(start + most, inputs.stimuli))) for start in starts)
        yield from self.encode_each(network, parts)

    def encode_each(self, network: TrainedNetwork, chunks: Iterable[Spikes]) -> Iterator[dict[str, Spikes]]:
        """Encode sets of at most `CAPACITY` stimuli. Yields in order; takes the next sets when it can simulate them."""
        if not self.ahead:
            yield from (self._run(network, chunk) for chunk in chunks)
            return
        running: deque[Future[dict[str, Spikes]]] = deque()
        with ThreadPoolExecutor(self.jobs) as pool:  # threads suffice: each of them waits for a process
            for chunk in chunks:
                running.append(pool.submit(self._run, network, chunk))
                if len(running) > self.jobs:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()

    def _run(self, network: TrainedNetwork, inputs: Spikes) -> dict[str, Spikes]:
        return {"input": inputs} | self.simulator.run(inputs, encoder_state(network, inputs)).spikes


def batch_size(stimuli: int, jobs: int) -> int:
    """Stimuli per run, if `stimuli` are divided among `jobs`."""
    return max(1, min(CAPACITY, -(-stimuli // jobs)))


def joined(parts: Iterable[dict[str, Spikes]], progress: Callable[[int], None]) -> dict[str, Spikes]:
    """Concatenate encoded sets; `progress` receives the number of stimuli after each set."""
    all_parts: list[dict[str, Spikes]] = []
    for part in parts:
        all_parts.append(dict(part))
        progress(sum(one["input"].stimuli for one in all_parts))
    layers = list(all_parts[0])
    return {layer: Spikes.join([part.pop(layer) for part in all_parts]) for layer in layers}  # no layer is there twice


def encoder_state(network: TrainedNetwork, inputs: Spikes) -> Mapping[str, np.ndarray]:
    """The encoder's state variables for one run.

    They are kernels, thresholds, the scale of thresholds for each stimulus, and constants of neuron models.
    """
    events = np.bincount(inputs.stimulus, minlength=inputs.stimuli)
    scale = np.ones(CAPACITY)
    scale[: inputs.stimuli] = network.threshold_scale(events)
    return {**_network_state(network), "scale": scale}


@lru_cache(maxsize=4)
def _network_state(network: TrainedNetwork) -> Mapping[str, np.ndarray]:
    """What is the same for all stimuli."""
    kernels = {f"{name}.w": network.kernels[name].ravel() for name in CONV_LAYERS}
    thresholds = {f"{name}.theta": network.thresholds[name] for name in CONV_LAYERS}
    state, dt = {**kernels, **thresholds}, network.config.input.dt_ms * 1e-3
    for layer in CONV_LAYERS:
        constants = neuron_constants(network.config.neurons.of(layer), dt)
        state |= {f"{layer}.{name}": value for name, value in constants.items()}
    return state


def check_jobs(device: str, jobs: int) -> None:
    """Raise SpikeSegError where a device cannot run so many simulations at a time."""
    if jobs > 1 and device not in PROGRAMS:
        raise SpikeSegError(f"device {device} runs one simulation at a time: use --device cpp_standalone, or --jobs 1")


def _cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def open_encoder(config: Config, size: tuple[int, int], device: str, jobs: int = 1) -> Iterator[Encoder]:
    """Open an encoder: a context manager.

    Parameters
    ----------
    config
        Geometry of the network, and timing.
    size
        Rows and columns of the stimuli.
    device
        Where Brian2 simulates.
    jobs
        Number of simulations at a time.

    Raises
    ------
    SpikeSegError
        Several jobs on a device that runs one simulation at a time; neurons that leak, or of another model, on GeNN;
        stimuli smaller than a layer's kernel; or see `open_simulator`.
    """
    check_jobs(device, jobs)
    try:
        design = EncoderDesign.of(config, size, CAPACITY)
    except ValueError as error:
        raise SpikeSegError(f"{config.name} cannot encode stimuli of {size[0]} x {size[1]}: {error}") from error
    leaky = [layer for layer, tau in design.taus.items() if tau is not None]
    if device in GENN and leaky:
        raise SpikeSegError(f"{leaky[0]}.tau_ms: {device} has no neurons that leak: use --device cpp_standalone")
    if device in GENN and any(design.models.values()):
        raise SpikeSegError(
            f"neurons.model {config.neurons.model}: {device} has the default neurons only: use --device cpp_standalone"
        )
    with open_simulator(design, device) as simulator:
        yield Encoder(simulator, jobs, ahead=device in PROGRAMS and (jobs > 1 or _cores() > 1))
