"""Measure readouts that are given labels of the training part, apart from what the network itself answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np

from spikeseg.errors import SpikeSegError
from spikeseg.files import read_json
from spikeseg.spikes import Recorded, Spikes

from ...analysis.decoding.calibration import largest_potentials
from ...analysis.decoding.linear_readout import Labelled, read_out
from ...analysis.decoding.population import population_answers
from ...analysis.measures.metrics import confusion
from ...datasets.catalogue import open_dataset
from ...datasets.events.augmentation import turned
from ...datasets.events.events import Buffer
from ...datasets.recordings import Recordings
from ...datasets.sample import Dataset, Sample, View
from ...datasets.split import Split
from ...datasets.stimuli import samples, stimuli
from ...models.network import LAYERS
from ..inference.encoding import CAPACITY, Encoder, open_encoder
from .selection import Selection

TAUGHT = ("pool1", "conv2", "pool2")  # what the readout that Conv3 teaches sees; docs/notebook.md
COPIES, DEGREES, SLANT = 2, 12.0, 0.2  # of a training recording, turned and slanted by up to so much; docs/notebook.md


@dataclass(frozen=True)
class ReadoutAnswers:
    """How well a readout answers, and what was chosen for it on the training part.

    Attributes
    ----------
    n
        Number of stimuli, or of recordings, that it answered.
    accuracy
        Share of them that it answers rightly.
    confusion
        ``confusion[true][answered]``: number of them.
    left_out
        Share of the training stimuli, or recordings, that it answers rightly without their recording.
    chosen
        What was chosen on the training part, see `linear_readout.Answers` and `population.Population` in `decoding`.
    """

    n: int
    accuracy: float
    confusion: dict[str, dict[str, int]]
    left_out: float
    chosen: dict[str, Any]


@dataclass(frozen=True)
class Readout:
    """A readout of some layers that is given labels of the training part.

    Attributes
    ----------
    layers
        The layers whose spikes are read.
    train
        Number of training pictures or recordings whose labels it was given.
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
) -> Readout:
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
        There are no such layers; the selection holds items of the training part, or other stimuli than the network
        learned from; there is only one class; the training part is not to be had; or the simulation fails.
    """
    if isinstance(layers, str) or not layers or not set(layers) <= set(LAYERS):
        raise SpikeSegError(f"layers is {layers!r}: give a list of some of {', '.join(LAYERS)}")
    train, shown = _both_parts(selection, layers, device, progress, jobs)
    return _linear(selection, train, train.truth, shown)


def population_readouts(
    selection: Selection,
    device: str = "cpp_standalone",
    progress: Callable[[int], None] = lambda done: None,
    jobs: int = 1,
) -> tuple[Readout, Readout]:
    """Answer by all Conv3 maps together, and by a linear readout of the layers below that learns what they answer.

    Labels of the training part assign to each map its share of the classes, and are used for nothing else: the second
    readout is fitted to the classes that the maps take the training part for.

    For parameters and errors see `linear_readout`.

    Returns
    -------
    The answers of the maps, and those of the readout that they have taught.
    """
    train, shown = _both_parts(selection, TAUGHT, device, progress, jobs)
    network, classes = selection.network, selection.network.config.data.classes
    thresholds = network.thresholds["conv3"]
    scores = [
        largest_potentials(network, Recorded({"pool2": part.spikes["pool2"]})) / thresholds for part in (train, shown)
    ]
    found = population_answers(scores[0], train.item, train.truth, scores[1], shown.item, len(classes))
    chosen = {"sharpness": found.sharpness}
    single = _measured(found.stimuli, shown.truth[shown.item], classes, found.left_out[0], chosen)
    whole = _measured(found.recordings, shown.truth, classes, found.left_out[1], chosen)
    recordings = None if network.config.input.buffer is None else whole
    population = Readout(("conv3",), len(train.truth), single, recordings)
    return population, _linear(selection, train, found.trained, shown)


def _linear(selection: Selection, train: Labelled, taught: np.ndarray, shown: Labelled) -> Readout:
    """Fit linear readouts to classes of the training items, (items,) int, which need not be the true ones."""
    classes, fitted_to = selection.network.config.data.classes, replace(train, truth=taught)
    alone = replace(fitted_to, copies=())  # fits to all buffers and their copies would take minutes

    def measured(by_recording: bool) -> ReadoutAnswers:
        found = read_out(fitted_to if by_recording else alone, shown, len(classes), by_recording)
        truth, own = (part.truth if by_recording else part.truth[part.item] for part in (shown, train))
        chosen = {name: getattr(found, name) for name in ("cells", "spread", "pooled", "penalty", "copies")}
        return _measured(found.answered, truth, classes, float(np.mean(found.left_out == own)), chosen)

    recorded = selection.network.config.input.buffer is not None
    return Readout(tuple(train.spikes), len(train.truth), measured(False), measured(True) if recorded else None)


def _both_parts(
    selection: Selection, layers: Sequence[str], device: str, progress: Callable[[int], None], jobs: int
) -> tuple[Labelled, Labelled]:
    """Encode the training part, with altered copies of its recordings, and the selected one."""
    network, classes = selection.network, selection.network.config.data.classes
    if len(classes) < 2:
        raise SpikeSegError(f"a readout needs two classes to tell apart, not only {', '.join(classes)}")
    if selection.sizes != [network.config.input.size]:
        raise SpikeSegError("a readout needs stimuli of the size that the network learned from: no canvas")
    dataset, train = training_part(selection)
    copies = 0 if network.config.input.buffer is None else COPIES
    with open_encoder(network.config, network.config.input.size, device, jobs) as encoder:
        reader = _Reader(selection, tuple(layers), encoder)
        fitted_to = reader.labelled(dataset, train, progress, copies)
        shown = reader.labelled(selection.dataset, selection.indices, lambda done: progress(len(train) + done))
    return fitted_to, shown


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
        raise SpikeSegError("a readout is given labels of the training part: measure it on another --split")
    return dataset, train


@dataclass(frozen=True)
class _Reader:
    selection: Selection
    layers: tuple[str, ...]
    encoder: Encoder

    def labelled(
        self,
        dataset: Dataset | Recordings,
        indices: Sequence[int] | np.ndarray,
        progress: Callable[[int], None],
        copies: int = 0,
    ) -> Labelled:
        """Encode some items of a dataset, and so many altered copies of its recordings."""
        config, network = self.selection.network.config, self.selection.network
        shown, versions = self._shown(dataset, indices), range(1 + copies)
        spikes: list[dict[str, list[Spikes]]] = [{layer: [] for layer in self.layers} for _ in versions]
        items, truth = [], {}
        while batch := list(islice(shown, CAPACITY * self.encoder.jobs)):
            for version in versions:
                views = [self._version(number, sample.view, version) for number, sample in batch]
                encoded = self.encoder.encode(network, stimuli(views, config.input, config.input.size))
                for layer, parts in spikes[version].items():
                    parts.append(encoded[layer])
            items += [number for number, _ in batch]
            truth |= {number: config.data.classes.index(sample.targets[0].label) for number, sample in batch}
            progress(items[-1] + 1)
        number = {item: new for new, item in enumerate(truth)}  # a recording without events has no buffers
        own, *altered = ({layer: Spikes.join(parts) for layer, parts in version.items()} for version in spikes)
        return Labelled(
            own,
            steps=config.input.steps,
            item=np.array([number[item] for item in items]),
            truth=np.array(list(truth.values())),
            copies=altered,
        )

    def _version(self, item: int, view: View, version: int) -> View:
        """An altered copy of a picture or buffer, none for version 0: all buffers of a recording turn alike."""
        if not version or not isinstance(view, Buffer):
            return view
        rng = np.random.default_rng((self.selection.network.config.seed, item, version))
        return turned(view, DEGREES, SLANT, rng)

    def _shown(
        self, dataset: Dataset | Recordings, indices: Sequence[int] | np.ndarray
    ) -> Iterator[tuple[int, Sample]]:
        for number, index in enumerate(indices):
            for sample in samples(dataset, [int(index)], self.selection.network.config.input):
                if len(sample.targets) != 1:
                    raise SpikeSegError(f"{sample.name} holds {len(sample.targets)} objects: a readout answers one")
                yield number, sample


def _measured(
    answered: np.ndarray, truth: np.ndarray, classes: tuple[str, ...], left_out: float, chosen: dict[str, Any]
) -> ReadoutAnswers:
    pairs = list(zip(np.take(classes, truth).tolist(), np.take(classes, answered).tolist(), strict=True))
    return ReadoutAnswers(len(pairs), float(np.mean(answered == truth)), confusion(pairs), left_out, chosen)
