"""From the spikes of one stimulus to an answer: class, pixels, box, and the evidence for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from spikeseg.boxes import Box, mask_box
from spikeseg.errors import SpikeSegError
from spikeseg.spikes import SILENT, Recorded, Stack

from ...configs.schema import Config
from ...models.network import TrainedNetwork
from .decoder import Decoded, Neuron, decode, decode_each
from .links import Mode, receptive_field
from .potentials import Responses, respond, respond_to_each
from .presence import CONFIDENCE, margins, presence_of
from .silhouette import silhouette


class Conv3Decision(NamedTuple):
    """What Conv3 decides about a stimulus (docs/model.md, rule 8).

    Attributes
    ----------
    scores
        Largest final potential / threshold of each map, (maps,) float. A map spikes if its score is at least 1.
    first_spike
        Map and step of the first Conv3 spike; None without one. Among several at that step, the one of the map with
        the largest score.
    margins
        Margin of each map (rule 13), (maps,) float; None in a network without readouts.
    """

    scores: np.ndarray
    first_spike: tuple[int, int] | None
    margins: np.ndarray | None = None

    @property
    def strength(self) -> np.ndarray:
        """By what maps compete for the answer, (maps,) float: their margins, or their scores where there are none."""
        return self.scores if self.margins is None else self.margins

    @property
    def map(self) -> int:
        """The winning map."""
        return int(np.argmax(self.strength))


@dataclass(frozen=True)
class Segmentation:
    """The object that one Conv3 map finds in a stimulus.

    Attributes
    ----------
    label, map
        Class of the object, and the map that stands for this class.
    decision
        The scores of all maps, and the first spike.
    presence
        Fraction of the training stimuli of this class that look less like it than this one does, from 0 to 1
        (rule 13); None in a network without readouts.
    place
        Row and column of the Conv3 neuron that was decoded.
    decoded_mode
        The decoder's mode: that of the configuration, or ``end`` where that neuron did not spike.
    mask
        The object's pixels that were decoded, which are edges, (H, W) bool.
    outline, edges
        What its silhouette is made of, (H, W) bool each: decoded pixels, and pixels with an input event.
    beyond
        Where it cannot lie, (H, W) bool.
    nearer
        Objects in front of it.
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
    presence: float | None
    place: tuple[int, int]
    decoded_mode: Mode
    mask: np.ndarray
    outline: np.ndarray
    edges: np.ndarray
    beyond: np.ndarray
    saliency: np.ndarray
    region: Box
    box: Box | None
    event_box: Box | None
    nearer: tuple[Segmentation, ...] = ()

    @cached_property
    def silhouette(self) -> np.ndarray:
        """The whole object: the region that its edges fill (rule 14), (H, W) bool."""
        hidden = np.any([self.beyond, *(other.silhouette for other in self.nearer)], axis=0)
        return silhouette(self.outline, self.edges) & ~hidden

    def is_present(self, confidence: float = CONFIDENCE) -> bool:
        """Whether the object is there at all; a network without readouts says so of the map's threshold instead."""
        if self.presence is None:
            return bool(self.decision.scores[self.map] >= 1)
        return self.presence >= confidence


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
    (found,) = _segment_winners(network, Stack.of_one(steps), [respond(network, steps)])
    return found


def segment_each(network: TrainedNetwork, recorded: Recorded) -> Iterator[Segmentation]:
    """Segment the object that the winning map finds in each stimulus: what `segment_one` gives, in less time."""
    for stack, responses in respond_to_each(network, recorded):
        yield from _segment_winners(network, stack, responses)


def _segment_winners(network: TrainedNetwork, stack: Stack, each: Sequence[Responses]) -> Iterator[Segmentation]:
    alone = [stack.one(number) for number in range(len(each))]
    decisions = [_decision(network, *pair) for pair in zip(alone, each, strict=True)]
    chosen = zip(alone, each, decisions, strict=True)
    seeds = [_seed(network, one, responses, decision.map) for one, responses, decision in chosen]
    decoded = decode_each(network, stack, *zip(*seeds, strict=True))
    for one, decision, (seed, mode), found in zip(alone, decisions, seeds, decoded, strict=True):
        yield segment_at(network, one, decision, seed, mode, found)


def segment_classes(
    network: TrainedNetwork,
    steps: Mapping[str, np.ndarray],
    labels: Sequence[str] | None = None,
    confidence: float = CONFIDENCE,
    responses: Responses | None = None,
) -> list[Segmentation]:
    """Segment several objects, each with a mask of its own. No pixel belongs to two objects that are present.

    Parameters
    ----------
    network, steps, responses
        See `segment_one`.
    labels
        Classes: the map with the largest score of each class is decoded, in this order. If None, every map that
        reaches its threshold is decoded, in the order of falling scores.
    confidence
        See `Segmentation.is_present`.

    Raises
    ------
    SpikeSegError
        The maps have no names yet, or none has one of `labels`.
    """
    responses = responses or respond(network, steps)
    decision = _decision(network, steps, responses)
    ranked = [int(m) for m in np.argsort(-decision.strength, kind="stable")]
    if labels is None:
        chosen = [m for m in ranked if decision.scores[m] >= 1]
    else:
        chosen = [_best_map(network, ranked, label) for label in labels]
    found = [segment_at(network, steps, decision, *_seed(network, steps, responses, m)) for m in chosen]
    there = [number for number, one in enumerate(found) if one.is_present(confidence)]
    for number, one in zip(there, assign_pixels_exclusively(network, steps, [found[n] for n in there]), strict=True):
        found[number] = one
    return found


