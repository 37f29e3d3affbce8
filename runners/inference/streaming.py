"""Run a trained network on a stream of events: an answer and a latency for each buffer, as soon as it is complete."""

from __future__ import annotations

import queue
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Thread

import numpy as np

from spikeseg.boxes import Box
from spikeseg.errors import SpikeSegError

from ...analysis.decoding.decisions import BufferDecision, buffer_decision
from ...analysis.decoding.presence import CONFIDENCE
from ...analysis.decoding.segmentation import Segmentation
from ...datasets.buffers import Placement
from ...datasets.events.events import Buffer, join
from ...datasets.events.formats.stream import PACKET
from ...datasets.events.windows import Windows
from ...models.network import TrainedNetwork
from .segmenting import BATCH, Segmenter, open_segmenter


@dataclass(frozen=True)
class Moment:
    """The network's answer to one buffer.

    Attributes
    ----------
    buffer
        The events.
    segmentation
        The answer at the end of the buffer; its mask and boxes are in pixels of the input layer.
    decision
        Scores of the classes, and class and latency of the first Conv3 spike; `true_label` is empty.
    present
        Whether the object of the answer is there at all; see `Segmentation.is_present`.
    box, mask
        Box and mask of the answer in pixels of the sensor. The mask is (rows, columns) bool; the box is None for an
        empty mask.
    """

    buffer: Buffer
    segmentation: Segmentation
    decision: BufferDecision
    present: bool
    box: Box | None
    mask: np.ndarray


@contextmanager
def open_stream(
    network: TrainedNetwork,
    size: tuple[int, int],
    duration_ms: float,
    step_ms: float,
    name: str,
    device: str = "cpp_standalone",
    confidence: float = CONFIDENCE,
) -> Iterator[Stream]:
    """Open a stream: a context manager.

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
    confidence
        Presence from which on an object counts as there.

    Raises
    ------
    SpikeSegError
        The network learned from pictures; the sensor does not fit its input; or see `open_segmenter`.
    """
    placement, denoise = placed(network, size)
    windows = Windows(size, round(1000 * duration_ms), round(1000 * step_ms), denoise, name)
    with open_segmenter(network, [network.config.input.size], device) as segmenter:
        yield Stream(network, segmenter, placement, windows, confidence)


def placed(network: TrainedNetwork, size: tuple[int, int]) -> tuple[Placement, int | None]:
    """Where a sensor of some size lies in the input of a network, and how it denoises, in microseconds.

    Raises
    ------
    SpikeSegError
        The network learned from pictures, or the sensor does not fit its input.
    """
    config = network.config.input
    if config.buffer is None:
        raise SpikeSegError("this network learned from pictures: stream needs one that learned from recordings")
    denoise = None if config.buffer.denoise_ms is None else round(1000 * config.buffer.denoise_ms)
    return Placement.of(size, config.size, config.buffer.fit), denoise


@dataclass(frozen=True)
class Stream:
    """Segments a stream of events, buffer by buffer; see `open_stream`."""

    network: TrainedNetwork
    segmenter: Segmenter
    placement: Placement
    windows: Windows
    confidence: float

    def see(self, packets: Iterable[np.ndarray]) -> Iterator[Moment]:
        """Yield the network's answer to each buffer, as soon as the buffer is complete.

        Complete buffers are segmented in a batch. A buffer does not wait for others to fill the batch: that would add
        to its latency.

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
            for buffer, (found,) in zip(buffers, self.segmenter.segment(buffers), strict=True):
                box = None if found.box is None else self.placement.to_sensor(found.box)
                decision = buffer_decision(self.network, found.decision, buffer.recording, "", buffer.duration)
                mask = self.placement.mask_to_sensor(found.mask, buffer.size)
                yield Moment(buffer, found, decision, found.is_present(self.confidence), box, mask)


def batches(packets: Iterable[np.ndarray], windows: Windows, most: int) -> Iterator[list[Buffer]]:
    """Yield all buffers that are complete, at most `most` at a time: few of a live stream, many of a finished file.

    Packets are read in a thread of their own.
    """
    batch: list[Buffer] = []
    try:
        for buffer in _complete(packets, windows):
            if buffer is not None:
                batch.append(buffer)
            if batch and (buffer is None or len(batch) == most):
                yield batch
                batch = []
    except SpikeSegError:  # the recording is damaged here: buffers before this place are answered first
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _complete(packets: Iterable[np.ndarray], windows: Windows) -> Iterator[Buffer | None]:
    """Yield the buffers, and None whenever the next one is not complete yet."""
    for packet in _without_waiting(packets):
        if packet is None:
            yield None
        else:
            yield from windows.feed(packet)
    yield from windows.finish()


def _without_waiting(packets: Iterable[np.ndarray]) -> Iterator[np.ndarray | None]:
    """Yield the packets, and None before waiting for one that has not arrived yet.

    Packets that come while others wait are joined, so that whoever has fallen behind finds them all at once.
    """
    waiting: queue.Queue[np.ndarray | BaseException | None] = queue.Queue(maxsize=2)

    def read() -> None:
        late: list[np.ndarray] = []
        end: BaseException | None = None
        try:
            for packet in packets:
                late = [join([*late, packet])]  # a copy: the reader may reuse the array
                with suppress(queue.Full):
                    waiting.put(late[0], block=len(late[0]) >= PACKET)
                    late = []
        except BaseException as error:
            end = error
        for packet in late:
            waiting.put(packet)
        waiting.put(end)

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
