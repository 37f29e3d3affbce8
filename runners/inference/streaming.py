"""A trained network over a recording of any length, finished or not: what it sees in every buffer, and how soon."""

from __future__ import annotations

import queue
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread

import numpy as np

from spikeseg.boxes import Box
from spikeseg.errors import SpikeSegError

from ...analysis.decoding.decisions import BufferDecision, buffer_decision
from ...analysis.decoding.segmentation import Segmentation
from ...datasets.buffers import Placement
from ...datasets.events.events import Buffer
from ...datasets.events.windows import Windows
from ...models.network import TrainedNetwork
from .segmenting import BATCH, Segmenter, open_segmenter


@dataclass(frozen=True)
class Moment:
    """What the network saw in one buffer.

    Attributes
    ----------
    buffer
        The events.
    segmentation
        The answer at the end of the buffer; mask and boxes in pixels of the input layer.
    verdict
        The first Conv3 spike: its class, and the events' time that had passed since the buffer began.
    box, mask
        The answer's, in pixels of the sensor: (rows, columns) bool; the box is None for an empty mask.
    """

    buffer: Buffer
    segmentation: Segmentation
    verdict: BufferDecision
    box: Box | None
    mask: np.ndarray


@contextmanager
def open_stream(
    network: TrainedNetwork, size: tuple[int, int], duration_ms: float, step_ms: float, name: str, device: str
) -> Iterator[Stream]:
    """Give a stream for recordings of a sensor of `size` (rows, columns), cut into buffers of `duration_ms`.

    Raises
    ------
    SpikeSegError
        The network learned from pictures, the sensor does not fit it, or what `open_segmenter` raises.
    """
    config = network.config.input
    if config.buffer is None:
        raise SpikeSegError("this network learned from pictures: stream needs one that learned from recordings")
    placement = Placement.of(size, config.size, config.buffer.fit)
    denoise = None if config.buffer.denoise_ms is None else round(1000 * config.buffer.denoise_ms)
    windows = Windows(size, round(1000 * duration_ms), round(1000 * step_ms), denoise, name)
    with open_segmenter(network, [config.size], device) as segmenter:
        yield Stream(network, segmenter, placement, windows)


@dataclass(frozen=True)
class Stream:
    """A network that waits for events. See `open_stream`."""

    network: TrainedNetwork
    segmenter: Segmenter
    placement: Placement
    windows: Windows

    def see(self, packets: Iterable[np.ndarray]) -> Iterator[Moment]:
        """What the network makes of each buffer, as soon as its events are complete.

        `packets` of events, sorted, are read in a thread of their own: buffers wait for more of them only while
        there are none to be seen.
        """
        for buffers in _batches(packets, self.windows):
            for buffer, (found,) in zip(buffers, self.segmenter.segment(buffers), strict=True):
                box = None if found.box is None else self.placement.to_sensor(found.box)
                said = buffer_decision(self.network, found.decision, buffer.recording, "", buffer.duration)
                yield Moment(buffer, found, said, box, self.placement.mask_to_sensor(found.mask, buffer.size))


def _batches(packets: Iterable[np.ndarray], windows: Windows) -> Iterator[list[Buffer]]:
    """Buffers, as many at a time as are complete: few while a recording is being written, many of a finished one."""
    batch: list[Buffer] = []
    try:
        for buffer in _complete(packets, windows):
            if buffer is not None:
                batch.append(buffer)
            if batch and (buffer is None or len(batch) == BATCH):
                yield batch
                batch = []
    except SpikeSegError:  # the recording is damaged here: what came before is seen first
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _complete(packets: Iterable[np.ndarray], windows: Windows) -> Iterator[Buffer | None]:
    """The buffers, and None where the next one is not complete yet."""
    for packet in _as_they_come(packets):
        if packet is None:
            yield None
        else:
            yield from windows.feed(packet)
    yield from windows.finish()


def _as_they_come(packets: Iterable[np.ndarray]) -> Iterator[np.ndarray | None]:
    """The packets, and None where the next one has not come yet."""
    waiting: queue.Queue[np.ndarray | BaseException | None] = queue.Queue(maxsize=2)

    def read() -> None:
        try:
            for packet in packets:
                waiting.put(packet)
            waiting.put(None)
        except BaseException as error:
            waiting.put(error)

    Thread(target=read, daemon=True).start()
    while True:
        try:
            item = waiting.get_nowait()
        except queue.Empty:
            yield None
            item = waiting.get()
        if item is None:
            return
        if isinstance(item, BaseException):
            raise item
        yield item