def decide(network: TrainedNetwork, steps: Mapping[str, np.ndarray]) -> Conv3Decision:
    """Compare the Conv3 maps after all spikes, and look for the first spike (docs/model.md, rules 8 and 13)."""
    return _decision(network, steps, respond(network, steps))


def _decision(network: TrainedNetwork, steps: Mapping[str, np.ndarray], responses: Responses) -> Conv3Decision:
    scores = responses.drive.max(axis=(1, 2))
    map_, row, column = np.nonzero(steps["conv3"] != SILENT)
    first = first_spike(map_, steps["conv3"][map_, row, column], scores)
    return Conv3Decision(scores, first, None if network.presence is None else margins(network, responses.field))


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
    pitch, first = [1, 1], [0.5, 0.5]  # of the cells, and the centre of the first one
    for layer in ("conv1", "pool1", "conv2", "pool2"):
        for axis, (size, stride, padding) in enumerate(zip(*receptive_field(config, layer), strict=True)):
            first[axis] += pitch[axis] * ((size - 1) / 2 - padding)
            pitch[axis] *= stride
    return np.array(pitch) * np.asarray(cell, float) + first


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
    """The winning map, and the row and column of its neuron with the largest response."""
    responses = respond(network, steps)
    map_ = _decision(network, steps, responses).map
    row, column = np.unravel_index(np.argmax(responses.field[map_]), steps["conv3"].shape[1:])
    return map_, (int(row), int(column))


def segment_at(
    network: TrainedNetwork,
    steps: Mapping[str, np.ndarray],
    decision: Conv3Decision,
    seed: Neuron,
    mode: Mode,
    decoded: Decoded | None = None,
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
    decoded
        What the neuron decodes to, where that is known.

    Raises
    ------
    SpikeSegError
        The maps have no names yet.
    """
    config, (map_, *place) = network.config, seed
    label = _label(network, map_)
    decoded = decoded or decode(network, steps, [seed], mode)
    events = (steps["input"] != SILENT).any(axis=0)
    within = region(network, map_, (place[0], place[1]), events.shape)
    inside = _pixels(within, events.shape)
    mask, edges = decoded.mask & inside, events & inside
    filled = config.decoder.box == "silhouette+events"  # before it is cut, as extents are learned
    outline, around, beyond = (decoded.mask, events, ~inside) if filled else (mask, edges, np.zeros_like(mask))
    body = silhouette(outline, around) & ~beyond if filled else None
    return Segmentation(
        label=label,
        map=map_,
        decision=decision,
        presence=None if decision.margins is None else presence_of(network, label, float(decision.margins[map_])),
        place=(place[0], place[1]),
        decoded_mode=mode,
        mask=mask,
        outline=outline,
        edges=around,
        beyond=beyond,
        saliency=decoded.saliency * inside,
        region=within,
        box=_box(mask, edges, config, body),
        event_box=mask_box(events),
    )


def assign_pixels_exclusively(
    network: TrainedNetwork, steps: Mapping[str, np.ndarray], segmentations: Sequence[Segmentation]
) -> list[Segmentation]:
    """Give every pixel to only one of the objects; boxes and silhouettes shrink accordingly.

    A decoded pixel belongs to the object to which it contributed most. Where silhouettes overlap, the object for which
    more speaks is in front.
    """
    if len(segmentations) < 2:
        return list(segmentations)
    owner = np.argmax([found.saliency for found in segmentations], axis=0)
    taken = np.any([found.mask for found in segmentations], axis=0)
    events = (steps["input"] != SILENT).any(axis=0)
    disjoint = []
    for number, found in enumerate(segmentations):
        others = taken & (owner != number)
        mask = found.mask & ~others
        own = events & _pixels(found.region, events.shape) & ~others
        filled = network.config.decoder.box == "silhouette+events"
        box = _box(mask, own, network.config, silhouette(mask, own) if filled else None)
        saliency = np.where(mask, found.saliency, 0)
        disjoint.append(replace(found, mask=mask, outline=mask, edges=own, saliency=saliency, box=box))
    nearer: list[Segmentation] = []
    for number in sorted(range(len(disjoint)), key=lambda one: -disjoint[one].decision.strength[disjoint[one].map]):
        disjoint[number] = replace(disjoint[number], beyond=np.zeros_like(events), nearer=tuple(nearer))
        nearer.append(disjoint[number])
    return disjoint


def _seed(
    network: TrainedNetwork, steps: Mapping[str, np.ndarray], responses: Responses, map_: int
) -> tuple[Neuron, Mode]:
    """Choose the neuron of a map to decode, that of the largest response, and the mode: ``end`` if it did not spike."""
    field = responses.field[map_]
    row, column = map(int, np.unravel_index(np.argmax(field), field.shape))
    spiked = steps["conv3"][map_, row, column] != SILENT
    return (map_, row, column), network.config.decoder.mode if spiked else "end"


def _pixels(region: Box, shape: tuple[int, int]) -> np.ndarray:
    """The pixels whose centre is inside a box, (H, W) bool."""
    row, column = (np.arange(n) + 0.5 for n in shape)
    rows, columns = (row >= region.top) & (row < region.bottom), (column >= region.left) & (column < region.right)
    return rows[:, None] & columns


def _box(mask: np.ndarray, events: np.ndarray, config: Config, body: np.ndarray | None) -> Box | None:
    """The box of a mask or, where it is given, of the silhouette."""
    of_mask, of_events = mask_box(mask), mask_box(events)
    if config.decoder.box == "mask" or of_mask is None or of_events is None:
        return of_mask
    of_object = None if body is None else mask_box(body)
    return Box(*np.mean([of_object or of_mask, of_events], axis=0).tolist())
