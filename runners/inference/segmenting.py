"""From pictures to segmentations: encode in bounded memory, decode each stimulus, at one or several zooms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import numpy as np

from spikeseg.errors import SpikeSegError
from spikeseg.spikes import Recorded

from ...analysis.decoding.instances import Instance, segment_instances
from ...analysis.decoding.segmentation import Segmentation, segment_classes, segment_one
from ...configs.schema import Config
from ...datasets.sample import View
from ...datasets.stimuli import stimuli
from ...models.network import TrainedNetwork
from .encoding import Encoder, open_encoder

BATCH = 50  # pictures whose spikes are held at once
GRID = 8  # pixels to which the size of a presented picture is rounded: one compiled program serves similar shapes
LONGEST = 4  # times as long as the network's input a picture with several objects may be


@dataclass(frozen=True)
class Segmenter:
    """A network ready to segment pictures.

    Attributes
    ----------
    network
        Trained.
    encoders
        One per zoom: the size (rows, columns) at which a picture is presented, and its encoder.
    """

    network: TrainedNetwork
    encoders: tuple[tuple[tuple[int, int], Encoder], ...]

    def segment(self, views: Sequence[View], classes: Sequence[str] | None = None) -> Iterator[list[Segmentation]]:
        """Segment uint8 pictures, (H, W) or (H, W, 3), of any size, or buffers; yields in order, one list per view.

        Without `classes` the list holds the winning class alone; with them, one segmentation for each. Masks and
        boxes are in pixels of the presented size. With several zooms, the one where Conv3 responds most counts.
        """
        for start in range(0, len(views), BATCH):
            batch = views[start : start + BATCH]
            zooms = [self._at(size, encoder, batch, classes) for size, encoder in self.encoders]
            for answers in zip(*zooms, strict=True):
                yield [max(found, key=response) for found in zip(*answers, strict=True)]

    def instances(self, views: Sequence[View]) -> Iterator[list[Instance]]:
        """Tell the objects of pictures apart, of one class too; yields in order, one list per view.

        Masks and boxes are in pixels of the presented size. There is one zoom: `open_segmenter` got one size.
        """
        ((size, encoder),) = self.encoders
        for start in range(0, len(views), BATCH):
            inputs = stimuli(views[start : start + BATCH], self.network.config.input, size)
            for steps in Recorded(encoder.encode(self.network, inputs)):
                yield segment_instances(self.network, steps)

    def _at(
        self, size: tuple[int, int], encoder: Encoder, views: Sequence[View], classes: Sequence[str] | None
    ) -> list[list[Segmentation]]:
        recorded = Recorded(encoder.encode(self.network, stimuli(views, self.network.config.input, size)))
        if classes is None:
            return [[segment_one(self.network, steps)] for steps in recorded]
        return [segment_classes(self.network, steps, classes) for steps in recorded]


def response(segmentation: Segmentation) -> float:
    """Final potential / threshold of the segmentation's map."""
    return float(segmentation.decision.scores[segmentation.map])


@contextmanager
def open_segmenter(
    network: TrainedNetwork, sizes: Sequence[tuple[int, int]], device: str, jobs: int = 1
) -> Iterator[Segmenter]:
    """Give a segmenter that presents pictures at `sizes`. Raises what `open_encoder` raises."""
    with ExitStack() as stack:
        opened = [stack.enter_context(open_encoder(network.config, size, device, jobs)) for size in sizes]
        yield Segmenter(network, tuple(zip(sizes, opened, strict=True)))


def covering_size(config: Config, picture: tuple[int, int]) -> tuple[int, int]:
    """The size (rows, columns) at which a picture covers the network's input, with its proportions kept.

    Raises
    ------
    SpikeSegError
        It is much too wide or too high.
    """
    own, shape = np.array(config.input.size), np.array(picture)
    size = shape * (own / shape).max()
    if (size > LONGEST * own).any():
        raise SpikeSegError(f"a picture of {picture[0]} x {picture[1]} is too long to look for objects in: cut it up")
    rows, columns = np.maximum(own, own + GRID * np.rint((size - own) / GRID).astype(int)).tolist()
    return rows, columns
