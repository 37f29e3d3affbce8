"""The history of a training, read from its checkpoints: convergence, weights, and figures of both."""

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
    """Draw the features of every conv layer and the convergence curves into the run's directory of figures.

    Raises
    ------
    SpikeSegError
        A checkpoint is damaged, or the file system refuses.
    """
    for layer in ("conv1", *LEARNED_LAYERS):
        save(features(network, layer), run.figures / f"features-{layer}.png")
    if curves := convergence_curves(network, run):
        save(convergence(curves), run.figures / "convergence.png")


def convergence_curves(network: TrainedNetwork, run: Run) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Convergence of each learned layer with a checkpoint.

    Returns
    -------
    By layer: the number of stimuli presented so far at each time, and mean w (1 - w) at that time; (n,) each.

    Raises
    ------
    SpikeSegError
        A checkpoint is damaged.
    """
    return {layer: (presented, learned.convergence) for layer, presented, learned in _trainings(network, run)}


def weight_histories(network: TrainedNetwork, run: Run) -> dict[str, WeightHistory]:
    """Histograms of the weights of each learned layer during training.

    Layers without a checkpoint are left out, and so are those that an older version of spikeseg trained, which kept no
    histograms.

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
    """Yield each layer with a checkpoint, the number of stimuli presented at each of its times, and its training."""
    for layer in LEARNED_LAYERS:
        learned = load_checkpoint(run.checkpoint(layer), getattr(network.config, layer), network.kernels[layer].size)
        if learned is not None:
            chunks = np.arange(len(learned.convergence)) * getattr(network.config, layer).learning.chunk
            yield layer, np.minimum(chunks, learned.presented), learned
