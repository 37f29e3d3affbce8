"""Figures: what is drawn is what was computed."""

import io
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from PIL import Image
from rich.console import Console

from helpers.networks import configuration, judged, random_network, random_stimuli, shapes_of, to_spikes
from spikeseg.analysis.decoding.decoder import decode
from spikeseg.analysis.decoding.segmentation import segment_classes, segment_one
from spikeseg.analysis.figures import learning, results, stimulus, style
from spikeseg.analysis.measures.features import project
from spikeseg.analysis.measures.metrics import Outcome, evaluate
from spikeseg.analysis.painting.colours import class_colours, distinct
from spikeseg.boxes import Box
from spikeseg.datasets.sample import Target
from spikeseg.errors import SpikeSegError
from spikeseg.runners.cli.tables import report_table
from spikeseg.spikes import SILENT

ROWS, COLUMNS = 24, 32
LAYERS = ("input", "conv1", "pool1", "conv2", "pool2", "conv3")
LABELS = ("circle", "square")
MAP_LABELS = ("square", "circle", "square")  # more maps than classes, in another order
COLOURS = class_colours(LABELS)
EMPTY, FULL, SOME = range(3)  # the stimuli
PICTURE = np.full((48, 96, 3), 200, np.uint8)  # twice the network's rows, three times its columns
TRUTH = (Target("circle", Box(10, 20, 40, 80)), Target("square", Box(0, 0, 9, 9)), Target("circle", None))


@pytest.fixture(scope="module")
def network():
    config = configuration(
        data={"classes": LABELS},
        input={"rows": ROWS, "columns": COLUMNS, "steps": 5},
        conv1={"orientations": 3, "kernel": 3, "wavelength": 3.0},
        conv2={"maps": 4, "kernel": [3, 2], "padding": 1},
        pool2={"window": 3, "stride": 2},
        conv3={"maps": 3, "kernel": [2, 3], "padding": [0, 1]},
        decoder={"extent_threshold": None, "box": "mask"},
    )
    return replace(random_network(config, 1, "real"), map_labels=MAP_LABELS)


@pytest.fixture(scope="module")
def spikes(network):
    stimuli = random_stimuli(shapes_of(network.config)["input"], 3, network.config.input.steps, 0)
    return {layer: to_spikes(steps) for layer, steps in judged(network, stimuli).items()}


def steps_of(spikes, index):
    return {layer: recorded.first_steps(index) for layer, recorded in spikes.items()}


@pytest.fixture(scope="module")
def found(network, spikes):
    """Both classes, as segmented in the last stimulus."""
    return segment_classes(network, steps_of(spikes, SOME), LABELS)


@pytest.fixture(scope="module")
def report():
    whole, box, other = Box(0, 0, 100, 100), Box(10, 10, 60, 60), Box(10, 10, 60, 35)
    outcomes = [
        Outcome("a", "circle", "circle", box, box, whole, (100, 100)),
        Outcome("b", "circle", "square", box, other, whole, (100, 100)),
        Outcome("c", "square", "square", box, other, whole, (100, 100)),
    ]
    return evaluate(outcomes, {})


@pytest.fixture
def draw(network, spikes, found, report):
    """Every figure by name."""
    curve = np.arange(3) * 50, np.array([0.2, 0.1, 0.0])
    return {
        "latent_sheet": lambda: stimulus.latent_sheet(network, spikes, SOME, found[0]),
        "latent_sheet of silence": lambda: stimulus.latent_sheet(
            network, spikes, EMPTY, segment_one(network, steps_of(spikes, EMPTY))
        ),
        "features of conv1": lambda: learning.features(network, "conv1"),
        "features of conv2": lambda: learning.features(network, "conv2"),
        "features of conv3": lambda: learning.features(network),
        "raster": lambda: stimulus.raster(network, spikes, SOME),
        "raster of silence": lambda: stimulus.raster(network, spikes, EMPTY),
        "raster of no feature": lambda: stimulus.raster(network, spikes, SOME, features=[]),
        "convergence": lambda: learning.convergence({"conv2": curve, "conv3": curve}),
        "scores": lambda: results.scores(report),
    }


NAMES = (
    *(
        "latent_sheet",
        "latent_sheet of silence",
        "features of conv1",
    ),
    *("features of conv2", "features of conv3", "raster", "raster of silence", "raster of no feature"),
    *("convergence", "scores"),
)


