"""Track the objects of a stream of events: all objects of each buffer, with numbers that they keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from ...analysis.decoding.tracking import Tracker
from ...datasets.buffers import Placement
from ...datasets.events.windows import Windows
from ...models.network import TrainedNetwork
from .segmenting import BATCH, Segmenter, open_segmenter
from .streaming import batches, placed
from .watching import Sighting, Stretch, tracked


@dataclass(frozen=True)
class TrackedStream:
    """Finds and numbers the objects of a stream, buffer by buffer; see `open_tracks`. It can see one stream."""

    network: TrainedNetwork
    segmenter: Segmenter
    placement: Placement
    windows: Windows
    tracker: Tracker

    def see(self, packets: Iterable[np.ndarray]) -> Iterator[Stretch]:
        """Yield each buffer with its objects, dated at its end, as soon as it is complete.

        Parameters
        ----------
        packets
            Events sorted by time, in packets. They are read in a thread of their own.

        Raises
        ------
        SpikeSegError
            The recording is damaged (buffers before that are answered first), or the simulation fails.
        """
        for buffers in batches(packets, self.windows, BATCH):
            for buffer, instances in zip(buffers, self.segmenter.instances(buffers), strict=True):
                end = buffer.start + buffer.duration
                answers = [instance.segmentation for instance in instances]
                found = [Sighting.of(end, one, self.network, self.placement, buffer.size) for one in answers]
                yield Stretch(buffer, tuple(tracked(self.tracker, found, buffer.events, buffer.duration)))


@contextmanager
def open_tracks(
    network: TrainedNetwork,
    size: tuple[int, int],
    duration_ms: float,
    step_ms: float,
    name: str,
    device: str = "cpp_standalone",
) -> Iterator[TrackedStream]:
    """Open a stream whose objects are tracked, in buffers: a context manager. `open_watch` does it without buffers.

    Parameters
    ----------
    network
        A network that learned from recordings.
    size
        Rows and columns of the sensor.
    duration_ms, step_ms
        Duration of a buffer, and time from the start of one buffer to the start of the next, in milliseconds.
    name
        Name of the recording, used in errors.
    device
        Where Brian2 simulates.

    Raises
    ------
    SpikeSegError
        The network learned from pictures; the sensor does not fit its input; or see `open_segmenter`.
    """
    placement, denoise = placed(network, size)
    windows = Windows(size, round(1000 * duration_ms), round(1000 * step_ms), denoise, name)
    with open_segmenter(network, [network.config.input.size], device) as segmenter:
        yield TrackedStream(network, segmenter, placement, windows, Tracker())
