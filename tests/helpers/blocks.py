"""A world where a class is a square block of one input channel, and a network that knows both classes."""

from __future__ import annotations

import numpy as np

from helpers import judge
from spikeseg.boxes import Box
from spikeseg.configs import load, validate
from spikeseg.models.network import TrainedNetwork
from spikeseg.spikes import SILENT

ROWS, COLUMNS = 32, 48
CELL = 4  # pixels of a Pool2 cell
STRONG, WEAK = 1.0, 0.125
THRESHOLD = 5.0
PLAIN = {"mode": "end", "inhibition": 0.0, "extent_threshold": None, "extent_headroom": 0.0, "box": "mask"}


def configuration(kernel=3, **decoder):
    """Two channels that pass straight up to Pool2, and two maps."""
    content = load("dog-caltech").model_dump(mode="json")
    content["data"]["classes"] = ["square", "block"]
    content["input"] |= {"rows": ROWS, "columns": COLUMNS, "polarity": "split"}
    content["conv1"] |= {"orientations": 2, "kernel": 1}
    content["conv2"] |= {"maps": 2, "kernel": 1, "padding": 0}
    content["pool2"] |= {"window": 2, "stride": 2}
    content["conv3"] |= {"kernel": kernel, "padding": kernel // 2}
    content["decoder"] |= PLAIN | decoder
    return validate(content, "test")


def network(**decoder):
    """Map m of Conv3 has learned 3 x 3 cells of channel m."""
    copy = np.eye(2)[:, :, None, None]
    learned = np.where(copy > 0, STRONG, WEAK) * np.ones((3, 3))
    thresholds = {"conv1": np.full(2, 0.5), "conv2": np.full(2, 0.5), "conv3": np.full(2, THRESHOLD)}
    kernels = {"conv1": copy, "conv2": copy, "conv3": learned}
    return TrainedNetwork(configuration(**decoder), kernels, thresholds, ("square", "block"))


def encode(trained, picture):
    """What the network fires for (2, H, W) input steps."""
    kernels, thresholds = trained.kernels, trained.thresholds
    layers = [
        judge.Conv("conv1", kernels["conv1"], (0, 0), thresholds["conv1"]),
        judge.Pool("pool1", 2, 2),
        judge.Conv("conv2", kernels["conv2"], (0, 0), thresholds["conv2"]),
        judge.Pool("pool2", 2, 2),
        judge.Conv("conv3", kernels["conv3"], (1, 1), thresholds["conv3"]),
    ]
    return judge.encode(picture, layers, 20)


def picture(*objects, size=3):
    """Input steps with blocks of `size` x `size` cells; an object is (channel, first row, first column) in cells."""
    steps = np.full((2, ROWS, COLUMNS), SILENT)
    for channel, row, column in objects:
        steps[channel, CELL * row : CELL * (row + size), CELL * column : CELL * (column + size)] = 0
    return steps


def block(row, column, size=3):
    return Box(CELL * row, CELL * column, CELL * (row + size), CELL * (column + size))
