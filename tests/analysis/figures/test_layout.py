"""What a reader can read: no two texts of a figure overlap, none leaves it, and things are sized to their content."""

from dataclasses import replace
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from helpers.networks import configuration, judged, random_network, random_stimuli, shapes_of, to_spikes
from spikeseg.analysis.decoding.segmentation import segment_classes
from spikeseg.analysis.figures import (
    answers,
    event_comparison,
    learning,
    overlays,
    responses,
    results,
    stimulus,
    streams,
    sweeps,
)
from spikeseg.analysis.measures.event_comparison import EventSummary
from spikeseg.analysis.measures.information import information
from spikeseg.analysis.measures.metrics import Outcome, confusion, evaluate
from spikeseg.analysis.measures.saliency import saliency_over_time
from spikeseg.analysis.measures.selectivity import selectivity
from spikeseg.analysis.measures.sparsity import sparsity
from spikeseg.analysis.measures.weights import BINS, WeightHistory
from spikeseg.boxes import Box
from spikeseg.datasets.sample import Target

CLASSES = {
    "two short": ("cat", "dog"),
    "ten long": (
        *("airplanes", "brontosaurus", "chandelier", "cougar_face", "electric_guitar"),
        *("hawksbill", "Leopards", "Motorbikes", "water_lilly", "windsor_chair"),
    ),
}
STIMULI, STEPS, SOME = 40, 12, 2
KEYS = ("conv3.learning.a_plus", "conv3.learning.a_minus_ratio", "seed")
RECIPES = tuple(f"recipe-{k}" for k in range(12))


def made(classes):
    """A network of random weights for these classes, with spikes of random stimuli, and answers to one of them."""
    config = configuration(
        data={"classes": classes},
        input={"rows": 30, "columns": 40, "steps": 6},
        conv1={"orientations": 4, "kernel": 3, "wavelength": 3.0},
        conv2={"maps": 36, "kernel": [3, 2], "padding": 1},
        pool2={"window": 3, "stride": 2},
        conv3={"maps": 2 * len(classes), "kernel": [2, 3], "padding": [0, 1]},
        decoder={"extent_threshold": None, "box": "mask"},
    )
    network = replace(random_network(config, 1, "real"), map_labels=tuple(classes) * 2)
    stimuli = random_stimuli(shapes_of(config)["input"], SOME + 1, config.input.steps, 0)
    spikes = {layer: to_spikes(steps) for layer, steps in judged(network, stimuli).items()}
    random = np.random.default_rng(0)
    counts = {layer: random.poisson(0.3, (STIMULI, of.shape.features, STEPS)) for layer, of in spikes.items()}
    steps = {layer: recorded.first_steps(SOME) for layer, recorded in spikes.items()}
    return SimpleNamespace(
        classes=classes,
        network=network,
        spikes=spikes,
        counts=counts,
        labels=[classes[k % len(classes)] for k in range(STIMULI)],
        steps=steps,
        found=segment_classes(network, steps, classes),
    )


@pytest.fixture(scope="module", params=CLASSES)
def case(request):
    return made(CLASSES[request.param])


def sweep_table(seeds=3, columns=(0.00125, 0.005, 0.02, 0.08)):
    random = np.random.default_rng(0)
    return [
        dict(zip(KEYS, (x, y, seed), strict=True))
        | {"accuracy": 0.9 + 0.1 * random.random(), "miou": 0.8 + 0.1 * random.random(), "failure": None}
        | {"conv2_convergence": random.random(), "conv3_convergence": random.random() / 100}
        for x in columns
        for y in (0.07, 0.2, 0.6, 1.8, 5.4)
        for seed in range(seeds)
    ]


def report_of(classes):
    whole, box, other = Box(0, 0, 100, 100), Box(10, 10, 60, 60), Box(10, 10, 60, 35)
    outcomes = [
        Outcome("a", label, answer, box, found, whole, (100, 100))
        for label in classes
        for answer, found in ((label, box), (classes[0], other))
    ]
    return evaluate(outcomes, {label: [box.scaled(0.01, 0.01)] for label in classes})


def summary():
    random = np.random.default_rng(0)
    return EventSummary(
        recordings=1, pixels=1156, events=3000, duration_us=300_000,
        per_bin=random.integers(50, 200, 30), on_per_bin=random.integers(0, 50, 30),
        per_pixel=np.sort(random.geometric(0.05, 500)), intervals_us=np.sort(random.integers(1, 300_000, 1000)), alike_soon=0.9,
    )  # fmt: skip


