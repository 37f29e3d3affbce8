"""The motion around the triangle, and that of a hand."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from spikeseg.datasets.camera.handheld import Hand, Handheld
from spikeseg.datasets.camera.n_caltech_sim import MARGIN
from spikeseg.datasets.camera.optics import FRAME_US
from spikeseg.datasets.camera.saccades import DURATION_US, PAN, TILT, Move, triangle


def path(motion, times) -> np.ndarray:
    return np.array([motion(int(t))[:2] for t in times])


@pytest.fixture
def walk() -> np.ndarray:
    """Rows and columns at every millisecond."""
    return path(triangle, range(0, DURATION_US + 1, 1000))


def test_a_move_accelerates_evenly_for_half_its_time_and_then_slows_down_as_evenly():
    move = Move(10_000, 50_000, 4.0)
    way = np.array([move.travelled(t) for t in range(0, 60_001, 1000)])
    assert way[10] == 0
    assert way[30] == pytest.approx(2)
    assert np.all(way[50:] == 4)
    acceleration = np.diff(way[10:51], 2)
    np.testing.assert_allclose(acceleration[:19], 4 * 4.0 / 40**2, atol=1e-9)
    np.testing.assert_allclose(acceleration[20:], -4 * 4.0 / 40**2, atol=1e-9)


def test_the_triangle_closes():
    assert sum(move.pixels for move in TILT) == pytest.approx(0)
    assert sum(move.pixels for move in PAN) == pytest.approx(0)
    np.testing.assert_allclose(triangle(0), triangle(DURATION_US), atol=1e-9)


def test_three_saccades_go_down_and_right_then_up_and_right_then_left(walk):
    first, second, third = np.diff(walk[[0, 94, 212, 300]], axis=0)
    assert first[0] > 4
    assert first[1] > 1.5
    assert second[0] == pytest.approx(-first[0])
    assert second[1] > 1.5
    assert third[0] == pytest.approx(0)
    assert third[1] == pytest.approx(-first[1] - second[1])


def test_the_picture_rests_between_saccades(walk):
    assert np.ptp(walk[90:99], axis=0).max() < 1e-9
    assert np.ptp(walk[212:215], axis=0).max() < 1e-9


def test_the_sensor_never_sees_past_the_edge_of_the_picture(walk):
    assert np.abs(walk).max() <= MARGIN / 2


def test_motion_is_less_than_half_a_pixel_from_frame_to_frame():
    motions = [triangle, *(Handheld(Hand(), np.random.default_rng(seed)) for seed in range(40))]
    for motion in motions:
        steps = np.diff(path(motion, range(0, DURATION_US, FRAME_US)), axis=0)
        assert np.hypot(*steps.T).max() < 0.5


def test_a_hand_starts_at_rest_and_moves_on_smoothly():
    hand = Handheld(Hand(), np.random.default_rng(0))
    np.testing.assert_allclose(hand(0), 0, atol=1e-12)
    way = path(hand, range(0, 1_000_001, 1000))
    assert np.abs(np.diff(way, 2, axis=0)).max() < 0.03
    assert np.ptp(way, axis=0).min() > 1


def test_a_hand_trembles_in_its_band_and_drifts_at_its_speed():
    hand, seconds = Hand(), 16
    tremor, speed = [], []
    for seed in range(30):
        way = path(Handheld(hand, np.random.default_rng(seed)), range(0, 1_000_000 * seconds, 10_000))
        power = np.abs(np.fft.rfft(way * np.hanning(len(way))[:, None], axis=0)) ** 2
        frequency = np.fft.rfftfreq(len(way), 0.01)
        share = 4 * power * 2 / (len(way) ** 2 * 1.5)  # of the variance, per bin
        band = (frequency > hand.tremor_hz[0] - 0.5) & (frequency < hand.tremor_hz[1] + 0.5)
        slow = (frequency > 0) & (frequency < hand.drift_hz[1] + 0.5)
        tremor.append(share[band].sum(0))
        speed.append((share[slow] * (2 * np.pi * frequency[slow, None]) ** 2).sum(0))
        assert share[~band & (frequency > hand.drift_hz[1] + 0.5)].max() < 0.01 * share[band].max()
    assert np.sqrt(np.mean(tremor)) == pytest.approx(hand.tremor, rel=0.1)
    assert np.sqrt(np.mean(speed)) == pytest.approx(hand.drift, rel=0.1)


def test_same_seed_same_hand_and_another_seed_another():
    hands = [Handheld(Hand(), np.random.default_rng(seed)) for seed in (1, 1, 2)]
    places = [hand(77_000) for hand in hands]
    assert places[0] == places[1] != places[2]
    assert all(a != b for a, b in pairwise(places[0]))
