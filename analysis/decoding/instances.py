"""Instance segmentation, also of several objects of one class: HULK, ASH and SMASH.

Kirkland, Manna, Vicente Sola, Di Caterina: Unsupervised spiking instance segmentation on event data using STDP
features. IEEE Transactions on Computers 71(11), 2022; arXiv 2111.05283. docs/instances.md lists what comes from that
paper and what we had to choose.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from spikeseg.boxes import box_iou
from spikeseg.spikes import SILENT

from ...models.network import TrainedNetwork
from .decoder import Neuron, decode_linked, unravel_links
from .links import Links, Mode
from .potentials import weigh
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
    links
        See `unravel_links`.
    boxes
        Box around the pixels of each spike, (spikes, 4) float: top, left, bottom, right; all 0 where there are none.
    hashes
        ASH (Active Spike Hashing): which features were active at which step, at any place; (spikes, features, steps)
        bool.
    """

    links: Mapping[str, Links]
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
    mode, (drive, strength) = network.config.decoder.mode, weigh(network, steps)
    spikes = np.argwhere((steps["conv3"] != SILENT) & (strength >= least))
    if len(spikes) == 0:
        return []
    at = tuple(spikes.T)
    step, potential, strength = steps["conv3"][at], drive[at], strength[at]
    unravelled = unravel(network, steps, spikes, mode, duration)
    group = smash(partial(smash_scores, unravelled), strength, SIMILARITY)
    segmentations, members = [], []
    for founder in sorted(set(group.tolist()), key=lambda spike: -strength[spike]):
        own = np.flatnonzero(group == founder)
        decision = _decision(len(network.kernels["conv3"]), spikes[own], step[own], potential[own])
        of_map = own[spikes[own, 0] == decision.map]
        spike = int(of_map[np.argmax(strength[of_map])])
        seed: Neuron = (int(spikes[spike, 0]), int(spikes[spike, 1]), int(spikes[spike, 2]))
        decoded = decode_linked(unravelled.links, steps, seed)
        segmentations.append(segment_at(network, steps, decision, seed, mode, decoded))
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
    links = unravel_links(network, steps, spikes, mode)
    of_spike = np.searchsorted(
        links["conv3"].parents, np.ravel_multi_index(tuple(np.transpose(spikes)), steps["conv3"].shape)
    )
    total = network.config.input.total_steps
    coarse = steps[HASHED] * total // (duration or total)
    hashes = _hashes(links, coarse, total)
    return Unravelled(links, _boxes(links, steps["input"].shape)[of_spike], hashes[of_spike])


def smash_scores(unravelled: Unravelled, spike: int) -> np.ndarray:
    """SMASH (Similarity Matching through Active Spike Hashing): how likely others belong to the object of a spike.

    The score is the Jaccard index of the two hashes times the Jaccard index (IoU) of the two boxes.

    Returns
    -------
    Score with each spike, (n,) float from 0 to 1.
    """
    flat = unravelled.hashes.reshape(len(unravelled.hashes), -1)
    common = np.count_nonzero(flat & flat[spike], axis=1)
    union = np.count_nonzero(flat | flat[spike], axis=1)
    similarity = np.divide(common, union, out=np.zeros(len(flat)), where=union > 0)
    return similarity * box_iou(unravelled.boxes, unravelled.boxes[spike])


def smash(scores: Callable[[int], np.ndarray], strength: np.ndarray, similarity: float) -> np.ndarray:
    """Group latent spikes into objects.

    Spikes are visited from the strongest to the weakest. A spike becomes the founder of a new object if its score with
    every founder before it is below `similarity`. Then every spike joins the founder with which it has the largest
    score.

    Parameters
    ----------
    scores
        Gives a spike's scores with all, see `smash_scores`.
    strength
        Strength of each spike, (n,) float.
    similarity
        From this score on, two spikes belong to the same object.

    Returns
    -------
    Index of the founder of each spike's object, (n,) int.
    """
    free = np.ones(len(strength), bool)
    founders, found = [], []
    for spike in np.argsort(-strength, kind="stable"):
        if free[spike]:
            founders.append(spike)
            found.append(scores(spike))
            free &= found[-1] < similarity
    return np.array(founders)[np.argmax(found, axis=0)]


def _decision(maps: int, spikes: np.ndarray, steps: np.ndarray, potential: np.ndarray) -> Conv3Decision:
    """The decision of an object's own spikes. A map's score is its largest potential / threshold, 0 without a spike."""
    scores = np.zeros(maps)
    np.maximum.at(scores, spikes[:, 0], potential)
    return Conv3Decision(scores, first_spike(spikes[:, 0], steps, scores))


def _hashes(links: Mapping[str, Links], steps: np.ndarray, total: int) -> np.ndarray:
    """The hash of each Conv3 neuron, (n, C, total) bool, for the steps of the hashed layer's spikes, (C, H, W) int."""
    above = list(links)[: list(links).index(HASHED)]
    from scipy.sparse import csr_array  # slow to import, and few ask for objects

    recruited = links[above[-1]].children
    feature, step = recruited // steps[0].size, steps.ravel()[recruited]
    codes, size = (np.arange(len(recruited)), feature * total + step), len(steps) * total
    hashes = csr_array((np.ones(len(recruited), bool), codes), (len(recruited), size))
    for layer in reversed(above):
        parents, children, parent, child, _ = links[layer]
        first = np.searchsorted(parent, np.arange(len(parents) + 1))
        recruits = csr_array((np.ones(len(child), bool), child, first), (len(parents), len(children)))
        hashes = csr_array(recruits @ hashes)
    return hashes.toarray().reshape(-1, len(steps), total)


def _boxes(links: Mapping[str, Links], inputs: tuple[int, ...]) -> np.ndarray:
    """Box around the pixels that each Conv3 neuron recruits, (n, 4), in inputs of (C, H, W)."""
    *_, rows, columns = inputs
    lowest = list(links)[-1]
    row, column = np.divmod(links[lowest].children % (rows * columns), columns)
    edges = np.array([row, column, -row - 1, -column - 1], float)  # the least of each is the edge of what lies below
    for parents, _, parent, child, _ in reversed(list(links.values())):
        first = np.flatnonzero(np.diff(parent, prepend=-1))
        above = np.full((4, len(parents)), np.inf)
        if len(first):
            above[:, parent[first]] = np.minimum.reduceat(edges.take(child, axis=1), first, axis=1)
        edges = above
    top, left, bottom, right = edges
    return np.where(np.isfinite(top)[:, None], np.transpose([top, left, -bottom, -right]), 0)
