"""What a reader can read: no two texts of a figure overlap, none leaves it, and things are sized to their content."""

from dataclasses import replace
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from helpers.networks import configuration, judged, random_network, random_stimuli, shapes_of, to_spikes
from spikeseg.analysis.decoding.segmentation import segment_classes
from spikeseg.analysis.figures import (
    answers,
    event_comparison,
    learning,
    responses,
    results,
    stimulus,
    streams,
    sweeps,
)
from spikeseg.analysis.figures.style import WIDTH, save
from spikeseg.analysis.measures.event_comparison import EventSummary
from spikeseg.analysis.measures.information import information
from spikeseg.analysis.measures.metrics import Outcome, confusion, evaluate
from spikeseg.analysis.measures.saliency import saliency_over_time
from spikeseg.analysis.measures.selectivity import selectivity
from spikeseg.analysis.measures.sparsity import sparsity
from spikeseg.analysis.measures.weights import BINS, WeightHistory
from spikeseg.analysis.painting.colours import class_colours, distinct
from spikeseg.boxes import Box

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
        per_pixel=np.sort(random.geometric(0.05, 500)),
        intervals_us=np.sort(random.integers(1, 300_000, 1000)), alike_soon=0.9,
    )  # fmt: skip


def figures(case):
    """What draws each figure of this network, by name."""
    network, counts, labels, found = case.network, case.counts, case.labels, case.found
    answered = [(label, case.classes[k * k % len(case.classes)]) for k, label in enumerate(labels)] + [(labels[0], "")]
    histogram = np.random.default_rng(0).integers(0, 1000, (4, BINS))
    history = WeightHistory(np.arange(4) * 1000, histogram)
    return {
        "features of conv1": lambda: learning.features(network, "conv1"),
        "features of conv2": lambda: learning.features(network, "conv2"),
        "features of conv3": lambda: learning.features(network, "conv3"),
        "rasters of conv2": lambda: responses.feature_rasters(network, "conv2", counts["conv2"], labels),
        "rasters of conv3": lambda: responses.feature_rasters(network, "conv3", counts["conv3"], labels),
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
        "parallel": lambda: sweeps.draw(sweep_table()[3:], KEYS)["parallel"],
    }


CLASSLESS = (
    *("comparison", "latencies of a stream", "heat maps", "lines", "heat maps of one seed", "lines of one seed"),
    "parallel",
)
NAMES = (
    *("features of conv1", "features of conv2", "features of conv3", "rasters of conv2", "rasters of conv3"),
    *("latent sheet", "raster", "raster of conv3", "latencies", "sparsity"),
    *("information", "selectivity", "confusion", "saliency", "receptive fields", "weights", "convergence", "scores"),
    *CLASSLESS,
)


def words(figure):
    """Every text that is drawn, with its place in pixels."""
    figure.set_dpi(DPI)
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


DPI, SPACE = 100, 1  # pixels that extents may share: those of a font are larger than its letters


class TestTexts:
    def test_of_all_figures_are_measured(self, case):
        assert tuple(figures(case)) == NAMES

    @pytest.mark.parametrize(
        ("case", "name"),
        [(classes, name) for classes in CLASSES for name in NAMES if name not in CLASSLESS or classes == "two short"],
        indirect=["case"],
    )
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


