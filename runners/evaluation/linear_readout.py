"""Measure a supervised linear readout of some layers, fitted to the labels of the training part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from spikeseg.errors import SpikeSegError
from spikeseg.files import read_json
from spikeseg.spikes import Spikes

from ...analysis.decoding.linear_readout import Answers, Labelled, Pooled, read_out
from ...analysis.measures.metrics import confusion
from ...datasets.catalogue import open_dataset
from ...datasets.recordings import Recordings
from ...datasets.sample import Dataset, Sample
from ...datasets.split import Split
from ...datasets.stimuli import samples, stimuli
from ..inference.encoding import CAPACITY, Encoder, open_encoder
from .selection import Selection


@dataclass(frozen=True)
class ReadoutAnswers:
    """How well a supervised readout answers, and what was chosen for it on the training part.

    Attributes
    ----------
    n
        Number of stimuli, or of recordings, that it answered.
    accuracy
        Share of them that it answers rightly.
    confusion
        ``confusion[true][answered]``: number of them.
    cells
        Cells along each side of the layer's grid within which spikes are added up; None where they are not.
    pooled
        How the buffers of a recording are put together.
    penalty
        Penalty on weights, in units of the mean squared distance of features from their mean.
    left_out
        Share of the training stimuli, or recordings, that fits without their recording answer rightly.
    """

    n: int
    accuracy: float
    confusion: dict[str, dict[str, int]]
    cells: int | None
    pooled: Pooled
    penalty: float
    left_out: float


@dataclass(frozen=True)
class LinearReadout:
    """A supervised linear readout of some layers: see `analysis.decoding.linear_readout`.

    Attributes
    ----------
    layers
        The layers whose spikes are read.
    train
        Number of training pictures or recordings whose labels it was fitted to.
    stimuli
        Its answers to each picture or buffer.
    recordings
        Its answers to each recording, by all buffers together; None for pictures.
    """

    layers: tuple[str, ...]
    train: int
    stimuli: ReadoutAnswers
    recordings: ReadoutAnswers | None

    @property
    def by_all(self) -> ReadoutAnswers:
        """The answers to recordings where there are any, else to pictures."""
        return self.recordings or self.stimuli


def linear_readout(
    selection: Selection,
    layers: Sequence[str] = ("pool2",),
    device: str = "cpp_standalone",
    progress: Callable[[int], None] = lambda done: None,
    jobs: int = 1,
) -> LinearReadout:
    """Fit a supervised linear readout to the training part of a run, and measure it on the selected part.

    Parameters
    ----------
    selection
        The network, and the pictures or recordings, with one object each, of the size that it learned from.
    layers
        The layers whose spikes are read, some of ``conv1, pool1, conv2, pool2, conv3``.
    device
        Where Brian2 simulates.
    progress
        Receives the number of pictures or recordings done, those of the training part first.
    jobs
        Number of simulations at a time.

    Raises
    ------
    SpikeSegError
        The selection holds items of the training part, or other stimuli than the network learned from; there is only
        one class; the training part is not to be had; or the simulation fails.
    """
    network, classes = selection.network, selection.network.config.data.classes
    if len(classes) < 2:
        raise SpikeSegError(f"a supervised readout needs two classes to tell apart, not only {', '.join(classes)}")
    if selection.sizes != [network.config.input.size]:
        raise SpikeSegError("a supervised readout needs stimuli of the size that the network learned from: no canvas")
    dataset, train = training_part(selection)
    with open_encoder(network.config, network.config.input.size, device, jobs) as encoder:
        reader = _Reader(selection, tuple(layers), encoder)
        fitted_to = reader.labelled(dataset, train, progress)
        shown = reader.labelled(selection.dataset, selection.indices, lambda done: progress(len(train) + done))
    recorded = network.config.input.buffer is not None
    return LinearReadout(
        tuple(layers),
        len(train),
        _measured(read_out(fitted_to, shown, len(classes)), shown.truth[shown.item], classes),
        _measured(read_out(fitted_to, shown, len(classes), True), shown.truth, classes) if recorded else None,
    )


def training_part(selection: Selection) -> tuple[Dataset | Recordings, np.ndarray]:
    """The dataset that a run was trained on, and the indices of its training part.

    Raises
    ------
    SpikeSegError
        The selection holds some of the training part; or the data of the training are not to be had.
    """
    split, network = read_json(selection.run.split_file), selection.network
    try:
        dataset = selection.dataset
        train = Split.from_json(split, dataset.names).train
    except SpikeSegError:  # other data are measured than were trained on
        dataset = open_dataset(network.config, network.data)
        return dataset, Split.from_json(split, dataset.names).train
    if np.isin(selection.indices, train).any():
        raise SpikeSegError("a supervised readout is fitted to the training part: measure it on another --split")
    return dataset, train


@dataclass(frozen=True)
class _Reader:
    selection: Selection
    layers: tuple[str, ...]
    encoder: Encoder

    def labelled(
        self, dataset: Dataset | Recordings, indices: Sequence[int] | np.ndarray, progress: Callable[[int], None]
    ) -> Labelled:
        """Encode some items of a dataset."""
        config, network = self.selection.network.config, self.selection.network
        shown = self._shown(dataset, indices)
        spikes: dict[str, list[Spikes]] = {layer: [] for layer in self.layers}
        items, truth = [], {}
        while batch := list(islice(shown, CAPACITY * self.encoder.jobs)):
            inputs = stimuli([sample.view for _, sample in batch], config.input, config.input.size)
            encoded = self.encoder.encode(network, inputs)
            for layer, parts in spikes.items():
                parts.append(encoded[layer])
            items += [number for number, _ in batch]
            truth |= {number: config.data.classes.index(sample.targets[0].label) for number, sample in batch}
            progress(items[-1] + 1)
        number = {item: new for new, item in enumerate(truth)}  # a recording without events has no buffers
        return Labelled(
            {layer: Spikes.join(parts) for layer, parts in spikes.items()},
            steps=config.input.steps,
            item=np.array([number[item] for item in items]),
            truth=np.array(list(truth.values())),
        )

    def _shown(
        self, dataset: Dataset | Recordings, indices: Sequence[int] | np.ndarray
    ) -> Iterator[tuple[int, Sample]]:
        for number, index in enumerate(indices):
            for sample in samples(dataset, [int(index)], self.selection.network.config.input):
                if len(sample.targets) != 1:
                    raise SpikeSegError(f"{sample.name} holds {len(sample.targets)} objects: a readout answers one")
                yield number, sample


def _measured(answers: Answers, truth: np.ndarray, classes: tuple[str, ...]) -> ReadoutAnswers:
    pairs = list(zip(np.take(classes, truth).tolist(), np.take(classes, answers.answered).tolist(), strict=True))
    return ReadoutAnswers(
        n=len(pairs),
        accuracy=float(np.mean(answers.answered == truth)),
        confusion=confusion(pairs),
        cells=answers.cells,
        pooled=answers.pooled,
        penalty=answers.penalty,
        left_out=answers.left_out,
    )