def figures(case):
    """What draws each figure of this network, by name."""
    network, counts, labels, found = case.network, case.counts, case.labels, case.found
    picture = np.full((60, 80), 200, np.uint8)
    truth = [Target(label, Box(30 - k, 40 - k, 59, 79)) for k, label in enumerate(case.classes[:3])]
    items = [(picture, found[:3], truth, f"{label}/image_{k:04}.jpg") for k, label in enumerate(case.classes * 3)]
    answered = [(label, case.classes[k * k % len(case.classes)]) for k, label in enumerate(labels)] + [(labels[0], "")]
    histogram = np.random.default_rng(0).integers(0, 1000, (4, BINS))
    history = WeightHistory(np.arange(4) * 1000, histogram)
    return {
        "features of conv1": lambda: learning.features(network, "conv1"),
        "features of conv2": lambda: learning.features(network, "conv2"),
        "features of conv3": lambda: learning.features(network, "conv3"),
        "rasters of conv2": lambda: responses.feature_rasters(network, "conv2", counts["conv2"], labels),
        "rasters of conv3": lambda: responses.feature_rasters(network, "conv3", counts["conv3"], labels),
        "overlay": lambda: overlays.overlay(picture, found[:2], case.classes, truth[:2], "a title"),
        "gallery": lambda: overlays.gallery(items[:5], case.classes, 4),
        "gallery of one": lambda: overlays.gallery(items[:1], case.classes, 4),
        "latent sheet": lambda: stimulus.latent_sheet(network, case.spikes, SOME, found[0]),
        "raster": lambda: stimulus.raster(network, case.spikes, SOME),
        "raster of conv3": lambda: stimulus.raster(network, case.spikes, SOME, ["conv3"]),
        "latencies": lambda: responses.latency_profile(network, counts, labels, 1.0),
        "sparsity": lambda: responses.sparsity_summary(
            {layer: sparsity(of.sum(axis=2), of.shape[1] * 50) for layer, of in counts.items()}
        ),
        "information": lambda: responses.information_summary(
            {layer: information(of, labels) for layer, of in counts.items()}
        ),
        "selectivity": lambda: responses.selectivity_map(
            network,
            {layer: selectivity(counts[layer].sum(axis=2), labels, case.classes) for layer in ("conv2", "conv3")},
        ),
        "confusion": lambda: answers.confusion_matrix(confusion(answered), case.classes),
        "saliency": lambda: answers.saliency_film(
            saliency_over_time(network, case.steps, found[0]), case.steps["input"], found[0], case.classes
        ),
        "receptive fields": lambda: learning.receptive_fields(network, case.steps["input"], found[0]),
        "weights": lambda: learning.weights_over_learning({"conv2": history, "conv3": history}),
        "convergence": lambda: learning.convergence({"conv2": (np.arange(3) * 5000, np.array([0.2, 0.1, 1e-3]))}),
        "scores": lambda: results.scores(report_of(case.classes)),
        "comparison": lambda: event_comparison.comparison({"recorded.bin": summary(), "simulated.npz": summary()}),
        "latencies of a stream": lambda: streams.latencies({5: 3, 90: 7}, 12, 100.0),
        "heat maps": lambda: sweeps.draw(sweep_table(), KEYS)["heat-map"],
        "lines": lambda: sweeps.draw(sweep_table(), KEYS)["lines"],
        "heat maps of one seed": lambda: sweeps.draw(sweep_table(1, RECIPES), KEYS)["heat-map"],
        "lines of one seed": lambda: sweeps.draw(sweep_table(1, RECIPES), KEYS)["lines"],
        "parallel": lambda: sweeps.draw(sweep_table()[1:], KEYS)["parallel"],
    }


NAMES = (
    *("features of conv1", "features of conv2", "features of conv3", "rasters of conv2", "rasters of conv3"),
    *("overlay", "gallery", "gallery of one", "latent sheet", "raster", "raster of conv3", "latencies", "sparsity"),
    *("information", "selectivity", "confusion", "saliency", "receptive fields", "weights", "convergence", "scores"),
    *("comparison", "latencies of a stream", "heat maps", "lines", "heat maps of one seed", "lines of one seed"),
    "parallel",
)


def words(figure):
    """Every text that is drawn, with its place in pixels."""
    figure.set_dpi(200)
    FigureCanvasAgg(figure).draw()
    on = [axes for axes in figure.findobj(match=lambda one: hasattr(one, "get_xaxis")) if axes.get_visible()]
    ticks = {id(t) for a in on for axis in (a.xaxis, a.yaxis) for t in axis.findobj(Text)}
    shown = [text for text in figure.findobj(Text) if id(text) not in ticks]
    for axes in on:
        if axes.axison:
            for axis in (axes.xaxis, axes.yaxis):
                shown += [axis.label, axis.offsetText]
                shown += [label for tick in axis._update_ticks() for label in (tick.label1, tick.label2)]
    return [(text, text.get_window_extent()) for text in shown if text.get_visible() and text.get_text().strip()]


SPACE = 2  # pixels of 1/200 inch that extents may share: those of a font are larger than its letters


class TestTexts:
    def test_of_all_figures_are_measured(self, case):
        assert tuple(figures(case)) == NAMES

    @pytest.mark.parametrize("name", NAMES)
    def test_lie_apart_and_within_the_figure(self, case, name):
        figure = figures(case)[name]()
        found = words(figure)
        page = figure.bbox.padded(SPACE)
        beyond = [text.get_text() for text, place in found if not page.containsx(place.x0) or not
                  page.containsx(place.x1) or not page.containsy(place.y0) or not page.containsy(place.y1)]  # fmt: skip
        assert beyond == []
        covered = [
            (one.get_text(), other.get_text())
            for (one, here), (other, there) in combinations(found, 2)
            if (shared := Bbox.intersection(here, there)) and min(shared.width, shared.height) > SPACE
        ]
        assert covered == []
