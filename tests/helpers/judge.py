"""What the model does, in plain NumPy: small, slow, and the judge of every faster backend.

Nothing here is shared with the package: plain arrays go in and plain arrays come out. Whatever simulates the
model elsewhere has to equal this file, spike for spike and weight for weight. Read it from top to bottom:
`encode` turns input spikes into spikes of all layers, `decide` names the winner, `decode` follows it back to
the input, and `learn` is how the kernels came about.

Conventions
-----------
- A layer has the shape (C, H, W): features (maps), rows, columns. A neuron's index is its position in the
  flattened array, so all neurons of map 0 come first.
- A neuron fires at most once per stimulus. So the spikes of a layer are one int array (C, H, W): the step of
  each neuron's spike, -1 (`SILENT`) where there is none.
- A stimulus starts from potentials of 0 and takes the steps 0 .. total_steps - 1. In each step neurons first
  compare the potential they have with their threshold, then the spikes of the layer below arrive. So a spike
  needs one step per layer: what arrives in step s shows in step s + 1 at the earliest.
- A kernel has the shape (maps, features below, rows, columns); there is nothing outside the layer below.
- A potential may leak: what is left of it is looked at when an input arrives, and rounded down to a multiple of 2^-38.
  In between nothing happens, and thresholds are compared with the potential of the last arrival.
- In a `Cell` something happens in every step, also where nothing arrives: after its threshold, before arrivals.
- Arithmetic is float64 and in a fixed order, because 0.1 + 0.2 + 0.3 depends on who comes first.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

SILENT = -1

Neuron = tuple[int, int, int]  # feature, row, column


@dataclass(frozen=True)
class Conv:
    """A convolutional layer of integrate-and-fire neurons, stride 1."""

    name: str
    kernels: np.ndarray  # (maps, features below, kernel rows, kernel columns)
    padding: tuple[int, int]  # rows, columns
    theta: np.ndarray  # (maps,)
    compete: bool = False  # one spike per place, over all maps
    tau: float = np.inf  # time constant of the leak, in steps
    cell: Cell | None = None  # if something happens in it by itself


@dataclass(frozen=True)
class Cell:
    """A neuron that changes in every step, between the thresholds of the step and what arrives in it.

    A leaky one has `left` of its potential then. A quadratic one, with a `rate` and a `peak`, has its potential fall to
    0 from below the threshold of its map, and rise from above it, and fires at `peak` times that threshold. An adaptive
    one, with a `rate` and a `slope`, fires at the threshold of its map plus what that has risen by, which goes to
    `slope` times the potential. With a `beta`, each spike of a neuron raises its threshold by `beta` times that of its
    map; of what it has risen, a step leaves the part that `fades`.
    """

    left: float = 1.0
    rate: float = 0.0  # of a step: its duration over the time constant
    peak: float = 1.0
    slope: float | None = None
    fades: float = 1.0
    beta: float | None = None

    def reaches(self, threshold: np.ndarray, risen: np.ndarray) -> np.ndarray:
        """What potentials have to reach, (maps, H, W); the thresholds of the maps are (maps, 1, 1)."""
        return threshold * (1 + self.beta * risen) if self.beta is not None else self.peak * threshold + risen

    def pass_time(self, potential: np.ndarray, risen: np.ndarray, threshold: np.ndarray, idle: np.ndarray) -> None:
        """A step passes in all neurons that are neither at their threshold nor `idle`, (maps, H, W) bool."""
        now = ~idle & (potential < self.reaches(threshold, risen))
        potential *= self.left
        risen *= self.fades
        v, b, theta = potential[now], risen[now], np.broadcast_to(threshold, now.shape)[now]
        if self.slope is not None:
            risen[now] = b + self.rate * (self.slope * v - b)
        elif self.rate > 0:
            potential[now] = v + self.rate * (v * (v - theta) / theta)


COUNTER = Cell()


@dataclass(frozen=True)
class Pool:
    """A pooling layer; each feature is pooled by itself. Windows at the far edges may be incomplete."""

    name: str
    window: int
    stride: int


# ---- Encoding ------------------------------------------------------------------------------------


def encode(
    input_steps: np.ndarray, layers: Iterable[Conv | Pool], total_steps: int, scale: float = 1.0
) -> dict[str, np.ndarray]:
    """Spike steps of the input and of every layer, by name, for one stimulus.

    Parameters
    ----------
    input_steps
        (C, H, W), the step of each input's spike or `SILENT`.
    layers
        From the bottom up.
    total_steps
        Steps of the stimulus; what would fire later does not fire.
    scale
        This stimulus' factor on the thresholds of all conv layers (it follows the number of events).
    """
    spikes = {"input": input_steps}
    below = input_steps
    for layer in layers:
        if isinstance(layer, Conv):
            below = conv_steps(below, layer, total_steps, scale, by_place=below is not input_steps)
        else:
            below = pool_steps(below, layer, total_steps)
        spikes[layer.name] = below
    return spikes


def conv_steps(
    below: np.ndarray, conv: Conv, total_steps: int, scale: float = 1.0, by_place: bool = False
) -> np.ndarray:
    """When each neuron of a conv layer fires: once, in the first step in which its potential reaches its threshold.

    That is theta * scale, unless it is of another kind; see `Cell`.

    The spikes of a step arrive in the order of their index, or `by_place`; see `arriving`.
    """
    threshold = (conv.theta * scale)[:, np.newaxis, np.newaxis]
    potential = np.zeros(conv_shape(below.shape, conv.kernels, conv.padding))
    silenced = np.zeros(potential.shape, bool)
    steps = np.full(potential.shape, SILENT)
    last, risen = np.zeros(potential.shape, int), np.zeros(potential.shape)
    cell = conv.cell or COUNTER
    for step in range(total_steps):
        fires = (potential >= cell.reaches(threshold, risen)) & ~silenced
        if conv.compete:
            fires = strongest_of_each_place(potential, fires)
            silenced |= fires.any(axis=0)  # the winner silences all maps at its place, itself included
        else:
            silenced |= fires
        steps[fires] = step
        cell.pass_time(potential, risen, threshold, silenced)
        step_in(arriving(below == step, by_place), potential, last, step, conv)
    return steps


def arriving(fired: np.ndarray, by_place: bool = False) -> np.ndarray:
    """Feature, row and column of the spikes below, `fired` (C, H, W) bool, in their order: (n, 3).

    That is map by map, or place by place with the maps of a place one after the other.
    """
    return np.argwhere(np.moveaxis(fired, 0, -1))[:, [2, 0, 1]] if by_place else np.argwhere(fired)


def step_in(spikes: np.ndarray, potential: np.ndarray, last: np.ndarray, step: int, conv: Conv) -> None:
    """Let the spikes of a step arrive, in neurons that leak or do not."""
    if conv.tau == np.inf:
        arrive(spikes, potential, conv.kernels, conv.padding)
    else:
        arrive_leaky(spikes, potential, last, step, conv)


def arrive_leaky(spikes: np.ndarray, potential: np.ndarray, last: np.ndarray, step: int, conv: Conv) -> None:
    """As `arrive`; before each arrival a potential decays by the time since `last` (maps, H, W), the arrival before."""
    for one in spikes[:, np.newaxis]:
        reached = np.zeros(potential.shape, bool)
        arrive(one, reached, np.ones(conv.kernels.shape, bool), conv.padding)
        for place in np.argwhere(reached):
            since = step - last[tuple(place)]
            left = max(round(math.exp(-since / conv.tau) * 2**38), 1) / 2**38
            potential[tuple(place)] = np.floor(potential[tuple(place)] * left * 2**38) / 2**38
        last[reached] = step
        arrive(one, potential, conv.kernels, conv.padding)


def conv_shape(below: tuple[int, ...], kernels: np.ndarray, padding: tuple[int, int]) -> tuple[int, int, int]:
    """Shape of the conv layer above a layer of shape `below`."""
    maps, _, *kernel = kernels.shape
    rows, columns = (n + 2 * p - k + 1 for n, p, k in zip(below[1:], padding, kernel, strict=True))
    return maps, rows, columns


def arrive(spikes: np.ndarray, potential: np.ndarray, kernels: np.ndarray, padding: tuple[int, int]) -> None:
    """Let spikes below, (n, 3) feature, row and column, raise the potentials, one after the other.

    Neuron (m, y, x) sees input (c, y - padding + i, x - padding + j) through the weight (m, c, i, j).
    """
    _, rows, columns = potential.shape
    _, _, kernel_rows, kernel_columns = kernels.shape
    for c, input_y, input_x in spikes:
        for i in range(kernel_rows):
            for j in range(kernel_columns):
                y, x = input_y + padding[0] - i, input_x + padding[1] - j
                if 0 <= y < rows and 0 <= x < columns:
                    potential[:, y, x] += kernels[:, c, i, j]


def strongest(potential: np.ndarray, candidates: np.ndarray) -> tuple[int, ...]:
    """Position of the candidate with the largest potential; ties go to the lowest index."""
    flat = np.argmax(np.where(candidates, potential, -np.inf))
    return tuple(int(n) for n in np.unravel_index(flat, potential.shape))


def strongest_of_each_place(potential: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Of the candidates (maps, H, W) keep one per place: the largest potential, then the lowest map."""
    winners = np.zeros(candidates.shape, bool)
    for y, x in np.argwhere(candidates.any(axis=0)):
        (m,) = strongest(potential[:, y, x], candidates[:, y, x])
        winners[m, y, x] = True
    return winners


