"""What a network is shown, as input spikes: pictures and buffers of events alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from spikeseg.errors import SpikeSegError
from spikeseg.spikes import Shape, Spikes

from ..configs.schema import Input
from .buffers import buffer_samples, buffer_spikes
from .dog import prepare, to_events
from .events.events import Buffer
from .recordings import Recordings, Take
from .sample import Dataset, Sample, View


def stimuli(views: Iterable[View], config: Input, size: tuple[int, int]) -> Spikes:
    """Input spikes, one stimulus per view.

    Parameters
    ----------
    views
        Of any size.
    config
        How they become spikes.
    size
        Rows and columns of the input layer, which need not be the configuration's.

    Raises
    ------
    SpikeSegError
        A sensor does not fit the input layer; or a picture where buffers are asked for, and the other way round.
    """
    steps, neurons = [], []
    for view in views:
        if isinstance(view, Buffer) != (config.dog is None):
            learned, shown = ("pictures", "a buffer of events") if config.dog else ("recordings", "a picture")
            raise SpikeSegError(f"the network is for {learned}, and was shown {shown}")
        if isinstance(view, Buffer):
            step, neuron = buffer_spikes(view, config, size)
        else:
            step, neuron = to_events(prepare(view, size), config)
        steps.append(step)
        neurons.append(neuron)
    shape = Shape(config.shape.features, *size)
    stimulus = np.repeat(np.arange(len(steps)), [len(step) for step in steps])
    return Spikes.collect(shape, len(steps), stimulus, np.concatenate([[], *steps]), np.concatenate([[], *neurons]))


def samples(dataset: Dataset | Recordings, indices: Sequence[int] | np.ndarray, config: Input) -> Iterator[Sample]:
    """The samples of some items of a dataset: a picture each, or all buffers of a recording.

    Raises
    ------
    SpikeSegError
        An item cannot be read.
    """
    for index in indices:
        item = dataset[int(index)]
        if isinstance(item, Take):
            yield from buffer_samples(item, config)
        else:
            yield item


def fullest(counts: np.ndarray, config: Input) -> np.ndarray:
    """Which of an item's stimuli a network learns from: the picture, or as many buffers as ``buffer.train`` says.

    Parameters
    ----------
    counts
        Input spikes of each, (n,).

    Returns
    -------
    Indices of those with the most, in their order, shape (k,).
    """
    train = len(counts) if config.buffer is None else config.buffer.train
    return np.sort(np.argsort(-counts, kind="stable")[:train])
