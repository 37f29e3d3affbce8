"""A stream of events as buffers that follow each other, overlap or leave gaps, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .denoising import denoised
from .events import EVENT, Buffer


class Windows:
    """Cuts packets of events into buffers that begin every `step`, the first one with the first event.

    It holds the events of one buffer and of one packet. They are those of `cut`, but that a buffer without events is
    left out.

    Parameters
    ----------
    size
        Rows and columns of the sensor.
    duration, step
        Of a buffer, and from the beginning of one to that of the next; microseconds.
    denoise
        Microseconds of the background-activity filter, see `denoised`; None for none.
    name
        Of the recording.
    """

    def __init__(self, size: tuple[int, int], duration: int, step: int, denoise: int | None, name: str):
        self._size, self._duration, self._step, self._denoise, self._name = size, duration, step, denoise, name
        self._events = np.empty(0, EVENT)
        self._packets: list[np.ndarray] = []  # after `_events`; joined when a buffer is complete, not at every packet
        self._start: int | None = None  # of the next buffer
        self._first = True

    def feed(self, packet: np.ndarray) -> Iterator[Buffer]:
        """The buffers that a packet, dtype `EVENT`, sorted and not earlier than the last one, completes."""
        if not len(packet):
            return
        if self._start is None:
            self._start = int(packet["t"][0])
        self._packets.append(packet.copy())  # whoever reads may use the array again
        now = int(packet["t"][-1])
        if self._start + self._duration <= now:
            self._join()
        while self._start + self._duration <= now:
            yield from self._buffer(self._start)
            self._advance()
            self._first = False

    def finish(self) -> Iterator[Buffer]:
        """The last buffer, where at least half of it was recorded or it is the only one."""
        self._join()
        if self._start is None or not len(self._events):
            return
        if self._first or int(self._events["t"][-1]) + 1 - self._start >= self._duration / 2:
            yield from self._buffer(self._start)

    def _join(self) -> None:
        self._events = np.concatenate([self._events, *self._packets])
        self._packets = []

    def _buffer(self, start: int) -> Iterator[Buffer]:
        before = start - (self._denoise or 0)
        low, high = np.searchsorted(self._events["t"], [before, start + self._duration])
        events = self._events[low:high]
        if self._denoise is not None:
            events = denoised(events, self._size, self._denoise)
        events = events[events["t"] >= start]
        if len(events):
            yield Buffer(events, self._size, start, self._duration, self._name)

    def _advance(self) -> None:
        """Go on to the next buffer that has an event; forget what no later buffer needs."""
        assert self._start is not None
        self._start += self._step
        waiting = self._events["t"]
        first = waiting[np.searchsorted(waiting, self._start) :][:1]
        if len(first):  # a pause in the recording, or a jump of its clock, is passed over at once
            behind = int(first[0]) - (self._start + self._duration) + 1
            self._start += max(-(-behind // self._step), 0) * self._step
        self._events = self._events[np.searchsorted(waiting, self._start - (self._denoise or 0)) :]