# ---- All figures -----------------------------------------------------------------------------------


class TestEveryFigure:
    @pytest.mark.parametrize("name", NAMES)
    def test_is_written_as_a_picture(self, draw, name, tmp_path):
        style.save(draw[name](), tmp_path / "new" / "figure.png")
        assert (tmp_path / "new" / "figure.png").read_bytes().startswith(b"\x89PNG")
        assert len(list(tmp_path.rglob("*"))) == 2  # nothing else is left behind

    def test_is_tested(self, draw):
        assert set(draw) == set(NAMES)
        public = {
            name
            for module in (learning, results, stimulus)
            for name, value in vars(module).items()
            if callable(value) and getattr(value, "__annotations__", {}).get("return") == "Figure"
        }
        elsewhere = {"weights_over_learning", "receptive_fields"}  # tests/runners/evaluation/test_analysing.py
        assert {name.split()[0] for name in NAMES} == public - elsewhere

    @pytest.mark.parametrize(("suffix", "start"), [(".pdf", b"%PDF"), (".svg", b"<?xml")])
    def test_is_written_as_its_suffix_says(self, draw, suffix, start, tmp_path):
        style.save(draw["convergence"](), tmp_path / f"figure{suffix}")
        assert (tmp_path / f"figure{suffix}").read_bytes().startswith(start)

    @pytest.mark.parametrize("name", ["figure", "figure.xyz"])
    def test_of_an_unknown_kind_is_refused_in_one_line(self, draw, name, tmp_path):
        with pytest.raises(SpikeSegError, match=r"give it one of the suffixes .*png") as refusal:
            style.save(draw["convergence"](), tmp_path / name)
        assert "\n" not in str(refusal.value)
        assert not list(tmp_path.iterdir())

    def test_neither_heeds_nor_changes_the_users_style(self, draw):
        with matplotlib.rc_context({"lines.linewidth": 7, "axes.titlesize": 30}):
            before = dict(matplotlib.rcParams)
            axes = draw["scores"]().axes[0]
            assert dict(matplotlib.rcParams) == before
        assert axes.title.get_fontsize() == 9


# ---- Each figure -----------------------------------------------------------------------------------


def texts(axes):
    return [text.get_text() for text in axes.texts]


def opacity(axes):
    """Of what is in colour in a panel of a latent sheet, (H, W)."""
    return np.asarray(axes.images[-1].get_array())[..., 3]


class TestLatentSheet:
    @pytest.fixture
    def rows(self, draw):
        axes = draw["latent_sheet"]().axes
        assert len(axes) == 12
        return dict(zip(LAYERS, axes[:6], strict=True)), dict(zip(LAYERS, axes[6:], strict=True))

    def test_above_are_the_spikes_below_those_that_decoding_recruits(self, rows, network, spikes, found):
        steps = steps_of(spikes, SOME)
        seed = (found[0].map, *found[0].place)
        decoded = decode(network, steps, [seed], found[0].decoded_mode)
        assert decoded.mask.any()
        for layer in LAYERS:
            encoding, decoding = (row[layer] for row in rows)
            np.testing.assert_array_equal(opacity(encoding) > 0, (steps[layer] != SILENT).any(axis=0))
            np.testing.assert_array_equal(opacity(decoding) > 0, decoded.active[layer].any(axis=0))

    def test_the_earlier_the_more_opaque(self, rows, spikes):
        steps = steps_of(spikes, SOME)["input"][0]
        alpha = opacity(rows[0]["input"])
        by_step = [np.unique(alpha[steps == step]) for step in range(5)]
        assert all(len(values) == 1 for values in by_step)
        assert (np.diff(np.concatenate(by_step)) < 0).all()
        assert by_step[0] == 1

    def test_spikes_have_the_colour_of_their_feature(self, rows, spikes):
        steps = steps_of(spikes, SOME)["pool1"]
        only = np.argwhere((steps != SILENT).sum(axis=0) == 1)  # places where one map spiked
        assert len(only)
        painted = np.asarray(rows[0]["pool1"].images[-1].get_array())
        for row, column in only:
            np.testing.assert_allclose(painted[row, column, :3], distinct(3)[steps[:, row, column].argmax()])

    def test_a_class_has_one_colour_and_one_entry_in_the_legend(self, network, spikes, found):
        steps = np.full((3, *spikes["conv3"].shape), SILENT)
        for map_ in range(len(MAP_LABELS)):
            steps[SOME, map_, 0, map_] = 5
        figure = stimulus.latent_sheet(
            network, {**spikes, "conv3": to_spikes(steps)}, SOME, replace(found[0], decoded_mode="end")
        )
        axes = figure.axes[5]
        painted = np.asarray(axes.images[-1].get_array())
        for map_, label in enumerate(MAP_LABELS):
            np.testing.assert_allclose(painted[0, map_, :3], to_rgb(COLOURS[label]))
        (legend,) = figure.subfigs[0].legends
        entries = zip(legend.get_texts(), legend.get_patches(), strict=True)
        assert {text.get_text(): to_hex(patch.get_facecolor()) for text, patch in entries} == COLOURS

    def test_of_equally_early_maps_the_answering_one_shows(self, network, spikes, found):
        steps = np.full((3, *spikes["conv3"].shape), SILENT)
        steps[SOME] = 5
        for answer in found:
            axes = stimulus.latent_sheet(network, {**spikes, "conv3": to_spikes(steps)}, SOME, answer).axes[5]
            painted = np.asarray(axes.images[-1].get_array())
            np.testing.assert_allclose(
                painted[..., :3], np.broadcast_to(to_rgb(COLOURS[answer.label]), painted[..., :3].shape)
            )

    def test_a_seed_that_did_not_spike_is_drawn(self, network, spikes):
        steps = steps_of(spikes, EMPTY)
        found = segment_one(network, steps)
        *_, conv3 = stimulus.latent_sheet(network, spikes, EMPTY, found).axes
        assert np.argwhere(opacity(conv3)).tolist() == [list(found.place)]


