"""From the spikes of one stimulus to an answer: class, pixels, box, and the evidence for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy.sparse import csc_array

from spikeseg.boxes import Box, mask_box
from spikeseg.errors import SpikeSegError
from spikeseg.spikes import SILENT

from ...configs.schema import Config
from ...models.network import TrainedNetwork
from .decoder import Mode, Neuron, decode, receptive_field

STRONG = 0.5  # learned weights end near 0 or 1: a weight above this belongs to what the map has learned


class Conv3Decision(NamedTuple):
    """What Conv3 decides about a stimulus (docs/model.md, rule 8).

    Attributes
    ----------
    scores
        Largest final potential / threshold of each map, (maps,) float. A map spikes if its score is at least 1.
    first_spike
        Map and step of the first Conv3 spike; None without one. Among several at that step, the one of the map with
        the largest score.
    """

    scores: np.ndarray
    first_spike: tuple[int, int] | None

    @property
    def map(self) -> int:
        """The winning map: the one with the largest score."""
        return int(np.argmax(self.scores))


@dataclass(frozen=True)
class Segmentation:
    """The object that one Conv3 map finds in a stimulus.

    Attributes
    ----------
    label, map
        Class of the object, and the map that stands for this class.
    decision
        The scores of all maps, and the first spike.
    place
        Row and column of the Conv3 neuron that was decoded.
    decoded_mode
        The decoder's mode: that of the configuration, or ``end`` where the map did not spike.
    mask
        The object's pixels, (H, W) bool.
    saliency
        How much each pixel of the mask contributed, (H, W) float, 0 outside the mask.
    region
        Where the mask may lie, in input pixels: the map's learned extent around `place`.
    box
        The object's box in input pixels; None for an empty mask.
    event_box
        The box around all input events, a baseline; None without events.
    """

    label: str
    map: int
    decision: Conv3Decision
    place: tuple[int, int]
    decoded_mode: Mode
    mask: np.ndarray
    saliency: np.ndarray
    region: Box
    box: Box | None
    event_box: Box | None


def segment_one(network: TrainedNetwork, steps: Mapping[str, np.ndarray]) -> Segmentation:
    """Segment the object that the winning map finds.

    Parameters
    ----------
    network
        A trained network whose maps have names.
    steps
        Per layer, ``input`` to ``conv3``: step of each neuron's spike, -1 without one; (C, H, W) int.

    Raises
    ------
    SpikeSegError
        The maps have no names yet.
    """
    decision = decide(network, steps)
    return _segment(network, steps, decision, decision.map)


def segment_classes(
    network: TrainedNetwork, steps: Mapping[str, np.ndarray], labels: Sequence[str] | None = None
) -> list[Segmentation]:
    """Segment several objects, each with a mask of its own; masks may overlap.

    Parameters
    ----------
    network, steps
        See `segment_one`.
    labels
        Classes: the map with the largest score of each class is decoded, in this order. If None, every map that
        reaches its threshold is decoded, in the order of falling scores.

    Raises
    ------
    SpikeSegError
        The maps have no names yet, or none has one of `labels`.
    """
    decision = decide(network, steps)
    ranked = [int(m) for m in np.argsort(-decision.scores, kind="stable")]
    if labels is None:
        chosen = [m for m in ranked if decision.scores[m] >= 1]
    else:
        chosen = [_best_map(network, ranked, label) for label in labels]
    return [_segment(network, steps, decision, m) for m in chosen]


def decide(network: TrainedNetwork, steps: Mapping[str, np.ndarray]) -> Conv3Decision:
    """Compare the final potentials of the Conv3 maps, and look for the first spike (docs/model.md, rule 8)."""
    scores = drive(network, steps).max(axis=(1, 2))
    map_, row, column = np.nonzero(steps["conv3"] != SILENT)
    return Conv3Decision(scores, first_spike(map_, steps["conv3"][map_, row, column], scores))


def drive(network: TrainedNetwork, steps: Mapping[str, np.ndarray]) -> np.ndarray:
    """Final potential / threshold of each Conv3 neuron, (maps, H, W) float; a neuron with 1 or more spikes."""
    scale = stimulus_scale(network, steps)
    final = potentials(steps["pool2"], network.kernels["conv3"], network.config.conv3.padding)
    return final / (network.thresholds["conv3"] * scale)[:, None, None]


def stimulus_scale(network: TrainedNetwork, steps: Mapping[str, np.ndarray]) -> float:
    """Factor by which all thresholds adapt to the number of input events of a stimulus (docs/model.md, rule 4)."""
    return float(network.threshold_scale(np.asarray(np.count_nonzero(steps["input"] != SILENT))))


def evidence(network: TrainedNetwork, steps: Mapping[str, np.ndarray]) -> np.ndarray:
    """How much of the features that its map has learned each Conv3 neuron sees, minus other features, (maps, H, W).

    This is the final potential with inhibition (see `inhibited`), divided by the sum of the map's strong weights; it is
    0 for a map without strong weights.
    """
    config, kernel = network.config, network.kernels["conv3"]
    final = potentials(steps["pool2"], inhibited(kernel, config.decoder.inhibition), config.conv3.padding)
    learned = np.where(kernel > STRONG, kernel, 0).sum(axis=(1, 2, 3))[:, None, None]
    return np.divide(final, learned, out=np.zeros_like(final), where=learned > 0)


def first_spike(map_: np.ndarray, step: np.ndarray, scores: np.ndarray) -> tuple[int, int] | None:
    """Find the first of some Conv3 spikes; among several at that step, the one of the map with the largest score.

    Parameters
    ----------
    map_, step
        Map and step of each spike, (n,) int.
    scores
        Score of each map, (maps,) float.

    Returns
    -------
    Map and step; None without a spike.
    """
    if len(map_) == 0:
        return None
    first = np.lexsort((map_, -scores[map_], step))[0]
    return int(map_[first]), int(step[first])


def potentials(pool2_steps: np.ndarray, kernel: np.ndarray, padding: tuple[int, int]) -> np.ndarray:
    """Potentials of Conv3 after all spikes of the stimulus.

    Parameters
    ----------
    pool2_steps
        Step of each Pool2 neuron's spike, -1 without one, (C, H, W) int.
    kernel
        Weights, (maps, C, kernel rows, kernel columns).
    padding
        Rows and columns of padding.

    Returns
    -------
    (maps, H', W') float. Sums of weights are exact (`models.network.EXACT`), so the order of the spikes does not
    matter.
    """
    maps, channels, rows, columns = kernel.shape
    height, width = np.array(pool2_steps.shape[1:]) + 2 * np.array(padding) + (rows - 1, columns - 1)
    channel, row, column = np.nonzero(pool2_steps != SILENT)
    place = (row + padding[0] + rows - 1) * width + column + padding[1] + columns - 1  # with a kernel's margin around
    back = np.ravel(np.arange(rows)[:, None] * width + np.arange(columns))[:, None]
    counts = np.bincount(channel, minlength=channels)
    # What each place sees, as a sparse matrix: its rows are places, its columns the kernel's (feature, i, j), and an
    # entry is 1 where the place has a spike there.
    own = np.split(place.astype(np.int32), np.cumsum(counts)[:-1])
    reached = np.concatenate([np.ravel(places - back.astype(np.int32)) for places in own])
    ends = np.concatenate([[0], np.cumsum(np.repeat(counts, rows * columns))]).astype(np.int32)
    seen = csc_array((np.ones(ends[-1]), reached, ends), (height * width, channels * rows * columns))
    around = (seen @ kernel.reshape(maps, -1).T).reshape(height, width, maps)
    inside = around[rows - 1 : height - rows + 1, columns - 1 : width - columns + 1]
    return np.ascontiguousarray(np.moveaxis(inside, -1, 0))


def inhibited(kernel: np.ndarray, inhibition: float) -> np.ndarray:
    """Kernel by which the places of a map compete: weak synapses inside the map's support inhibit (rule 9).

    The support of a map are the cells (row, column) of its kernel with at least one strong synapse. An object is where
    its features are and others are not. Nothing is learned here.

    Parameters
    ----------
    kernel
        Weights, (maps, C, kernel rows, kernel columns).
    inhibition
        Subtracted from the weak weights inside the support.
    """
    support = (kernel > STRONG).any(axis=1, keepdims=True)
    return np.where(support & (kernel < STRONG), kernel - inhibition, kernel)


def cell_centre(config: Config, cell: np.ndarray) -> np.ndarray:
    """Centre of the receptive field of a Pool2 cell in the picture.

    Parameters
    ----------
    cell
        Row and column, (2,) or (..., 2). Fractions are allowed: the edges of a cell lie half a cell from its centre.

    Returns
    -------
    Pixel coordinates of the same shape; pixel n covers [n, n + 1).
    """
    centre = np.asarray(cell, float)
    for layer in ("pool2", "conv2", "pool1", "conv1"):
        size, stride, padding = np.array(receptive_field(config, layer))
        centre = stride * centre - padding + (size - 1) / 2
    return centre + 0.5


def region(network: TrainedNetwork, map_: int, place: tuple[int, int], picture: tuple[int, int]) -> Box:
    """Where the pixels of an object may lie: the learned extent of a map around the place of its winner.

    Parameters
    ----------
    place
        Row and column of the Conv3 neuron that wins.
    picture
        Rows and columns of the picture.

    Returns
    -------
    A box in input pixels, clipped to the picture; the whole picture where the network has no extents.
    """
    if network.extents is None:
        return Box(0, 0, *picture)
    centre = np.tile(np.floor(cell_centre(network.config, np.array(place))), 2)
    return Box(*np.clip(network.extents[map_] + centre, 0, [*picture, *picture]).tolist())


def _label(network: TrainedNetwork, map_: int) -> str:
    if not network.map_labels:
        raise SpikeSegError("the Conv3 maps have no classes yet: train the network to the end")
    return network.map_labels[map_]


def _best_map(network: TrainedNetwork, ranked: list[int], label: str) -> int:
    for map_ in ranked:
        if _label(network, map_) == label:
            return map_
    known = ", ".join(sorted(set(network.map_labels)))
    raise SpikeSegError(f"no Conv3 map stands for {label}: choose from {known}")


def most_responsive(network: TrainedNetwork, steps: Mapping[str, np.ndarray]) -> tuple[int, tuple[int, int]]:
    """The winning map, and the row and column of its neuron with the largest inhibited potential."""
    map_ = decide(network, steps).map
    row, column = np.unravel_index(np.argmax(_field(network, steps, map_)), steps["conv3"].shape[1:])
    return map_, (int(row), int(column))


def _field(network: TrainedNetwork, steps: Mapping[str, np.ndarray], map_: int) -> np.ndarray:
    """Potentials by which the places of a map compete, (H, W)."""
    config = network.config
    kernel = inhibited(network.kernels["conv3"][map_ : map_ + 1], config.decoder.inhibition)
    return potentials(steps["pool2"], kernel, config.conv3.padding)[0]


def _segment(
    network: TrainedNetwork, steps: Mapping[str, np.ndarray], decision: Conv3Decision, map_: int
) -> Segmentation:
    field = _field(network, steps, map_)
    place, mode = _seed(field, steps["conv3"][map_] != SILENT, network.config.decoder.mode)
    return segment_at(network, steps, decision, (map_, *place), mode)


def segment_at(
    network: TrainedNetwork, steps: Mapping[str, np.ndarray], decision: Conv3Decision, seed: Neuron, mode: Mode
) -> Segmentation:
    """Decode a Conv3 neuron, and leave out pixels outside the region where objects of its map lie.

    Parameters
    ----------
    network, steps
        See `segment_one`.
    decision
        Kept in the segmentation.
    seed
        Map, row and column of the neuron.
    mode
        See `decode`.

    Raises
    ------
    SpikeSegError
        The maps have no names yet.
    """
    config, (map_, *place) = network.config, seed
    label = _label(network, map_)
    decoded = decode(network, steps, [seed], mode)
    events = (steps["input"] != SILENT).any(axis=0)
    within = region(network, map_, (place[0], place[1]), events.shape)
    inside = _pixels(within, events.shape)
    mask = decoded.mask & inside
    return Segmentation(
        label=label,
        map=map_,
        decision=decision,
        place=(place[0], place[1]),
        decoded_mode=mode,
        mask=mask,
        saliency=np.where(mask, decoded.saliency, 0),
        region=within,
        box=_box(mask, events & inside, config),
        event_box=mask_box(events),
    )


def assign_pixels_exclusively(
    network: TrainedNetwork, steps: Mapping[str, np.ndarray], segmentations: Sequence[Segmentation]
) -> list[Segmentation]:
    """Give every pixel to only one of the objects: the one to which it contributed most. Boxes shrink accordingly."""
    if not segmentations:
        return []
    owner = np.argmax([found.saliency for found in segmentations], axis=0)
    taken = np.any([found.mask for found in segmentations], axis=0)
    events = (steps["input"] != SILENT).any(axis=0)
    disjoint = []
    for number, found in enumerate(segmentations):
        others = taken & (owner != number)
        mask = found.mask & ~others
        inside = _pixels(found.region, events.shape) & ~others
        box = _box(mask, events & inside, network.config)
        disjoint.append(replace(found, mask=mask, saliency=np.where(mask, found.saliency, 0), box=box))
    return disjoint


def _seed(field: np.ndarray, spiked: np.ndarray, mode: Mode) -> tuple[tuple[int, int], Mode]:
    """Choose the neuron to decode, and the mode: the largest potential, among those that spiked unless mode is end."""
    if mode == "end" or not spiked.any():
        best, mode = np.argmax(field), "end"
    else:
        best = np.argmax(np.where(spiked, field, -np.inf))
    row, column = np.unravel_index(best, field.shape)
    return (int(row), int(column)), mode


def _pixels(region: Box, shape: tuple[int, int]) -> np.ndarray:
    """The pixels whose centre is inside a box, (H, W) bool."""
    row, column = (np.arange(n) + 0.5 for n in shape)
    rows = (row >= region.top) & (row < region.bottom)
    columns = (column >= region.left) & (column < region.right)
    return rows[:, None] & columns


def _box(mask: np.ndarray, events: np.ndarray, config: Config) -> Box | None:
    of_mask, of_events = mask_box(mask), mask_box(events)
    if config.decoder.box == "mask" or of_mask is None or of_events is None:
        return of_mask
    return Box(*np.mean([of_mask, of_events], axis=0).tolist())
