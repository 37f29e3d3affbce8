"""Calibrate a network once its weights are frozen, from its training stimuli and without labels.

Calibration moves the thresholds of Conv3 to where homeostasis was heading, and gives each map an extent: the region
around its winner in which the pixels of an object are expected (docs/model.md, rule 11).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from spikeseg.boxes import mask_box
from spikeseg.spikes import SILENT

from ...models.network import LAYERS, TrainedNetwork
from .decoder import decode
from .potentials import Membranes, stimulus_scale
from .segmentation import cell_centre, most_responsive
from .silhouette import silhouette

BALANCE = 0.75  # fraction of the way from learned to balanced thresholds, on a logarithmic scale
POWER = 6  # exponent of the power mean of potentials; 1 would be the plain mean (docs/notebook.md)
STEPS = 500  # iterations of the search for balanced thresholds
FIRST_RATE = 0.5  # change of log(threshold) for each surplus win, as a fraction of the stimuli, in the first iteration
DECAY = 0.985  # the rate is multiplied by this after each iteration


def largest_potentials(
    network: TrainedNetwork, stimuli: Iterable[Mapping[str, np.ndarray]], parts: int | None = None
) -> np.ndarray:
    """Largest potential of every Conv3 map for each stimulus, see `Membranes`.

    Parameters
    ----------
    network
        Kernels of Conv3 and configuration.
    stimuli
        Spike steps per layer of each stimulus, ``{layer: (C, H, W) int}``.
    parts
        Only spikes that the first `parts` input steps cause count; None for all.

    Returns
    -------
    (stimuli, maps) float.
    """
    last = network.config.input.total_steps if parts is None else parts + LAYERS.index("pool2")
    membranes, found = Membranes(network.config, network.kernels["conv3"]), []
    for steps in stimuli:
        in_time = np.where(steps["pool2"] <= last, steps["pool2"], SILENT)
        found.append(membranes.compared(in_time).max(axis=(1, 2)))
    return np.array(found)


def balanced_thresholds(largest: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Thresholds with which every map wins as many training stimuli as any other: the aim of homeostasis.

    Parameters
    ----------
    largest
        See `largest_potentials`, (stimuli, maps) float.
    thresholds
        Thresholds to start from, (maps,) float; their geometric mean is kept.

    Returns
    -------
    (maps,) float.
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
    """Thresholds in proportion to the power mean of each map's largest potentials over all training stimuli.

    This suits classes with several maps each, where maps stand for different numbers of stimuli. In a power mean the
    stimuli that drive a map most count most, and these are the ones that it stands for. For parameters and result see
    `balanced_thresholds`.
    """
    level = np.log(np.maximum(np.mean(largest**POWER, axis=0), 1e-300)) / POWER
    return np.exp(level - level.mean() + np.log(thresholds).mean())


def learned_extents(network: TrainedNetwork, stimuli: Iterable[Mapping[str, np.ndarray]]) -> np.ndarray | None:
    """For each map, the box in which its decoded pixels are expected, relative to the place of its winner.

    The masks of all stimuli that a map wins are shifted so that their winners coincide, then added up. The sum is
    smoothed by ``extent_smoothing`` pixels. The extent is the box around everything above ``extent_threshold`` of the
    largest value, made ``extent_headroom`` pixels higher at the top. Where boxes are those of silhouettes, these are
    added up instead of masks, and ``extent_threshold`` is the fraction of the stimuli whose silhouette covers a pixel.

    Returns
    -------
    (maps, 4) float: top, left, bottom, right in pixels from the winner's centre. A map that never wins gets the whole
    picture. None where the configuration has no extents.
    """
    from scipy.ndimage import gaussian_filter  # slow to import, and only training needs it

    decoder, maps = network.config.decoder, network.config.conv3.maps
    if decoder.extent_threshold is None:
        return None
    total: np.ndarray | None = None
    rows = columns = 0
    wins, filled = np.zeros(maps), decoder.box == "silhouette+events"
    for steps in stimuli:
        _, rows, columns = steps["input"].shape
        if total is None:
            total = np.zeros((maps, 2 * rows + 1, 2 * columns + 1))
        map_, place = most_responsive(network, steps)
        row, column = np.floor(cell_centre(network.config, np.array(place))).astype(int)
        top, left = rows - np.clip(row, 0, rows), columns - np.clip(column, 0, columns)
        mask = decode(network, steps, [(map_, *place)], "end").mask
        wins[map_] += 1
        if filled:
            mask = silhouette(mask, (steps["input"] != SILENT).any(axis=0))
        total[map_, top : top + rows, left : left + columns] += mask
    assert total is not None, "no stimuli"
    extents = []
    for sum_, count in zip(total, wins, strict=True):
        expected = gaussian_filter(sum_, decoder.extent_smoothing)
        box = mask_box(expected > decoder.extent_threshold * (count if filled else expected.max()))
        whole = (-rows, -columns, rows, columns)
        extents.append((box.top - rows - decoder.extent_headroom, *box.shifted(-rows, -columns)[1:]) if box else whole)
    return np.array(extents, dtype=float)


def calibrate(
    network: TrainedNetwork, stimuli: Iterable[Mapping[str, np.ndarray]], largest: np.ndarray
) -> TrainedNetwork:
    """Calibrate the thresholds of Conv3 and the extents of its maps (docs/model.md, rule 11).

    With ``conv3.equalise = "wins"`` thresholds go most of the way to balanced ones. All the way would be too far: the
    last stimuli to change their winner are those that no threshold assigns correctly. With ``"drive"`` they become
    those of `mean_thresholds`.

    Where the configuration has ``conv3.decide_by``, all thresholds are then multiplied by one factor, so that half of
    the stimuli make a map spike by that time. This changes no map's share of the wins.

    Parameters
    ----------
    network
        The network with learned weights and thresholds.
    stimuli
        Spike steps per layer of each training stimulus, ``{layer: (C, H, W) int}``; iterated up to three times.
    largest
        The `largest_potentials` of these stimuli, (stimuli, maps) float.
    """
    config = network.config
    learned = network.thresholds["conv3"]
    if config.conv3.equalise == "wins":
        thresholds = learned ** (1 - BALANCE) * balanced_thresholds(largest, learned) ** BALANCE
    else:
        thresholds = mean_thresholds(largest, learned)
    if config.conv3.decide_by is not None:
        in_time = largest_potentials(network, stimuli, round(config.conv3.decide_by * config.input.steps))
        scale = np.array([stimulus_scale(network, steps) for steps in stimuli])
        thresholds = thresholds * np.median((in_time / thresholds).max(axis=1) / scale)
    network = replace(network, thresholds={**network.thresholds, "conv3": thresholds})
    return replace(network, extents=learned_extents(network, stimuli))
