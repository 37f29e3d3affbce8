"""Adapt a network's configuration: to larger pictures with several objects, or to another sensor than in training."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from spikeseg.errors import SpikeSegError

from ...configs.inputs import Buffering
from ...models.network import TrainedNetwork

DENSITY = 1.5  # events per area for pictures with several objects, relative to single objects (docs/instances.md)


def at_density(network: TrainedNetwork, size: tuple[int, int]) -> TrainedNetwork:
    """The network for pictures with several objects: the number of events grows with the area of the picture.

    The events of a picture are the pixels with the highest contrast. Objects differ in contrast, so the density of
    events is higher by `DENSITY`: then weaker objects have enough of them.

    Parameters
    ----------
    network
        A network that learned from pictures.
    size
        Rows and columns of the pictures.

    Raises
    ------
    SpikeSegError
        The network learned from recordings.
    """
    inputs = network.config.input
    if inputs.dog is None:
        raise SpikeSegError(
            "the network learned from recordings: objects are counted in pictures, or before a simulated camera"
        )
    area = size[0] * size[1] / (inputs.rows * inputs.columns)
    dog = inputs.dog.model_copy(update={"events": round(DENSITY * area * inputs.dog.events)})
    return with_input(network, {"dog": dog})


def with_buffers(network: TrainedNetwork, option: str, update: dict[str, Any]) -> TrainedNetwork:
    """The network with some keys of its section `input.buffer` replaced; values are not checked.

    Raises
    ------
    SpikeSegError
        The network learned from pictures; the error names the option that asks for this.
    """
    buffer = check_buffers(network, option)
    return with_input(network, {"buffer": buffer.model_copy(update=update)})


def check_buffers(network: TrainedNetwork, option: str) -> Buffering:
    """How a network cuts recordings into buffers. Raises SpikeSegError for one that learned from pictures."""
    buffer = network.config.input.buffer
    if buffer is None:
        raise SpikeSegError(f"{option} is for recordings, and the network learned from pictures: leave it out")
    return buffer


def with_input(network: TrainedNetwork, update: dict[str, Any]) -> TrainedNetwork:
    """The network with some keys of the configuration's `input` section replaced; values are not checked."""
    config = network.config
    return replace(network, config=config.model_copy(update={"input": config.input.model_copy(update=update)}))