def pool_steps(below: np.ndarray, pool: Pool, total_steps: int) -> np.ndarray:
    """When each pooling neuron fires: in the step after the first spike in its window."""
    features, *size = below.shape
    rows, columns = (-(-(n - pool.window) // pool.stride) + 1 for n in size)  # rounded up
    steps = np.full((features, rows, columns), SILENT)
    for feature, y, x in np.ndindex(features, rows, columns):
        window = below[(feature, *pool_window(pool, y, x))]
        spikes = window[window != SILENT]
        if spikes.size > 0 and spikes.min() + 1 < total_steps:
            steps[feature, y, x] = spikes.min() + 1
    return steps


def pool_window(pool: Pool, y: int, x: int) -> tuple[slice, slice]:
    """Rows and columns that the pooling neuron at (y, x) looks at; slices end with the layer."""
    top, left = y * pool.stride, x * pool.stride
    return slice(top, top + pool.window), slice(left, left + pool.window)


# ---- Decision ------------------------------------------------------------------------------------


def final_potential(below: np.ndarray, conv: Conv) -> np.ndarray:
    """Potentials (maps, H, W) after all spikes of the stimulus; neither a spike nor silencing resets them."""
    potential = np.zeros(conv_shape(below.shape, conv.kernels, conv.padding))
    for step in range(below.max() + 1):
        arrive(arriving(below == step), potential, conv.kernels, conv.padding)
    return potential


def largest_potential(below: np.ndarray, conv: Conv) -> np.ndarray:
    """The largest potentials (maps, H, W) that arrivals leave behind; neither a spike nor silencing resets them."""
    potential = np.zeros(conv_shape(below.shape, conv.kernels, conv.padding))
    last, largest = np.zeros(potential.shape, int), potential.copy()
    for step in range(below.max() + 1):
        step_in(arriving(below == step), potential, last, step, conv)
        largest = np.maximum(largest, potential)
    return largest


def compared_potential(below: np.ndarray, conv: Conv) -> np.ndarray:
    """Potentials (maps, H, W) by which places compete: after all spikes; of neurons that leak, the largest."""
    return final_potential(below, conv) if conv.tau == np.inf else largest_potential(below, conv)


def decide(below: np.ndarray, conv: Conv) -> tuple[int, ...]:
    """The neuron (map, row, column) with the largest potential / theta; ties go to the lowest index."""
    ratio = compared_potential(below, conv) / conv.theta[:, np.newaxis, np.newaxis]
    return strongest(ratio, np.ones(ratio.shape, bool))


# ---- Decoding ------------------------------------------------------------------------------------


class Decoded(NamedTuple):
    """What the decoder activates, per layer name from the top layer down to the input."""

    active: dict[str, np.ndarray]  # (C, H, W) bool
    saliency: dict[str, np.ndarray]  # (C, H, W) float, 0 where not active


def decode(
    spikes: dict[str, np.ndarray],
    layers: Iterable[Conv | Pool],
    seeds: dict[Neuron, int],
    mode: str,
    weight_thresholds: dict[str, float],
) -> Decoded:
    """Follow seeds of the top layer back to the input, through neurons that really fired.

    Parameters
    ----------
    spikes
        What `encode` returned for this stimulus.
    layers
        The same as for `encode`, from the bottom up.
    seeds
        Neurons of the top layer, each with its step. Mode 'end' ignores the steps: there a seed need not have
        fired.
    mode
        Which spikes below a conv neuron of step t it may recruit: 'causal' those before t, 'exact' those of
        t - 1 only, 'end' all of the stimulus. Un-pooling is the same in all modes.
    weight_thresholds
        Per conv layer; only weights above it recruit.
    """
    layers = list(layers)
    names = ["input", *(layer.name for layer in layers)]
    steps = spikes[names[-1]].copy()
    active = np.zeros(steps.shape, bool)
    for neuron, step in seeds.items():
        steps[neuron] = step
        active[neuron] = True
    decoded = Decoded({names[-1]: active}, {names[-1]: active.astype(float)})
    for layer, name, name_below in zip(layers[::-1], names[:0:-1], names[-2::-1], strict=True):
        below = spikes[name_below]
        active, saliency = np.zeros(below.shape, bool), np.zeros(below.shape)
        for neuron in neurons(decoded.active[name]):
            if isinstance(layer, Conv):
                recruits = trans_conv(layer, neuron, steps[neuron], below, mode, weight_thresholds[name])
            else:
                recruits = un_pool(layer, neuron, steps[neuron], below)
            for recruit, weight in recruits.items():
                active[recruit] = True
                saliency[recruit] += weight * decoded.saliency[name][neuron]
        decoded.active[name_below], decoded.saliency[name_below] = active, saliency
        steps = below  # a recruit carries on with the step of its own spike
    return decoded


def neurons(mask: np.ndarray) -> list[Neuron]:
    """Where a mask (C, H, W) is true, in increasing index."""
    return [(int(c), int(y), int(x)) for c, y, x in np.argwhere(mask)]


def trans_conv(
    conv: Conv, neuron: Neuron, t: int, below: np.ndarray, mode: str, weight_threshold: float
) -> dict[Neuron, float]:
    """Inputs, with weights, that a conv neuron of step t recruits: strongly connected, and fired in time."""
    m, y, x = neuron
    _, rows, columns = below.shape
    recruits = {}
    for c, i, j in neurons(conv.kernels[m] > weight_threshold):
        input_y, input_x = y - conv.padding[0] + i, x - conv.padding[1] + j
        inside = 0 <= input_y < rows and 0 <= input_x < columns
        if inside and may_recruit(below[c, input_y, input_x], t, mode):
            recruits[c, input_y, input_x] = conv.kernels[m, c, i, j]
    return recruits


def may_recruit(step: int, t: int, mode: str) -> bool:
    """Whether a conv neuron of step t may recruit a spike of the layer below at `step`."""
    in_time = {"causal": step <= t - 1, "exact": step == t - 1, "end": True}
    return in_time[mode] and step != SILENT


def un_pool(pool: Pool, neuron: Neuron, t: int, below: np.ndarray) -> dict[Neuron, float]:
    """The switch of a pooling neuron of step t: all inputs of its window that fired in step t - 1 exactly.

    Each of them receives the neuron's full value, so their weight is 1.
    """
    feature, y, x = neuron
    rows, columns = pool_window(pool, y, x)
    window = below[feature, rows, columns]
    switch = np.argwhere((window == t - 1) & (window != SILENT))
    return {(feature, int(rows.start + i), int(columns.start + j)): 1.0 for i, j in switch}


# ---- Learning ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rule:
    """STDP, competition and homeostasis of a conv layer that learns."""

    a_plus: float  # rate of potentiation at the start
    a_minus_ratio: float  # rate of depression / rate of potentiation
    doubling: int  # a_plus doubles every so many stimuli ...
    a_plus_max: float  # ... up to this
    winners: int  # at most so many per stimulus
    inhibition_radius: int  # a winner silences all maps within so many rows and columns
    threshold_rise: float  # of the winning map, per win
    threshold_fall: float  # of every map, per win
    threshold_silent: float = 0.0  # of every map, after a stimulus without a winner
    additive: bool = False  # the size of a change does not depend on the weight
    traces: Traces | None = None  # STDP by traces instead, of pairs or of triplets of spikes
    reward: Reward | None = None  # STDP that labels turn round where the winner's map is of another class


@dataclass(frozen=True)
class Traces:
    """Time constants, in steps, of traces of inputs (plus, x) and of wins (minus, y), and what triplets count."""

    tau_plus: float
    tau_minus: float
    tau_x: float = np.inf
    tau_y: float = np.inf
    triplet_plus: float = 0.0
    triplet_minus: float = 0.0


@dataclass(frozen=True)
class Reward:
    """Supervised STDP (Mozafari et al. 2018): each map stands for a class, map m for m % `classes`."""

    classes: int
    weaken: float  # rate of depression of a punished winner / rate of potentiation of a rewarded one
    strengthen: float  # rate of potentiation of a punished winner / rate of depression of a rewarded one
    least: float  # part of each rate that does not depend on hits and misses
    counted: int  # stimuli after which hits and misses are counted


class Winner(NamedTuple):
    """A neuron that fired and taught its map."""

    stimulus: int
    step: int
    neuron: int  # flat index in the layer


class Learned(NamedTuple):
    """The outcome of a training."""

    winners: list[Winner]
    kernels: np.ndarray
    theta: np.ndarray
    a_plus: float


def learn(
    stimuli: Iterable[np.ndarray],
    kernels: np.ndarray,
    theta: np.ndarray,
    padding: tuple[int, int],
    rule: Rule,
    total_steps: int,
    tau: float = np.inf,
    cell: Cell | None = None,
    labels: Sequence[int] | None = None,
) -> Learned:
    """Train one conv layer on the spikes of the layer below, one stimulus after the other.

    Parameters
    ----------
    stimuli
        Spike steps of the layer below, (C, H, W) each.
    kernels, theta
        Where to start from, (maps, C, kernel rows, kernel columns) and (maps,); they are not changed.
    padding
        Rows and columns of padding.
    rule
        How to learn.
    total_steps
        Steps of each stimulus.
    tau
        Time constant of the leak, in steps.
    cell
        Of which kind the neurons are, if something happens in them by itself.
    labels
        The class of each stimulus, for a rule with a reward.
    """
    kernels, theta, a_plus = np.array(kernels, float), np.array(theta, float), rule.a_plus
    history: list[Winner] = []
    was_silent, memory = False, None
    teacher = None if rule.reward is None else Teacher(rule.reward)
    for number, below in enumerate(stimuli):
        if number > 0 and number % rule.doubling == 0:
            a_plus = min(2 * a_plus, rule.a_plus_max)
        if was_silent:
            theta *= 1 - rule.threshold_silent
        if rule.traces is not None and memory is None:
            memory = Memory(below.shape, conv_shape(below.shape, kernels, padding), padding, rule.traces)
        layer = Conv("", kernels, padding, theta, tau=tau, cell=cell)
        if teacher is not None:
            teacher.begin(labels[number])
        winners = present(below, layer, rule, a_plus, total_steps, memory, teacher)
        history += [Winner(number, step, neuron) for step, neuron in winners]
        was_silent = not winners
    return Learned(history, kernels, theta, a_plus)


def present(
    below: np.ndarray,
    conv: Conv,
    rule: Rule,
    a_plus: float,
    total_steps: int,
    memory: Memory | None = None,
    teacher: Teacher | None = None,
) -> list[tuple[int, int]]:
    """Show one stimulus: change the layer's `kernels` and `theta` in place, return (step, neuron) of each winner.

    Winners are chosen one after the other, the largest potential / theta first, then the lowest index, and each
    sees the thresholds that the one before it left behind.
    Arrivals of a step use the weights that its winners left behind; potentials of earlier arrivals stay.
    """
    kernels, padding, theta = conv.kernels, conv.padding, conv.theta
    potential = np.zeros(conv_shape(below.shape, kernels, padding))
    silenced = np.zeros(potential.shape, bool)
    last, risen = np.zeros(potential.shape, int), np.zeros(potential.shape)
    cell = conv.cell or COUNTER
    winners: list[tuple[int, int]] = []
    for step in range(total_steps):
        arrived = (below != SILENT) & (below < step)
        while len(winners) < rule.winners:
            reaches = cell.reaches(theta[:, np.newaxis, np.newaxis], risen)
            eligible = (potential >= reaches) & ~silenced
            if not eligible.any():
                break
            m, y, x = strongest(potential / reaches, eligible)
            winners.append((step, int(np.ravel_multi_index((m, y, x), potential.shape))))
            silence(silenced, m, y, x, rule.inhibition_radius)
            inputs = receptive_field(arrived, y, x, kernels.shape[2:], padding)
            if memory is not None:
                memory.win(kernels, (m, y, x), a_plus)
            elif teacher is not None:
                kernels[m] = teacher.taught(kernels[m], inputs, m, a_plus, rule.a_minus_ratio * a_plus)
            else:
                kernels[m] = stdp(kernels[m], inputs, a_plus, rule.a_minus_ratio * a_plus, rule.additive)
            theta[m] *= 1 + rule.threshold_rise
            theta *= 1 - rule.threshold_fall
        cell.pass_time(potential, risen, theta[:, np.newaxis, np.newaxis], silenced)
        step_in(arriving(below == step), potential, last, step, conv)
        if memory is not None:
            memory.arrive(kernels, below == step, rule.a_minus_ratio * a_plus)
    return winners


def silence(silenced: np.ndarray, m: int, y: int, x: int, radius: int) -> None:
    """A winner silences its whole map, and every map within `radius` rows and columns of it."""
    silenced[m] = True
    silenced[:, max(0, y - radius) : y + radius + 1, max(0, x - radius) : x + radius + 1] = True


def receptive_field(
    arrived: np.ndarray, y: int, x: int, kernel: tuple[int, ...], padding: tuple[int, int]
) -> np.ndarray:
    """What neuron (y, x) of any map sees, 1.0 where a spike has arrived; a padding cell never fires."""
    padded = np.pad(arrived, ((0, 0), (padding[0],) * 2, (padding[1],) * 2))
    return padded[:, y : y + kernel[0], x : x + kernel[1]].astype(float)


def stdp(w: np.ndarray, x: np.ndarray, a_plus: float, a_minus: float, additive: bool = False) -> np.ndarray:
    """Strengthen weights whose input x has arrived, weaken all others (Kheradpisheh et al. 2018, eq. 3).

    The size of a change is a_plus or a_minus alone if the rule is additive.
    """
    change = a_plus * x - a_minus * (1 - x)
    return np.clip(w + (change if additive else change * (w * (1 - w))), 0, 1)


class Teacher:
    """Tells winners by the label of their stimulus whether they are right, and keeps count of it.

    The share of wrong winners scales what a right one learns, and the share of right ones what a wrong one unlearns.
    """

    def __init__(self, reward: Reward):
        self.reward = reward
        self.label = 0
        self.right: list[bool] = []  # each winner since the last count
        self.presented = 0
        self.misses, self.hits = 0.5, 0.5  # shares

    def begin(self, label: int) -> None:
        """A stimulus of this class comes."""
        self.label = label
        if self.presented > 0 and self.presented % self.reward.counted == 0:
            self.hits = self.right.count(True) / self.reward.counted
            self.misses = self.right.count(False) / self.reward.counted
            self.right = []
        self.presented += 1

    def taught(self, w: np.ndarray, x: np.ndarray, m: int, a_plus: float, a_minus: float) -> np.ndarray:
        """Weights of map m after it has won, with inputs x that have arrived, or not (1 or 0)."""
        reward = self.reward
        self.right.append(m % reward.classes == self.label)
        if self.right[-1]:
            rate = reward.least + (1 - reward.least) * self.misses
            change = np.where(x == 1, rate * a_plus, -rate * a_minus)
        else:
            rate = reward.least + (1 - reward.least) * self.hits
            change = np.where(x == 1, -rate * (reward.weaken * a_plus), rate * (reward.strengthen * a_minus))
        return np.clip(w + change * (w * (1 - w)), 0, 1)


class Memory:
    """Traces of all spikes so far, of one stimulus after the other, and what they make of the weights.

    Pfister and Gerstner 2006, equations 1 to 4: r1 and r2 are of the inputs, o1 of each neuron, o2 of each map, whose
    places share its weights. Without what triplets count this is the rule of Song, Miller and Abbott 2000. In each step
    winners come first, then inputs arrive, then all traces decay, by factors that are multiples of 2^-38.
    """

    def __init__(self, below: tuple[int, ...], shape: tuple[int, ...], padding: tuple[int, int], traces: Traces):
        self.padding, self.traces = padding, traces
        self.r1, self.r2 = np.zeros(below), np.zeros(below)
        self.o1, self.o2 = np.zeros(shape), np.zeros(shape[0])

    def win(self, kernels: np.ndarray, neuron: Neuron, a_plus: float) -> None:
        """A neuron wins: its map's weights from what has fired lately grow."""
        m, y, x = neuron
        r1 = receptive_field(self.r1, y, x, kernels.shape[2:], self.padding)
        kernels[m] = np.clip(kernels[m] + a_plus * r1 * (1 + self.traces.triplet_plus * self.o2[m]), 0, 1)
        self.o1[neuron] += 1
        self.o2[m] += 1

    def arrive(self, kernels: np.ndarray, fired: np.ndarray, a_minus: float) -> None:
        """Inputs fire, (C, H, W) bool, one after the other: their weights to all that has won lately shrink."""
        for c, input_y, input_x in np.argwhere(fired):
            late = 1 + self.traces.triplet_minus * self.r2[c, input_y, input_x]
            for m, y, x in np.ndindex(self.o1.shape):
                i, j = input_y + self.padding[0] - y, input_x + self.padding[1] - x
                if 0 <= i < kernels.shape[2] and 0 <= j < kernels.shape[3]:
                    kernels[m, c, i, j] = np.clip(kernels[m, c, i, j] - a_minus * self.o1[m, y, x] * late, 0, 1)
        self.r1 += fired
        self.r2 += fired
        self.r1 *= one_step(self.traces.tau_plus)
        self.r2 *= one_step(self.traces.tau_x)
        self.o1 *= one_step(self.traces.tau_minus)
        self.o2 *= one_step(self.traces.tau_y)


def one_step(tau: float) -> float:
    """What a step leaves of a trace."""
    return max(round(math.exp(-1 / tau) * 2**38), 1) / 2**38


# ---- Continuous time -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Activity:
    """How thresholds follow the input spikes of late."""

    window: float  # steps in which a spike's weight falls to 1 / e
    fewest: int
    most: int
    variation: float


def encode_continuously(
    inputs: np.ndarray, layers: Iterable[Conv | Pool], refractory: dict[str, int], activity: Activity
) -> dict[str, np.ndarray]:
    """Spikes of the input and of every layer in continuous time: (steps, C, H, W) bool, by name.

    Parameters
    ----------
    inputs
        Input spikes, (steps, C, H, W) bool.
    layers
        From the bottom up; a conv layer's `tau` is finite.
    refractory
        Of each layer, in steps.
    activity
        How thresholds adapt.

    Potentials and thresholds of a conv layer are measured in a unit that shrinks as a potential decays, so that both
    grow: a potential stays as it is between two inputs.
    """
    spikes, below, scales = {"input": inputs}, inputs, adapted_scales(inputs, activity)
    for layer in layers:
        if isinstance(layer, Conv):
            below = conv_spikes(below, layer, refractory[layer.name], scales, by_place=below is not inputs)
        else:
            below = pool_spikes(below, layer, refractory[layer.name])
        spikes[layer.name] = below
    return spikes


def adapted_scales(inputs: np.ndarray, activity: Activity) -> list[float]:
    """The factor on all thresholds in each step; the spikes of a step count from the next one on."""
    count, scales = 0.0, []
    for fired in inputs:
        count *= round(math.exp(-1 / activity.window) * 2**38) / 2**38
        position = min(max((count - activity.fewest) / (activity.most - activity.fewest), 0), 1)
        scales.append(1 + activity.variation * (2 * position - 1))
        count += np.count_nonzero(fired)
    return scales


def conv_spikes(
    below: np.ndarray, conv: Conv, refractory: int, scales: list[float], by_place: bool = False
) -> np.ndarray:
    """When the neurons of a conv layer fire, (steps, maps, H, W) bool; spikes arrive as in `conv_steps`."""
    potential = np.zeros(conv_shape(below.shape[1:], conv.kernels, conv.padding))
    spikes, until = np.zeros((len(below), *potential.shape), bool), np.zeros(potential.shape, int)
    gain, threshold, risen = 1.0, np.zeros((len(conv.theta), 1, 1)), np.zeros(potential.shape)
    cell = conv.cell or COUNTER
    for step, (fired, scale) in enumerate(zip(below, scales, strict=True)):
        if conv.cell is None:
            gain *= round(math.exp(1 / conv.tau) * 2**38) / 2**38
            threshold = np.maximum(conv.theta[:, np.newaxis, np.newaxis] * scale * gain, threshold)
        else:
            threshold = conv.theta[:, np.newaxis, np.newaxis] * scale
        fires = (potential >= cell.reaches(threshold, risen)) & (until <= step)
        cell.pass_time(potential, risen, threshold, until > step)
        silenced = fires
        if conv.compete:
            fires = strongest_of_each_place(potential, fires)
            silenced = np.broadcast_to(fires.any(axis=0), fires.shape)
        spikes[step] = fires
        if cell.beta is not None:
            risen[fires] += 1
        potential[silenced], until[silenced] = 0, step + refractory
        waits = until > step
        before = potential[waits]
        arrive(arriving(fired, by_place), potential, conv.kernels * gain, conv.padding)
        potential[waits] = before
    return spikes


def pool_spikes(below: np.ndarray, pool: Pool, refractory: int) -> np.ndarray:
    """When pooling neurons fire, (steps, features, rows, columns) bool: a step after a spike in their window."""
    steps, features, *size = below.shape
    rows, columns = (-(-(n - pool.window) // pool.stride) + 1 for n in size)  # rounded up
    spikes = np.zeros((steps, features, rows, columns), bool)
    for feature, y, x in np.ndindex(features, rows, columns):
        window, until = below[(slice(None), feature, *pool_window(pool, y, x))], 0
        for step in range(1, steps):
            if step - 1 >= until and window[step - 1].any():
                spikes[step, feature, y, x] = True
                until = step + refractory
    return spikes
