"""Sets that hold none of a network's objects."""

import numpy as np
import pytest
from PIL import Image

from spikeseg.configs import load
from spikeseg.datasets.absent import COUNT, SETS, open_absent
from spikeseg.datasets.stimuli import samples
from spikeseg.errors import SpikeSegError

PICTURES, RECORDINGS = load("orange-panda"), load("n-mnist")


@pytest.mark.parametrize("name", SETS)
def test_rendered_pictures_hold_no_object_and_differ(name):
    dataset = open_absent(name, PICTURES)
    first, second = dataset[0], dataset[1]
    assert len(dataset) == COUNT
    assert first.targets == ()
    assert (first.image.dtype, first.image.shape[:2]) == (np.uint8, PICTURES.input.size)
    assert not np.array_equal(first.image, second.image)
    assert np.array_equal(first.image, open_absent(name, PICTURES)[0].image)


def test_noise_for_a_camera_lies_on_its_sensor_and_is_sorted():
    take = open_absent("noise", RECORDINGS)[3]
    events = take.recording.events
    assert take.targets(0) == ()
    assert len(events) > 0
    assert np.all(np.diff(events["t"]) >= 0)
    assert events["x"].max() < RECORDINGS.input.columns
    assert all(sample.buffer is not None for sample in samples(open_absent("noise", RECORDINGS), [3], RECORDINGS.input))


def test_a_directory_is_read_whatever_it_is_called(tmp_path):
    (tmp_path / "cats").mkdir()
    Image.new("RGB", (40, 30)).save(tmp_path / "cats" / "one.png")
    dataset = open_absent(str(tmp_path / "cats"), PICTURES)
    assert (len(dataset), dataset[0].image.shape) == (1, (30, 40, 3))


def test_what_is_neither_a_set_nor_a_directory_is_named(tmp_path):
    with pytest.raises(SpikeSegError, match=r"dogs is no directory.*clutter, desks, noise"):
        open_absent(str(tmp_path / "dogs"), PICTURES)
