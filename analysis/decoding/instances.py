"""Instance segmentation, also of several objects of one class: HULK, ASH and SMASH.

Kirkland, Manna, Vicente Sola, Di Caterina: Unsupervised spiking instance segmentation on event data using STDP
features. IEEE Transactions on Computers 71(11), 2022; arXiv 2111.05283. docs/instances.md lists what comes from that
paper and what we had to choose.
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
from .potentials import evidence, respond
from .segmentation import Conv3Decision, Segmentation, assign_pixels_exclusively, first_spike, segment_at

HASHED = "conv2"
"""The layer whose features are hashed: the first one that learned its features."""

SIMILARITY = 0.09
"""A spike belongs to an object if its SMASH score with the object's strongest spike is at least this."""

EVIDENCE = 0.25
"""A spike belongs to an object at all only if its `evidence` is at least this. Background clutter makes maps spike too,
but by features that objects do not have. Like `SIMILARITY`, this was chosen on training and validation scenes:
docs/instances.md."""


class Unravelled(NamedTuple):
    """Latent (Conv3) spikes, each decoded on its own.

    Attributes
    ----------
    saliency
        How much each pixel contributed to each spike, (spikes, H * W) float; entries that are not 0 are the spike's
        mask.
    boxes
        Box around each mask, (spikes, 4) float: top, left, bottom, right in pixels; all 0 for an empty mask.
    hashes
        Which features were active at which step, see `active_spike_hashes`.
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
        Its class, pixels and box. The decision is made from the object's own spikes alone.
    spikes
        The latent spikes that belong to it: map, row and column of each, (n, 3) int.
    """

    segmentation: Segmentation
    spikes: np.ndarray


def segment_instances(
    network: TrainedNetwork,
    steps: Mapping[str, np.ndarray],
    duration: int | None = None,
    least: float = EVIDENCE,
) -> list[Instance]:
    """Find every object of a stimulus that makes Conv3 spike, the strongest object first.

    Spikes that clutter can explain are left out (`EVIDENCE`); the others are grouped into objects. Each object is
    segmented from one of its spikes, chosen as in `segment_one`: first the map with the largest potential /
    threshold, then the place with the largest inhibited potential. No pixel belongs to two objects.

    Parameters
    ----------
    network
        A trained network whose maps have names.
    steps
        Per layer, ``input`` to ``conv3``: step of each neuron's spike, -1 without one; (C, H, W) int.
    duration
        How many steps there are; None for those of a stimulus. Of more and finer ones, as many together are hashed as
        make one of a stimulus.
    least
        Least evidence of a spike.

    Returns
    -------
    The objects; none if no spike has enough evidence.

    Raises
    ------
    SpikeSegError
        The maps have no names yet.
    """
    mode, strength = network.config.decoder.mode, evidence(network, steps)
    spikes = np.argwhere((steps["conv3"] != SILENT) & (strength >= least))
    if len(spikes) == 0:
        return []
    at = tuple(spikes.T)
    step, potential, strength = steps["conv3"][at], respond(network, steps).drive[at], strength[at]
    unravelled = unravel(network, steps, spikes, mode, duration)
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


def unravel(
    network: TrainedNetwork,
    steps: Mapping[str, np.ndarray],
    spikes: np.ndarray,
    mode: Mode,
    duration: int | None = None,
) -> Unravelled:
    """HULK (Hierarchical Unravelling of Linked Kernels): decode each latent spike as if there were no other.

    Parameters
    ----------
    network, steps, mode
        See `decode`.
    spikes
        Map, row and column of each latent spike, (n, 3) int.
    duration
        See `segment_instances`.
    """
    recruited = decode_each(network, steps, spikes, mode)
    _, rows, columns = steps["input"].shape
    inputs = recruited["input"]
    pixels = inputs.indices % (rows * columns)  # whatever the channel
    saliency = csr_array((inputs.data, pixels, inputs.indptr), (len(spikes), rows * columns))
    saliency.sum_duplicates()
    total = network.config.input.total_steps
    coarse = steps[HASHED] * total // (duration or total)
    hashes = active_spike_hashes(recruited[HASHED], coarse, total)
    return Unravelled(saliency, _boxes(saliency, columns), hashes)


def active_spike_hashes(recruited: csr_array, steps: np.ndarray, total_steps: int) -> np.ndarray:
    """ASH (Active Spike Hashing): which features were active at which steps, at any place.

    Parameters
    ----------
    recruited
        Which neurons of a layer each latent spike recruits, (n, C * H * W).
    steps
        Step of each neuron's spike in that layer, (C, H, W) int.
    total_steps
        Steps of a stimulus.

    Returns
    -------
    A hash for each latent spike, (n, C, total_steps) bool.
    """
    features, rows, columns = steps.shape
    spike, neuron = recruited.nonzero()
    hashes = np.zeros((len(recruited.indptr) - 1, features, total_steps), bool)
    hashes[spike, neuron // (rows * columns), steps.ravel()[neuron]] = True
    return hashes


def smash_scores(hashes: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """SMASH (Similarity Matching through Active Spike Hashing): how likely two latent spikes belong to one object.

    The score is the Jaccard index of the two hashes times the Jaccard index (IoU) of the two boxes.

    Parameters
    ----------
    hashes
        See `active_spike_hashes`, (n, C, steps) bool.
    boxes
        Top, left, bottom, right in pixels, (n, 4) float.

    Returns
    -------
    Score of each pair, (n, n) float from 0 to 1, symmetric.
    """
    flat = hashes.reshape(len(hashes), -1).astype(float)
    common, size = flat @ flat.T, flat.sum(axis=1)
    union = size[:, None] + size - common
    similarity = np.divide(common, union, out=np.zeros_like(union), where=union > 0)
    return similarity * box_iou(boxes[:, None], boxes)


def smash(scores: np.ndarray, strength: np.ndarray, similarity: float) -> np.ndarray:
    """Group latent spikes into objects.

    Spikes are visited from the strongest to the weakest. A spike becomes the founder of a new object if its score with
    every founder before it is below `similarity`. Then every spike joins the founder with which it has the largest
    score.

    Parameters
    ----------
    scores
        See `smash_scores`, (n, n) float.
    strength
        Strength of each spike, (n,) float.
    similarity
        From this score on, two spikes belong to the same object.

    Returns
    -------
    Index of the founder of each spike's object, (n,) int.
    """
    free = np.ones(len(scores), bool)
    founders = []
    for spike in np.argsort(-strength, kind="stable"):
        if free[spike]:
            founders.append(spike)
            free &= scores[spike] < similarity
    return np.array(founders)[scores[:, founders].argmax(axis=1)]


def _decision(maps: int, spikes: np.ndarray, steps: np.ndarray, potential: np.ndarray) -> Conv3Decision:
    """The decision of an object's own spikes. A map's score is its largest potential / threshold, 0 without a spike."""
    scores = np.zeros(maps)
    np.maximum.at(scores, spikes[:, 0], potential)
    return Conv3Decision(scores, first_spike(spikes[:, 0], steps, scores))


def _boxes(saliency: csr_array, columns: int) -> np.ndarray:
    """Box around the pixels of each row of `saliency`, (n, 4)."""
    boxes = np.zeros((len(saliency.indptr) - 1, 4))
    for spike, (start, stop) in enumerate(zip(saliency.indptr[:-1], saliency.indptr[1:], strict=True)):
        if start < stop:
            row, column = np.divmod(saliency.indices[start:stop], columns)
            boxes[spike] = row.min(), column.min(), row.max() + 1, column.max() + 1
    return boxes
