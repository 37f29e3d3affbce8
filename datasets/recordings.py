"""What every dataset of event recordings yields: events, and where the objects are at any time."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from .events.augmentation import with_background
from .events.events import Recording
from .sample import Target


@dataclass(frozen=True)
class Take:
    """A recording with its annotation.

    Attributes
    ----------
    recording
        The events; its name is unique in the dataset, e.g. ``Faces/image_0001``.
    targets
        Function of a time, in microseconds on the clock of the events, that returns the objects at that time, in pixels
        of the sensor.
    """

    recording: Recording
    targets: Callable[[int], tuple[Target, ...]]


class Recordings(Protocol):
    """A sequence of recordings with annotation, whose names and labels are known without loading one.

    Attributes
    ----------
    names
        Name of each recording.
    labels
        Class of each recording's first target, by which a dataset is split.
    """

    names: Sequence[str]
    labels: Sequence[str]

    def __len__(self) -> int:
        return len(self.names)

    @abstractmethod
    def __getitem__(self, index: int) -> Take: ...


class Noisy(Recordings):
    """Recordings to which background events are added, the same each time.

    Parameters
    ----------
    recordings
        Those of a dataset.
    noise_hz
        Background events per pixel and second.
    """

    def __init__(self, recordings: Recordings, noise_hz: float):
        self.names, self.labels = recordings.names, recordings.labels
        self._recordings, self._noise_hz = recordings, noise_hz

    def __getitem__(self, index: int) -> Take:
        """See `Recordings`."""
        take = self._recordings[index]
        recording = take.recording
        if not len(recording.events):
            return take
        start, rng = int(recording.events["t"][0]), np.random.default_rng(index)
        stretch = start, recording.duration + 1
        events = with_background(recording.events, recording.size, *stretch, self._noise_hz, rng)
        return replace(take, recording=replace(recording, events=events))
