"""What a network settles on once its weights are frozen, from its training stimuli and without labels.

Thresholds come to where homeostasis was heading, and each map gets an extent: where in the picture, seen from its
winner, the pixels lie that made it win.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from scipy.ndimage import gaussian_filter

from spikeseg.boxes import mask_box
from spikeseg.spikes import SILENT

from ...models.network import LAYERS, TrainedNetwork
from .decoder import decode
from .segmentation import cell_centre, most_responsive, potentials, stimulus_scale

BALANCE = 0.75  # how far, on a logarithmic scale, thresholds go from learned to balanced ones
POWER = 6  # of the mean drive; 1 would be the plain mean (docs/notebook.md)
STEPS = 500  # of the search for thresholds
FIRST_RATE = 0.5  # relative change of a threshold per surplus of wins
DECAY = 0.985


def largest_potentials(
    network: TrainedNetwork, stimuli: Iterable[Mapping[str, np.ndarray]], parts: int | None = None
) -> np.ndarray:
    """Largest potential of every Conv3 map after the first `parts` of each stimulus, or all, (stimuli, maps)."""
    kernel, padding = network.kernels["conv3"], network.config.conv3.padding
    last = network.config.input.total_steps if parts is None else parts + LAYERS.index("pool2")
    found = []
    for steps in stimuli:
        in_time = np.where(steps["pool2"] <= last, steps["pool2"], SILENT)
        found.append(potentials(in_time, kernel, padding).max(axis=(1, 2)))
    return np.array(found)


def balanced_thresholds(largest: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Thresholds with which every map wins as many training stimuli as any other, as homeostasis wants.

    Parameters
    ----------
    largest
        See `largest_potentials`.
    thresholds
        Where to start from, (maps,); their geometric mean is kept.
    """
    level = np.log(thresholds)
    drive = np.log(np.maximum(largest, 1e-300))
    maps, rate = len(level), FIRST_RATE
    for _ in range(STEPS):
        wins = np.bincount(np.argmax(drive - level, axis=1), minlength=maps)
        level = level + rate * (wins / len(drive) - 1 / maps)
        rate *= DECAY
    return np.exp(level - level.mean() + np.log(thresholds).mean())


def mean_thresholds(largest: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Thresholds in proportion to what a map's potential comes to: its power mean over all training stimuli.

    For classes of which each has several maps, that stand for different numbers of stimuli. In a mean of powers the
    stimuli that drive a map most count most: those that it stands for. Parameters as in `balanced_thresholds`.
    """
    level = np.log(np.maximum(np.mean(largest**POWER, axis=0), 1e-300)) / POWER
    return np.exp(level - level.mean() + np.log(thresholds).mean())


def learned_extents(network: TrainedNetwork, stimuli: Iterable[Mapping[str, np.ndarray]]) -> np.ndarray | None:
    """The box, relative to the winner's place, in which a map's decoded pixels are expected.

    The masks of the stimuli that a map wins are laid over each other, winner on winner, and averaged; the average
    is smoothed by ``extent_smoothing`` pixels, and the box around what is above ``extent_threshold`` of its largest
    value is kept, ``extent_headroom`` pixels taller.

    Returns
    -------
    (maps, 4) float: top, left, bottom, right in pixels from the winner's centre; the whole picture for a map that
    never wins; None where the configuration has no extents.
    """
    decoder, maps = network.config.decoder, network.config.conv3.maps
    if decoder.extent_threshold is None:
        return None
    total: np.ndarray | None = None
    rows = columns = 0
    for steps in stimuli:
        _, rows, columns = steps["input"].shape
        if total is None:
            total = np.zeros((maps, 2 * rows + 1, 2 * columns + 1))
        map_, place = most_responsive(network, steps)
        row, column = np.floor(cell_centre(network.config, np.array(place))).astype(int)
        top, left = rows - np.clip(row, 0, rows), columns - np.clip(column, 0, columns)
        mask = decode(network, steps, [(map_, *place)], "end").mask
        total[map_, top : top + rows, left : left + columns] += mask
    assert total is not None, "no stimuli"
    extents = []
    for sum_ in total:
        expected = gaussian_filter(sum_, decoder.extent_smoothing)
        box = mask_box(expected > decoder.extent_threshold * expected.max())
        whole = (-rows, -columns, rows, columns)
        extents.append((box.top - rows - decoder.extent_headroom, *box.shifted(-rows, -columns)[1:]) if box else whole)
    return np.array(extents, dtype=float)


def settle(network: TrainedNetwork, stimuli: Iterable[Mapping[str, np.ndarray]], largest: np.ndarray) -> TrainedNetwork:
    """The network with Conv3 thresholds most of the way to balanced ones, or mean ones, and learned extents.

    All the way to balance is too far: the last stimuli that change sides are those that no threshold puts right.
    Where the configuration says by when to decide, all thresholds are then lowered or raised by one factor, so that
    half the stimuli make a map spike by then; this changes no map's share of the wins.

    Parameters
    ----------
    stimuli
        Spike steps per layer of the training stimuli, each ``{layer: (C, H, W) int}``; iterated up to three times.
    largest
        Their `largest_potentials`.
    """
    config = network.config
    learned = network.thresholds["conv3"]
    if config.conv3.equalise == "wins":
        settled = learned ** (1 - BALANCE) * balanced_thresholds(largest, learned) ** BALANCE
    else:
        settled = mean_thresholds(largest, learned)
    if config.conv3.decide_by is not None:
        in_time = largest_potentials(network, stimuli, round(config.conv3.decide_by * config.input.steps))
        scale = np.array([stimulus_scale(network, steps) for steps in stimuli])
        settled = settled * np.median((in_time / settled).max(axis=1) / scale)
    network = replace(network, thresholds={**network.thresholds, "conv3": settled})
    return replace(network, extents=learned_extents(network, stimuli))
