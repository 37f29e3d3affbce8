"""Cut recordings into buffers, and turn each buffer into input spikes (paper, section IV.C)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from spikeseg.boxes import Box
from spikeseg.errors import SpikeSegError

from ..configs.inputs import Buffering, Input
from .events.denoising import denoised
from .events.events import Buffer, Recording, describe
from .recordings import Take
from .sample import Sample, Target

MOST_BUFFERS = 1_000_000  # per recording; where there are more, its clock has jumped
OFF, NONE, ON = 0, 128, 255  # grey levels of a buffer's picture


class Placement(NamedTuple):
    """Where the sensor lies on the input layer: neuron = floor(scale * pixel) + (top, left).

    What falls outside the input layer of `size` (rows, columns) is lost.
    """

    scale: float
    top: int
    left: int
    size: tuple[int, int]

    @classmethod
    def of(cls, sensor: tuple[int, int], size: tuple[int, int], fit: str) -> Placement:
        """Centre a sensor on the input layer; ``bin`` scales it first so that it just fits.

        Parameters
        ----------
        sensor, size
            Rows and columns of the sensor, and of the input layer.
        fit
            ``crop``, ``pad`` or ``bin``: how pixels become neurons, see `Buffering`.

        Raises
        ------
        SpikeSegError
            `fit` is ``pad``, and the sensor is larger than the input layer.
        """
        if fit == "pad" and (sensor[0] > size[0] or sensor[1] > size[1]):
            raise SpikeSegError(
                f"a sensor of {describe(sensor)} does not fit the input of {describe(size)}: "
                "give --fit crop or bin, or train with input.buffer.fit so"
            )
        scale = min(size[0] / sensor[0], size[1] / sensor[1]) if fit == "bin" else 1.0
        top, left = (int(n - scale * m) // 2 for n, m in zip(size, sensor, strict=True))
        return cls(scale, top, left, size)

    def neurons(self, events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Find the input neuron of every event.

        Returns
        -------
        neuron, inside
            Row * columns + column on the input layer, (n,) int, and whether the event lies on the layer, (n,) bool.
            Where it does not, its `neuron` means nothing.
        """
        return self.neurons_at(events["y"], events["x"])

    def neurons_at(self, y: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Find the input neuron of every pixel; see `neurons`."""
        exact = self.scale == 1
        row = (y if exact else y * self.scale).astype(np.int32) + np.int32(self.top)
        column = (x if exact else x * self.scale).astype(np.int32) + np.int32(self.left)
        rows, columns = self.size
        inside = (row.view(np.uint32) < rows) & (column.view(np.uint32) < columns)  # those below 0 are large
        return row * np.int32(columns) + column, inside

    def target(self, target: Target) -> Target:
        """Convert a target from pixels of the sensor to pixels of the input layer; its box is clipped to the layer."""
        box, mask = target.box, None
        if box is not None:
            box = box.scaled(self.scale, self.scale).shifted(self.top, self.left)
            box = Box(*np.clip(box, 0, [*self.size, *self.size]).tolist())
        if target.mask is not None:
            rows, columns = (
                np.floor((np.arange(n) - start + 0.5) / self.scale).astype(int)
                for n, start in zip(self.size, (self.top, self.left), strict=True)
            )
            there = [(index >= 0) & (index < n) for index, n in zip((rows, columns), target.mask.shape, strict=True)]
            mask = np.zeros(self.size, bool)
            mask[np.ix_(*there)] = target.mask[np.ix_(rows[there[0]], columns[there[1]])]
        return Target(target.label, box, mask)

    def mask_to_sensor(self, mask: np.ndarray, sensor: tuple[int, int]) -> np.ndarray:
        """Convert a mask of the input layer, (rows, columns) bool, to one of the sensor, whose shape is `sensor`."""
        there, place = _pixels_inside(self, sensor)
        return mask.take(place) & there

    def to_sensor(self, box: Box) -> Box:
        """Convert a box from pixels of the input layer to pixels of the sensor."""
        return box.shifted(-self.top, -self.left).scaled(1 / self.scale, 1 / self.scale)


@lru_cache(maxsize=1)
def _pixels_inside(placement: Placement, sensor: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Which pixels of the sensor lie on the input layer, (rows, columns) bool, and the neuron of each of these, int."""
    place, inside = placement.neurons_at(*np.indices(sensor))
    return inside, np.where(inside, place, 0)


def cut(recording: Recording, config: Buffering) -> Iterator[Buffer]:
    """Cut a recording into buffers that follow each other, from its first event on.

    The last buffer is left out if less than half of it was recorded, unless it is the only one. Where `config` gives
    the length of a buffer in events, a buffer lasts from its first event to the first event of the next one.

    Raises
    ------
    SpikeSegError
        The recording lasts so long, or its clock jumps so far, that there are more than `MOST_BUFFERS`.
    """
    events = recording.events
    if config.denoise_ms is not None:
        events = denoised(events, recording.size, round(config.denoise_ms * 1000))
    if not len(events):
        return
    if config.events is not None:
        parts = _of_events(events["t"], config.events)
    else:
        assert config.duration_ms is not None
        first, last = recording.events["t"][[0, -1]].tolist()
        length = round(config.duration_ms * 1000)
        count = max((2 * (last + 1 - first) + length) // (2 * length), 1)
        if count > MOST_BUFFERS:
            raise SpikeSegError(
                f"{recording.name} lasts {(last - first) / 1e6:,.0f} s, more than {MOST_BUFFERS:,} buffers of "
                f"{config.duration_ms:g} ms: cut it, or give longer buffers"
            )
        parts = _of_length(events["t"], first, length, count)
    for start, duration, part in parts:
        yield Buffer(events[part], recording.size, start, duration, recording.name)


def _of_events(t: np.ndarray, many: int) -> Iterator[tuple[int, int, slice]]:
    """Yield start and duration (microseconds) and the events of each buffer of `many` events."""
    for first in range(0, len(t) - many // 2, many):
        after = min(first + many, len(t))
        end = t[after] if after < len(t) else t[-1] + 1
        yield int(t[first]), max(int(end - t[first]), 1), slice(first, after)


def _of_length(t: np.ndarray, first: int, length: int, count: int) -> Iterator[tuple[int, int, slice]]:
    """Yield start and duration (microseconds) and the events of `count` buffers that last `length`, from `first` on."""
    starts = first + length * np.arange(count + 1)
    edges = np.searchsorted(t, starts).tolist()
    for number in range(count):
        yield int(starts[number]), length, slice(edges[number], edges[number + 1])


def buffer_spikes(buffer: Buffer, config: Input, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Turn a buffer into input spikes: each neuron spikes once, in the step into which its first event falls.

    Parameters
    ----------
    buffer
        Its duration is divided into ``config.steps`` equal parts, one for each step.
    config
        Polarity ``merged`` means one channel, ``split`` two: ON, then OFF. ``buffer.fit`` says where the sensor lies
        on the input layer.
    size
        Rows and columns of the input layer, which need not be the configuration's.

    Returns
    -------
    step, neuron
        One entry per input neuron that spikes, shape (n,), int32, sorted by both; neuron = (channel * rows + row) *
        columns + column.

    Raises
    ------
    SpikeSegError
        The sensor does not fit the input layer.
    """
    assert config.buffer is not None, "recordings need a buffer"
    place, inside = Placement.of(buffer.size, size, config.buffer.fit).neurons(buffer.events)
    neurons = config.shape.features * size[0] * size[1]
    if config.polarity == "split":
        place += np.where(buffer.events["p"] > 0, np.int32(0), np.int32(size[0] * size[1]))
    kind = np.min_scalar_type(config.steps * neurons)  # 32 bits, but for very large layers: half the time
    begins = buffer.start + -(-np.arange(config.steps + 1) * buffer.duration // config.steps)
    count = np.diff(np.searchsorted(buffer.events["t"], begins))
    step_and_place = np.repeat(np.arange(config.steps, dtype=kind) * kind.type(neurons), count) + place.astype(kind)
    place, step_and_place = place[inside], step_and_place[inside]
    number = np.arange(len(place), dtype=np.int32)
    first = np.empty(neurons, np.int32)  # of each neuron that has an event, the first one
    first[place[::-1]] = number[::-1]  # of several, the first is written last
    step, neuron = np.divmod(np.sort(step_and_place[first.take(place) == number]), kind.type(neurons))
    return step.astype(np.int32), neuron.astype(np.int32)


def buffer_samples(take: Take, config: Input) -> Iterator[Sample]:
    """Yield the buffers of a recording as samples.

    Picture and targets are in pixels of the input layer. The targets are the objects in the middle of the buffer's
    time.

    Raises
    ------
    SpikeSegError
        The sensor does not fit the input layer.
    """
    assert config.buffer is not None, "recordings need a buffer"
    recording = take.recording
    placement = Placement.of(recording.size, config.size, config.buffer.fit)
    for buffer in cut(recording, config.buffer):
        targets = tuple(placement.target(target) for target in take.targets(buffer.start + buffer.duration // 2))
        name = f"{recording.name}@{buffer.start / 1000:.0f}ms"
        yield Sample(name, picture(buffer.events, placement), targets, buffer)


def picture(events: np.ndarray, placement: Placement) -> np.ndarray:
    """Draw events on the input layer, (rows, columns) uint8: a pixel is light if its last event is ON, dark if OFF."""
    image = np.full(placement.size, NONE, np.uint8)
    place, inside = placement.neurons(events)
    image.ravel()[place[inside]] = np.where(events["p"][inside] > 0, ON, OFF)
    return image
