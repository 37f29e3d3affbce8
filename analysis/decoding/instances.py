"""Objects told apart, of one class too: HULK, ASH and SMASH.

Kirkland, Manna, Vicente Sola, Di Caterina: Unsupervised spiking instance segmentation on event data using STDP
features. IEEE Transactions on Computers 71(11), 2022; arXiv 2111.05283. docs/instances.md says what is theirs, and what
had to be chosen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from spikeseg.boxes import box_iou
from spikeseg.spikes import SILENT

from ...models.network import TrainedNetwork
from .decoder import Mode, Neuron, decode_each
from .segmentation import (
    Conv3Decision,
    Segmentation,
    assign_pixels_exclusively,
    drive,
    evidence,
    first_spike,
    segment_at,
)

HASHED = "conv2"
"""Whose features are hashed: those that were learned."""

SIMILARITY = 0.09
"""Spikes whose SMASH score with an object's strongest spike reaches this are of that object."""

EVIDENCE = 0.25
"""From which a spike tells of an object (see `evidence`): the clutter of a background makes maps spike as well, but for
features that objects do not have. Chosen, as `SIMILARITY`, on training and validation scenes: docs/instances.md."""


class Unravelled(NamedTuple):
    """Latent spikes, each decoded on its own.

    Attributes
    ----------
    saliency
        How much each pixel contributed to each spike, (spikes, H * W): the pixels of a row are the spike's mask.
    boxes
        Around the pixels, (spikes, 4): top, left, bottom, right; empty without any.
    hashes
        See `active_spike_hashes`.
    """

    saliency: csr_array
    boxes: np.ndarray
    hashes: np.ndarray


@dataclass(frozen=True)
class Instance:
    """One object.

    Attributes
    ----------
    segmentation
        Its class, pixels and box; the decision is that of its own spikes.
    spikes
        The latent spikes that it is made of: map, row and column, (n, 3).
    """

    segmentation: Segmentation
    spikes: np.ndarray


def segment_instances(network: TrainedNetwork, steps: Mapping[str, np.ndarray]) -> list[Instance]:
    """Find every object of a stimulus: those that make Conv3 spike, the strongest first, without a common pixel.

    Spikes that clutter can explain are left out (`EVIDENCE`), the others are grouped. An object is segmented from one
    of its spikes, as `segment_one` chooses it: of the map with the largest potential / threshold, where the inhibited
    potential is largest.

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
    mode, strength = network.config.decoder.mode, evidence(network, steps)
    spikes = np.argwhere((steps["conv3"] != SILENT) & (strength >= EVIDENCE))
    if len(spikes) == 0:
        return []
    at = tuple(spikes.T)
    step, potential, strength = steps["conv3"][at], drive(network, steps)[at], strength[at]
    unravelled = unravel(network, steps, spikes, mode)
    group = smash(smash_scores(unravelled.hashes, unravelled.boxes), strength, SIMILARITY)
    segmentations, members = [], []
    for founder in sorted(set(group.tolist()), key=lambda spike: -strength[spike]):
        own = np.flatnonzero(group == founder)
        decision = _decision(len(network.kernels["conv3"]), spikes[own], step[own], potential[own])
        of_map = own[spikes[own, 0] == decision.map]
        spike = int(of_map[np.argmax(strength[of_map])])
        seed: Neuron = (int(spikes[spike, 0]), int(spikes[spike, 1]), int(spikes[spike, 2]))
        segmentations.append(segment_at(network, steps, decision, seed, mode))
        members.append(spikes[own])
    return [
        Instance(*found)
        for found in zip(assign_pixels_exclusively(network, steps, segmentations), members, strict=True)
    ]


def unravel(network: TrainedNetwork, steps: Mapping[str, np.ndarray], spikes: np.ndarray, mode: Mode) -> Unravelled:
    """HULK (Hierarchical Unravelling of Linked Kernels): decode each latent spike as if there were no other.

    Parameters
    ----------
    spikes
        Map, row and column of each, (n, 3).
    """
    recruited = decode_each(network, steps, spikes, mode)
    _, rows, columns = steps["input"].shape
    inputs = recruited["input"]
    pixels = inputs.indices % (rows * columns)  # whatever the channel
    saliency = csr_array((inputs.data, pixels, inputs.indptr), (len(spikes), rows * columns))
    saliency.sum_duplicates()
    hashes = active_spike_hashes(recruited[HASHED], steps[HASHED], network.config.input.total_steps)
    return Unravelled(saliency, _boxes(saliency, columns), hashes)


def active_spike_hashes(recruited: csr_array, steps: np.ndarray, total_steps: int) -> np.ndarray:
    """ASH (Active Spike Hashing): which feature was active when, wherever it was.

    Parameters
    ----------
    recruited
        What each latent spike recruits in a layer, (n, C * H * W).
    steps
        Of the layer's spikes, (C, H, W).
    total_steps
        Of a stimulus.

    Returns
    -------
    (n, C, total_steps) bool.
    """
    features, rows, columns = steps.shape
    spike, neuron = recruited.nonzero()
    hashes = np.zeros((len(recruited.indptr) - 1, features, total_steps), bool)
    hashes[spike, neuron // (rows * columns), steps.ravel()[neuron]] = True
    return hashes


def smash_scores(hashes: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """SMASH (Similarity Matching through Active Spike Hashing): how much two latent spikes are of one object.

    The Jaccard index of their hashes times that of their boxes.

    Returns
    -------
    (n, n), symmetric, from 0 to 1.
    """
    flat = hashes.reshape(len(hashes), -1).astype(float)
    common, size = flat @ flat.T, flat.sum(axis=1)
    union = size[:, None] + size - common
    similarity = np.divide(common, union, out=np.zeros_like(union), where=union > 0)
    return similarity * box_iou(boxes[:, None], boxes)


def smash(scores: np.ndarray, strength: np.ndarray, similarity: float) -> np.ndarray:
    """Group latent spikes into objects.

    From the strongest spike to the weakest, each whose score with every founder so far is below `similarity` founds an
    object. Then every spike belongs to the founder with which it has the largest score.

    Parameters
    ----------
    scores
        See `smash_scores`, (n, n).
    strength
        Of each spike, (n,).

    Returns
    -------
    The founder of each spike's object, (n,).
    """
    free = np.ones(len(scores), bool)
    founders = []
    for spike in np.argsort(-strength, kind="stable"):
        if free[spike]:
            founders.append(spike)
            free &= scores[spike] < similarity
    return np.array(founders)[scores[:, founders].argmax(axis=1)]


def _decision(maps: int, spikes: np.ndarray, steps: np.ndarray, potential: np.ndarray) -> Conv3Decision:
    """What an object's own spikes say: largest potential / threshold of each map, 0 for a map without a spike."""
    scores = np.zeros(maps)
    np.maximum.at(scores, spikes[:, 0], potential)
    return Conv3Decision(scores, first_spike(spikes[:, 0], steps, scores))


def _boxes(saliency: csr_array, columns: int) -> np.ndarray:
    """Extremities of the pixels of each row, (n, 4)."""
    boxes = np.zeros((len(saliency.indptr) - 1, 4))
    for spike, (start, stop) in enumerate(zip(saliency.indptr[:-1], saliency.indptr[1:], strict=True)):
        if start < stop:
            row, column = np.divmod(saliency.indices[start:stop], columns)
            boxes[spike] = row.min(), column.min(), row.max() + 1, column.max() + 1
    return boxes
