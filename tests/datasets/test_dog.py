"""Pictures become the events that the recipe says: the strongest first, in equal parts."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import correlate

from spikeseg.configs.inputs import DoG, Input
from spikeseg.datasets.caltech101 import Caltech101
from spikeseg.datasets.dog import dog_kernel, prepare, responses, to_events
from spikeseg.errors import SpikeSegError

SIGMAS = ("size", "center_sigma", "surround_sigma")


def _config(events=50, polarity="merged", **changes) -> Input:
    return Input(rows=20, columns=30, dog=DoG(events=events), polarity=polarity, **changes)


@pytest.fixture
def noise() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (20, 30)).astype(float)


@pytest.mark.parametrize("events", [1, 7, 50, 599, 600, 700])
@pytest.mark.parametrize("polarity", ["merged", "split"])
def test_of_equally_strong_pixels_the_first_spikes(events, polarity):
    stripes = np.tile(np.repeat([0.0, 90.0, 180.0], 5), (20, 2))
    response = correlate(stripes, dog_kernel(*(getattr(DoG(events=1), key) for key in SIGMAS)), mode="nearest")
    strength = (np.abs(response) if polarity == "merged" else np.stack([response, -response])).ravel()
    order = [k for k in sorted(range(len(strength)), key=lambda k: (-strength[k], k)) if strength[k] > 1e-9]
    assert to_events(stripes, _config(events, polarity))[1].tolist() == order[:events]


@pytest.mark.parametrize("arguments", [(7, 1.0, 2.0), (3, 0.5, 0.6), (15, 2.0, 9.0)])
def test_the_kernel_ignores_even_light_and_peaks_at_one_in_its_centre(arguments):
    kernel = dog_kernel(*arguments)
    size = arguments[0]
    assert kernel.shape == (size, size)
    assert sum(map(Fraction, kernel.ravel())) == 0
    assert kernel[size // 2, size // 2] == kernel.max() == pytest.approx(1, abs=1e-9)
    for symmetric in (kernel.T, kernel[::-1], kernel[:, ::-1]):
        np.testing.assert_array_equal(kernel, symmetric)


@pytest.mark.parametrize("polarity", ["merged", "split"])
def test_last_bits_of_an_exponential_decide_nothing(polarity, monkeypatch):
    """A processor with another `exp`: along drawn edges most responses are equal, and the first of them spike."""
    picture = np.zeros((20, 30))
    picture[4:15, 6:22] = 200
    picture[8:12, 10:14] = 90
    here = to_events(picture, _config(100, polarity))
    exp, noise = np.exp, np.random.default_rng(0)
    monkeypatch.setattr(
        np, "exp", lambda values: exp(values) * (1 + noise.choice([-1, 0, 1], np.shape(values)) * 2**-52)
    )
    for one, other in zip(here, to_events(picture, _config(100, polarity)), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("size", [(20, 30), (1, 1), (2, 40), (7, 3)])
@pytest.mark.parametrize("arguments", [(7, 1.0, 2.0), (3, 0.5, 0.6), (15, 2.0, 9.0)])
def test_responses_are_those_of_a_library_to_the_last_bit(size, arguments):
    """Exact sums, whatever their order."""
    picture = np.random.default_rng(0).integers(0, 256, size).astype(float)
    kernel = dog_kernel(*arguments)
    np.testing.assert_array_equal(responses(picture, kernel), correlate(picture, kernel, mode="nearest"))


@pytest.mark.parametrize("arguments", [(1, 1.0, 2.0), (6, 1.0, 2.0), (7, 2.0, 2.0), (7, 2.0, 1.0)])
def test_a_kernel_without_centre_or_surround_is_refused(arguments):
    with pytest.raises(SpikeSegError):
        dog_kernel(*arguments)


def test_prepared_pictures_have_the_asked_rows_and_columns_and_keep_their_grey():
    image = np.full((33, 47, 3), (200, 100, 50), dtype=np.uint8)
    picture = prepare(image, (20, 30))
    assert picture.shape == (20, 30)
    assert picture.dtype == np.float64
    assert (picture == round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)).all()
    np.testing.assert_array_equal(prepare(image[:, :, 0], (5, 4)), np.full((5, 4), 200.0))


@pytest.mark.parametrize(
    "image",
    [np.zeros((4, 5)), np.zeros((0, 5), np.uint8), np.zeros((3, 4, 5), np.uint8), np.zeros(7, np.uint8), "a.png"],
)
def test_what_is_no_picture_is_refused(image):
    with pytest.raises(SpikeSegError, match=r"a picture is a uint8 array of shape \(H, W\) or \(H, W, 3\), not"):
        prepare(image, (4, 5))


def test_the_strongest_pixels_spike_in_order_of_strength(noise):
    step, neuron = to_events(noise, _config(events=50))
    strength = np.abs(correlate(noise, dog_kernel(7, 1.0, 2.0), mode="nearest")).ravel()
    assert step.dtype == neuron.dtype == np.int32
    assert len(np.unique(neuron)) == 50
    assert (np.diff(strength[neuron]) <= 0).all()
    assert strength[neuron].min() >= np.delete(strength, neuron).max()


@pytest.mark.parametrize(("events", "steps"), [(50, 10), (53, 10), (600, 7), (3, 10)])
def test_every_step_has_an_equal_part(noise, events, steps):
    step, neuron = to_events(noise, _config(events=events, steps=steps))
    counts = np.bincount(step, minlength=steps)
    assert len(step) == len(neuron) == events
    assert len(counts) == steps
    assert counts.max() - counts.min() <= 1
    assert (np.diff(step) >= 0).all()


def test_split_polarity_has_bright_spots_in_the_first_channel_and_dark_ones_in_the_second():
    picture = np.full((20, 30), 100.0)
    picture[5, 7], picture[14, 20] = 150, 60
    _, neuron = to_events(picture, _config(events=2, polarity="split"))
    assert neuron.tolist() == [5 * 30 + 7, 600 + 14 * 30 + 20]
    _, merged = to_events(picture, _config(events=2))
    assert merged.tolist() == [5 * 30 + 7, 14 * 30 + 20]


def test_a_pixel_spikes_in_one_polarity_only(noise):
    _, split = to_events(noise, _config(events=10_000, polarity="split"))
    _, merged = to_events(noise, _config(events=10_000))
    assert sorted(split % 600) == sorted(merged)
    assert len(merged) == 600


@pytest.mark.parametrize("polarity", ["merged", "split"])
@pytest.mark.parametrize("level", [0.0, 77.0, 128.0, 255.0])
def test_a_blank_picture_has_no_events(level, polarity):
    step, neuron = to_events(np.full((20, 30), level), _config(polarity=polarity))
    assert len(step) == len(neuron) == 0


def test_pixels_without_contrast_never_spike_however_many_are_asked():
    picture = np.full((20, 30), 128.0)
    picture[10, 15] = 129
    step, neuron = to_events(picture, _config(events=600))
    assert neuron[0] == 10 * 30 + 15
    assert 0 < len(neuron) <= 49
    assert (np.abs(neuron // 30 - 10) <= 3).all()
    assert (np.abs(neuron % 30 - 15) <= 3).all()
    assert step.max() == 9


def test_a_brighter_picture_of_the_same_contrast_has_the_same_events(noise):
    for one, other in zip(to_events(noise, _config()), to_events(noise * 0.5 + 64, _config()), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.data
@pytest.mark.parametrize("index", [0, -1])
def test_real_pictures_have_the_events_of_the_recipe(caltech, index):
    """The recipe's arithmetic, stated anew: the whole chain from the file on must equal it."""
    dataset = Caltech101(caltech, ["Faces", "Motorbikes"])
    grey = Image.open(caltech / "101_ObjectCategories" / dataset.names[index]).convert("L")
    picture = np.asarray(grey.resize((250, 160), Image.Resampling.BILINEAR), dtype=float)
    squares = np.add.outer(np.arange(-3, 4) ** 2, np.arange(-3, 4) ** 2)
    kernel = np.exp(-squares / 2) / (2 * np.pi) - np.exp(-squares / 8) / (8 * np.pi)
    kernel = (kernel - kernel.mean()) / (kernel - kernel.mean()).max()
    padded = np.pad(picture, 3, mode="edge")
    strength = np.zeros_like(picture)
    for row in range(7):
        for column in range(7):
            strength += kernel[row, column] * padded[row : row + 160, column : column + 250]
    config = Input(rows=160, columns=250, dog=DoG(events=6000))
    step, neuron = to_events(prepare(dataset[index].image, (160, 250)), config)
    np.testing.assert_array_equal(step, np.repeat(np.arange(10), 600))
    expected = np.sort(np.abs(strength).ravel())[::-1][:6000]
    np.testing.assert_allclose(np.abs(strength).ravel()[neuron], expected, rtol=0, atol=1e-10)
