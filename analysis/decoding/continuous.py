"""Decisions in continuous time: Conv3 spikes are named, and followed back, as they come (docs/model.md, rule 17).

What is decided depends on the spikes of late alone: each neuron's last spike, as long as it is not older than a window.
So memory is bounded, and no answer depends on what comes after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from spikeseg.spikes import SILENT, Shape

from ...models.network import LAYERS, TrainedNetwork
from .instances import segment_instances
from .naming import largest_by_class
from .potentials import Potentials
from .presence import CONFIDENCE, margins, presence_of
from .segmentation import Conv3Decision, Segmentation, segment_at

Spiking = Mapping[str, tuple[np.ndarray, np.ndarray]]
"""Steps and neurons of each layer's spikes, (n,) int each, sorted by step."""

NEVER = -(2**62)

EVIDENCE = 0.15
"""Instead of `instances.EVIDENCE`: neurons that leak and are refractory spike half as often as in buffers.
With it as many Conv3 neurons have enough evidence as there (docs/notebook.md)."""


class Memory(NamedTuple):
    """Times in steps.

    Attributes
    ----------
    window
        For how long a spike is remembered.
    hold
        For how long a class that was decided is not decided again.
    between
        From one look at the readouts to the next one, at least; from one look for objects to the next one.
    """

    window: int
    hold: int
    between: int


class Watcher:
    """Watches the spikes of an encoder in continuous time, and decides.

    Parameters
    ----------
    network
        A trained network whose maps have names.
    shapes
        Sizes of ``input, conv1, pool1, conv2, pool2, conv3``.
    memory
        For how long spikes and decisions count.
    confidence
        Presence from which on an object counts as there.
    instances
        Find every object, also several of a class, by `segment_instances` instead of by the readouts.
    """

    def __init__(
        self,
        network: TrainedNetwork,
        shapes: Mapping[str, Shape],
        memory: Memory,
        confidence: float = CONFIDENCE,
        instances: bool = False,
    ):
        self._network, self._shapes, self._memory, self._confidence = network, shapes, memory, confidence
        self._instances = instances
        self._last = {layer: np.full(shapes[layer].size, NEVER) for layer in ("input", *LAYERS)}
        self._decided = dict.fromkeys(network.config.data.classes, NEVER)
        self._looked = NEVER
        self._readout = None if network.presence is None else _Readout(network, shapes)

    def watch(self, spikes: Spiking, steps: range) -> Iterator[tuple[int, Segmentation]]:
        """Decide about the next spikes.

        Parameters
        ----------
        spikes
            Of all layers, ``input`` to ``conv3``.
        steps
            The steps that they are of, after those of earlier calls.

        Yields
        ------
        Step and answer of each decision. Masks and boxes are in pixels of the input layer.
        """
        done, between = dict.fromkeys(spikes, 0), self._memory.between
        times = np.unique(spikes["conv3"][0]).tolist()
        if self._instances:  # spikes of different objects come together, so what has just begun to spike is not all
            times = range(-(-steps.start // between) * between, steps.stop, between)
        for now in times:
            if now - self._looked < between or self._all_held(now):
                continue
            self._looked = now
            self._remember(spikes, done, now)
            for answer in self._objects(now) if self._instances else self._decisions(now):
                self._decided[answer.label] = now
                yield now, answer
        self._remember(spikes, done, None)

    def _all_held(self, now: int) -> bool:
        return all(now - step < self._memory.hold for step in self._decided.values())

    def _remember(self, spikes: Spiking, done: dict[str, int], now: int | None) -> None:
        """Note the spikes before step `now`, or all; of Conv3 those of `now`, too."""
        for layer, (step, neuron) in spikes.items():
            side = "right" if layer == "conv3" else "left"
            end = len(step) if now is None else int(np.searchsorted(step, now, side))
            self._last[layer][neuron[done[layer] : end]] = step[done[layer] : end]
            done[layer] = end

    def _recent(self, layer: str, now: int) -> np.ndarray:
        """Steps of the remembered spikes, counted from the beginning of the window, `SILENT` without one."""
        since = self._last[layer] - (now - self._memory.window)
        return np.where(since >= 0, since, SILENT).astype(np.int32).reshape(self._shapes[layer])

    def _objects(self, now: int) -> Iterator[Segmentation]:
        """Answers for all objects, the strongest first: as if every Conv3 neuron with enough evidence fired now."""
        steps = {layer: self._recent(layer, now) for layer in self._last}
        steps["conv3"] = np.full_like(steps["conv3"], self._memory.window)
        for found in segment_instances(self._network, steps, self._memory.window + 1, EVIDENCE):
            yield found.segmentation

    def _decisions(self, now: int) -> Iterator[Segmentation]:
        """Answers for the classes that are there, the likeliest first."""
        conv3 = self._recent("conv3", now)
        fired = (conv3 != SILENT).any(axis=(1, 2))
        strength, field = fired.astype(float), conv3.astype(float)
        if self._readout is not None:
            field = self._readout.field(self._last["pool2"] >= now - self._memory.window)
            strength = margins(self._network, field)
        likeliest = largest_by_class(self._network, np.where(fired, strength, -np.inf))
        steps = None
        for rank, label in enumerate(sorted(likeliest, key=likeliest.__getitem__, reverse=True)):
            if now - self._decided[label] < self._memory.hold or not self._is_there(label, likeliest[label], rank):
                continue
            steps = steps or {layer: self._recent(layer, now) for layer in self._last}
            names = np.array(self._network.map_labels) == label
            map_ = int(np.argmax(np.where(names & fired, strength, -np.inf)))
            yield self._answer(map_, field[map_], steps, fired, strength)

    def _is_there(self, label: str, strength: float, rank: int) -> bool:
        """Whether a class is present; for any but the likeliest more has to speak than against it, too (rule 8)."""
        if self._readout is None or strength == -np.inf:
            return strength > 0
        return presence_of(self._network, label, strength) >= self._confidence and (rank == 0 or strength >= 0)

    def _answer(
        self, map_: int, field: np.ndarray, steps: dict[str, np.ndarray], fired: np.ndarray, strength: np.ndarray
    ) -> Segmentation:
        """Decode the place of the largest readout, or of the last spike where there is none, as if it fired now."""
        place = np.unravel_index(np.argmax(field), field.shape)
        seed = map_, int(place[0]), int(place[1])
        seeded = steps["conv3"].copy()
        seeded[seed] = self._memory.window
        told = None if self._readout is None else strength
        decision = Conv3Decision(fired.astype(float), (map_, self._memory.window), told)
        return segment_at(self._network, steps | {"conv3": seeded}, decision, seed, "causal")


class _Readout:
    """The readouts of rule 13 over Pool2 spikes that come and go. Sums of their weights are exact, so none drifts."""

    def __init__(self, network: TrainedNetwork, shapes: Mapping[str, Shape]):
        assert network.presence is not None
        self._potentials = Potentials(network.presence.weights, network.config.conv3.padding)
        self._seen = np.zeros(shapes["pool2"], bool)
        self._field = np.zeros(shapes["conv3"])

    def field(self, seen: np.ndarray) -> np.ndarray:
        """Readouts (maps, H, W) for the Pool2 neurons that count, flat, bool."""
        seen = seen.reshape(self._seen.shape)
        self._field += self._potentials.after(seen.astype(np.int8) - self._seen)
        self._seen = seen
        return self._field
