"""The same network on dense arrays: every potential in every step. First-spike integrate-and-fire, float32.

Here a spike crosses all layers in one step. In SpikeSEG it takes a step for each layer, which only delays the result.
Float32 rounds: maps that tie in SpikeSEG need not do so here. With float64 all spikes are the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from spikeseg.models.network import CONV_LAYERS, TrainedNetwork


def input_steps(workload: Any, index: int) -> np.ndarray:
    """Spikes of one stimulus, (steps, 1, rows, columns) float32."""
    shape = workload.inputs.shape
    step, neuron = workload.inputs.of(index)
    dense = np.zeros((workload.network.config.input.steps, shape.size), np.float32)
    dense[step, neuron] = 1
    return dense.reshape(-1, *shape)


def paddings(network: TrainedNetwork) -> dict[str, tuple[int, int]]:
    """Rows and columns of padding per conv layer."""
    config = network.config
    return {"conv1": (config.conv1.padding,) * 2, "conv2": config.conv2.padding, "conv3": config.conv3.padding}


class Torch:
    """The network in PyTorch, on one thread; numbers are of the type that `dtype` names."""

    def __init__(self, network: TrainedNetwork, dtype: str = "float32"):
        import torch

        torch.set_num_threads(1)
        self.torch, self.network, self.pads, self.dtype = torch, network, paddings(network), getattr(torch, dtype)
        self.kernels = {name: self.tensor(network.kernels[name]) for name in CONV_LAYERS}
        self.theta = {name: self.tensor(network.thresholds[name]).view(1, -1, 1, 1) for name in CONV_LAYERS}

    def tensor(self, array: np.ndarray) -> Any:
        """An array as a tensor of the network's type."""
        return self.torch.from_numpy(array).to(self.dtype)

    def run(self, steps: np.ndarray) -> int:
        """Present a stimulus, (steps, channels, rows, columns) float32, and return the number of Conv3 spikes."""
        with self.torch.inference_mode():
            return sum(int(fired["conv3"].sum()) for fired in self._steps(steps))

    def encode(self, steps: np.ndarray) -> dict[str, Any]:
        """The step of each neuron's spike, -1 without one, by layer from the input to Conv3, (1, C, H, W) tensors."""
        found: dict[str, Any] = {}
        with self.torch.inference_mode():
            for step, fired in enumerate(self._steps(steps)):
                for layer, spikes in fired.items():
                    if layer not in found:
                        found[layer] = self.torch.full_like(spikes, -1, dtype=self.dtype)
                    found[layer].masked_fill_(spikes > 0, step)
        return found

    def _steps(self, steps: np.ndarray) -> Iterator[dict[str, Any]]:
        """The spikes of every layer, step by step."""
        state = {"scale": float(self.network.threshold_scale(np.asarray(np.count_nonzero(steps))))}
        for one in steps:
            yield self._step(self.tensor(one[np.newaxis]), state)

    def _step(self, spikes: Any, state: dict[str, Any]) -> dict[str, Any]:
        config, fired = self.network.config, {"input": spikes}
        fired["conv1"] = self._compete("conv1", spikes, state)
        fired["pool1"] = self._pool("pool1", config.pool1, fired["conv1"], state)
        fired["conv2"] = self._compete("conv2", fired["pool1"], state)
        fired["pool2"] = self._pool("pool2", config.pool2, fired["conv2"], state)
        potential = self._integrate("conv3", fired["pool2"], state)
        fired["conv3"] = potential >= self.theta["conv3"] * state["scale"]
        potential.masked_fill_(fired["conv3"], -self.torch.inf)
        return fired

    def _integrate(self, name: str, spikes: Any, state: dict[str, Any]) -> Any:
        arrived = self.torch.nn.functional.conv2d(spikes, self.kernels[name], padding=self.pads[name])
        state[name] = state[name].add_(arrived) if name in state else arrived
        return state[name]

    def _compete(self, name: str, spikes: Any, state: dict[str, Any]) -> Any:
        """Let the strongest map of each place fire, which silences all maps there."""
        potential = self._integrate(name, spikes, state)
        above = potential.masked_fill(potential < self.theta[name] * state["scale"], -self.torch.inf)
        strongest, winner = above.max(dim=1, keepdim=True)
        won = strongest > -self.torch.inf
        potential.masked_fill_(won, -self.torch.inf)
        return self.torch.zeros_like(potential).scatter_(1, winner, won.to(potential.dtype))

    def _pool(self, name: str, pool: Any, spikes: Any, state: dict[str, Any]) -> Any:
        reached = self.torch.nn.functional.max_pool2d(spikes, pool.window, pool.stride, ceil_mode=True)
        before = state.get(name, self.torch.zeros_like(reached))
        state[name] = self.torch.maximum(before, reached)
        return state[name] - before


