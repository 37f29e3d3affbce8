"""The network for larger pictures with several objects: as many events per area, or more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from spikeseg.errors import SpikeSegError

from ...models.network import TrainedNetwork

DENSITY = 1.5  # events per pixel where objects are counted, over those of single objects (docs/instances.md)


def at_density(network: TrainedNetwork, size: tuple[int, int]) -> TrainedNetwork:
    """The network for pictures of `size` (rows, columns) with several objects: their events go by the area.

    Objects differ in contrast, and a picture's events are its strongest. With `DENSITY` the weaker ones get enough.

    Raises
    ------
    SpikeSegError
        It learned from recordings.
    """
    inputs = network.config.input
    if inputs.dog is None:
        raise SpikeSegError("the network learned from recordings: objects are counted in pictures only")
    area = size[0] * size[1] / (inputs.rows * inputs.columns)
    dog = inputs.dog.model_copy(update={"events": round(DENSITY * area * inputs.dog.events)})
    return _with_input(network, {"dog": dog})


def _with_input(network: TrainedNetwork, update: dict[str, Any]) -> TrainedNetwork:
    config = network.config
    return replace(network, config=config.model_copy(update={"input": config.input.model_copy(update=update)}))
