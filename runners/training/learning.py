"""STDP training of one layer, in chunks of stimuli with a checkpoint after each.

However often a training is interrupted and resumed, its result is the same to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spikeseg.errors import SpikeSegError
from spikeseg.files import Expected, read_arrays, write_arrays
from spikeseg.spikes import Shape, Spikes

from ...analysis.measures.weights import BINS, weight_histogram
from ...configs.plasticity.rule import PLACES, PREFIX, Rule, constant
from ...configs.schema import COUNTERS, Conv, Learning, Neurons, Plasticity
from ...models.decay import constant_values, neuron_constants
from ...models.designs import LearnerDesign
from ...models.geometry import padded
from ..simulation.interface import Simulator
from ..simulation.simulator import open_simulator

CARRIED = ("w", "theta", "a_plus", "presented", "wins")  # state variables that the next chunk starts from, of all rules
HISTORY = ("winners", "presentation", "convergence", "histogram")


@dataclass(frozen=True)
class Learned:
    """The state and the history of a layer's training.

    Attributes
    ----------
    state
        The state variables in `CARRIED`, and what the rule carries (see `carried`): flat arrays by name.
    winners
        Stimulus (index in the training set), step and neuron of every win so far, shape (n, 3), int32.
    presentation
        Index of the presentation that each win belongs to, shape (n,), int32.
    convergence
        Mean w (1 - w) of the initial weights and after each chunk, shape (chunks + 1,).
    histogram
        Number of weights in equal bins of [0, 1] at the same times, shape (chunks + 1, `BINS`), int32; all 0 for chunks
        that an older version of spikeseg trained.
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


def carried(conv: Conv, below: Shape, rule: Rule) -> dict[str, int]:
    """Names and sizes of what a rule remembers from one stimulus to the next; it begins with 0."""
    wide = padded(below, conv.padding)
    places = math.prod(n - k + 1 for n, k in zip(wide[1:], conv.kernel, strict=True))
    weights = conv.maps * below.features * math.prod(conv.kernel)
    sizes = {"weight": weights, "input": wide.size, "neuron": conv.maps * places, "map": conv.maps, "layer": 1}
    return {name: sizes[place] for place, names in rule.carried.items() for name in names}


def initial(conv: Conv, below: Shape, rule: Rule, seed: tuple[int, ...]) -> Learned:
    """The start of training: weights from a clipped normal distribution, thresholds at `threshold_start`.

    Parameters
    ----------
    conv
        The layer.
    below
        Size of the layer below.
    rule
        The learning rule.
    seed
        Seed of the initial weights.
    """
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
    state |= {name: np.zeros(size) for name, size in carried(conv, below, rule).items()}
    empty = np.empty((0, 3), np.int32)
    return Learned(state, empty, empty[:, 0], np.array([convergence(w)]), weight_histogram(w)[None])


def convergence(w: np.ndarray) -> float:
    """Mean of w (1 - w), which is 0 if every weight is 0 or 1 (Kheradpisheh et al. 2018, equation 4)."""
    return float(np.mean(w * (1 - w)))


