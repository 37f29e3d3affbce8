"""Turn pictures into input spikes: a difference of Gaussians, strongest responses first (paper, section V)."""

from __future__ import annotations

import numpy as np
from PIL import Image

from spikeseg.errors import SpikeSegError

from ..configs.inputs import Input

# Weights of a kernel are multiples of it: responses to whole grey levels are exact, and ties are the same everywhere.
_GRID = 2.0**-38
# Responses below this, in grey levels, are the rounding of a sum that is exactly zero, where grey levels are not whole.
_ROUNDING = 1e-9
_BINS = 4096  # into which strengths are divided


def dog_kernel(size: int, center_sigma: float, surround_sigma: float) -> np.ndarray:
    """On-centre difference of two Gaussians with a peak of 1, shape (size, size).

    Its weights are multiples of 2**-38, and their sum is exactly 0; for that the peak is 1 to nine digits only.

    Parameters
    ----------
    size
        Rows and columns of the kernel, in pixels.
    center_sigma, surround_sigma
        Standard deviations of the two Gaussians, in pixels.

    Raises
    ------
    SpikeSegError
        The kernel has no centre pixel or no surround: `size` is even or below 3, or the surround is not wider than the
        centre.
    """
    if size < 3 or size % 2 == 0:
        raise SpikeSegError(f"a difference of Gaussians of size {size} has no centre: make it odd, 3 or more")
    if surround_sigma <= center_sigma:
        raise SpikeSegError(
            f"the surround's sigma ({surround_sigma:g}) must be larger than the centre's ({center_sigma:g})"
        )
    offset = np.arange(size) - size // 2
    distance2 = offset[:, None] ** 2 + offset**2
    center, surround = (
        np.exp(-distance2 / (2 * sigma * sigma)) / (2 * np.pi * sigma * sigma)
        for sigma in (center_sigma, surround_sigma)
    )
    kernel = center - surround
    kernel -= kernel.mean()
    kernel = _GRID * np.rint(kernel / kernel.max() / _GRID)
    kernel[size // 2, size // 2] -= kernel.sum()
    return kernel


def prepare(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Convert a picture to grey levels, and resize it.

    Parameters
    ----------
    image
        Shape (H, W) or (H, W, 3), uint8.
    size
        Rows and columns of the result.

    Returns
    -------
    numpy.ndarray
        Shape `size`, float64, from 0 to 255.

    Raises
    ------
    SpikeSegError
        The array is of another type or shape.
    """
    rows, columns = size
    array = np.asarray(image)
    if array.dtype != np.uint8 or not array.size or array.ndim not in (2, 3) or array.shape[2:] not in ((), (3,)):
        told = f"{array.dtype} {array.shape}"
        raise SpikeSegError(f"a picture is a uint8 array of shape (H, W) or (H, W, 3), not {told}")
    grey = Image.fromarray(array).convert("L").resize((columns, rows), Image.Resampling.BILINEAR)
    return np.asarray(grey, dtype=float)


def to_events(picture: np.ndarray, config: Input) -> tuple[np.ndarray, np.ndarray]:
    """Turn a picture into input spikes: the pixels with the strongest responses, the strongest ones first.

    ``config.dog.events`` pixels spike, equally many in each of ``config.steps`` steps. This fixed number stands in for
    a threshold that adapts to the picture (paper, section IV.B). A pixel without contrast never spikes, so a picture
    may have fewer spikes, down to none.

    Parameters
    ----------
    picture
        Grey levels, shape (rows, columns), of any size; see `prepare`.
    config
        Polarity ``merged`` puts the magnitude of the response in one channel; ``split`` has two channels: ON (brighter
        than the surround), then OFF.

    Returns
    -------
    step, neuron
        One entry per spike, shape (n,), int32, strongest first; neuron = (channel * rows + row) * columns + column.
    """
    dog = config.dog
    assert dog is not None, "pictures need a difference of Gaussians"
    kernel = dog_kernel(dog.size, dog.center_sigma, dog.surround_sigma)
    response = responses(picture, kernel)
    channels = np.abs(response) if config.polarity == "merged" else np.maximum([response, -response], 0)
    strength = channels.ravel()
    neuron = _strongest(strength, dog.events)
    neuron = neuron[strength[neuron] > _ROUNDING]
    step = np.arange(len(neuron)) * config.steps // max(len(neuron), 1)
    return step.astype(np.int32), neuron.astype(np.int32)


def responses(picture: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Correlate a picture with a kernel that is its own mirror image; beyond its edges the picture goes on as it ends.

    Pixels of equal weight are added up first, and in single precision, in which whole grey levels are exact.

    Parameters
    ----------
    picture
        Grey levels, (rows, columns).
    kernel
        See `dog_kernel`.

    Returns
    -------
    (rows, columns) float.
    """
    middle = len(kernel) // 2
    padded = np.pad(picture.astype(np.float32), middle, mode="edge")
    upright = [_pair(padded, middle, distance) for distance in range(middle + 1)]
    response = np.zeros(picture.shape)
    for one in range(middle + 1):
        for other in range(one + 1):
            alike = _pair(upright[one].T, middle, other).T
            if other != one:
                alike = alike + _pair(upright[other].T, middle, one).T
            response += np.multiply(alike, kernel[middle + one, middle + other], dtype=float)
    return response


def _pair(rows: np.ndarray, middle: int, distance: int) -> np.ndarray:
    """For each row, the sum of the two at a distance from it; of rows that were padded by `middle` at both ends."""
    here = slice(middle, len(rows) - middle)
    if distance == 0:
        return rows[here]
    return rows[here.start - distance : here.stop - distance] + rows[here.start + distance : here.stop + distance]


def _strongest(strength: np.ndarray, many: int) -> np.ndarray:
    """Indices of the largest of some values that are not negative, (n,), largest first; of equal ones the first."""
    rough = (strength * (_BINS / (strength.max() or 1))).astype(np.intp)  # few are sorted: those in the highest bins
    larger = np.cumsum(np.bincount(rough)[::-1])
    among = np.flatnonzero(rough >= len(larger) - 1 - np.searchsorted(larger, many))
    return among[np.argsort(-strength[among], kind="stable")][:many]
