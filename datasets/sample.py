"""What every dataset yields: a picture with its objects."""

from __future__ import annotations

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
    """One object in a picture: its class, its box if annotated, and its pixels (H, W) bool if known."""

    label: str
    box: Box | None
    mask: np.ndarray | None = None


@dataclass(frozen=True)
class Sample:
    """A picture, or a buffer of events, with what is known about it.

    Attributes
    ----------
    name
        Unique in its dataset, e.g. ``Faces/image_0001.jpg``.
    image
        (H, W) or (H, W, 3), uint8; of a buffer, its events drawn.
    targets
        Its objects; one for single-object datasets. Boxes and masks are in pixels of `image`.
    buffer
        The events, where it is not a picture.
    """

    name: str
    image: np.ndarray
    targets: tuple[Target, ...]
    buffer: Buffer | None = None

    @property
    def view(self) -> View:
        """What a network is shown."""
        return self.image if self.buffer is None else self.buffer


class Dataset(Protocol):
    """A sequence of samples whose names and labels are known without loading a picture."""

    names: Sequence[str]
    labels: Sequence[str]  # of the first target; what a stratified split goes by

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Sample: ...

    def __iter__(self) -> Iterator[Sample]: ...
