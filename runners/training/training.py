"""The whole training: encode the stimuli, learn layer by layer, calibrate, and name the maps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from spikeseg.errors import SpikeSegError
from spikeseg.files import locked, read_json, remove_lock, write_json
from spikeseg.progress import Reporter, Silent
from spikeseg.provenance import provenance
from spikeseg.spikes import Recorded, Spikes

from ...analysis.decoding.calibration import calibrate, largest_potentials
from ...analysis.decoding.naming import name_maps, named
from ...analysis.decoding.presence import learn_presence, winners
from ...configs.schema import Config, Conv
from ...datasets.catalogue import Source, directory_of, open_dataset
from ...datasets.events.augmentation import augmented
from ...datasets.events.formats import Invalid
from ...datasets.recordings import Recordings
from ...datasets.sample import Dataset, Sample
from ...datasets.split import Split, split
from ...datasets.stimuli import fullest, fullest_to_emptiest, samples, stimuli
from ...models.gabor import gabor_kernels
from ...models.network import LEARNED_LAYERS, TrainedNetwork, kernel_shapes
from ..inference.encoding import Encoder, open_encoder
from ..simulation.devices import GENN, check_device
from .directory import Run
from .learning import Learned, Trainer, on_padded_grid, open_learner


def train(
    config: Config,
    data: Source,
    path: Path,
    device: str = "cpp_standalone",
    reporter: Reporter | None = None,
    invalid: Invalid = "error",
) -> TrainedNetwork:
    """Train a network. An interrupted training resumes; the network of a complete one is only loaded.

    Parameters
    ----------
    config
        The experiment.
    data
        Directory of the dataset, None for a rendered one, or the dataset itself: see `open_dataset`.
    path
        The run directory, see `Run`.
    device
        Where Brian2 simulates, one of `runners.simulation.devices.DEVICES`.
    reporter
        Receives training progress.
    invalid
        For recordings, see `open_dataset`.

    Raises
    ------
    SpikeSegError
        The data cannot be read or do not fit the configuration; the directory holds something else, or another process
        trains in it; the device is not available or cannot train; the simulation fails; or fewer maps have a name than
        there are classes.
    """
    check_device(device)
    if device in GENN:
        raise SpikeSegError(
            f"device {device} does not train: GeNN has no custom events; use --device cpp_standalone here, "
            f"and --device {device} to encode, segment, evaluate and stream"
        )
    run = Run(Path(path))
    run.check(config)
    if not run.network_file.exists():
        with locked(run.lock):
            run.check(config)  # another process may have begun another experiment in the meantime
            _train(config, data, run, device, reporter or Silent(), invalid)
    remove_lock(run.lock)
    return TrainedNetwork.load(run.network_file)


def _train(config: Config, data: Source, run: Run, device: str, reporter: Reporter, invalid: Invalid) -> None:
    dataset = open_dataset(config, data, invalid)
    network, parts = untrained(config), run_split(config, dataset, run)
    directory = directory_of(data)
    run.start(config, directory, device)  # only now is anything written: configuration and data have been checked
    write_json(run.split_file, parts.to_json(dataset.names))
    training = _Training(config, run, device, reporter)
    shown = training.stimuli(dataset, parts.train)
    network, learned, recorded = training.learn(replace(network, event_range=shown.event_range), shown)
    pool2 = _pool2(recorded.layers)
    largest = largest_potentials(network, pool2)
    network = calibrate(network, recorded, largest)
    del recorded  # what follows sees Pool2 alone, and needs much memory
    scores = largest / network.thresholds["conv3"]
    network = named(network, name_maps(scores, shown.labels, config.data.classes, config.conv3.purity))
    if config.decoder.presence:
        if shown.all_kinds.stimuli:
            pool2 = training.encode(network, shown.all_kinds)
            scores = largest_potentials(network, pool2) / network.thresholds["conv3"]
        winner = winners(network, scores, shown.items)
        network = replace(network, presence=learn_presence(network, pool2, winner))
    replace(network, provenance=_provenance(config, directory, device, learned)).save(run.network_file)


def run_split(config: Config, dataset: Dataset | Recordings, run: Run) -> Split:
    """The split that the run has stored; a new one if the run has not begun."""
    if run.split_file.exists():
        return Split.from_json(read_json(run.split_file), dataset.names)
    parts = config.data
    return split(dataset.labels, parts.train, parts.validation, parts.test, parts.split_seed, names=dataset.names)


class Stimuli(NamedTuple):
    """What a network learns from.

    Attributes
    ----------
    fullest
        Input spikes of the stimuli to learn from, which of a recording are its fullest buffers.
    labels
        Their labels.
    all_kinds
        Input spikes of as many buffers, from the fullest to the emptiest of each recording: objects are there in quiet
        ones, too. No stimuli if the network learns from all buffers, or from pictures.
    items
        The picture or recording of each of them; where there are none, of each of `fullest`.
    event_range
        The fewest and the most input spikes of any stimulus, learned from or not.
    versions
        Input spikes of augmented versions of `fullest`, one for each epoch; none without augmentation.
    """

    fullest: Spikes
    labels: list[str]
    all_kinds: Spikes
    items: np.ndarray
    event_range: tuple[int, int]
    versions: list[Spikes]


@dataclass(frozen=True)
class _Training:
    """The steps of a training that report progress and write to the run directory."""

    config: Config
    run: Run
    device: str
    reporter: Reporter

    def stimuli(self, dataset: Dataset | Recordings, indices: np.ndarray) -> Stimuli:
        """Read the training items as stimuli, and store the boxes of their objects in ``boxes.json``."""
        inputs = self.config.input
        self.reporter.stage("stimuli", len(indices))
        spikes, all_kinds, items, labels, counts, boxes, versions = [], [], [], [], [], {}, []
        for done, index in enumerate(indices):
            shown = list(samples(dataset, [index], inputs))
            encoded = stimuli([sample.view for sample in shown], inputs, inputs.size)
            counts.append(np.bincount(encoded.stimulus, minlength=encoded.stimuli))
            chosen = fullest(counts[-1], inputs)
            spikes.append(encoded.select(chosen))
            versions.append(self._versions([shown[int(i)] for i in chosen], done))
            quiet_too = fullest_to_emptiest(counts[-1], len(chosen)) if len(chosen) < len(shown) else chosen[:0]
            all_kinds.append(encoded.select(quiet_too))
            items += [done] * (len(quiet_too) or len(chosen))
            for sample in (shown[int(i)] for i in chosen):
                labels.append(sample.targets[0].label)
                rows, columns = sample.image.shape[:2]
                for target in sample.targets:
                    if target.box is not None:
                        boxes.setdefault(target.label, []).append(target.box.scaled(1 / rows, 1 / columns))
            self.reporter.advance(done + 1)
        write_json(self.run.path / "boxes.json", boxes)
        seen = np.concatenate(counts)
        counted = int(seen.min()), int(seen.max())
        by_version = [Spikes.join(list(version)) for version in zip(*versions, strict=True)]
        return Stimuli(Spikes.join(spikes), labels, Spikes.join(all_kinds), np.array(items), counted, by_version)

    def _versions(self, shown: list[Sample], item: int) -> list[Spikes]:
        """Input spikes of every augmented version of the stimuli of an item, none without augmentation.

        What is drawn follows from seed, item, stimulus and version alone.
        """
        inputs = self.config.input
        if inputs.augmentation is None:
            return []
        buffers = [sample.buffer for sample in shown if sample.buffer is not None]
        drawn = []
        for version in range(inputs.augmentation.versions):
            seeds = [(self.config.seed, len(LEARNED_LAYERS), item, number, version) for number in range(len(buffers))]
            rngs = map(np.random.default_rng, seeds)
            views = [augmented(buffer, inputs.augmentation, rng) for buffer, rng in zip(buffers, rngs, strict=True)]
            drawn.append(stimuli(views, inputs, inputs.size))
        return drawn

    def learn(self, network: TrainedNetwork, shown: Stimuli) -> tuple[TrainedNetwork, dict[str, Learned], Recorded]:
        """Learn layer by layer.

        Returns
        -------
        The network with all layers learned; the training of each layer; and the spikes of all layers below Conv3 for
        the training stimuli.
        """
        learned: dict[str, Learned] = {}
        encoded: dict[str, Spikes] = {}
        below = {"conv2": "pool1", "conv3": "pool2"}
        with open_encoder(self.config, self.config.input.size, self.device) as encoder:
            for number, layer in enumerate(LEARNED_LAYERS):
                epochs = -(-getattr(self.config, layer).learning.stimuli // shown.fullest.stimuli)
                versions = shown.versions[:epochs] or [shown.fullest]
                # What follows the last layer is about recordings as they are.
                as_they_are = [shown.fullest] if shown.versions and layer == LEARNED_LAYERS[-1] else []
                presented = []
                for version in (*versions, *as_they_are):
                    encoded = {}  # what was there before is not kept beside it
                    encoded = self._encode(encoder, f"encode {below[layer]}", network, version)
                    presented.append(encoded[below[layer]])
                to_learn = Spikes.join(presented[: len(versions)])
                learned[layer] = self._learn_layer(layer, number, to_learn, len(versions), shown.labels)
                network = with_layer(network, layer, learned[layer])
        return network, learned, Recorded(encoded)

    def encode(self, network: TrainedNetwork, spikes: Spikes) -> Recorded:
        """Spikes of Pool2 of a network that has learned, for input spikes."""
        with open_encoder(self.config, self.config.input.size, self.device) as encoder:
            return _pool2(self._encode(encoder, "encode quiet buffers too", network, spikes))

    def _encode(self, encoder: Encoder, stage: str, network: TrainedNetwork, spikes: Spikes) -> dict[str, Spikes]:
        self.reporter.stage(stage, spikes.stimuli)
        return encoder.encode(network, spikes, self.reporter.advance)

    def _learn_layer(self, layer: str, number: int, below: Spikes, versions: int, labels: list[str]) -> Learned:
        """Learn one layer from the spikes of the layer below, in so many versions; `number` counts layers from 0.

        Labels are looked at by a supervised rule only.
        """
        conv: Conv = getattr(self.config, layer)
        stimuli = on_padded_grid(below, conv, first_step=2 * (number + 1))
        inputs, rule, neurons = self.config.input, self.config.plasticity.of(layer), self.config.neurons.of(layer)
        seed, dt = (self.config.seed, number), inputs.dt_ms * 1e-3
        names = self.config.data.classes
        taught = np.array([names.index(label) for label in labels]) if rule.learning_rule.supervised else None
        checkpoint = self.run.checkpoint(layer)
        trainer = Trainer(conv, below.shape, stimuli, seed, checkpoint, rule, dt, versions, neurons, taught)
        learned = trainer.begin()
        self.reporter.stage(f"learn {layer}", conv.learning.stimuli, learned.presented)

        def progress(learned: Learned) -> None:
            self.reporter.advance(learned.presented, f"w(1-w) {learned.convergence[-1]:.4f}")

        classes = None if taught is None else len(names)
        with open_learner(conv, below.shape, inputs.steps, dt, self.device, rule, neurons, classes) as simulator:
            return trainer.train(learned, simulator, progress)


def _pool2(layers: Mapping[str, Spikes]) -> Recorded:
    return Recorded({"pool2": layers["pool2"]})


def untrained(config: Config) -> TrainedNetwork:
    """A network with the fixed filters of Conv1. The layers above stay silent: their thresholds are infinite."""
    shapes = kernel_shapes(config)
    kernels = {"conv1": gabor_kernels(config.conv1, shapes["conv1"][1])}
    thresholds = {"conv1": np.full(config.conv1.orientations, config.conv1.threshold)}
    for layer in LEARNED_LAYERS:
        kernels[layer] = np.zeros(shapes[layer])
        thresholds[layer] = np.full(shapes[layer][0], np.inf)
    return TrainedNetwork(config, kernels, thresholds)


def with_layer(network: TrainedNetwork, layer: str, learned: Learned) -> TrainedNetwork:
    """The network with the learned weights and thresholds of one layer."""
    conv: Conv = getattr(network.config, layer)
    kernel = learned.state["w"].reshape(network.kernels[layer].shape)
    threshold = learned.state["theta"] if conv.threshold is None else np.full(conv.maps, conv.threshold)
    return replace(
        network,
        kernels={**network.kernels, layer: kernel},
        thresholds={**network.thresholds, layer: threshold},
    )


def _provenance(config: Config, data: Path | None, device: str, learned: dict[str, Learned]) -> dict:
    layers = {
        name: {"presented": state.presented, "convergence": float(state.convergence[-1])}
        for name, state in learned.items()
    }
    return provenance(data, device) | {"digest": config.digest(), "seed": config.seed, "layers": layers}
