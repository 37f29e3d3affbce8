"""Analyse a recording: take all measures, write their table, draw the figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from spikeseg.errors import SpikeSegError
from spikeseg.excerpt import Excerpt
from spikeseg.names import output_file
from spikeseg.progress import Reporter
from spikeseg.spikes import Recorded, Shape

from ...analysis.decoding.segmentation import segment_one
from ...analysis.figures import answers, learning, responses
from ...analysis.figures.stimulus import raster
from ...analysis.figures.style import Figure, save
from ...analysis.measures.analyse import Analysis, analyse, write_analysis_table
from ...analysis.measures.saliency import saliency_over_time
from ...configs.geometry import layer_shapes
from ...configs.schema import Config
from ...models.network import CONV_LAYERS, LAYERS, LEARNED_LAYERS, TrainedNetwork
from ..training.directory import Run
from ..training.histories import weight_histories

Draw = Callable[[], Figure]


def check_match(network: TrainedNetwork, excerpt: Excerpt) -> None:
    """Make sure that a recording was made with this network.

    Raises
    ------
    SpikeSegError
        The recording has another configuration, other layers or other classes.
    """
    recorded, config = excerpt.about.get("config"), network.config
    trained = network.provenance.get("digest")  # differs from the present one if configurations got new keys since
    known = set(excerpt.spikes) == {"input", *LAYERS} and set(excerpt.labels) <= set(config.data.classes)
    known = known and excerpt.steps == config.input.total_steps
    known = known and {name: spikes.shape for name, spikes in excerpt.spikes.items()} == _shapes(config, excerpt)
    if recorded not in (config.digest(), trained) or not known:
        raise SpikeSegError(
            f"recording {excerpt.name} (configuration {recorded!s:.40}) was not made with this network ({config.digest()}): "
            "give --spikes a recording that `spikeseg encode` made with this run"
        )


def _shapes(config: Config, excerpt: Excerpt) -> dict[str, Shape]:
    """Sizes of all layers over the recorded input; none where it is too small for them."""
    try:
        return layer_shapes(config, excerpt.spikes["input"].shape[1:])
    except ValueError:
        return {}


def write_analysis(out: Path, network: TrainedNetwork, run: Run, excerpt: Excerpt, reporter: Reporter) -> int:
    """Write ``analysis.csv`` and the figures.

    Parameters
    ----------
    out
        Directory of the results.
    network, run
        The network and its run directory.
    excerpt
        All layers of a recording made with this network, see `check_match`.
    reporter
        Receives progress.

    Returns
    -------
    Number of figures.

    Raises
    ------
    SpikeSegError
        The file system refuses, or a checkpoint of the training is damaged.
    """
    reporter.stage("measure", len(excerpt.stimuli))
    analysis = analyse(network, excerpt, reporter.advance)
    write_analysis_table(out / "analysis.csv", network, analysis)
    drawings = dict([*_of_all(network, run, excerpt, analysis), *_of_examples(network, excerpt)])
    reporter.stage("draw", len(drawings))
    for done, (name, draw) in enumerate(drawings.items(), 1):
        save(draw(), output_file(out, f"{name}.png"))
        reporter.advance(done)
    return len(drawings)


def _of_all(network: TrainedNetwork, run: Run, excerpt: Excerpt, analysis: Analysis) -> Iterator[tuple[str, Draw]]:
    """Yield name and drawing function of each figure about all stimuli, and about learning."""
    classes, counts, labels = network.config.data.classes, analysis.counts, excerpt.labels
    for layer in CONV_LAYERS:
        yield f"rasters-{layer}", partial(responses.feature_rasters, network, layer, counts[layer], labels)
    yield "latencies", partial(responses.latency_profile, network, counts, labels, excerpt.dt_ms)
    yield "sparsity", partial(responses.sparsity_summary, analysis.sparsity)
    yield "information", partial(responses.information_summary, analysis.information)
    learned = {layer: analysis.selectivity[layer] for layer in LEARNED_LAYERS}
    yield "selectivity", partial(responses.selectivity_map, network, learned)
    yield "confusion", partial(answers.confusion_matrix, analysis.confusion, classes)
    if histories := weight_histories(network, run):
        yield "weights", partial(learning.weights_over_learning, histories)


def _of_examples(network: TrainedNetwork, excerpt: Excerpt) -> Iterator[tuple[str, Draw]]:
    """Yield name and drawing function of each figure about the first stimulus of each class."""
    classes = network.config.data.classes
    for label in classes:
        if label in excerpt.labels:
            index = list(excerpt.labels).index(label)
            steps = Recorded(excerpt.spikes)[index]
            found = segment_one(network, steps)
            saliency = saliency_over_time(network, steps, found)
            yield f"raster-{label}", partial(raster, network, excerpt.spikes, index)
            yield (
                f"receptive-fields-{label}",
                partial(learning.receptive_fields, network, steps["input"], found),
            )
            yield f"saliency-{label}", partial(answers.saliency_film, saliency, steps["input"], found, classes)
