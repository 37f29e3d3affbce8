"""All measures of a recording of a trained network, and their table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from spikeseg.excerpt import Excerpt
from spikeseg.files import write_table
from spikeseg.spikes import SILENT, Recorded

from ...models.network import LAYERS, TrainedNetwork
from ..decoding.segmentation import decide
from .information import Information, information
from .metrics import confusion
from .receptive_fields import receptive_box
from .responses import Latencies, latencies, spike_counts
from .selectivity import Selectivity, selectivity
from .sparsity import Sparsity, sparsity


@dataclass(frozen=True)
class Analysis:
    """What was measured.

    Attributes
    ----------
    counts
        By layer: spikes of each feature at each step, (stimuli, features, steps); see `spike_counts`.
    latencies, sparsity, information, selectivity
        By layer: see the functions of the same names.
    confusion
        ``confusion[true][answered]``: number of stimuli. The answer is the class of the map with the largest score.
    """

    counts: Mapping[str, np.ndarray]
    latencies: Mapping[str, Latencies]
    sparsity: Mapping[str, Sparsity]
    information: Mapping[str, Information]
    selectivity: Mapping[str, Selectivity]
    confusion: Mapping[str, Mapping[str, int]]


class AnalysisRow(NamedTuple):
    """A row of the table; a column that does not apply to the measure is empty."""

    measure: str
    layer: str
    feature: int | str
    label: str
    answer: str
    value: float
    unit: str


def analyse(network: TrainedNetwork, excerpt: Excerpt, progress: Callable[[int], None] = lambda done: None) -> Analysis:
    """Take all measures of a recording.

    Parameters
    ----------
    network
        A trained network whose maps have names.
    excerpt
        All layers of a recording of this network.
    progress
        Receives the number of stimuli done.
    """
    labels, spikes = excerpt.labels, excerpt.spikes
    counts = {layer: spike_counts(of, excerpt.steps) for layer, of in spikes.items()}
    responses = {layer: of.sum(axis=2) for layer, of in counts.items()}
    answers = []
    for number, steps in enumerate(Recorded(spikes)):
        answers.append((labels[number], network.map_labels[decide(network, steps).map]))
        progress(number + 1)
    return Analysis(
        counts,
        {layer: latencies(of) for layer, of in counts.items()},
        {layer: sparsity(of, spikes[layer].shape.size) for layer, of in responses.items()},
        {layer: information(of, labels) for layer, of in counts.items()},
        {layer: selectivity(of, labels, network.config.data.classes) for layer, of in responses.items()},
        confusion(answers),
    )


def table(network: TrainedNetwork, analysis: Analysis) -> Iterator[AnalysisRow]:
    """Yield a row per number: the measures of each layer, then those of its features. Undefined values are NaN."""
    for layer in analysis.counts:
        for measure, value, unit in _of_layer(network, layer, analysis):
            yield AnalysisRow(measure, layer, "", "", "", value, unit)
        for measure, values, unit in _of_features(layer, analysis):
            for feature, value in enumerate(values.tolist()):
                yield AnalysisRow(measure, layer, feature, "", "", value, unit)
        of = analysis.selectivity[layer]
        for (number, feature), value in np.ndenumerate(of.mean):
            yield AnalysisRow("mean_response", layer, feature, of.classes[number], "", float(value), "spikes")
    for true, answers in analysis.confusion.items():
        for answer, number in answers.items():
            yield AnalysisRow("confusion", "", "", true, answer, number, "stimuli")


def _of_layer(network: TrainedNetwork, layer: str, analysis: Analysis) -> Iterator[tuple[str, float, str]]:
    sparse, bits, first = analysis.sparsity[layer], analysis.information[layer], analysis.latencies[layer].layer
    yield "first_spike_median", _median_step(first), "steps"
    yield "stimuli_with_a_spike", float(np.mean(first != SILENT)), "fraction"
    yield "active_neurons_median", float(np.median(sparse.active)), "fraction"
    yield "population_sparseness_median", _median(sparse.population), ""
    yield "information_of_first_spike", bits.first, "bit"
    yield "entropy_of_classes", bits.classes, "bit"
    if layer in LAYERS:
        box = receptive_box(network.config, layer, (0, 0))
        yield "receptive_field_rows", box.bottom - box.top, "pixels"
        yield "receptive_field_columns", box.right - box.left, "pixels"


def _of_features(layer: str, analysis: Analysis) -> Iterator[tuple[str, np.ndarray, str]]:
    """Yield name, value of each feature (features,), and unit of each measure."""
    steps = analysis.latencies[layer].feature
    yield "first_spike_median", np.array([_median_step(of) for of in steps.T]), "steps"
    yield "stimuli_with_a_spike", (steps != SILENT).mean(axis=0), "fraction"
    yield "lifetime_sparseness", analysis.sparsity[layer].lifetime, ""
    yield "information_of_count", analysis.information[layer].count, "bit"
    yield "selectivity", analysis.selectivity[layer].index, ""


def _median_step(first: np.ndarray) -> float:
    """Median over the stimuli with a spike; NaN if no stimulus has one."""
    return _median(np.where(first == SILENT, np.nan, first))


def _median(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")


def write_analysis_table(path: Path, network: TrainedNetwork, analysis: Analysis) -> None:
    """Write `table` as CSV, NaN as an empty cell. Raises SpikeSegError if the file system refuses."""
    rows = (row._replace(value="" if np.isnan(row.value) else f"{row.value:.6g}") for row in table(network, analysis))
    write_table(path, AnalysisRow._fields, rows)