def presentation_order(stimuli: int, presentations: int, seed: tuple[int, ...]) -> np.ndarray:
    """Indices of the stimuli in the order of their presentation, (presentations,) int.

    Stimuli are presented in whole epochs, each in a random order of its own; the last epoch may be cut short.
    """
    rng = np.random.default_rng([*seed, 1])
    epochs = [rng.permutation(stimuli) for _ in range(-(-presentations // stimuli))]
    return np.concatenate(epochs)[:presentations]


def on_padded_grid(spikes: Spikes, conv: Conv, first_step: int) -> Spikes:
    """Move spikes of the layer below to the learner's padded input, and count their steps from `first_step`."""
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
        Spikes of the layer below for the whole training set, on the padded grid, with steps from 0.
    seed
        Seed of the initial weights and of the order of presentation.
    checkpoint
        File with the state after the last completed chunk.
    plasticity
        The learning rule with the values of its parameters.
    dt
        Duration of a step in seconds.
    versions
        How often the training set is in `stimuli`, a version of it after the other: each epoch presents the next, and
        after the last one comes the first again.
    neurons
        What the neurons are, with the values of its parameters.
    classes
        The class of each stimulus of the training set, from 0 on, (n,) int, for a supervised rule; None for others.
    """

    conv: Conv
    below: Shape
    stimuli: Spikes
    seed: tuple[int, ...]
    checkpoint: Path
    plasticity: Plasticity
    dt: float
    versions: int = 1
    neurons: Neurons = COUNTERS
    classes: np.ndarray | None = None

    def begin(self) -> Learned:
        """The state to start from: that of the checkpoint if there is one, else the initial one.

        Raises
        ------
        SpikeSegError
            The checkpoint is damaged.
        """
        rule = self.plasticity.learning_rule
        weights = self.conv.maps * self.below.features * math.prod(self.conv.kernel)
        there = load_checkpoint(self.checkpoint, self.conv, weights, carried(self.conv, self.below, rule))
        return there or initial(self.conv, self.below, rule, self.seed)

    def train(self, learned: Learned, simulator: Simulator, progress: Callable[[Learned], None]) -> Learned:
        """Train from `learned` on until `finished`, with a checkpoint after every chunk.

        Parameters
        ----------
        learned
            The state to start from, see `begin`.
        simulator
            A simulator of this layer's learner, see `open_learner`.
        progress
            Receives the state at the beginning and after every chunk.

        Raises
        ------
        SpikeSegError
            The simulation fails, the rule makes weights that are not from 0 to 1, or the file system refuses.
        """
        learning = self.conv.learning
        order = presentation_order(self.stimuli.stimuli // self.versions, learning.stimuli, self.seed)
        progress(learned)
        while not finished(learned, learning):
            chunk = order[learned.presented : learned.presented + learning.chunk]
            learned = self._present(simulator, learned, chunk)
            save_checkpoint(self.checkpoint, learned)
            progress(learned)
        return learned

    def _present(self, simulator: Simulator, learned: Learned, chunk: np.ndarray) -> Learned:
        fixed = constants(self.conv, self.plasticity, self.dt, self.neurons)
        training_set = self.stimuli.stimuli // self.versions
        epoch = (learned.presented + np.arange(len(chunk))) // training_set
        shown = epoch % self.versions * training_set + chunk
        result = simulator.run(self.stimuli.select(shown), {**fixed, **learned.state, **self._labels(chunk)})
        wins = result.spikes["winners"]
        state = {name: result.state[name] for name in learned.state}
        _check_weights(state, self.plasticity.rule)
        return Learned(
            state,
            np.concatenate([learned.winners, np.stack([chunk[wins.stimulus], wins.step, wins.neuron], 1)]).astype(
                np.int32
            ),
            np.concatenate([learned.presentation, learned.presented + wins.stimulus]).astype(np.int32),
            np.append(learned.convergence, convergence(state["w"])),
            np.vstack([learned.histogram, weight_histogram(state["w"])]),
        )

    def _labels(self, chunk: np.ndarray) -> dict[str, np.ndarray]:
        """The class of each stimulus of a run; -1 for those that a short one does not have."""
        if self.classes is None:
            return {}
        return {"label": np.pad(self.classes[chunk], (0, self.conv.learning.chunk - len(chunk)), constant_values=-1)}


def _check_weights(state: Mapping[str, np.ndarray], rule: str) -> None:
    """Raise SpikeSegError where a rule has left what weights can be."""
    w = state["w"]
    if not ((w >= 0) & (w <= 1)).all():
        raise SpikeSegError(
            f"plasticity.rule {rule}: it made weights that are not from 0 to 1: write w = clip(..., 0, 1), "
            "and divide by nothing that may be 0"
        )
    if broken := [name for name, values in state.items() if not np.isfinite(values).all()]:
        raise SpikeSegError(
            f"plasticity.rule {rule}: {broken[0].removeprefix(PREFIX)} has grown beyond all numbers: let it decay, or "
            "set it anew in new_stimulus"
        )


def finished(learned: Learned, learning: Learning) -> bool:
    """Whether training ends: weights have converged, or all stimuli have been presented (docs/model.md, rule 5).

    Convergence counts only after half of the stimuli: initial weights near 1 look converged too.
    """
    converged = learned.presented >= learning.stimuli // 2 and learned.convergence[-1] < learning.convergence
    return converged or learned.presented >= learning.stimuli


def constants(conv: Conv, plasticity: Plasticity, dt: float, neurons: Neurons = COUNTERS) -> dict[str, np.ndarray]:
    """The learner's constants by name of state variable, (1,) each; equations/plasticity.py explains the first.

    Parameters
    ----------
    conv
        The layer.
    plasticity
        The learning rule with the values of its parameters.
    dt
        Duration of a step in seconds.
    neurons
        What the neurons are, with the values of its parameters.
    """
    learning = conv.learning
    values = {
        "a_minus_ratio": learning.a_minus_ratio,
        "a_plus_max": learning.a_plus_max,
        "doubling": learning.doubling,
        "winners": learning.winners,
        "rise": learning.homeostasis,
        "fall": learning.homeostasis / conv.maps,
        "silent_fall": learning.threshold_silent,
    }
    rule = plasticity.learning_rule
    for place in PLACES:
        known = constant_values(plasticity.values, PREFIX, rule.decays(place), dt)
        values |= {constant(name, place): known[name] for name in rule.constants(place)}
    return {name: np.array([value]) for name, value in values.items()} | neuron_constants(neurons, dt)


def open_learner(
    conv: Conv,
    below: Shape,
    input_steps: int,
    dt: float,
    device: str,
    plasticity: Plasticity,
    neurons: Neurons = COUNTERS,
    classes: int | None = None,
):
    """Open a simulator for the learning of one layer: a context manager.

    Parameters
    ----------
    conv
        The layer.
    below
        Size of the layer below, without padding.
    input_steps
        Steps of a stimulus in which input spikes come.
    dt
        Duration of a step in seconds.
    device
        Where Brian2 simulates.
    plasticity
        The learning rule.
    neurons
        What the neurons are.
    classes
        Number of classes, for a supervised rule; None for others.

    Raises
    ------
    SpikeSegError
        See `open_simulator`.
    """
    rule, model = plasticity.learning_rule, neurons.neuron_model
    return open_simulator(LearnerDesign.of(conv, below, input_steps, dt, rule, model, classes), device)


def save_checkpoint(path: Path, learned: Learned) -> None:
    """Write the state atomically, not compressed: it is often done. Raises SpikeSegError if the file system refuses."""
    arrays = {name: getattr(learned, name) for name in HISTORY}
    write_arrays(path, arrays | {f"state_{name}": values for name, values in learned.state.items()}, compressed=False)


def load_checkpoint(path: Path, conv: Conv, weights: int, rule: Mapping[str, int] | None = None) -> Learned | None:
    """Read a checkpoint; None if there is none.

    Parameters
    ----------
    path
        The file.
    conv, weights
        The layer, and the number of its weights.
    rule
        What to read besides of the rule's state, see `carried`; nothing if absent.

    Raises
    ------
    SpikeSegError
        The checkpoint is damaged, or not of this layer.
    """
    if not path.exists():
        return None
    try:
        arrays = read_arrays(path, _expected(conv, weights, rule or {}))
        times = len(arrays["convergence"])
        arrays.setdefault("histogram", np.zeros((times, BINS), np.int32))  # older spikeseg: none
        if fault := _fault(arrays, conv.learning):
            raise SpikeSegError(f"{path} is damaged: {fault}")
    except SpikeSegError as error:
        raise SpikeSegError(f"checkpoint {error}; remove it to train that layer anew") from error
    names = *CARRIED, *(rule or {})
    return Learned({name: arrays[f"state_{name}"] for name in names}, *(arrays[name] for name in HISTORY))


def _expected(conv: Conv, weights: int, rule: Mapping[str, int]) -> dict[str, Expected]:
    """The arrays of a checkpoint, which grow with the stimuli that were presented."""
    learning = conv.learning
    wins, times = learning.stimuli * learning.winners, learning.stimuli // learning.chunk + 2
    return {
        "winners": Expected("iu", (None, 3), 3 * wins),
        "presentation": Expected("iu", (None,), wins),
        "convergence": Expected("f", (None,), times),
        "histogram": Expected("iu", (None, BINS), BINS * times, optional=True),
        "state_w": Expected("f", (weights,), weights),
        "state_theta": Expected("f", (conv.maps,), conv.maps),
        "state_a_plus": Expected("f", (1,), 1),
        "state_presented": Expected("iu", (1,), 1),
        "state_wins": Expected("iu", (1,), 1),
        **{f"state_{name}": Expected("f", (size,), size) for name, size in rule.items()},
    }


def _fault(arrays: Mapping[str, np.ndarray], learning: Learning) -> str:
    """Say which array of a checkpoint cannot be; empty if nothing is wrong."""
    presented = int(arrays["state_presented"][0])
    times = 1 + -(-presented // learning.chunk)
    lengths = len(arrays["winners"]), len(arrays["convergence"]), len(arrays["histogram"])
    right = {
        "presented": 0 <= presented <= learning.stimuli,
        "weights": ((arrays["state_w"] >= 0) & (arrays["state_w"] <= 1)).all(),
        "thresholds": ((arrays["state_theta"] > 0) & np.isfinite(arrays["state_theta"])).all(),
        "rule": all(np.isfinite(values).all() for name, values in arrays.items() if name.startswith(f"state_{PREFIX}")),
        "learning rate": 0 < arrays["state_a_plus"][0] < 1,
        "wins": 0 <= arrays["state_wins"][0] <= learning.winners and (arrays["winners"] >= 0).all(),
        "presentation": ((arrays["presentation"] >= 0) & (arrays["presentation"] < presented)).all(),
        "convergence": ((arrays["convergence"] >= 0) & (arrays["convergence"] <= 1)).all(),
        "histogram": (arrays["histogram"] >= 0).all(),
        "length": lengths == (len(arrays["presentation"]), times, times),
    }
    return next((f"its {name} cannot be" for name, fine in right.items() if not fine), "")
