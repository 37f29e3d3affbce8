"""What every dataset of event recordings yields: events, and where the objects are at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from .events.events import Recording
from .sample import Target


@dataclass(frozen=True)
class Take:
    """A recording with what is known about it.

    Attributes
    ----------
    recording
        The events; its name is unique in the dataset, e.g. ``Faces/image_0001``.
    targets
        The objects at a time (microseconds, on the clock of the events), in pixels of the sensor.
    """

    recording: Recording
    targets: Callable[[int], tuple[Target, ...]]


class Recordings(Protocol):
    """A sequence of takes whose names and labels are known without loading one."""

    names: Sequence[str]
    labels: Sequence[str]  # of the first target; what a stratified split goes by

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Take: ...