class TestFeatures:
    """Maps of 2 to 100 and kernels of 5 to 234 pixels, as the shipped recipes have them."""

    @pytest.fixture
    def drawn(self, monkeypatch):
        def draw(maps, size, label="class"):
            monkeypatch.setattr(learning, "project", lambda *_: np.random.default_rng(0).random((maps, *size)))
            network = SimpleNamespace(map_labels=(label,) * maps)
            figure = learning.features(network)
            found = words(figure)
            *panels, bar = [axes.get_window_extent() for axes in figure.axes]
            return figure, found, panels, bar

        return draw

    @pytest.mark.parametrize("label", ["7", "hawksbill"])
    @pytest.mark.parametrize(
        ("maps", "size"), [(2, (170, 234)), (24, (14, 14)), (4, (5, 5)), (8, (122, 122)), (100, (48, 48))]
    )
    def test_fit_the_page_and_their_content(self, drawn, maps, size, label):
        figure, found, panels, bar = drawn(maps, size, label)
        assert len(panels) == maps
        titles = [text.get_text() for text, _ in found]
        assert all(f"{number}: {label}" in titles for number in range(maps))
        width = figure.get_figwidth()
        assert width <= WIDTH + 0.01
        widths = {round(panel.width / DPI, 3) for panel in panels}
        assert len(widths) == 1
        assert widths.pop() <= max(0.65, 0.05 * size[1]) + 1e-3  # a pixel is 1/20 inch wide at most
        assert panels[0].width * size[0] == pytest.approx(panels[0].height * size[1], rel=1e-3)  # square pixels
        assert not any(one.overlaps(other) for one, other in combinations([*panels, bar], 2))
        assert bar.height <= 2 * DPI
        assert bar.x0 - max(panel.x1 for panel in panels) < 0.5 * DPI  # beside the maps
        assert min(panel.y0 for panel in panels) - 1 <= bar.y0
        assert bar.y1 == pytest.approx(panels[0].y1)

    def test_leave_their_edges_white_and_so_are_drawn_once(self, case, monkeypatch, tmp_path):
        monkeypatch.setattr(Figure, "savefig", None)
        for layer in ("conv1", "conv2", "conv3"):
            save(learning.features(case.network, layer), tmp_path / f"{layer}.png")

    def test_two_large_maps_lie_side_by_side(self, drawn):
        *_, (one, other), _ = drawn(2, (170, 234))
        assert one.y0 == other.y0


class TestColourRange:
    @pytest.mark.parametrize("seed", range(5))
    def test_differences_smaller_than_the_spread_stay_small_steps_of_colour(self, seed):
        random = np.random.default_rng(seed)
        cells = list(random.normal(0.9, 0.01, (20, 3)))
        low, high = sweeps.colour_range(np.mean(cells, axis=1), cells, 0)
        spread = np.sqrt(np.mean([np.var(cell, ddof=1) for cell in cells]))
        assert spread / (high - low) <= 1 / sweeps.SPREADS + 1e-9
        assert np.ptp(np.mean(cells, axis=1)) / (high - low) < 0.5  # chance alone never spans half the colours

    def test_differences_that_are_larger_use_all_colours(self):
        means = np.array([[0.1, 0.9]])
        assert sweeps.colour_range(means, [[0.1, 0.1], [0.9, 0.9]], 0) == pytest.approx((0.1, 0.9))

    def test_one_seed_counts_as_no_spread_but_as_no_certainty_either(self):
        assert sweeps.colour_range(np.array([[0.80, 0.82]]), [[0.80], [0.82]], 0.1) == pytest.approx((0.76, 0.86))

    def test_stays_within_what_there_can_be(self):
        assert sweeps.colour_range(np.array([[0.98, 1.0]]), [[0.98], [1.0]], 0.1, 1) == pytest.approx((0.9, 1))
        assert sweeps.colour_range(np.array([[0.0, np.nan]]), [[0.0], []], 0.1, 1) == pytest.approx((0, 0.1))


# Machado, Oliveira and Fernandes 2009, severity 1: what people without one kind of cones see, in linear RGB.
PROTANOPE = np.array(
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
)
DEUTERANOPE = np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]])


def lab(rgb):
    """Linear RGB (n, 3) as CIELAB (D65)."""
    xyz = rgb.clip(0, 1) @ np.array([[0.4124, 0.2126, 0.0193], [0.3576, 0.7152, 0.1192], [0.1805, 0.0722, 0.9505]])
    share = np.maximum(xyz / (0.9505, 1.0, 1.089), 1e-9)
    f = np.where(share > 216 / 24389, np.cbrt(share), (24389 / 27 * share + 16) / 116)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


class TestColours:
    @pytest.mark.parametrize(
        "sight", [np.eye(3), PROTANOPE, DEUTERANOPE], ids=["all cones", "protanope", "deuteranope"]
    )
    @pytest.mark.parametrize("count", [2, 4, 6, 10])
    @pytest.mark.parametrize("kind", ["classes", "features"])
    def test_can_be_told_apart_whatever_a_person_sees(self, kind, count, sight):
        names = [str(k) for k in range(count)]
        rgb = distinct(count) if kind == "features" else np.array([to_rgb(c) for c in class_colours(names).values()])
        seen = lab(np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ sight.T)
        nearest = min(np.linalg.norm(one - other) for one, other in combinations(seen, 2))
        assert nearest > 8  # 2.3 is just noticeable side by side
