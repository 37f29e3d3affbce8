"""Conv1's fixed Gabor filters (paper, section V)."""

from __future__ import annotations

import numpy as np

from spikeseg.errors import SpikeSegError

from ..configs.schema import Gabor


def gabor_kernels(gabor: Gabor, channels: int = 1) -> np.ndarray:
    """Make even Gabor filters with equally spaced orientations (paper, section V).

    The positive weights of each filter are scaled to sum to 1, and the negative ones to sum to ``gabor.negative``.

    Parameters
    ----------
    gabor
        Kernel size, wavelength and sigma are in pixels. The first filter finds vertical edges; each further one is
        turned by 180 degrees / ``gabor.orientations``.
    channels
        Input channels; a filter has the same weights for all of them.

    Returns
    -------
    numpy.ndarray
        Shape (orientations, channels, kernel, kernel), float64.

    Raises
    ------
    SpikeSegError
        The kernel is so small for the wavelength that a filter has no negative weights.
    """
    reach = np.arange(gabor.kernel) - (gabor.kernel - 1) / 2
    y, x = np.meshgrid(reach, reach, indexing="ij")
    kernels = []
    for angle in np.arange(gabor.orientations) * np.pi / gabor.orientations:
        along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        envelope = np.exp(-(along**2 + gabor.aspect**2 * across**2) / (2 * gabor.sigma**2))
        kernel = envelope * np.cos(2 * np.pi * along / gabor.wavelength)
        positive, negative = kernel.clip(min=0), kernel.clip(max=0)
        if not negative.any():
            raise SpikeSegError(
                f"conv1: a kernel of {gabor.kernel} has no negative part at wavelength {gabor.wavelength:g}: enlarge it"
            )
        kernels.append(positive / positive.sum() + gabor.negative * negative / negative.sum())
    return np.repeat(np.array(kernels)[:, None], channels, axis=1)