class NumPy:
    """The network in NumPy and SciPy: products of kernels and windows, and maximum filters."""

    def __init__(self, network: TrainedNetwork):
        self.network, self.pads = network, paddings(network)
        self.kernels = {name: network.kernels[name].astype(np.float32) for name in CONV_LAYERS}
        self.theta = {name: network.thresholds[name].astype(np.float32)[:, None, None] for name in CONV_LAYERS}

    def run(self, steps: np.ndarray) -> int:
        """Present a stimulus, (steps, 1, rows, columns) float32, and return the number of Conv3 spikes."""
        config, state, spikes3 = self.network.config, {}, 0
        for spikes in steps:
            spikes = self._compete("conv1", spikes, state)
            spikes = self._pool("pool1", config.pool1, spikes, state)
            spikes = self._compete("conv2", spikes, state)
            spikes = self._pool("pool2", config.pool2, spikes, state)
            potential = self._integrate("conv3", spikes, state)
            fired = potential >= self.theta["conv3"]
            potential[fired] = -np.inf
            spikes3 += int(fired.sum())
        return spikes3

    def _integrate(self, name: str, spikes: np.ndarray, state: dict[str, np.ndarray]) -> np.ndarray:
        kernel, (rows, columns) = self.kernels[name], self.pads[name]
        padded = np.pad(spikes, ((0, 0), (rows, rows), (columns, columns)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape[2:], axis=(1, 2))
        arrived = np.einsum("cyxij,mcij->myx", windows, kernel, optimize=True)
        state[name] = state[name] + arrived if name in state else arrived
        return state[name]

    def _compete(self, name: str, spikes: np.ndarray, state: dict[str, np.ndarray]) -> np.ndarray:
        potential = self._integrate(name, spikes, state)
        above = np.where(potential >= self.theta[name], potential, -np.inf)
        winner = above.argmax(axis=0)[np.newaxis]
        won = above.max(axis=0) > -np.inf
        potential[:, won] = -np.inf
        fired = np.zeros_like(potential)
        np.put_along_axis(fired, winner, won[np.newaxis].astype(fired.dtype), axis=0)
        return fired

    def _pool(self, name: str, pool: Any, spikes: np.ndarray, state: dict[str, np.ndarray]) -> np.ndarray:
        from scipy.ndimage import maximum_filter

        sizes = spikes.shape[1:]
        out = [-(-(n - pool.window) // pool.stride) + 1 for n in sizes]
        missing = [max(0, (n - 1) * pool.stride + pool.window - size) for n, size in zip(out, sizes, strict=True)]
        padded = np.pad(spikes, ((0, 0), (0, missing[0]), (0, missing[1])))
        middle = pool.window // 2
        reached = maximum_filter(padded, (1, pool.window, pool.window))[:, middle :: pool.stride, middle :: pool.stride]
        reached = reached[:, : out[0], : out[1]]
        before = state.get(name, np.zeros_like(reached))
        state[name] = np.maximum(before, reached)
        return state[name] - before
