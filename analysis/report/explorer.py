"""What the report's explorer shows of one stimulus: every spike, how the mask grew, and what caused each latent spike.

The decoder's answers are worked out here, once, so that the page only looks them up.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import numpy as np

from spikeseg.spikes import SILENT

from ...models.network import LAYERS, TrainedNetwork
from ..decoding.decoder import Neuron, decode, decode_each
from ..decoding.segmentation import Segmentation

NEVER = 255
"""In a packed stimulus: the step of what never happens."""


def pack_stimulus(network: TrainedNetwork, steps: Mapping[str, np.ndarray], segmentation: Segmentation) -> bytes:
    """One stimulus for the page, deflated (zlib): arrays of uint8, one after the other.

    - per layer, ``input`` to ``conv3``: the step of each neuron's spike, C * H * W values, `NEVER` without one;
    - the step at which each pixel joined the mask, H * W values, see `growth`;
    - the causes: a row of bits for each pixel with an input spike, in the order of the pixels. Bit n (the first is the
      highest of its byte) tells whether latent neuron n was caused by the pixel, see `latent_neurons` and `causes`.

    Parameters
    ----------
    steps
        Per layer: step of each neuron's spike, -1 without one; (C, H, W) int.
    segmentation
        What `segment_one` made of it.
    """
    layers = [np.where(steps[layer] == SILENT, NEVER, steps[layer]) for layer in ("input", *LAYERS)]
    events = (steps["input"] != SILENT).any(axis=0)
    caused = causes(network, steps, segmentation)[:, events]
    parts = [*layers, growth(network, steps, segmentation), np.packbits(caused.T, axis=1)]
    return zlib.compress(b"".join(part.astype(np.uint8).tobytes() for part in parts), level=9)


def latent_neurons(steps: Mapping[str, np.ndarray], segmentation: Segmentation) -> np.ndarray:
    """Conv3 neurons that spiked, and the answer's, which need not have: map, row and column, (n, 3), in this order."""
    there = steps["conv3"] != SILENT
    there[(segmentation.map, *segmentation.place)] = True
    return np.argwhere(there)


def causes(network: TrainedNetwork, steps: Mapping[str, np.ndarray], segmentation: Segmentation) -> np.ndarray:
    """The input pixels that each of the `latent_neurons` decodes to by itself, (n, H, W) bool.

    The answer's neuron is decoded in the mode of the segmentation, which is ``end`` where it did not spike.
    """
    neurons = latent_neurons(steps, segmentation)
    decoded = decode_each(network, steps, neurons, segmentation.decoded_mode)["input"]
    channels, rows, columns = steps["input"].shape
    caused = np.zeros((len(neurons), channels, rows, columns), bool)
    caused.reshape(len(neurons), -1)[decoded.nonzero()] = True
    return np.any(caused, axis=1)


def growth(network: TrainedNetwork, steps: Mapping[str, np.ndarray], segmentation: Segmentation) -> np.ndarray:
    """When each pixel joined the mask: the first step whose spikes, with all before, decode to it, (H, W) int.

    The neuron that is decoded is the answer's at all steps. `NEVER` for pixels outside the mask.
    """
    seed: Neuron = (segmentation.map, *segmentation.place)
    joined = np.full(segmentation.mask.shape, NEVER)
    for step in range(network.config.input.total_steps):
        so_far = {layer: np.where(fired <= step, fired, SILENT) for layer, fired in steps.items()}
        if segmentation.decoded_mode == "end" or so_far["conv3"][seed] != SILENT:
            mask = decode(network, so_far, [seed], segmentation.decoded_mode).mask & segmentation.mask
            joined[mask & (joined == NEVER)] = step
    return joined
