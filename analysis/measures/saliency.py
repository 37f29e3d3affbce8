"""When the evidence for an answer came: its saliency, step by step of the input."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...models.network import TrainedNetwork
from ..decoding.decoder import decode
from ..decoding.segmentation import Segmentation


def saliency_over_time(
    network: TrainedNetwork, steps: Mapping[str, np.ndarray], segmentation: Segmentation
) -> np.ndarray:
    """The saliency of a segmentation by the step at which the input spikes came.

    Parameters
    ----------
    steps
        Of the segmented stimulus; see `decode`.
    segmentation
        What `segment_one` or `segment_classes` made of it.

    Returns
    -------
    np.ndarray
        Shape (input steps, H, W), float; it adds up to ``segmentation.saliency``, and the sum of its first n steps is
        what the first n input steps contributed.
    """
    seed = (segmentation.map, *segmentation.place)
    value = decode(network, steps, [seed], segmentation.decoded_mode).value["input"]
    value = np.where(segmentation.mask, value, 0)
    return np.array([(value * (steps["input"] == step)).sum(axis=0) for step in range(network.config.input.steps)])
