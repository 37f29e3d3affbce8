"""The whole training: stimuli, layer by layer, names of the maps, and the pictures that show what was learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from spikeseg.errors import SpikeSegError
from spikeseg.files import locked, read_json, write_json
from spikeseg.spikes import Recorded, Spikes

from ...analysis.decoding.settling import largest_potentials, settle
from ...configs.schema import Config, Conv
from ...datasets import Dataset, Recordings, open_dataset
from ...datasets.split import Split, split
from ...datasets.stimuli import fullest, samples, stimuli
from ...models.gabor import gabor_kernels
from ...models.network import UNNAMED, Network, kernel_shapes
from ..inference.encoding import open_encoder
from ..simulation.simulator import GENN, check_device
from .directory import Run, provenance
from .learning import Learned, Trainer, load_checkpoint, on_padded_grid, open_learner

LEARNED_LAYERS = ("conv2", "conv3")


class Reporter(Protocol):
    """Is told how a training gets on."""

    def stage(self, name: str, total: int, done: int = 0) -> None:
        """A stage of `total` units begins, `done` of which are done."""
        ...

    def advance(self, done: int, note: str = "") -> None:
        """So many units of the stage are done."""
        ...


class Silent:
    """A reporter that says nothing."""

    def stage(self, name: str, total: int, done: int = 0) -> None:
        """See `Reporter`."""

    def advance(self, done: int, note: str = "") -> None:
        """See `Reporter`."""


def train(
    config: Config, data: Path | None, path: Path, device: str = "cpp_standalone", reporter: Reporter | None = None
) -> Network:
    """Train a network, or go on with a training that was interrupted; a complete one is only read.

    Parameters
    ----------
    config
        The experiment.
    data
        Directory of the dataset, None for a rendered one.
    path
        The run directory, see `Run`.
    device
        Where Brian2 simulates, one of `runners.simulator.DEVICES`.

    Raises
    ------
    SpikeSegError
        Data, run directory or device are not fit for it, or another process trains there.
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
            _train(config, data, run, device, reporter or Silent())
    return Network.load(run.network_file)


def _train(config: Config, data: Path | None, run: Run, device: str, reporter: Reporter) -> None:
    dataset = open_dataset(config, data)
    network, parts = untrained(config), known_split(config, dataset, run)
    run.start(config, data, device)  # nothing was written so far
    write_json(run.split_file, parts.to_json(dataset.names))
    training = _Training(config, run, device, reporter)
    inputs, labels, event_range = training.stimuli(dataset, parts.train)
    network, learned = training.learn(replace(network, event_range=event_range), inputs)
    recorded = training.recorded(network, inputs)
    largest = largest_potentials(network, recorded)
    network = settle(network, recorded, largest)
    scores = largest / network.thresholds["conv3"]
    network = named(network, name_maps(scores, labels, config.data.classes, config.conv3.purity))
    replace(network, provenance=_provenance(config, data, device, learned)).save(run.network_file)


def known_split(config: Config, dataset: Dataset | Recordings, run: Run) -> Split:
    """The run's split if it has begun, else a new one."""
    if run.split_file.exists():
        return Split.from_json(read_json(run.split_file), dataset.names)
    parts = config.data
    return split(dataset.labels, parts.train, parts.validation, parts.test, parts.split_seed, names=dataset.names)


