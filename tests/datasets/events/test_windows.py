"""A stream gives the buffers that the whole recording would, whatever pieces it comes in."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.networks import many, seeds
from spikeseg.configs.inputs import Buffering
from spikeseg.datasets.buffers import cut
from spikeseg.datasets.events.denoising import denoised
from spikeseg.datasets.events.events import EVENT, Recording, join, pack
from spikeseg.datasets.events.windows import Windows

SENSOR = 4, 5


def events(seed: int, count: int, span: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    t = np.sort(rng.integers(0, span, count)) + 10**12
    return pack(rng.integers(0, 5, count), rng.integers(0, 4, count), t, rng.integers(0, 2, count), "random")


def windows(recording: np.ndarray, pieces, duration=100, step=100, denoise=None):
    cutter = Windows(SENSOR, duration, step, denoise, "random")
    found = [buffer for piece in pieces for buffer in cutter.feed(piece)]
    return found + list(cutter.finish())


@many
@given(
    seed=seeds,
    count=st.integers(0, 120),
    span=st.sampled_from([50, 1000, 30_000]),
    duration=st.integers(1, 300),
    step=st.integers(1, 300),
    denoise=st.sampled_from([None, 0, 40]),
    cuts=st.lists(st.integers(0, 120), max_size=6),
)
def test_buffers_are_those_of_the_definition(seed, count, span, duration, step, denoise, cuts):
    recording = events(seed, count, span)
    found = windows(recording, np.split(recording, sorted(cuts)), duration, step, denoise)
    clean = recording if denoise is None else denoised(recording, SENSOR, denoise)
    expected = {}
    if count:
        start, last = int(recording["t"][0]), int(recording["t"][-1])
        while start <= last:
            inside = clean[(clean["t"] >= start) & (clean["t"] < start + duration)]
            complete = start + duration <= last
            if len(inside) and complete:
                expected[start] = inside
            if not complete:
                only = start == int(recording["t"][0])
                if len(inside) and (only or last + 1 - start >= duration / 2):
                    expected[start] = inside
                break
            start += step
    assert [buffer.start for buffer in found] == list(expected)
    for buffer, inside in zip(found, expected.values(), strict=True):
        np.testing.assert_array_equal(buffer.events, inside)
        assert (buffer.duration, buffer.size, buffer.recording) == (duration, SENSOR, "random")


@many
@given(
    seed=seeds,
    count=st.integers(1, 200),
    span=st.sampled_from([5_000, 29_999, 45_000, 300_000]),
    duration=st.sampled_from([10, 30]),
    denoise=st.sampled_from([None, 2]),
)
def test_buffers_side_by_side_are_those_of_the_recording(seed, count, span, duration, denoise):
    recording = events(seed, count, span)
    streamed = windows(
        recording, np.array_split(recording, 7), 1000 * duration, 1000 * duration, denoise and 1000 * denoise
    )
    config = Buffering(duration_ms=duration, denoise_ms=denoise)
    whole = [b for b in cut(Recording("random", SENSOR, recording), config) if len(b.events)]
    assert [buffer.start for buffer in streamed] == [buffer.start for buffer in whole]
    for one, other in zip(streamed, whole, strict=True):
        np.testing.assert_array_equal(one.events, other.events)


@pytest.mark.parametrize(("last", "buffers"), [(499, 1), (1498, 1), (1499, 2), (2498, 2), (2499, 3)])
def test_a_last_buffer_counts_from_half_of_it_on_unless_it_is_the_only_one(last, buffers):
    recording = np.zeros(2, EVENT)
    recording["t"][1] = last
    whole = list(cut(Recording("two", SENSOR, recording), Buffering(duration_ms=1)))
    assert len(whole) == buffers
    assert len(windows(recording, [recording], 1000, 1000)) == sum(len(buffer.events) > 0 for buffer in whole)


def test_a_jump_of_the_clock_is_passed_over():
    before, after = events(0, 50, 1000), events(1, 50, 1000)
    after["t"] += 2**40
    found = windows(None, [before, after])
    assert sum(len(buffer.events) for buffer in found) >= 90
    assert len(found) <= 22


@pytest.mark.parametrize("denoise", [None, 50])
def test_it_holds_no_more_than_a_buffer_and_a_packet(denoise):
    cutter = Windows(SENSOR, 1000, 300, denoise, "random")
    packet = np.zeros(100, EVENT)
    for number in range(500):
        packet["t"] = number * 100 + np.arange(100)
        list(cutter.feed(packet.copy()))
        held = len(cutter._events) + sum(map(len, cutter._packets))
        assert held <= 1000 + 300 + 100 + (denoise or 0)


def test_work_is_linear_in_the_events_of_a_buffer(monkeypatch):
    """Events that wait for their buffer to be complete are put together once, not at every packet."""
    copied = []

    def counted(parts):
        copied.append(sum(map(len, parts)))
        return join(parts)

    monkeypatch.setattr("spikeseg.datasets.events.windows.join", counted)
    cutter = Windows(SENSOR, 1_000_000, 1_000_000, None, "crowded")
    for _ in range(200):
        list(cutter.feed(np.zeros(50, EVENT)))
    (buffer,) = cutter.finish()
    assert (len(buffer.events), sum(copied)) == (10_000, 10_000)
