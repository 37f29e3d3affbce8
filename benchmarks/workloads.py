"""Networks and stimuli to be measured, the same for every way of simulating them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spikeseg.configs import Config, load, validate
from spikeseg.configs.geometry import layer_shapes
from spikeseg.datasets.catalogue import open_dataset
from spikeseg.datasets.split import Split
from spikeseg.datasets.stimuli import samples, stimuli
from spikeseg.files import read_json
from spikeseg.models.network import CONV_LAYERS, TrainedNetwork
from spikeseg.runners.training.directory import load_network
from spikeseg.spikes import Shape, Spikes


@dataclass(frozen=True)
class Workload:
    """A network, and the input spikes that it is shown."""

    network: TrainedNetwork
    inputs: Spikes

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of the input."""
        return self.inputs.shape.rows, self.inputs.shape.columns


def caltech(data: str, count: int) -> Workload:
    """The bundled network on real test pictures, half of them from each class."""
    network, run = load_network("dog-caltech")
    dataset = open_dataset(network.config, Path(data))
    test = Split.from_json(read_json(run.split_file), dataset.names).test
    chosen = np.concatenate([test[: count // 2], test[len(test) - (count - count // 2) :]])
    views = [sample.view for sample in samples(dataset, chosen, network.config.input)]
    return Workload(network, stimuli(views, network.config.input, network.config.input.size))


def configuration(**sections: Mapping[str, Any]) -> Config:
    """The configuration of dog-caltech with some keys of some sections replaced."""
    content = load("dog-caltech").model_dump(mode="json")
    for name, keys in sections.items():
        content[name] |= keys
    return validate(content, "benchmark")


def saturated(count: int) -> Workload:
    """Random weights, 5000 random pixels: nearly everything fires, as in the prototype."""
    config = configuration(
        pool1={"window": 4, "stride": 4},
        conv2={"maps": 20, "kernel": [17, 17], "padding": [0, 0]},
        pool2={"window": 7, "stride": 7},
        conv3={"maps": 2, "kernel": [3, 3], "padding": [0, 0]},
    )
    thresholds = {"conv1": 3.0, "conv2": 60.0, "conv3": 2.0}
    return Workload(random_network(config, thresholds), random_pixels(config, count, 5000))


def sweep(size: tuple[int, int], kernel: int, maps: int, spikes: int, count: int = 4) -> Workload:
    """Random weights, and input spikes along random lines, for an input of `size` and a given kernel and maps of Conv2.

    Thresholds are such that the number of spikes in all layers grows in proportion to the number of input spikes.
    """
    config = configuration(
        input={"rows": size[0], "columns": size[1]},
        conv2={"maps": maps, "kernel": [kernel, kernel], "padding": [kernel // 2] * 2},
        conv3={"kernel": [9, 9], "padding": [4, 4]},
    )
    thresholds = {"conv1": 3.0, "conv2": 0.15 * 4 * kernel**2, "conv3": 200.0}
    return Workload(random_network(config, thresholds), random_pixels(config, count, spikes))


def random_network(config: Config, thresholds: Mapping[str, float]) -> TrainedNetwork:
    """A network with random weights between 0 and 1, whose maps have the names of the classes in turn."""
    rng = np.random.default_rng(0)
    shapes = layer_shapes(config, config.input.size)
    kernels = {}
    for layer, below in zip(CONV_LAYERS, ("input", "pool1", "pool2"), strict=True):
        size = (config.conv1.kernel,) * 2 if layer == "conv1" else getattr(config, layer).kernel
        kernels[layer] = rng.uniform(0, 1, (shapes[layer].features, shapes[below].features, *size))
    limits = {name: np.full(len(kernels[name]), thresholds[name]) for name in CONV_LAYERS}
    names = (config.data.classes * config.conv3.maps)[: config.conv3.maps]
    return TrainedNetwork(config, kernels, limits, tuple(names))


def random_pixels(config: Config, count: int, spikes: int) -> Spikes:
    """Stimuli of `spikes` different pixels along random lines, spread evenly over the steps of the input."""
    rng = np.random.default_rng(1)
    rows, columns = config.input.size
    neurons = []
    for _ in range(count):
        drawn = np.empty(0, int)
        while len(drawn) < spikes:
            y, x, angle = rng.uniform(0, rows), rng.uniform(0, columns), rng.uniform(0, 2 * np.pi)
            along = np.arange(60)
            line = np.stack([y + along * np.sin(angle), x + along * np.cos(angle)]).astype(int)
            inside = ((line >= 0) & (line < [[rows], [columns]])).all(axis=0)
            drawn = np.union1d(drawn, line[0, inside] * columns + line[1, inside])
        neurons.append(rng.permutation(drawn)[:spikes])
    steps = np.tile(np.arange(spikes) * config.input.steps // spikes, count)
    return Spikes.collect(
        Shape(1, rows, columns), count, np.repeat(np.arange(count), spikes), steps, np.concatenate(neurons)
    )
