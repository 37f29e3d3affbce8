"""Cut a stream of events into buffers that follow each other, overlap or leave gaps, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .denoising import denoised
from .events import EVENT, Buffer, join


class Windows:
    """Cuts packets of events into buffers. A buffer begins every `step`, the first one with the first event.

    The buffers are the same as those of `cut`, except that a buffer without events is left out. Only the events of one
    buffer and of one packet are held in memory.

    Parameters
    ----------
    size
        Rows and columns of the sensor.
    duration, step
        Length of a buffer, and time from the beginning of a buffer to that of the next, in microseconds.
    denoise
        Window of the background-activity filter in microseconds, see `denoised`; None keeps all events.
    name
        Name of the recording.
    all_of_it
        Whether the last buffer is kept however little of it was recorded.
    """

    def __init__(
        self, size: tuple[int, int], duration: int, step: int, denoise: int | None, name: str, all_of_it: bool = False
    ):
        self._size, self._duration, self._step, self._denoise, self._name = size, duration, step, denoise, name
        self._all_of_it = all_of_it
        self._events, self._times = np.empty(0, EVENT), np.empty(0, EVENT["t"])
        self._packets: list[np.ndarray] = []  # they follow `_events`, and are joined to them once a buffer is complete
        self._start: int | None = None  # of the next buffer
        self._first = True

    def feed(self, packet: np.ndarray) -> Iterator[Buffer]:
        """Add a packet, dtype `EVENT`, sorted and not earlier than the last one; yield buffers that it completes.

        It is kept as it is until they are, and must not change.
        """
        if not len(packet):
            return
        if self._start is None:
            self._start = int(packet["t"][0])
        self._packets.append(packet)
        now = int(packet["t"][-1])
        if self._start + self._duration <= now:
            self._join()
        while self._start + self._duration <= now:
            yield from self._buffer(self._start)
            self._advance()
            self._first = False

    def finish(self) -> Iterator[Buffer]:
        """Yield the last buffer if at least half of it was recorded, or if it is the only one."""
        self._join()
        if self._start is None or not len(self._events):
            return
        if self._first or self._all_of_it or int(self._events["t"][-1]) + 1 - self._start >= self._duration / 2:
            yield from self._buffer(self._start)

    def _join(self) -> None:
        self._events = join([self._events, *self._packets])
        self._times = self._events["t"].copy()  # side by side: else every search would copy them
        self._packets = []

    def _buffer(self, start: int) -> Iterator[Buffer]:
        before = start - (self._denoise or 0)
        low, high = np.searchsorted(self._times, [before, start + self._duration])
        events = self._events[low:high]
        if self._denoise is not None:
            events = denoised(events, self._size, self._denoise)
            events = events[events["t"] >= start]
        if len(events):
            yield Buffer(events, self._size, start, self._duration, self._name)

    def _advance(self) -> None:
        """Go on to the next buffer that has an event, and drop the events that no later buffer needs."""
        assert self._start is not None
        self._start += self._step
        first = self._times[np.searchsorted(self._times, self._start) :][:1]
        if len(first):  # skip a pause of the recording, or a jump of its clock, in one go
            behind = int(first[0]) - (self._start + self._duration) + 1
            self._start += max(-(-behind // self._step), 0) * self._step
        needed = np.searchsorted(self._times, self._start - (self._denoise or 0))
        self._events, self._times = self._events[needed:], self._times[needed:]
