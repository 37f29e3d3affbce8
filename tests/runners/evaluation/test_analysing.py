"""`spikeseg analyse` on a network that trains in seconds: the table, the figures, refusals."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from helpers.runs import files, refusal
from spikeseg.analysis.decoding.segmentation import segment_classes
from spikeseg.analysis.figures.answers import confusion_matrix, saliency_film
from spikeseg.analysis.figures.learning import weights_over_learning
from spikeseg.analysis.figures.responses import feature_rasters, latency_profile, sparsity_summary
from spikeseg.analysis.figures.style import save
from spikeseg.analysis.measures.analyse import analyse
from spikeseg.analysis.measures.metrics import confusion
from spikeseg.analysis.measures.receptive_fields import receptive_box
from spikeseg.analysis.measures.saliency import saliency_over_time
from spikeseg.analysis.measures.weights import BINS, WeightHistory, weight_histogram
from spikeseg.excerpt import take_excerpt
from spikeseg.files import read_arrays, write_arrays
from spikeseg.models.network import TrainedNetwork
from spikeseg.runners.cli import main
from spikeseg.runners.evaluation.recording import record
from spikeseg.runners.evaluation.selection import select
from spikeseg.runners.training.directory import Run
from spikeseg.runners.training.histories import weight_histories
from spikeseg.runners.training.learning import load_checkpoint
from spikeseg.spikes import Recorded

CLASSES = ("orange", "panda")


@pytest.fixture(scope="module")
def encoded(trained, tmp_path_factory):
    """The complete run with a recording of all its stimuli; for reading only."""
    run = tmp_path_factory.mktemp("encoded") / "run"
    shutil.copytree(trained, run)
    record(select(run, None, "all"), run / "spikes" / "test.npz", "numpy")
    return run


@pytest.fixture(scope="module")
def network(encoded):
    return TrainedNetwork.load(encoded / "network.npz")


@pytest.fixture(scope="module")
def excerpt(encoded):
    return take_excerpt(encoded / "spikes" / "test.npz")


@pytest.fixture(scope="module")
def analysis(network, excerpt):
    return analyse(network, excerpt)


def drawn(figure):
    FigureCanvasAgg(figure).draw()
    return figure


@pytest.fixture(scope="module")
def results(encoded):
    """What the command writes."""
    main.application()(["analyse", str(encoded)], standalone_mode=False)
    return encoded / "analysis"


class TestCommand:
    def test_writes_a_table_and_all_figures(self, results):
        pictures = {path.stem for path in results.glob("*.png")}
        assert len(list(results.iterdir())) == len(pictures) + 1 == 1 + 9 + 3 * len(CLASSES)
        assert {"weights", "saliency-panda", "rasters-conv2", "information"} < pictures

    def test_the_same_is_drawn_to_the_same_bytes(self, results, network, excerpt, analysis, tmp_path):
        counts = analysis.counts["conv3"]
        save(feature_rasters(network, "conv3", counts, excerpt.labels), tmp_path / "rasters-conv3.png")
        save(confusion_matrix(analysis.confusion, CLASSES), tmp_path / "confusion.png")
        for name, drawn_again in files(tmp_path).items():
            assert (results / name).read_bytes() == drawn_again

    def test_the_table_says_what_was_measured(self, results, network, excerpt, analysis):
        with (results / "analysis.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))

        def value(measure, layer="", feature="", label="", answer=""):
            asked = {"measure": measure, "layer": layer, "feature": feature, "label": label, "answer": answer}
            (row,) = [row for row in rows if asked.items() <= row.items()]
            return row["value"]

        labels, spikes = np.array(excerpt.labels), excerpt.spikes["conv2"]
        own = np.flatnonzero(labels == "panda")
        places = spikes.shape.rows * spikes.shape.columns
        mean = sum((spikes.of(k)[1] // places == 1).sum() for k in own) / len(own)
        assert float(value("mean_response", "conv2", "1", "panda")) == pytest.approx(mean, rel=1e-5)
        first = np.median([spikes.of(k)[0][0] for k in range(len(labels))])
        assert float(value("first_spike_median", "conv2")) == first
        box = receptive_box(network.config, "conv3", (0, 0))
        assert float(value("receptive_field_rows", "conv3")) == box.bottom - box.top
        told = [int(value("confusion", label=true, answer=answer)) for true in CLASSES for answer in CLASSES]
        assert sum(told) == len(labels)
        assert value("population_sparseness_median", "input") == ""  # one feature
        assert not any(row["value"] in ("nan", "inf") for row in rows)

    def test_without_a_recording_says_how_to_make_one(self, spikeseg, trained):
        told = refusal(spikeseg("analyse", trained))
        assert told == f"{trained / 'spikes' / 'test.npz'} is missing: run `spikeseg encode {trained}` first"

    @pytest.mark.parametrize("change", [{"config": "0123"}, {"labels": ["kiwi"] * 14}, {"steps": 19}])
    def test_a_recording_of_something_else_is_refused(self, spikeseg, encoded, tmp_path, change):
        for suffix in (".npz", ".json"):
            shutil.copy((encoded / "spikes" / "test").with_suffix(suffix), tmp_path)
        about = json.loads((tmp_path / "test.json").read_text())
        (tmp_path / "test.json").write_text(json.dumps(about | change))
        told = refusal(spikeseg("analyse", encoded, "--spikes", tmp_path / "test.npz", "--out", tmp_path / "out"))
        assert "was not made with this network" in told
        assert not (tmp_path / "out").exists()


class TestAnalysis:
    def test_is_of_all_layers_and_counts_every_spike(self, analysis, excerpt):
        assert list(analysis.counts) == list(excerpt.spikes)
        for layer, spikes in excerpt.spikes.items():
            assert analysis.counts[layer].sum() == len(spikes) > 0
            assert analysis.information[layer].first <= analysis.information[layer].classes

    def test_confusion_counts_answers(self):
        pairs = [("a", "b"), ("a", "a"), ("a", "b"), ("c", "c")]
        found = confusion(pairs)
        assert found == {"a": {"a": 1, "b": 2, "c": 0}, "c": {"a": 0, "b": 0, "c": 1}}
        assert sum(sum(row.values()) for row in found.values()) == len(pairs)


class TestSaliency:
    @pytest.mark.parametrize("index", range(3))
    def test_over_time_adds_up_to_the_saliency_and_comes_with_its_spikes(self, network, excerpt, index):
        steps = Recorded(excerpt.spikes)[index]
        found_of_all = segment_classes(network, steps, CLASSES)
        assert any(found.saliency.any() for found in found_of_all)
        for found in found_of_all:
            saliency = saliency_over_time(network, steps, found)
            np.testing.assert_allclose(saliency.sum(axis=0), found.saliency)
            for step, image in enumerate(saliency):
                assert not image[(steps["input"] != step).all(axis=0)].any()


class TestWeightHistory:
    def test_is_noted_after_every_chunk(self, encoded, network):
        for layer in ("conv2", "conv3"):
            learned = load_checkpoint(
                Run(encoded).checkpoint(layer), getattr(network.config, layer), network.kernels[layer].size
            )
            assert learned.histogram.shape == (len(learned.convergence), BINS)
            assert (learned.histogram.sum(axis=1) == network.kernels[layer].size).all()
            np.testing.assert_array_equal(learned.histogram[-1], weight_histogram(network.kernels[layer]))
            assert (learned.histogram[0] != learned.histogram[-1]).any()
            presented = weight_histories(network, Run(encoded))[layer].presented
            assert (presented[0], presented[-1]) == (0, learned.presented)

    def test_of_a_training_that_noted_none_there_is_none(self, run, network):
        for layer in ("conv2", "conv3"):
            arrays = read_arrays(checkpoint := Run(run).checkpoint(layer))
            write_arrays(checkpoint, {name: of for name, of in arrays.items() if name != "histogram"})
        assert weight_histories(network, Run(run)) == {}
        assert weight_histories(network, Run(run / "nowhere")) == {}


class TestFigures:
    def test_a_raster_has_a_panel_per_feature_and_its_rows_lie_by_class(self, network, excerpt, analysis):
        counts = analysis.counts["conv2"]
        panels = drawn(feature_rasters(network, "conv2", counts, excerpt.labels)).axes
        order = np.argsort([CLASSES.index(label) for label in excerpt.labels], kind="stable")
        for feature in range(counts.shape[1]):
            image = panels[feature].images[0].get_array()
            np.testing.assert_array_equal(image.filled(0), counts[order, feature])

    def test_latencies_end_at_the_share_of_stimuli_that_spike(self, network, excerpt, analysis):
        _, decided, *_ = drawn(latency_profile(network, analysis.counts, excerpt.labels, 1.0)).axes
        for line, (label, count) in zip(decided.lines, sorted(Counter(excerpt.labels).items()), strict=True):
            spiked = analysis.latencies["conv3"].layer[np.array(excerpt.labels) == label] >= 0
            assert line.get_label() == f"{label} (n = {count:,})"
            assert line.get_ydata()[-1] == spiked.mean()

    def test_silence_can_be_drawn(self, network, excerpt, analysis):
        silent = {layer: np.zeros_like(of) for layer, of in analysis.counts.items()}
        drawn(feature_rasters(network, "conv3", silent["conv3"], excerpt.labels))
        drawn(latency_profile(network, silent, excerpt.labels, 1.0))
        drawn(sparsity_summary({"conv3": analysis.sparsity["conv3"]._replace(lifetime=np.full(2, np.nan))}))

    def test_confusion_has_the_classes_in_order_and_other_answers_last(self):
        axes = drawn(confusion_matrix({"b": {"a": 1, "b": 3, "none": 0}}, ("b", "$_a"))).axes[0]
        assert [label.get_text() for label in axes.get_xticklabels()] == ["b", "a", "none"]
        assert [text.get_text().split("\n")[0] for text in axes.texts] == ["3", "1", "0"]

    def test_weights_are_shares_of_all_weights(self):
        histogram = np.array([weight_histogram(np.full(8, 0.5)), weight_histogram(np.arange(8) % 2)])
        figure = drawn(weights_over_learning({"conv2": WeightHistory(np.array([0, 50]), histogram)}))
        (mesh,) = figure.axes[0].collections
        shares = mesh.get_array().filled(0)
        np.testing.assert_allclose(shares.sum(axis=0), 1)
        assert sorted(bar.get_width() for bar in figure.axes[1].patches)[-3:] == [0, 0.5, 0.5]

    def test_the_film_shows_a_frame_per_input_step(self, network, excerpt):
        steps = Recorded(excerpt.spikes)[0]
        (found,) = segment_classes(network, steps, CLASSES[:1])
        saliency = saliency_over_time(network, steps, found)
        *frames, shares = drawn(saliency_film(saliency, steps["input"], found, CLASSES)).axes
        assert len(frames) == network.config.input.steps
        for step, axes in enumerate(frames):
            np.testing.assert_array_equal(axes.images[1].get_array()[..., 3] > 0, saliency[: step + 1].sum(axis=0) > 0)
        assert shares.lines[0].get_ydata()[-1] == pytest.approx(1)
