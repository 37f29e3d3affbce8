"""What a network is shown becomes input spikes: each view its own stimulus, pictures and buffers alike."""

import numpy as np
import pytest

from spikeseg.configs.inputs import Buffering, DoG, Input
from spikeseg.datasets.dog import prepare, to_events
from spikeseg.datasets.events.events import Buffer, Recording, pack
from spikeseg.datasets.recordings import Take
from spikeseg.datasets.sample import Sample, Target
from spikeseg.datasets.stimuli import fullest, fullest_to_emptiest, samples, stimuli
from spikeseg.spikes import Shape

SIZE = 20, 30


@pytest.fixture
def noise():
    return np.random.default_rng(0).integers(0, 256, SIZE).astype(np.uint8)


@pytest.mark.parametrize(("polarity", "channels"), [("merged", 1), ("split", 2)])
def test_stimuli_keep_each_pictures_events_apart(noise, polarity, channels):
    config = Input(rows=20, columns=30, dog=DoG(events=50), polarity=polarity)
    pictures = [noise, np.full_like(noise, 9), noise[::-1]]
    spikes = stimuli(iter(pictures), config, SIZE)
    assert spikes.shape == Shape(channels, *SIZE)
    assert spikes.stimuli == 3
    for index, picture in enumerate(pictures):
        expected = sorted(zip(*(a.tolist() for a in to_events(prepare(picture, SIZE), config)), strict=True))
        assert list(zip(*(a.tolist() for a in spikes.of(index)), strict=True)) == expected
    assert len(spikes.of(1)[0]) == 0


def test_the_input_layer_may_have_another_size(noise):
    spikes = stimuli([noise], Input(rows=20, columns=30, dog=DoG(events=500)), (40, 90))
    assert spikes.shape == Shape(1, 40, 90)
    assert spikes.neuron.max() > 600


def test_no_views_are_no_stimuli():
    spikes = stimuli([], Input(rows=20, columns=30, dog=DoG(events=5)), SIZE)
    assert (spikes.shape, spikes.stimuli, len(spikes)) == (Shape(1, *SIZE), 0, 0)


def take(counts, label="dot"):
    """A recording of one buffer of 10 ms per count, with so many events in it."""
    t = np.concatenate([10_000 * i + np.linspace(0, 9000, n, dtype=int) for i, n in enumerate(counts)])
    events = pack(np.arange(len(t)) % 5, np.arange(len(t)) % 4, t, np.ones(len(t)), "made up")
    return Take(Recording("made up", (4, 5), events), lambda t: (Target(label, None),))


def buffered(**options) -> Input:
    return Input(rows=6, columns=7, buffer=Buffering(duration_ms=10, **options))


def test_a_recording_is_all_of_its_buffers_and_a_picture_is_itself(noise):
    found = list(samples([take([5, 6, 7]), take([8, 9])], [1, 0], buffered()))
    assert [len(sample.buffer.events) for sample in found] == [8, 9, 5, 6, 7]
    assert len({sample.name for sample in found}) == 3  # by the recording's name and the buffer's start
    pictures = [Sample("a", noise, ()), Sample("b", noise.T, ())]
    shown = list(samples(pictures, [1], Input(rows=20, columns=30, dog=DoG(events=5))))
    assert shown == pictures[1:]
    assert shown[0].view is pictures[1].image


def test_what_is_learned_from_are_the_fullest_buffers_in_their_order():
    counts = np.array([5, 9, 3, 9, 8])
    assert fullest(counts, buffered(train=3)).tolist() == [1, 3, 4]
    assert fullest(counts, buffered(train=9)).tolist() == fullest(counts, buffered()).tolist() == [0, 1, 2, 3, 4]
    assert fullest(counts[:1], Input(rows=20, columns=30, dog=DoG(events=5))).tolist() == [0]


def test_as_many_of_all_kinds_are_from_the_fullest_to_the_emptiest_buffer():
    counts = np.array([5, 9, 1, 7, 7])  # fullest first: 1, 3, 4, 0, 2
    assert fullest_to_emptiest(counts, 3).tolist() == [1, 2, 4]
    assert fullest_to_emptiest(counts, 2).tolist() == [1, 2]
    assert fullest_to_emptiest(counts, 5).tolist() == [0, 1, 2, 3, 4]


def test_buffers_become_stimuli():
    buffer = Buffer(pack([0, 4, 0], [0, 3, 0], [100, 149, 150], [1, 0, 0], "here"), (4, 5), 100, 100)
    spikes = stimuli([buffer, buffer], buffered(), (6, 7))
    np.testing.assert_array_equal(spikes.stimulus, [0, 0, 1, 1])
    np.testing.assert_array_equal(spikes.step, [0, 4, 0, 4])  # the second event of a pixel does not count
    np.testing.assert_array_equal(spikes.neuron, [1 * 7 + 1, 4 * 7 + 5] * 2)  # centred: one row, one column to spare
