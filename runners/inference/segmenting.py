"""From pictures to segmentations: encode in batches, decode each stimulus, at one or several zooms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice

import numpy as np

from spikeseg.errors import SpikeSegError
from spikeseg.spikes import Recorded, Spikes

from ...analysis.decoding.instances import Instance, segment_instances
from ...analysis.decoding.potentials import TOGETHER, respond_to_each
from ...analysis.decoding.presence import CONFIDENCE
from ...analysis.decoding.segmentation import Segmentation, segment_classes, segment_each
from ...configs.schema import Config
from ...datasets.sample import View
from ...datasets.stimuli import stimuli
from ...models.network import TrainedNetwork
from .density import at_density
from .encoding import Encoder, open_encoder

BATCH = 48  # pictures whose spikes are in memory at a time: six times as many as are decoded together
GRID = 8  # sizes of presented pictures are rounded to this many pixels, so that similar ones share a compiled program
LONGEST = 4  # longest allowed side of a picture with several objects, relative to that of the network's input


@dataclass(frozen=True)
class Segmenter:
    """Segments pictures or buffers of events with a trained network; see `open_segmenter`.

    Attributes
    ----------
    network
        The trained network.
    encoders
        For each zoom, the size (rows, columns) at which pictures are presented, and the encoder for this size.
    confidence
        Presence from which on an object counts as there, and keeps pixels from others.
    """

    network: TrainedNetwork
    encoders: tuple[tuple[tuple[int, int], Encoder], ...]
    confidence: float = CONFIDENCE

    def segment(self, views: Iterable[View], classes: Sequence[str] | None = None) -> Iterator[list[Segmentation]]:
        """Segment classes.

        Parameters
        ----------
        views
            Pictures of any size, (H, W) or (H, W, 3) uint8, or buffers of events. They are taken `BATCH` by
            `BATCH`, each only when the one before is let go.
        classes
            Segment each of these classes; if None, only the winning class. There may be several objects: pictures are
            presented with more events, see `at_density`.

        Yields
        ------
        For each view, in order, a list with one segmentation per class. With several zooms, each is that of the zoom
        with the largest `response`. Masks and boxes are in pixels of the presented size.

        Raises
        ------
        SpikeSegError
            The simulation fails, or no map stands for one of `classes`.
        """
        networks = [self.network for _ in self.encoders]
        if classes is not None and self.network.config.input.dog is not None:
            networks = [at_density(self.network, size) for size, _ in self.encoders]
        for inputs in self._batches(views, networks):
            zooms = [
                self._answers(encoder, network, spikes, classes)
                for (_, encoder), network, spikes in zip(self.encoders, networks, inputs, strict=True)
            ]
            for answers in zip(*zooms, strict=True):
                yield [max(found, key=response) for found in zip(*answers, strict=True)]

    def instances(self, views: Iterable[View]) -> Iterator[list[Instance]]:
        """Segment every object, also several of one class. The segmenter must have been opened with only one size.

        Parameters
        ----------
        views
            See `segment`.

        Yields
        ------
        For each view, in order, the list of its objects. Masks and boxes are in pixels of the presented size.

        Raises
        ------
        SpikeSegError
            The simulation fails.
        """
        ((_, encoder),) = self.encoders
        for (inputs,) in self._batches(views, [self.network]):
            for recorded in _recorded(encoder, self.network, inputs):
                for steps in recorded:
                    yield segment_instances(self.network, steps)

    def _batches(self, views: Iterable[View], networks: Sequence[TrainedNetwork]) -> Iterator[list[Spikes]]:
        """Yield, for each batch, its input spikes at every zoom."""

        def at_zooms(view: View) -> list[Spikes]:
            pairs = zip(self.encoders, networks, strict=True)
            return [stimuli([view], network.config.input, size) for (size, _), network in pairs]

        inputs = map(at_zooms, views)  # unlike the variable of a loop, it lets a view go before it takes the next
        while batch := list(islice(inputs, BATCH)):
            yield [Spikes.join(list(zoom)) for zoom in zip(*batch, strict=True)]

    def _answers(
        self, encoder: Encoder, network: TrainedNetwork, inputs: Spikes, classes: Sequence[str] | None
    ) -> Iterator[list[Segmentation]]:
        for recorded in _recorded(encoder, network, inputs):
            if classes is None:
                yield from ([found] for found in segment_each(network, recorded))
                continue
            for stack, responses in respond_to_each(network, recorded):
                for number, response in enumerate(responses):
                    yield segment_classes(network, stack.one(number), classes, self.confidence, response)


def _recorded(encoder: Encoder, network: TrainedNetwork, inputs: Spikes) -> Iterator[Recorded]:
    """The spikes of stimuli; where those that come next are simulated while some are decoded, these are few."""
    return map(Recorded, encoder.encode_parts(network, inputs, TOGETHER if encoder.ahead else BATCH))


def response(segmentation: Segmentation) -> float:
    """How strongly the segmentation's map responds: its margin, or without readouts its potential / threshold."""
    return float(segmentation.decision.strength[segmentation.map])


def response_over_threshold(segmentation: Segmentation) -> float:
    """Largest final potential / threshold of the segmentation's map."""
    return float(segmentation.decision.scores[segmentation.map])


@contextmanager
def open_segmenter(
    network: TrainedNetwork,
    sizes: Sequence[tuple[int, int]],
    device: str = "cpp_standalone",
    jobs: int = 1,
    confidence: float = CONFIDENCE,
) -> Iterator[Segmenter]:
    """Open a segmenter: a context manager.

    Parameters
    ----------
    network
        A trained network whose maps have names.
    sizes
        Rows and columns at which each picture is presented, one pair per zoom.
    device
        Where Brian2 simulates.
    jobs
        Number of simulations at a time.
    confidence
        See `Segmenter`.

    Raises
    ------
    SpikeSegError
        Several jobs on a device that simulates in this process; a size that is smaller than a layer's kernel; or a
        device that is not available.
    """
    with ExitStack() as stack:
        opened = [stack.enter_context(open_encoder(network.config, size, device, jobs)) for size in sizes]
        yield Segmenter(network, tuple(zip(sizes, opened, strict=True)), confidence)


def covering_size(config: Config, picture: tuple[int, int]) -> tuple[int, int]:
    """The size at which a picture covers the network's input and keeps its proportions.

    Parameters
    ----------
    config
        Configuration of the network.
    picture
        Rows and columns of the picture.

    Returns
    -------
    Rows and columns at which to present it.

    Raises
    ------
    SpikeSegError
        The picture is much too wide or too high.
    """
    own, shape = np.array(config.input.size), np.array(picture)
    size = shape * (own / shape).max()
    if (size > LONGEST * own).any():
        raise SpikeSegError(f"a picture of {picture[0]} x {picture[1]} is too long for counting objects: cut it up")
    rows, columns = np.maximum(own, own + GRID * np.rint((size - own) / GRID).astype(int)).tolist()
    return rows, columns
