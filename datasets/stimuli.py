"""Turn what a network is shown, pictures and buffers of events, into input spikes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from spikeseg.errors import SpikeSegError
from spikeseg.spikes import Shape, Spikes

from ..configs.inputs import Input
from .buffers import buffer_samples, buffer_spikes
from .dog import prepare, to_events
from .events.events import Buffer
from .recordings import Recordings, Take
from .sample import Dataset, Sample, View


def stimuli(views: Iterable[View], config: Input, size: tuple[int, int]) -> Spikes:
    """Turn pictures and buffers of any size into input spikes, one stimulus each.

    Parameters
    ----------
    views
        Pictures, (H, W) or (H, W, 3) uint8, or buffers.
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
    columns = (np.concatenate([np.empty(0, np.int32), *parts]) for parts in (steps, neurons))
    return Spikes.collect(shape, len(steps), stimulus, *columns)


def samples(dataset: Dataset | Recordings, indices: Sequence[int] | np.ndarray, config: Input) -> Iterator[Sample]:
    """Yield the samples of some items of a dataset: one for a picture, one per buffer for a recording.

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
    """Choose which stimuli of an item a network learns from: the picture, or the ``buffer.train`` fullest buffers.

    Parameters
    ----------
    counts
        Input spikes of each stimulus of the item, (n,).

    Returns
    -------
    numpy.ndarray
        Indices of the stimuli with the most spikes, ascending, shape (k,).
    """
    train = len(counts) if config.buffer is None else config.buffer.train
    return np.sort(np.argsort(-counts, kind="stable")[:train])


def fullest_to_emptiest(counts: np.ndarray, many: int) -> np.ndarray:
    """Choose so many stimuli of an item, evenly from that with most spikes to that with fewest; see `fullest`."""
    order = np.argsort(-counts, kind="stable")
    return np.sort(order[np.linspace(0, len(order) - 1, many).round().astype(int)])