class TestFeatures:
    @pytest.mark.parametrize(
        ("layer", "titles"),
        [("conv1", list("012")), ("conv2", list("0123")), ("conv3", ["0: square", "1: circle", "2: square"])],
    )
    def test_each_map_has_a_panel_with_its_projection(self, network, layer, titles):
        *panels, _colour_bar = learning.features(network, layer).axes
        assert [axes.get_title(loc="left") for axes in panels] == titles
        for axes, image in zip(panels, project(network, layer), strict=True):
            np.testing.assert_allclose(axes.images[0].get_array(), image / np.abs(image).max())

    def test_a_map_that_learned_nothing_is_blank(self, network):
        kernels = {**network.kernels, "conv3": np.zeros_like(network.kernels["conv3"])}
        assert not learning.features(replace(network, kernels=kernels)).axes[0].images[0].get_array().any()


class TestRaster:
    def test_each_spike_is_a_point_within_its_step(self, draw, spikes):
        panels = draw["raster"]().axes
        for axes, layer in zip(panels, LAYERS, strict=True):
            step, neuron = spikes[layer].of(SOME)
            points = np.asarray(axes.collections[0].get_offsets())
            assert len(points) > 0
            assert (np.abs(points[:, 0] - step) < 0.5).all()
            np.testing.assert_array_equal(points[:, 1], neuron)

    def test_of_some_features_shows_their_spikes_in_rows_without_gaps(self, network, spikes):
        (axes,) = stimulus.raster(network, spikes, SOME, ["conv2"], [0, 3]).axes
        places = spikes["conv2"].shape.rows * spikes["conv2"].shape.columns
        neuron = spikes["conv2"].of(SOME)[1]
        expected = neuron[np.isin(neuron // places, [0, 3])]
        points = np.asarray(axes.collections[0].get_offsets())
        np.testing.assert_array_equal(points[:, 1], np.where(expected < places, expected, expected - 2 * places))
        assert [tick.get_text() for tick in axes.get_yticklabels()] == [f"{places * f:,}" for f in (0, 3, 4)]

    def test_spikes_of_conv3_have_the_colour_of_their_class(self, network, spikes):
        (axes,) = stimulus.raster(network, spikes, FULL, ["conv3"]).axes
        shape = spikes["conv3"].shape
        maps = spikes["conv3"].of(FULL)[1] // (shape.rows * shape.columns)
        assert set(maps) == {0, 1, 2}
        expected = [to_rgb(COLOURS[network.map_labels[m]]) for m in maps]
        np.testing.assert_allclose(axes.collections[0].get_facecolors()[:, :3], expected)

    def test_layers_are_in_the_order_asked_for(self, network, spikes):
        panels = stimulus.raster(network, spikes, FULL, ["pool2", "input"]).axes
        assert [axes.get_title(loc="left") for axes in panels] == ["Pool2", "Input"]


class TestCharts:
    def test_convergence_has_a_line_per_layer_on_a_logarithmic_scale(self):
        curves = {
            "conv2": (np.array([0, 50]), np.array([0.2, 0.1])),
            "conv3": (np.array([0, 9]), np.array([0.25, 0.2])),
        }
        (axes,) = learning.convergence(curves).axes
        assert axes.get_yscale() == "log"
        assert [line.get_label() for line in axes.lines] == ["Conv2", "Conv3"]
        for line, (presented, mean) in zip(axes.lines, curves.values(), strict=True):
            np.testing.assert_array_equal(line.get_xydata(), np.column_stack([presented, mean]))

    def test_scores_have_the_lines_and_numbers_of_the_tables(self, draw, report):
        accuracy, miou = draw["scores"]().axes
        assert bars(accuracy) == [
            ("circle (n = 2)", 50, "50.0 %"),
            ("square (n = 1)", 100, "100.0 %"),
            ("all (n = 3)", 66.667, "66.7 %"),
            ("baseline: majority class", 66.667, "66.7 %"),
        ]
        assert bars(miou) == [
            ("circle (n = 2)", 0.75, "0.750"),
            ("square (n = 1)", 0.5, "0.500"),
            ("all (n = 3)", 0.667, "0.667"),
            ("mean of classes", 0.625, "0.625"),
            ("baseline: box of all events", 0.25, "0.250"),
            ("  mean of classes", 0.25, "0.250"),
            ("the same, fitted to these boxes", 1, "1.000"),  # there were no training boxes for the other one
            ("  mean of classes", 1, "1.000"),
        ]
        console = Console(width=80, record=True, file=io.StringIO())
        console.print(report_table(report, ""))
        printed = console.export_text()
        for name, _, number in bars(accuracy) + bars(miou):
            (line, *_) = [line for line in printed.splitlines() if name.split(" (n")[0] in line and number in line]
            assert line

    def test_marks_say_what_a_wrong_class_costs(self, draw):
        _, miou = draw["scores"]().axes
        np.testing.assert_allclose(miou.lines[0].get_xdata(), [0.5, 0.5, 0.5, 0.5])


def bars(axes):
    """Name, length and number of each bar."""
    names = [tick.get_text() for tick in axes.get_yticklabels()]
    lengths = [round(bar.get_width(), 3) for bar in axes.patches]
    return list(zip(names, lengths, texts(axes), strict=True))


@pytest.mark.parametrize("module", ["figures.style", "report.page", "report.contents"])
def test_they_are_drawn_whatever_mplbackend_says_which_stays(module):
    code = f"""
import os
import spikeseg.analysis.{module}
assert os.environ["MPLBACKEND"] == "no-such-backend"
from matplotlib.figure import Figure
Figure().savefig(os.devnull, format="png")
"""
    environment = os.environ | {"MPLBACKEND": "no-such-backend"}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)


def test_matplotlib_is_imported_only_where_that_holds():
    package = Path(style.__file__).parents[2]
    for folder in ("spikeseg", "analysis", "configs", "datasets", "models", "runners"):
        for path in (package / folder).rglob("*.py"):
            imports = [line for line in path.read_text().splitlines() if line.startswith(("import ", "from "))]
            inside = path.parent in (package / "analysis" / "figures", package / "analysis" / "report")
            assert inside or not any(line.split()[1].startswith("matplotlib") for line in imports), path


def test_what_lies_beyond_the_figure_is_saved_too(tmp_path):
    whole, beyond = (Figure((2, 1)), Figure((2, 1)))
    whole.text(0.5, 0.5, "in the middle", ha="center")
    beyond.text(0, 0.5, "half of it beyond the edge", ha="center")
    beyond.text(1, 0.5, ".")
    for name, figure in (("whole", whole), ("beyond", beyond)):
        style.save(figure, tmp_path / f"{name}.png")
    with Image.open(tmp_path / "whole.png") as one, Image.open(tmp_path / "beyond.png") as other:
        assert one.width < 400 < other.width
