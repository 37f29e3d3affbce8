"""What a sensor sees of a moving picture."""

from __future__ import annotations

import numpy as np
import pytest

from spikeseg.datasets.camera.optics import FINE, FRAME_US, Shift, film, light, look

SIZE = (20, 30)
MARGIN = 8


def plane(down: float, right: float) -> np.ndarray:
    """A picture that brightens evenly: by these per sensor pixel, 0 in its middle."""
    rows, columns = (FINE * (length + 2 * MARGIN) for length in SIZE)
    y, x = (np.arange(rows) + 0.5 - rows / 2) / FINE, (np.arange(columns) + 0.5 - columns / 2) / FINE
    return (down * y[:, None] + right * x).astype(np.float32)


@pytest.mark.parametrize("shift", [Shift(0, 0), Shift(3.3, -2.7), Shift(0, 0, 10), Shift(-1.2, 4.4, -25)])
def test_every_pixel_sees_the_point_that_moved_there(shift):
    seen = look(plane(0.3, 0.7), SIZE, shift)
    row, column = np.indices(SIZE) + 0.5 - np.array(SIZE)[:, None, None] / 2
    up, right = -(row - shift.rows), column - shift.columns
    turn = np.radians(-shift.roll)  # back
    right, up = right * np.cos(turn) - up * np.sin(turn), right * np.sin(turn) + up * np.cos(turn)
    np.testing.assert_allclose(seen, -0.3 * up + 0.7 * right, atol=1e-4)


def test_a_picture_goes_on_beyond_its_edge():
    seen = look(plane(1, 0), SIZE, Shift(15, 0))
    assert seen[0, 0] == seen[3, 0] == plane(1, 0)[0, 0]


def test_light_is_linear_from_black_to_white_and_blur_keeps_it():
    grey = np.tile(np.uint8([0, 64, 128, 255]), (4, 1))
    sharp = light(grey, 0)
    np.testing.assert_allclose(sharp[0], (grey[0] / 255) ** 2.2, atol=1e-6)
    spot = np.zeros((41, 41, 3), np.uint8)
    spot[20, 20] = 255
    blurred = light(spot, 1.5)
    assert blurred.sum() == pytest.approx(1, abs=1e-3)
    distance = (np.indices(blurred.shape) - 20) / FINE
    np.testing.assert_allclose((blurred * distance**2).sum((1, 2)), 1.5**2, rtol=0.02)


def test_a_film_has_its_first_and_last_frame_at_the_times_asked_for():
    frames = list(film(plane(1, 0), SIZE, lambda t: Shift(t / 10_000, 0), -3000, 7500))
    times = [t for t, _ in frames]
    assert times == [*range(-3000, 7500, FRAME_US), 7500]
    middles = [frame.mean() for _, frame in frames]
    np.testing.assert_allclose(middles, -np.array(times) / 10_000, atol=1e-4)
