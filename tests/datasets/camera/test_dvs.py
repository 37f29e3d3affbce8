"""The DVS pixel against closed forms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeseg.datasets.camera.dvs import ATIS, DAVIS346, LEAST, Camera, Pixel
from spikeseg.datasets.events.events import EVENT, check
from spikeseg.errors import SpikeSegError

QUIET = Pixel(on=0.2, off=0.2, mismatch=0, refractory_us=0, shot_hz=0, leak_hz=0, dark=0.01)
SIZE = (6, 9)


def levels(values, pixel: Pixel = QUIET) -> np.ndarray:
    """A frame whose pixels have these logarithms of intensity."""
    return np.broadcast_to(np.exp(values) - pixel.dark, SIZE)


def film(frames, pixel: Pixel = QUIET, seed: int = 0) -> np.ndarray:
    return Camera(SIZE, pixel, np.random.default_rng(seed)).film(frames)


def ramp(slope: float, stop_us: int, step_us: int, pixel: Pixel = QUIET):
    """Frames whose logarithm changes by so much per second."""
    return [(t, levels(slope * t / 1e6, pixel)) for t in range(0, stop_us + 1, step_us)]


def texture(seed: int = 0, count: int = 40, step_us: int = 1000):
    """Frames with smooth random changes, different in every pixel."""
    rng = np.random.default_rng(seed)
    size, phase, speed = rng.uniform(0.2, 1.0, SIZE), rng.uniform(0, 6, SIZE), rng.uniform(50, 150, SIZE)
    for k in range(count + 1):
        t = k * step_us
        yield t, levels(-2 + size * np.sin(phase + speed * t / 1e6))


def of_pixel(events: np.ndarray, row: int, column: int) -> np.ndarray:
    return events[(events["y"] == row) & (events["x"] == column)]


@pytest.mark.parametrize("refractory", [0, 500, 2345])
@pytest.mark.parametrize(("slope", "polarity"), [(10.0, 1), (-10.0, -1)])
@pytest.mark.parametrize("step", [1000, 7050, 70_500])
def test_a_ramp_has_the_events_of_the_closed_form(slope, polarity, refractory, step):
    pixel = replace(QUIET, refractory_us=refractory, on=0.2, off=0.3)
    rise = 1e6 * (pixel.on if polarity > 0 else pixel.off) / abs(slope)  # microseconds up to a threshold
    events = of_pixel(film(ramp(slope, 705_000, step, pixel), pixel), 2, 3)
    expected = np.arange(rise, 705_000, rise + refractory)
    np.testing.assert_allclose(events["t"], expected, atol=1.01)
    assert set(events["p"]) == {polarity}


def test_several_events_of_one_interval_have_times_of_their_own():
    events = of_pixel(film([(0, levels(-1.0)), (1000, levels(0.05))]), 0, 0)
    np.testing.assert_allclose(events["t"], np.arange(1, 6) * 1000 * 0.2 / 1.05, atol=1.01)


def test_a_change_below_the_threshold_is_kept_for_later():
    frames = [(0, levels(0.0)), (1000, levels(0.15)), (2000, levels(0.15)), (3000, levels(0.25)), (4000, levels(0.25))]
    events = of_pixel(film(frames), 1, 1)
    np.testing.assert_allclose(events["t"], [2500], atol=1)


@given(st.integers(0, 1000), st.floats(0, 0.1), st.sampled_from([0, 300, 1500]))
@settings(max_examples=30)
def test_on_and_off_trade_places_when_contrast_is_inverted(seed, mismatch, refractory):
    pixel = replace(QUIET, mismatch=mismatch, refractory_us=refractory)
    inverted = [(t, np.exp(-np.log(frame + pixel.dark)) - pixel.dark) for t, frame in texture(seed)]
    camera, other = (Camera(SIZE, pixel, np.random.default_rng(seed)) for _ in range(2))
    other._on, other._off = camera._off, camera._on
    events, opposite = camera.film(texture(seed)), other.film(inverted)
    assert len(events) > 50
    events, opposite = (e[np.lexsort((e["t"], e["x"], e["y"]))] for e in (events, opposite))  # pixel by pixel
    np.testing.assert_array_equal(events[["x", "y"]], opposite[["x", "y"]])
    np.testing.assert_array_equal(events["p"], -opposite["p"])
    np.testing.assert_allclose(events["t"], opposite["t"], atol=1)


def test_brighter_is_on_and_darker_is_off():
    up = film([(0, np.full(SIZE, 0.2)), (10_000, np.full(SIZE, 0.8))])
    down = film([(0, np.full(SIZE, 0.8)), (10_000, np.full(SIZE, 0.2))])
    assert set(up["p"]) == {1}
    assert set(down["p"]) == {-1}


def test_without_dark_current_only_the_ratio_of_intensities_counts():
    pixel = replace(QUIET, dark=1e-6)
    bright = [(t, frame + QUIET.dark) for t, frame in texture()]
    dim = [(t, 0.05 * frame) for t, frame in bright]
    np.testing.assert_allclose(film(bright, pixel)["t"], film(dim, pixel)["t"], atol=50)


@pytest.mark.parametrize("refractory", [200, 1000, 5000])
def test_no_pixel_fires_again_before_its_refractory_time_is_over(refractory):
    pixel = replace(QUIET, refractory_us=refractory, shot_hz=300, mismatch=0.05)
    events = film(texture(), pixel)
    pause = min(np.diff(of_pixel(events, r, c)["t"]).min(initial=10**9) for r in range(SIZE[0]) for c in range(SIZE[1]))
    assert refractory <= pause < refractory + 400


def test_what_changes_in_reset_is_not_seen_afterwards():
    pixel = replace(QUIET, refractory_us=3000)
    frames = [(0, levels(0.0)), (1000, levels(0.25)), (2000, levels(1.5)), (9000, levels(1.5)), (10_000, levels(1.75))]
    np.testing.assert_allclose(of_pixel(film(frames, pixel), 0, 0)["t"], [800, 9800], atol=1)


def test_a_static_scene_has_noise_only_at_the_stated_rate():
    pixel = replace(QUIET, shot_hz=3, leak_hz=1)
    camera = Camera((50, 60), pixel, np.random.default_rng(3))
    events = camera.film((t, np.full((50, 60), 0.4)) for t in range(0, 4_000_001, 500_000))
    expected = 4 * 50 * 60 * 4
    assert abs(len(events) - expected) < 4 * np.sqrt(expected)
    on = (events["p"] > 0).mean()
    assert abs(on - 2.5 / 4) < 4 * 0.5 / np.sqrt(expected)
    per_pixel = np.bincount(events["y"].astype(int) * 60 + events["x"], minlength=3000)
    assert abs(per_pixel.var() / per_pixel.mean() - 1) < 4 * np.sqrt(2 / 3000)  # Poisson
    assert np.histogram(events["t"], 8, (0, 4_000_000))[0].std() < 3 * np.sqrt(expected / 8)


def test_a_static_scene_without_noise_is_silent():
    assert not len(film([(t, np.full(SIZE, 0.4)) for t in range(0, 100_001, 1000)]))


def test_halving_the_frame_interval_changes_little():
    pixel = replace(QUIET, refractory_us=500)
    fine, coarse = (film(texture(1, 40_000 // step, step), pixel) for step in (500, 1000))
    assert abs(len(fine) - len(coarse)) <= 0.02 * len(fine)
    bins = np.arange(0, 40_001, 2000)
    counts = [np.histogram(events["t"], bins)[0] for events in (fine, coarse)]
    assert np.abs(counts[0] - counts[1]).sum() < 0.05 * len(fine)


def test_without_mismatch_pixels_are_equal_and_with_it_they_are_not():
    frames = ramp(3.0, 500_000, 10_000)
    alike, unlike = film(frames), film(frames, replace(QUIET, mismatch=0.02))
    first = of_pixel(alike, 0, 0)
    assert len(first) == 7
    assert len(alike) == 7 * SIZE[0] * SIZE[1]
    assert len(np.unique(alike["t"])) == 7
    assert len(np.unique(unlike["t"])) > 200


def test_mismatch_is_gaussian_with_the_stated_deviation_and_never_leaves_a_pixel_without_a_threshold():
    camera = Camera((100, 100), replace(QUIET, mismatch=0.04), np.random.default_rng(1))
    assert abs(camera._on.mean() - 0.2) < 4 * 0.04 / 100
    assert abs(camera._on.std() - 0.04) < 0.002
    assert abs(np.corrcoef(camera._on, camera._off)[0, 1]) < 0.05
    wild = Camera((100, 100), replace(QUIET, mismatch=1.0), np.random.default_rng(1))
    assert wild._on.min() == wild._off.min() == LEAST * 0.2


@pytest.mark.parametrize("pixel", [ATIS, DAVIS346])
def test_same_seed_same_bits_however_frames_are_handed_over(pixel):
    pixel = replace(pixel, shot_hz=20)
    whole = film(texture(), pixel, seed=5)
    camera = Camera(SIZE, pixel, np.random.default_rng(5))
    frames = list(texture())
    parts = [camera.film(frames[a:b]) for a, b in ((0, 1), (1, 2), (2, 17), (17, 41))]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert not np.array_equal(film(texture(), pixel, seed=6), whole)


def test_events_are_sorted_by_time_row_and_column_and_lie_on_the_sensor():
    events = film(texture(), replace(ATIS, shot_hz=50))
    assert events.dtype == EVENT
    check(events, SIZE, "film")
    keys = list(zip(events["t"].tolist(), events["y"].tolist(), events["x"].tolist(), strict=True))
    assert keys == sorted(keys)
    assert events["t"].min() >= 1
    assert events["t"].max() <= 40_000


def test_events_of_an_interval_lie_after_its_first_frame_and_not_after_its_last():
    camera = Camera(SIZE, replace(QUIET, shot_hz=100), np.random.default_rng(0))
    last = None
    for t, frame in texture():
        events = camera.expose(frame, t)
        assert last is not None or not len(events)
        assert np.all((events["t"] > (last or 0)) & (events["t"] <= t))
        last = t


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("on", 0.0),
        ("off", -1.0),
        ("on", float("nan")),
        ("mismatch", -0.1),
        ("refractory_us", float("inf")),
        ("dark", 0),
    ],
)
def test_a_number_out_of_range_is_refused_by_name(name, value):
    with pytest.raises(SpikeSegError, match=name):
        replace(QUIET, **{name: value})


def test_a_frame_of_another_size_or_out_of_order_is_refused():
    camera = Camera(SIZE, QUIET, np.random.default_rng(0))
    camera.expose(np.zeros(SIZE), 1000)
    with pytest.raises(ValueError, match="sensor"):
        camera.expose(np.zeros((9, 6)), 2000)
    with pytest.raises(ValueError, match="1000 us after one at 1000 us"):
        camera.expose(np.zeros(SIZE), 1000)
