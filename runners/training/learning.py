"""Layer-wise STDP training: chunks of stimuli, a checkpoint after each, the same bits however often it is resumed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spikeseg.errors import SpikeSegError
from spikeseg.files import read_arrays, write_arrays
from spikeseg.spikes import Shape, Spikes

from ...analysis.measures.weights import BINS, weight_histogram
from ...configs.schema import Conv, Learning
from ...models.designs import LearnerDesign
from ...models.geometry import padded
from ..simulation.interface import Simulator
from ..simulation.simulator import open_simulator

CARRIED = ("w", "theta", "a_plus", "presented", "wins")  # from one chunk to the next
HISTORY = ("winners", "presentation", "convergence", "histogram")


@dataclass(frozen=True)
class Learned:
    """Where the training of a layer stands.

    Attributes
    ----------
    state
        The learner's carried state, flat arrays by name.
    winners
        (stimulus index in the training set, step, neuron) of every win so far, shape (n, 3), int32.
    presentation
        Which presentation each win belongs to, shape (n,), int32.
    convergence
        Mean w (1 - w) after each chunk, beginning with the initial weights.
    histogram
        Number of weights in equal bins of [0, 1] at the same times, (chunks + 1, `BINS`), int32;
        zeros where an older version of spikeseg trained.
    """

    state: dict[str, np.ndarray]
    winners: np.ndarray
    presentation: np.ndarray
    convergence: np.ndarray
    histogram: np.ndarray

    @property
    def presented(self) -> int:
        """Stimuli presented so far."""
        return int(self.state["presented"][0])


def initial(conv: Conv, below: Shape, seed: tuple[int, ...]) -> Learned:
    """Weights from a clipped normal distribution, thresholds at their start."""
    learning = conv.learning
    rng = np.random.default_rng([*seed, 0])
    size = conv.maps * below.features * conv.kernel[0] * conv.kernel[1]
    w = rng.normal(learning.weight_mean, learning.weight_std, size).clip(0, 1)
    state = {
        "w": w,
        "theta": np.full(conv.maps, learning.threshold_start),
        "a_plus": np.array([learning.a_plus]),
        "presented": np.array([0]),
        "wins": np.array([1]),  # no stimulus has been silent yet
    }
    empty = np.empty((0, 3), np.int32)
    return Learned(state, empty, empty[:, 0], np.array([convergence(w)]), weight_histogram(w)[None])


def convergence(w: np.ndarray) -> float:
    """Mean of w (1 - w): 0 when every weight is 0 or 1 (Kheradpisheh et al. 2018, equation 4)."""
    return float(np.mean(w * (1 - w)))


def presentation_order(stimuli: int, presentations: int, seed: tuple[int, ...]) -> np.ndarray:
    """Which stimulus is presented when: whole epochs, each in an order of its own, shape (presentations,)."""
    rng = np.random.default_rng([*seed, 1])
    epochs = [rng.permutation(stimuli) for _ in range(-(-presentations // stimuli))]
    return np.concatenate(epochs)[:presentations]


def on_padded_grid(spikes: Spikes, conv: Conv, first_step: int) -> Spikes:
    """Spikes of the layer below on the learner's padded input, counted from `first_step`."""
    shape = padded(spikes.shape, conv.padding)
    feature, row, column = np.unravel_index(spikes.neuron, spikes.shape)
    neuron = np.ravel_multi_index((feature, row + conv.padding[0], column + conv.padding[1]), shape)
    return Spikes.collect(shape, spikes.stimuli, spikes.stimulus, spikes.step - first_step, neuron)


@dataclass(frozen=True)
class Trainer:
    """Trains one layer on the spikes of the layer below.

    Attributes
    ----------
    conv
        The layer.
    below
        Size of the layer below.
    stimuli
        Its input over the training set, on the padded grid, steps from 0.
    seed
        Of the initial weights and of the order of presentation.
    checkpoint
        File that holds the state after the last complete chunk.
    """

    conv: Conv
    below: Shape
    stimuli: Spikes
    seed: tuple[int, ...]
    checkpoint: Path

    def begin(self) -> Learned:
        """Where training stands: at the checkpoint if there is one, else at the initial weights."""
        return load_checkpoint(self.checkpoint) or initial(self.conv, self.below, self.seed)

    def train(self, learned: Learned, simulator: Simulator, progress: Callable[[Learned], None]) -> Learned:
        """Train from `learned` on until converged or at the maximum, with a checkpoint after every chunk."""
        learning = self.conv.learning
        order = presentation_order(self.stimuli.stimuli, learning.stimuli, self.seed)
        progress(learned)
        while not finished(learned, learning):
            chunk = order[learned.presented : learned.presented + learning.chunk]
            learned = self._present(simulator, learned, chunk)
            save_checkpoint(self.checkpoint, learned)
            progress(learned)
        return learned

    def _present(self, simulator: Simulator, learned: Learned, chunk: np.ndarray) -> Learned:
        result = simulator.run(self.stimuli.select(chunk), {**constants(self.conv), **learned.state})
        wins = result.spikes["winners"]
        state = {name: result.state[name] for name in CARRIED}
        return Learned(
            state,
            np.concatenate([learned.winners, np.stack([chunk[wins.stimulus], wins.step, wins.neuron], 1)]).astype(
                np.int32
            ),
            np.concatenate([learned.presentation, learned.presented + wins.stimulus]).astype(np.int32),
            np.append(learned.convergence, convergence(state["w"])),
            np.vstack([learned.histogram, weight_histogram(state["w"])]),
        )


def finished(learned: Learned, learning: Learning) -> bool:
    """Converged, or all stimuli presented. Weights start unconverged or near 1: a start does not count."""
    settled = learned.presented >= learning.stimuli // 2 and learned.convergence[-1] < learning.convergence
    return settled or learned.presented >= learning.stimuli


def constants(conv: Conv) -> dict[str, np.ndarray]:
    """The learner's constants, by name of state variable."""
    learning = conv.learning
    return {
        "a_minus_ratio": np.array([learning.a_minus_ratio]),
        "a_plus_max": np.array([learning.a_plus_max]),
        "doubling": np.array([learning.doubling]),
        "winners": np.array([learning.winners]),
        "rise": np.array([learning.homeostasis]),
        "fall": np.array([learning.homeostasis / conv.maps]),
        "silent_fall": np.array([learning.threshold_silent]),
    }


def open_learner(conv: Conv, below: Shape, input_steps: int, dt: float, device: str):
    """Context manager of a simulator for one layer's learning. Raises what `open_simulator` raises."""
    return open_simulator(LearnerDesign.of(conv, below, input_steps, dt), device)


def save_checkpoint(path: Path, learned: Learned) -> None:
    """Write the state atomically. Raises SpikeSegError where the file system refuses."""
    arrays = {name: getattr(learned, name) for name in HISTORY}
    write_arrays(path, arrays | {f"state_{name}": values for name, values in learned.state.items()})


def load_checkpoint(path: Path) -> Learned | None:
    """Read what `save_checkpoint` wrote, None where there is none. Raises SpikeSegError where it is damaged."""
    if not path.exists():
        return None
    try:
        arrays = read_arrays(path, [*HISTORY[:-1], *(f"state_{name}" for name in CARRIED)])
    except SpikeSegError as error:
        raise SpikeSegError(f"checkpoint {error}; remove it to train that layer anew") from error
    arrays.setdefault("histogram", np.zeros((len(arrays["convergence"]), BINS), np.int32))  # of an older spikeseg
    return Learned({name: arrays[f"state_{name}"] for name in CARRIED}, *(arrays[name] for name in HISTORY))
