"""The answer on dense arrays, in PyTorch: the winning map, what it decodes to, and the box around that.

Every neuron of a layer takes part in every transposed convolution, whether it has anything to recruit or not; there is
one for each step in which neurons that recruit have fired.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from spikeseg.analysis.decoding.potentials import inhibited
from spikeseg.analysis.decoding.presence import margins
from spikeseg.analysis.decoding.segmentation import region
from spikeseg.boxes import Box, mask_box
from spikeseg.models.network import CONV_LAYERS

from .dense import Torch

PATHS = (("conv3", "pool2"), ("pool2", "conv2"), ("conv2", "pool1"), ("pool1", "conv1"), ("conv1", "input"))


class Answer(NamedTuple):
    """Class, decoded pixels (H, W) bool, and their box, None without any pixel."""

    label: str
    mask: np.ndarray
    box: Box | None


class Decoder:
    """Decodes what a dense network has encoded."""

    def __init__(self, dense: Torch):
        network, settings = dense.network, dense.network.config.decoder
        kernels, presence = network.kernels, network.presence
        compete = inhibited(kernels["conv3"], settings.inhibition) if presence is None else presence.weights
        limits = dict.fromkeys(CONV_LAYERS, settings.weight_threshold) | {"conv1": settings.gabor_threshold}
        self._dense, self._torch = dense, dense.torch
        self._compete = dense.tensor(compete)
        self._strong = {
            name: dense.tensor(np.where(kernels[name] > limits[name], kernels[name], 0)) for name in CONV_LAYERS
        }

    def segment(self, steps: np.ndarray) -> Answer:
        """Encode and decode a stimulus, (steps, channels, rows, columns) float32."""
        with self._torch.inference_mode():
            spikes = self._dense.encode(steps)
            map_, place, mode = self._seed(spikes)
            value = self._torch.zeros_like(spikes["conv3"])
            value[(0, map_, *place)] = 1
            for layer, below in PATHS:
                value = self._back(layer, value, spikes[layer], spikes[below], mode)
            events = (spikes["input"][0] >= 0).any(dim=0).numpy()
            mask = (value[0] > 0).any(dim=0).numpy()
        network = self._dense.network
        inside = _pixels(region(network, map_, place, events.shape), events.shape)
        of_mask, of_events = mask_box(mask & inside), mask_box(events & inside)
        box = of_mask
        if network.config.decoder.box != "mask" and of_mask is not None and of_events is not None:
            box = Box(*np.mean([of_mask, of_events], axis=0).tolist())
        return Answer(network.map_labels[map_], mask & inside, box)

    def _seed(self, spikes: dict[str, Any]) -> tuple[int, tuple[int, int], str]:
        """The map that wins, the row and column of the neuron to decode, and the mode in which it is decoded."""
        dense, network = self._dense, self._dense.network
        seen = (spikes["pool2"] >= 0).to(dense.dtype)
        field = self._torch.nn.functional.conv2d(seen, self._compete, padding=dense.pads["conv3"])[0]
        if network.presence is None:
            final = self._torch.nn.functional.conv2d(seen, dense.kernels["conv3"], padding=dense.pads["conv3"])
            strength = (final / dense.theta["conv3"])[0].amax(dim=(1, 2)).numpy()
        else:
            strength = margins(network, field.numpy())
        map_ = int(np.argmax(strength))
        own, spiked, mode = field[map_], spikes["conv3"][0, map_] >= 0, network.config.decoder.mode
        if mode == "end" or not spiked.any():
            mode = "end"
        else:
            own = own.masked_fill(~spiked, -self._torch.inf)
        row, column = divmod(int(own.argmax()), own.shape[1])
        return map_, (row, column), mode

    def _back(self, layer: str, value: Any, steps: Any, below: Any, mode: str) -> Any:
        """What the neurons below receive from those of a layer that have a value."""
        pooling = layer not in self._strong
        if mode == "end" and not pooling:
            return self._spread(layer, value, below) * (below >= 0)
        received = self._torch.zeros_like(below)
        for step in steps[value > 0].unique().tolist():
            in_time = below == step if pooling or mode == "exact" else (below >= 0) & (below <= step)
            received += self._spread(layer, value * (steps == step), below) * in_time
        return received

    def _spread(self, layer: str, value: Any, below: Any) -> Any:
        """Transposed convolution, or un-pooling without switches, to the size of the layer below."""
        back = self._torch.nn.functional.conv_transpose2d
        if layer in self._strong:
            return back(value, self._strong[layer], padding=self._dense.pads[layer])
        pool = getattr(self._dense.network.config, layer)
        ones = self._torch.ones((value.shape[1], 1, pool.window, pool.window), dtype=value.dtype)
        spread = back(value, ones, stride=pool.stride, groups=value.shape[1])
        return spread[:, :, : below.shape[2], : below.shape[3]]


def _pixels(box: Box, shape: tuple[int, int]) -> np.ndarray:
    """The pixels whose centre is inside a box, (H, W) bool."""
    row, column = (np.arange(n) + 0.5 for n in shape)
    rows = (row >= box.top) & (row < box.bottom)
    return rows[:, None] & (column >= box.left) & (column < box.right)
