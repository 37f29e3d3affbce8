"""The saliency of an answer over time: how much the input spikes of each step contributed to it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...models.network import TrainedNetwork
from ..decoding.decoder import decode
from ..decoding.segmentation import Segmentation


def saliency_over_time(
    network: TrainedNetwork, steps: Mapping[str, np.ndarray], segmentation: Segmentation
) -> np.ndarray:
    """Divide the saliency of a segmentation by the step at which the input spikes came.

    Parameters
    ----------
    network, steps
        The network, and the spike steps of the segmented stimulus; see `decode`.
    segmentation
        The result of `segment_one` or `segment_classes` for this stimulus.

    Returns
    -------
    np.ndarray
        Shape (input steps, H, W), float. Entry n is what the spikes of input step n contributed to each pixel; all
        entries add up to ``segmentation.saliency``.
    """
    seed = (segmentation.map, *segmentation.place)
    value = decode(network, steps, [seed], segmentation.decoded_mode).value["input"]
    value = np.where(segmentation.mask, value, 0)
    return np.array([(value * (steps["input"] == step)).sum(axis=0) for step in range(network.config.input.steps)])
