"""Run a trained network in continuous time: events come at their own microsecond, and nothing is reset in between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np

from spikeseg.errors import SpikeSegError
from spikeseg.spikes import Spikes

from ...models.decay import neuron_constants
from ...models.designs import ContinuousDesign, Timing
from ...models.network import CONV_LAYERS, LAYERS, TrainedNetwork
from ..simulation.devices import GENN
from ..simulation.interface import Simulator
from ..simulation.simulator import open_simulator

LARGEST_GAIN = 500
"""Of a run, as a power of e: what is larger than e to the power of 709 is no number any more."""


class ContinuousEncoder:
    """An encoder that goes on where it stopped; see `open_continuous`.

    Its state is given to each run of the simulator and taken from it, so a stream may be of any length, and how it is
    cut into runs changes no spike.

    Attributes
    ----------
    step
        The next step, from the beginning of the stream.
    """

    def __init__(self, simulator: Simulator, network: TrainedNetwork, design: ContinuousDesign):
        self._simulator, self._design = simulator, design
        self._network = _network_state(network, design.dt)
        self.rest(0)

    def rest(self, step: int) -> None:
        """Bring all neurons to rest, as they are in the beginning, and go on at this step."""
        shapes, self.step = self._design.shapes, step
        zeros = {f"{name}.{variable}": np.zeros(shapes[name].size) for name in LAYERS for variable in ("v", "until")}
        units = {f"{name}.gain": np.ones(1) for name in CONV_LAYERS}
        thresholds = {f"{name}.theta": np.zeros(shapes[name].features) for name in CONV_LAYERS}
        models = {name: model for name, model in self._design.models.items() if model is not None}
        zeros |= {f"{name}.{one}": np.zeros(shapes[name].size) for name, model in models.items() for one in model.names}
        self._state: dict[str, np.ndarray] = {**zeros, **units, **thresholds, "count": np.zeros(1)}

    def encode(self, steps: int, step: np.ndarray, neuron: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Go on for a number of steps.

        Parameters
        ----------
        steps
            How many.
        step, neuron
            Input spikes, (n,) int: the step of each, from 0 on, ascending, and its neuron. No neuron spikes twice in a
            step.

        Returns
        -------
        Per layer, ``input`` to ``conv3``, steps, from the beginning of the stream, and neurons of its spikes, sorted by
        (step, neuron).

        Raises
        ------
        SpikeSegError
            The simulation fails.
        """
        longest = max(int(LARGEST_GAIN * min(self._design.taus.values())), 1)
        parts = []
        for begin in range(0, steps, longest):
            part = slice(*np.searchsorted(step, [begin, begin + longest]))
            parts.append(self._run(min(longest, steps - begin), step[part] - begin, neuron[part]))
        return {
            name: (np.concatenate([part[name][0] for part in parts]), np.concatenate([part[name][1] for part in parts]))
            for name in parts[0]
        }

    def _run(self, steps: int, step: np.ndarray, neuron: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        shape = self._design.shapes["input"]
        inputs = Spikes.collect(shape, steps, step, np.zeros(len(step), np.int32), neuron)
        result = self._simulator.run(inputs, self._network | self._state)
        self._state = carried({name: result.state[name] for name in self._state}, steps)
        spikes = {"input": inputs} | result.spikes
        begin, self.step = self.step, self.step + steps
        return {name: (begin + one.stimulus.astype(np.int64), one.neuron) for name, one in spikes.items()}


def carried(state: Mapping[str, np.ndarray], steps: int) -> dict[str, np.ndarray]:
    """What a run of so many steps leaves, as the next one takes it: times from its own beginning, a gain from 1 to 2.

    Division by a power of two changes no bit of a potential over its threshold.
    """
    new = dict(state)
    for name in LAYERS:
        new[f"{name}.until"] = np.maximum(state[f"{name}.until"] - steps, 0)
    for name in CONV_LAYERS:
        _, exponent = np.frexp(state[f"{name}.gain"][0])
        for variable in ("v", "theta", "gain"):
            new[f"{name}.{variable}"] = np.ldexp(state[f"{name}.{variable}"], 1 - exponent)
    return new


def _network_state(network: TrainedNetwork, dt: float) -> dict[str, np.ndarray]:
    """Kernels, thresholds, how these adapt, and constants of neuron models, as state variables of the encoder."""
    (fewest, most), variation = network.event_range, network.config.input.threshold_variation
    if most <= fewest:
        fewest, most, variation = 0, 1, 0.0
    adapting = {"fewest": fewest, "most": most, "variation": variation}
    kernels = {f"{name}.w": network.kernels[name].ravel() for name in CONV_LAYERS}
    thresholds = {f"{name}.resting": network.thresholds[name] for name in CONV_LAYERS}
    constants = {
        f"{name}.{constant}": value
        for name in CONV_LAYERS
        for constant, value in neuron_constants(network.config.neurons.of(name), dt).items()
    }
    return {
        **kernels,
        **thresholds,
        **constants,
        **{name: np.array([float(value)]) for name, value in adapting.items()},
    }


@contextmanager
def open_continuous(
    network: TrainedNetwork, size: tuple[int, int], timing: Timing, device: str
) -> Iterator[ContinuousEncoder]:
    """Open an encoder in continuous time: a context manager.

    Parameters
    ----------
    network
        A trained network.
    size
        Rows and columns of the input layer.
    timing
        Time constants, refractory times and the duration of a step.
    device
        Where Brian2 simulates.

    Raises
    ------
    SpikeSegError
        The device is GeNN; the input is smaller than a layer's kernel; or see `open_simulator`.
    """
    if device in GENN:
        raise SpikeSegError(f"{device} has no continuous encoder: use --device cpp_standalone")
    try:
        design = ContinuousDesign.of(network.config, size, timing)
    except ValueError as error:
        raise SpikeSegError(
            f"{network.config.name} cannot encode an input of {size[0]} x {size[1]}: {error}"
        ) from error
    with open_simulator(design, device) as simulator:
        yield ContinuousEncoder(simulator, network, design)
