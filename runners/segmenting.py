"""From pictures to segmentations: encode in bounded memory, decode each stimulus, at one or several zooms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spikeseg.errors import SpikeSegError
from spikeseg.spikes import Recorded

from ..analysis.segmentation import Segmentation, segment_classes, segment_one
from ..datasets.pictures import read_picture
from ..datasets.sample import Sample, View
from ..datasets.stimuli import stimuli
from ..models.network import Network
from .encoding import Encoder, open_encoder

BATCH = 50  # pictures whose spikes are held at once


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

    network: Network
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
    network: Network, sizes: Sequence[tuple[int, int]], device: str, jobs: int = 1
) -> Iterator[Segmenter]:
    """Give a segmenter that presents pictures at `sizes`. Raises what `open_encoder` raises."""
    with ExitStack() as stack:
        opened = [stack.enter_context(open_encoder(network.config, size, device, jobs)) for size in sizes]
        yield Segmenter(network, tuple(zip(sizes, opened, strict=True)))


def segment_files(
    network: Network,
    paths: Sequence[Path],
    directory: Path,
    every_class: bool,
    device: str,
    progress: Callable[[int], None] = lambda done: None,
) -> list[dict[str, Any]]:
    """Segment pictures that a user brings; masks and overlays go to `directory`.

    Returns
    -------
    One description per object, fit for `reporting.write_boxes`.

    Raises
    ------
    SpikeSegError
        A picture cannot be read, two have the same name, or the file system refuses.
    """
    from .reporting import write_segmentation

    stems = [path.stem for path in paths]
    for path in paths:
        if stems.count(path.stem) > 1:
            raise SpikeSegError(f"two pictures are called {path.stem}: their masks would overwrite each other")
    images = [read_picture(path) for path in paths]  # all of them first: a bad one stops before anything is written
    config = network.config
    classes = config.data.classes if every_class else None
    described = []
    with open_segmenter(network, [config.input.size], device) as segmenter:
        answers = segmenter.segment(images, classes)
        for done, (path, image, found) in enumerate(zip(paths, images, answers, strict=True), start=1):
            described += write_segmentation(directory, Sample(str(path), image, ()), found, config.data.classes)
            progress(done)
    return described
