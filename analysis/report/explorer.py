"""One stimulus for the report's explorer: every spike, the growth of the mask, and the causes of latent spikes.

All decoding happens here, once, so that the page only has to look results up.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import numpy as np

from spikeseg.spikes import SILENT

from ...models.network import LAYERS, TrainedNetwork
from ..decoding.decoder import Neuron, decode, decode_linked, unravel_links
from ..decoding.segmentation import Segmentation

NEVER = 255
"""In a packed stimulus: stands for the step of an event that never happens."""


def pack_stimulus(network: TrainedNetwork, steps: Mapping[str, np.ndarray], segmentation: Segmentation) -> bytes:
    """Pack one stimulus for the page: arrays of uint8, one after the other, compressed with zlib.

    - per layer, ``input`` to ``conv3``: the step of each neuron's spike, C * H * W values, `NEVER` without a spike;
    - the step at which each pixel joined the mask, H * W values, see `growth`;
    - the causes: a row of bits for each pixel with an input spike, in the order of the pixels. Bit n says whether the
      pixel is among the causes of latent neuron n, see `latent_neurons` and `causes`. Bit 0 is the highest bit of the
      first byte.

    Parameters
    ----------
    network
        The trained network.
    steps
        Per layer: step of each neuron's spike, -1 without one; (C, H, W) int.
    segmentation
        The result of `segment_one` for this stimulus.
    """
    layers = [np.where(steps[layer] == SILENT, NEVER, steps[layer]) for layer in ("input", *LAYERS)]
    events = (steps["input"] != SILENT).any(axis=0)
    caused = causes(network, steps, segmentation)[:, events]
    parts = [*layers, growth(network, steps, segmentation), np.packbits(caused.T, axis=1)]
    return zlib.compress(b"".join(part.astype(np.uint8).tobytes() for part in parts), level=9)


def latent_neurons(steps: Mapping[str, np.ndarray], segmentation: Segmentation) -> np.ndarray:
    """Map, row and column of the latent neurons, (n, 3) int, sorted.

    These are the Conv3 neurons that spiked, and the one that was decoded for the answer, which need not have spiked.
    """
    there = steps["conv3"] != SILENT
    there[(segmentation.map, *segmentation.place)] = True
    return np.argwhere(there)


def causes(network: TrainedNetwork, steps: Mapping[str, np.ndarray], segmentation: Segmentation) -> np.ndarray:
    """The input pixels that each of the `latent_neurons` decodes to by itself, (n, H, W) bool.

    All are decoded in the mode of the segmentation, which is ``end`` if the answer's neuron did not spike.
    """
    neurons = latent_neurons(steps, segmentation)
    links = unravel_links(network, steps, neurons, segmentation.decoded_mode)
    caused = [decode_linked(links, steps, (map_, row, column)).mask for map_, row, column in neurons.tolist()]
    return np.reshape(np.array(caused, bool), (len(neurons), *segmentation.mask.shape))


def growth(network: TrainedNetwork, steps: Mapping[str, np.ndarray], segmentation: Segmentation) -> np.ndarray:
    """The step at which each pixel joined the mask, (H, W) int; `NEVER` for pixels outside the mask.

    A pixel joins at the first step for which it is reached when only the spikes up to that step are decoded. The neuron
    that is decoded is always that of the final answer.
    """
    seed: Neuron = (segmentation.map, *segmentation.place)
    joined = np.full(segmentation.mask.shape, NEVER)
    for step in range(network.config.input.total_steps):
        so_far = {layer: np.where(fired <= step, fired, SILENT) for layer, fired in steps.items()}
        if segmentation.decoded_mode == "end" or so_far["conv3"][seed] != SILENT:
            mask = decode(network, so_far, [seed], segmentation.decoded_mode).mask & segmentation.mask
            joined[mask & (joined == NEVER)] = step
    return joined