@dataclass(frozen=True)
class _Training:
    config: Config
    run: Run
    device: str
    reporter: Reporter

    def stimuli(self, dataset: Dataset | Recordings, indices: np.ndarray) -> tuple[Spikes, list[str], tuple[int, int]]:
        """Input spikes of what is learned, labels, and the fewest and most input events of any training stimulus.

        Stores the boxes of the objects.
        """
        inputs = self.config.input
        self.reporter.stage("stimuli", len(indices))
        spikes, labels, counts, boxes = [], [], [], {}
        for done, index in enumerate(indices):
            shown = list(samples(dataset, [index], inputs))
            encoded = stimuli([sample.view for sample in shown], inputs, inputs.size)
            counts.append(np.bincount(encoded.stimulus, minlength=encoded.stimuli))
            chosen = fullest(counts[-1], inputs)
            spikes.append(encoded.select(chosen))
            for sample in (shown[int(i)] for i in chosen):
                labels.append(sample.targets[0].label)
                rows, columns = sample.image.shape[:2]
                for target in sample.targets:
                    if target.box is not None:
                        boxes.setdefault(target.label, []).append(target.box.scaled(1 / rows, 1 / columns))
            self.reporter.advance(done + 1)
        write_json(self.run.path / "boxes.json", boxes)
        seen = np.concatenate(counts)
        return Spikes.join(spikes), labels, (int(seen.min()), int(seen.max()))

    def learn(self, network: Network, spikes: Spikes) -> tuple[Network, dict[str, Learned]]:
        learned: dict[str, Learned] = {}
        below = {"conv2": "pool1", "conv3": "pool2"}
        for number, layer in enumerate(LEARNED_LAYERS):
            conv: Conv = getattr(self.config, layer)
            encoded = self._encode(network, spikes, below[layer])[below[layer]]
            trainer = Trainer(
                conv,
                encoded.shape,
                on_padded_grid(encoded, conv, first_step=2 * (number + 1)),
                (self.config.seed, number),
                self.run.checkpoint(layer),
            )
            learned[layer] = self._train_layer(layer, trainer)
            network = with_layer(network, layer, learned[layer])
        return network, learned

    def _encode(self, network: Network, spikes: Spikes, layer: str) -> dict[str, Spikes]:
        self.reporter.stage(f"encode {layer}", spikes.stimuli)
        with open_encoder(self.config, self.config.input.size, self.device) as encoder:
            return encoder.encode(network, spikes, self.reporter.advance)

    def recorded(self, network: Network, spikes: Spikes) -> Recorded:
        """All layers' spikes for the training stimuli, once everything is learned."""
        return Recorded(self._encode(network, spikes, "conv3"))

    def _train_layer(self, layer: str, trainer: Trainer) -> Learned:
        learning, inputs = trainer.conv.learning, self.config.input
        before = load_checkpoint(trainer.checkpoint)
        self.reporter.stage(f"learn {layer}", learning.stimuli, before.presented if before else 0)

        def progress(learned: Learned) -> None:
            self.reporter.advance(learned.presented, f"w(1-w) {learned.convergence[-1]:.4f}")

        dt = inputs.dt_ms * 1e-3
        with open_learner(trainer.conv, trainer.below, inputs.steps, dt, self.device) as simulator:
            return trainer.train(simulator, progress)


def untrained(config: Config) -> Network:
    """Conv1 at work, the layers above silent: their thresholds are out of reach."""
    shapes = kernel_shapes(config)
    kernels = {"conv1": gabor_kernels(config.conv1, shapes["conv1"][1])}
    thresholds = {"conv1": np.full(config.conv1.orientations, config.conv1.threshold)}
    for layer in LEARNED_LAYERS:
        kernels[layer] = np.zeros(shapes[layer])
        thresholds[layer] = np.full(shapes[layer][0], np.inf)
    return Network(config, kernels, thresholds)


def with_layer(network: Network, layer: str, learned: Learned) -> Network:
    """The network with a layer as it was learned."""
    conv: Conv = getattr(network.config, layer)
    kernel = learned.state["w"].reshape(network.kernels[layer].shape)
    threshold = learned.state["theta"] if conv.threshold is None else np.full(conv.maps, conv.threshold)
    return replace(
        network,
        kernels={**network.kernels, layer: kernel},
        thresholds={**network.thresholds, layer: threshold},
    )


def name_maps(
    scores: np.ndarray, labels: Sequence[str], classes: Sequence[str], purity: float = 0.0
) -> tuple[str, ...]:
    """What each Conv3 map stands for: the class of most of the training stimuli that it answers.

    Only training labels are used, and only here. A map that answers none is `UNNAMED`, and so is one whose class is
    not that of at least the fraction `purity` of them: it has learned what classes have in common.

    Parameters
    ----------
    scores
        Largest potential over threshold, (stimuli, maps); the largest of a stimulus answers it.
    labels
        Of the stimuli.
    classes
        All there are.

    Raises
    ------
    SpikeSegError
        Fewer maps have a name than there are classes: thresholds start too high, or there are too few stimuli.
    """
    answers, maps = np.argmax(scores, axis=1), scores.shape[1]
    truth = np.array([classes.index(label) for label in labels])
    won = [np.bincount(truth[answers == number], minlength=len(classes)) for number in range(maps)]
    clear = [count.any() and count.max() >= purity * count.sum() for count in won]
    if sum(clear) < len(classes):
        what = f"answer to one class in {purity:.0%} of the cases" if purity else "answer to anything"
        raise SpikeSegError(
            f"only {sum(clear)} of the {maps} maps of conv3 {what}, fewer than the {len(classes)} classes: "
            "lower conv3.learning.threshold_start, or raise its stimuli"
        )
    return tuple(classes[int(np.argmax(count))] if one else UNNAMED for count, one in zip(won, clear, strict=True))


def named(network: Network, names: tuple[str, ...]) -> Network:
    """The network whose Conv3 maps have these names; unnamed ones are silenced: their thresholds are out of reach."""
    silent = np.array(names) == UNNAMED
    conv3 = np.where(silent, np.inf, network.thresholds["conv3"])
    return replace(network, thresholds={**network.thresholds, "conv3": conv3}, map_labels=names)


def _provenance(config: Config, data: Path | None, device: str, learned: dict[str, Learned]) -> dict:
    layers = {
        name: {"presented": state.presented, "convergence": float(state.convergence[-1])}
        for name, state in learned.items()
    }
    return provenance(data, device) | {"digest": config.digest(), "seed": config.seed, "layers": layers}
