"""How a training went, read from its checkpoints: convergence, weights, and pictures of both."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...analysis.figures.learning import convergence, features
from ...analysis.figures.style import save
from ...analysis.measures.weights import WeightHistory
from ...models.network import LEARNED_LAYERS, TrainedNetwork
from .directory import Run
from .learning import Learned, load_checkpoint


def draw_training(network: TrainedNetwork, run: Run) -> None:
    """Learned features of every conv layer, and the convergence curves, into the run's figures."""
    for layer in ("conv1", *LEARNED_LAYERS):
        save(features(network, layer), run.figures / f"features-{layer}.png")
    if curves := convergence_curves(network, run):
        save(convergence(curves), run.figures / "convergence.png")


def convergence_curves(network: TrainedNetwork, run: Run) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By learned layer with a checkpoint: how many stimuli had been presented, and mean w (1 - w) then; (n,) each."""
    return {layer: (presented, learned.convergence) for layer, presented, learned in _trainings(network, run)}


def weight_histories(network: TrainedNetwork, run: Run) -> dict[str, WeightHistory]:
    """How the weights of each learned layer moved; of those whose training is still there and noted it.

    Raises
    ------
    SpikeSegError
        A checkpoint is damaged.
    """
    return {
        layer: WeightHistory(presented, learned.histogram)
        for layer, presented, learned in _trainings(network, run)
        if learned.histogram.any()
    }


def _trainings(network: TrainedNetwork, run: Run) -> Iterator[tuple[str, np.ndarray, Learned]]:
    """Each layer's training that the run still has, and how many stimuli had been presented at its snapshots."""
    for layer in LEARNED_LAYERS:
        learned = load_checkpoint(run.checkpoint(layer))
        if learned is not None:
            chunks = np.arange(len(learned.convergence)) * getattr(network.config, layer).learning.chunk
            yield layer, np.minimum(chunks, learned.presented), learned
