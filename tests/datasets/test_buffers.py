"""Recordings are cut into buffers without losing or moving an event, and laid on the input layer as stated."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.networks import many, seeds
from spikeseg.boxes import Box
from spikeseg.configs.inputs import Buffering, Input
from spikeseg.datasets.buffers import OFF, ON, Placement, buffer_samples, buffer_spikes, cut, picture
from spikeseg.datasets.events.denoising import denoised
from spikeseg.datasets.events.events import EVENT, Buffer, Recording, pack
from spikeseg.datasets.recordings import Take
from spikeseg.datasets.sample import Target
from spikeseg.errors import SpikeSegError

SENSOR = 8, 11


def random_recording(seed: int, events: int, span: int = 100_000) -> Recording:
    rng = np.random.default_rng(seed)
    t = np.sort(rng.integers(0, span, events)) + 5_000_000_000
    x, y = rng.integers(0, SENSOR[1], events), rng.integers(0, SENSOR[0], events)
    return Recording("random", SENSOR, pack(x, y, t, rng.integers(0, 2, events), "random"))


@many
@given(seed=seeds, events=st.integers(1, 300), duration=st.sampled_from([1.0, 7.3, 30.0, 250.0]))
def test_buffers_of_a_length_hold_every_event_once_and_in_time(seed, events, duration):
    recording = random_recording(seed, events)
    buffers = list(cut(recording, Buffering(duration_ms=duration)))
    kept = np.concatenate([buffer.events for buffer in buffers])
    np.testing.assert_array_equal(kept, recording.events[: len(kept)])
    rest = recording.events[len(kept) :]
    length = round(duration * 1000)
    for number, buffer in enumerate(buffers):
        assert (buffer.start, buffer.duration) == (int(recording.events["t"][0]) + number * length, length)
        assert all(buffer.start <= t < buffer.start + length for t in buffer.events["t"])
    if len(rest):  # only a last buffer of which less than half was recorded
        assert recording.events["t"][-1] + 1 - (buffers[-1].start + length) <= length / 2


@many
@given(seed=seeds, events=st.integers(1, 300), count=st.sampled_from([1, 7, 100, 1000]))
def test_buffers_of_a_number_of_events_have_that_many(seed, events, count):
    recording = random_recording(seed, events)
    buffers = list(cut(recording, Buffering(events=count)))
    sizes = [len(buffer.events) for buffer in buffers]
    assert all(size == count for size in sizes[:-1])
    assert events - sum(sizes) <= count / 2
    for buffer in buffers:
        t = buffer.events["t"]
        assert buffer.start == t[0]
        assert buffer.duration >= 1
        assert t[-1] < buffer.start + buffer.duration or buffer.duration == 1  # events of one and the same time


def test_a_jump_of_the_clock_is_no_reason_for_a_million_buffers():
    recording = random_recording(0, 50)
    recording.events["t"][-1] += 2**61
    with pytest.raises(SpikeSegError, match=r"^random lasts [\d,]+ s, more than 1,000,000 buffers of 30 ms"):
        next(cut(recording, Buffering(duration_ms=30)))


def test_an_empty_recording_has_no_buffers():
    assert list(cut(random_recording(0, 0), Buffering(duration_ms=30))) == []


@pytest.mark.parametrize(
    ("gap", "kept"),
    [(0, [1000, 1000]), (1, [1001]), (100, [1100]), (101, [])],
    ids=["of one microsecond: both", "later: the later one", "the whole window: still", "more: none"],
)
def test_the_window_of_denoising_is_closed_and_a_microsecond_has_no_order(gap, kept):
    events = np.zeros(2, EVENT)
    events["t"], events["x"], events["y"] = (1000, 1000 + gap), (5, 6), 5
    np.testing.assert_array_equal(denoised(events, SENSOR, 100)["t"], kept)


@many
@given(seed=seeds, events=st.integers(1, 200), window=st.sampled_from([0, 50, 3000, 10**6]))
def test_denoising_keeps_exactly_the_events_with_company(seed, events, window):
    recording = random_recording(seed, events)
    t, x, y = (recording.events[f].astype(int) for f in "txy")
    near = (np.abs(x[:, None] - x) <= 1) & (np.abs(y[:, None] - y) <= 1) & ~((x[:, None] == x) & (y[:, None] == y))
    recent = (t[:, None] - t >= 0) & (t[:, None] - t <= window)
    expected = recording.events[(near & recent).any(axis=1)]
    np.testing.assert_array_equal(denoised(recording.events, SENSOR, window), expected)


class TestPlacement:
    def test_padding_centres_and_keeps_everything(self):
        placement = Placement.of((2, 3), (6, 8), "pad")
        assert placement == Placement(1.0, 2, 2, (6, 8))
        place, inside = placement.neurons(pack([0, 2], [0, 1], [0, 1], [1, 1], "here"))
        assert (place.tolist(), inside.tolist()) == ([2 * 8 + 2, 3 * 8 + 4], [True, True])

    def test_padding_refuses_a_sensor_that_does_not_fit(self):
        with pytest.raises(SpikeSegError, match=r"a sensor of 3 x 7 does not fit the input of 8 x 6: .* crop or bin"):
            Placement.of((7, 3), (6, 8), "pad")

    def test_cropping_cuts_off_what_does_not_fit(self):
        placement = Placement.of((10, 3), (6, 8), "crop")
        place, inside = placement.neurons(pack([0, 0, 0], [0, 2, 9], [0, 1, 2], [1, 1, 1], "here"))
        assert inside.tolist() == [False, True, False]
        assert place[1] == 2  # row 2 is the first that is left

    def test_binning_covers_the_sensor_and_keeps_its_proportions(self):
        placement = Placement.of((20, 40), (10, 10), "bin")
        y, x = np.divmod(np.arange(800), 40)
        place, inside = placement.neurons(pack(x, y, np.zeros(800), np.ones(800), "here"))
        assert inside.all()
        np.testing.assert_array_equal(
            np.bincount(place, minlength=100).reshape(10, 10).sum(1), [0, 0] + [160] * 5 + [0] * 3
        )

    @pytest.mark.parametrize(
        ("sensor", "fit"), [((4, 6), "pad"), ((14, 13), "crop"), ((20, 26), "bin"), ((3, 4), "bin")]
    )
    def test_boxes_and_masks_lie_where_their_events_lie(self, sensor, fit):
        placement = Placement.of(sensor, (10, 13), fit)
        mask = np.zeros(sensor, bool)
        mask[1:3, 2:4] = True
        y, x = np.nonzero(mask)
        place, inside = placement.neurons(pack(x, y, np.zeros(4), np.ones(4), "here"))
        target = placement.target(Target("thing", Box(1, 2, 3, 4), mask))
        if fit != "bin":  # a coarser mask has its edges on a coarser grid
            assert target.mask.ravel()[place[inside]].all()
        rows, columns = np.nonzero(target.mask)
        if len(rows):
            found = Box(rows.min(), columns.min(), rows.max() + 1, columns.max() + 1)
            np.testing.assert_allclose(target.box, found, atol=1)
        if inside.all():
            np.testing.assert_allclose(placement.to_sensor(target.box), Box(1, 2, 3, 4))


@pytest.mark.parametrize(("start", "duration"), [(0, 9), (1, 9), (10, 30), (-9, 9)])
def test_events_beyond_a_buffer_are_told_apart(start, duration):
    events = pack([3, 3, 4], [2, 2, 2], [0, 5, 9], [1, 0, 0], "here")
    with pytest.raises(SpikeSegError, match=f"a buffer from {start} us on, {duration} us long, got events from 0 to 9"):
        Buffer(events, SENSOR, start, duration)
    Buffer(events, SENSOR, 0, 10)


class TestSpikes:
    def test_polarities_have_a_channel_each_when_split(self):
        events = pack([3, 3, 4], [2, 2, 2], [0, 5, 9], [1, 0, 0], "here")
        buffer = Buffer(events, SENSOR, 0, 10)
        split = Input(rows=8, columns=11, polarity="split", buffer=Buffering(duration_ms=1))
        step, neuron = buffer_spikes(buffer, split, SENSOR)
        assert dict(zip(neuron.tolist(), step.tolist(), strict=True)) == {25: 0, 88 + 25: 5, 88 + 26: 9}
        merged = split.model_copy(update={"polarity": "merged"})
        step, neuron = buffer_spikes(buffer, merged, SENSOR)
        assert dict(zip(neuron.tolist(), step.tolist(), strict=True)) == {25: 0, 26: 9}

    @many
    @given(seed=seeds, steps=st.integers(1, 12))
    def test_a_neuron_spikes_once_in_the_part_of_its_first_event(self, seed, steps):
        recording = random_recording(seed, 150, span=3000)
        config = Input(rows=8, columns=11, steps=steps, buffer=Buffering(duration_ms=3))
        (buffer,) = cut(recording, config.buffer)
        step, neuron = buffer_spikes(buffer, config, SENSOR)
        events = recording.events
        place = events["y"].astype(int) * 11 + events["x"]
        assert set(neuron.tolist()) == set(place.tolist())
        for s, n in zip(step.tolist(), neuron.tolist(), strict=True):
            since = int(events["t"][place == n].min()) - buffer.start
            assert s * buffer.duration <= since * steps < (s + 1) * buffer.duration


def test_samples_have_the_objects_of_the_buffers_half_time():
    recording = random_recording(1, 400)
    first = int(recording.events["t"][0])
    take = Take(recording, lambda t: (Target("thing", Box(0, (t - first) / 10_000, 3, 4 + (t - first) / 10_000)),))
    config = Input(rows=10, columns=15, buffer=Buffering(duration_ms=20))
    found = list(buffer_samples(take, config))
    assert [sample.targets[0].box for sample in found] == [Box(1, 3 + 2 * i, 4, 7 + 2 * i) for i in range(5)]
    assert len({sample.name for sample in found}) == 5
    for sample, buffer in zip(found, cut(recording, config.buffer), strict=True):
        assert sample.image.shape == (10, 15)
        assert (sample.image != 128).sum() == len(buffer_spikes(buffer, config, config.size)[0])


def test_a_picture_shows_the_last_event_of_a_pixel():
    events = pack([1, 1, 2], [0, 0, 0], [0, 1, 2], [1, 0, 1], "here")
    image = picture(events, Placement.of((1, 3), (1, 3), "pad"))
    assert image.tolist() == [[128, OFF, ON]]
