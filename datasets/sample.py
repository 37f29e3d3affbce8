"""What every dataset yields: a picture with its objects."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from spikeseg.boxes import Box

from .events.events import Buffer

View = np.ndarray | Buffer
"""A uint8 picture, (H, W) or (H, W, 3), or a buffer of events."""


@dataclass(frozen=True)
class Target:
    """One object in a picture: its class, its box if it is annotated, and its mask, (H, W) bool, if it is known."""

    label: str
    box: Box | None
    mask: np.ndarray | None = None


@dataclass(frozen=True)
class Sample:
    """A picture, or a buffer of events, with its annotation.

    Attributes
    ----------
    name
        Unique in its dataset, e.g. ``Faces/image_0001.jpg``.
    image
        (H, W) or (H, W, 3), uint8; for a buffer, a drawing of its events.
    targets
        Its objects, one in single-object datasets. Boxes and masks are in pixels of `image`.
    buffer
        The events; None for a picture.
    """

    name: str
    image: np.ndarray
    targets: tuple[Target, ...]
    buffer: Buffer | None = None

    @property
    def view(self) -> View:
        """What a network is shown: the picture, or the buffer."""
        return self.image if self.buffer is None else self.buffer


class Dataset(Protocol):
    """A sequence of samples whose names and labels are known without loading a picture.

    Attributes
    ----------
    names
        Name of each sample.
    labels
        Class of each sample's first target, by which a dataset is split.
    """

    names: Sequence[str]
    labels: Sequence[str]

    def __len__(self) -> int:
        return len(self.names)

    @abstractmethod
    def __getitem__(self, index: int) -> Sample: ...

    def __iter__(self) -> Iterator[Sample]:
        return (self[index] for index in range(len(self)))
