"""A trained network: what is saved comes back, what is damaged is told, thresholds follow the number of events."""

from __future__ import annotations

import json
import math
import tracemalloc
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.networks import ENCODERS, many, random_network, random_weights
from spikeseg.errors import SpikeSegError
from spikeseg.files import read_arrays, write_arrays
from spikeseg.models.network import FORMAT, GRID, Presence, TrainedNetwork, summable

CONFIG = ENCODERS["overlapping pools"]


ARRAYS = ("header", *(f"{kind}_{layer}" for kind in ("kernel", "threshold") for layer in ("conv1", "conv2", "conv3")))


@pytest.fixture
def network():
    return replace(
        random_network(CONFIG, 0, "real"),
        map_labels=("Motorbikes", "Faces"),
        event_range=(3, 90),
        extents=np.array([[-1.5, -2.0, 3.0, 4.0], [0.0, 0.0, 1.0, 1e-9]]),
        provenance={"data": "/data/caltech", "layers": {"conv2": {"presented": 5, "convergence": 0.1}}, "naïve": None},
    )


@pytest.fixture
def file(network, tmp_path):
    network.save(tmp_path / "new" / "network.npz")
    return tmp_path / "new" / "network.npz"


def assert_same(found, expected):
    assert found.config == expected.config
    for name in ("map_labels", "event_range", "provenance", "data"):
        assert getattr(found, name) == getattr(expected, name)
    for name in ("kernels", "thresholds"):
        arrays, others = getattr(found, name), getattr(expected, name)
        assert arrays.keys() == others.keys()
        for layer, values in others.items():
            assert arrays[layer].dtype == values.dtype == np.float64
            np.testing.assert_array_equal(arrays[layer], values)
    np.testing.assert_array_equal(found.extents, expected.extents)


class TestFiles:
    def test_what_is_saved_comes_back(self, network, file):
        assert_same(TrainedNetwork.load(file), network)

    def test_so_does_a_network_without_anything(self, network, tmp_path):
        silent = {name: np.full(len(kernel), np.inf) for name, kernel in network.kernels.items()}
        blank = TrainedNetwork(CONFIG, network.kernels, silent)
        blank.save(tmp_path / "a.npz")
        assert_same(TrainedNetwork.load(tmp_path / "a.npz"), blank)
        assert blank.data is None

    def test_only_what_is_needed_is_read(self, network, file):
        """Zeros that take no room in a file, and gigabytes in memory, are as well put into an array that is needed."""
        bomb = np.zeros(1 << 25)
        write_arrays(file, read_arrays(file) | {"more": bomb})
        tracemalloc.start()
        try:
            assert_same(TrainedNetwork.load(file), network)
            for name in ("header", "kernel_conv2", "threshold_conv3", "extents"):
                write_arrays(file, read_arrays(file, dict.fromkeys(ARRAYS)) | {name: bomb})
                tracemalloc.reset_peak()
                before = tracemalloc.get_traced_memory()[0]
                with pytest.raises(SpikeSegError, match=rf"network\.npz is damaged: {name} is float64"):
                    TrainedNetwork.load(file)
                assert tracemalloc.get_traced_memory()[1] - before < 1 << 24
                network.save(file)
        finally:
            tracemalloc.stop()

    def test_an_array_that_claims_more_than_there_is_is_not_made(self, file):
        """The header of an array says how much memory to take, whatever follows."""
        with zipfile.ZipFile(file, "a") as archive, archive.open("extents.npy", "w") as member:
            np.lib.format.write_array_header_1_0(
                member, {"descr": "<f8", "fortran_order": False, "shape": (2, 1 << 40)}
            )
        with pytest.raises(SpikeSegError, match="extents has not the size that it claims"):
            TrainedNetwork.load(file)

    def test_a_header_without_end_is_no_header(self, file):
        arrays = read_arrays(file)
        for header in ("[" * 100_000, '{"format": ' + "[" * 100_000, '{"format": NaN}'):
            write_arrays(file, arrays | {"header": np.array(header)})
            with pytest.raises(SpikeSegError, match=r"network\.npz is not a trained network"):
                TrainedNetwork.load(file)

    def test_another_format_is_refused(self, file):
        arrays = read_arrays(file)
        header = json.loads(str(arrays["header"])) | {"format": FORMAT + 1, "version": "9.8"}
        write_arrays(file, {"header": np.array(json.dumps(header))})  # which may have no array of today's
        told = rf"network\.npz has format {FORMAT + 1} \(spikeseg 9\.8\), .* reads format {FORMAT}: train anew"
        with pytest.raises(SpikeSegError, match=told):
            TrainedNetwork.load(file)

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ({"kernels": {"conv2": np.zeros((3, 1, 2, 3))}}, r"kernel_conv2 is float64 of shape \(3, 1, 2, 3\), not"),
            (
                {"kernels": {"conv3": np.full((2, 3, 3, 2), np.nan)}},
                "conv3 has weights that are no numbers",
            ),
            ({"thresholds": {"conv3": np.array([1, np.nan])}}, "conv3 has thresholds that are no numbers"),
            (
                {"thresholds": {"conv3": np.array([1, -np.inf])}},
                "conv3 has thresholds that are no numbers, or not",
            ),
            (
                {"thresholds": {"conv2": np.array([1, 0.0, 1])}},
                "conv2 has thresholds that are no numbers, or not",
            ),
            ({"kernels": {"conv2": np.ones((3, 3, 2, 3)) + 1j}}, "kernel_conv2 is complex128"),
            (
                {"kernels": {"conv2": np.full((3, 2, 2, 3), 1e300)}},
                "conv2 has weights that are no numbers, or not",
            ),
            ({"event_range": (90, 3)}, "its event_range is 90, 3: the fewest"),
            ({"thresholds": {"conv1": np.ones(3)}}, r"threshold_conv1 is float64 of shape \(3,\), not"),
            ({"map_labels": ("Faces",)}, "its map_labels are Faces, not 2 of Faces, Motorbikes"),
            ({"map_labels": ("Faces", "x")}, "its map_labels are Faces, x"),
            ({"extents": np.zeros((1, 4))}, r"extents is float64 of shape \(1, 4\), not real numbers of shape 2 x 4"),
        ],
    )
    def test_what_does_not_fit_the_configuration_is_named(self, network, file, change, told):
        for name, value in change.items():
            value = getattr(network, name) | value if isinstance(value, dict) else value
            replace(network, **{name: value}).save(file)
        with pytest.raises(SpikeSegError, match=rf"network\.npz is damaged: .*{told}"):
            TrainedNetwork.load(file)

    @pytest.mark.parametrize("lost", ["header", "kernel_conv2", "threshold_conv3"])
    def test_what_is_lost_is_named(self, file, lost):
        arrays = read_arrays(file)
        del arrays[lost]
        write_arrays(file, arrays)
        with pytest.raises(SpikeSegError, match=rf"network\.npz is .*{lost}"):
            TrainedNetwork.load(file)

    @pytest.mark.parametrize("header", ["", "[]", "{}", "no json", f'{{"format": {FORMAT}}}'])
    def test_a_header_of_another_kind_is_told(self, file, header):
        write_arrays(file, read_arrays(file) | {"header": np.array(header)})
        with pytest.raises(SpikeSegError, match=r"network\.npz is not a trained network") as told:
            TrainedNetwork.load(file)
        assert "\n" not in str(told.value)

    def test_a_configuration_that_no_longer_holds_is_told_by_its_key(self, file):
        arrays = read_arrays(file)
        header = json.loads(str(arrays["header"]))
        header["config"]["conv9"] = {}
        write_arrays(file, arrays | {"header": np.array(json.dumps(header))})
        with pytest.raises(SpikeSegError, match=r"network\.npz: unknown key conv9"):
            TrainedNetwork.load(file)

    @pytest.mark.parametrize("content", [b"", b"PK\3\4", b"a trained network"])
    def test_another_file_is_damaged(self, file, content):
        file.write_bytes(content)
        with pytest.raises(SpikeSegError, match=r"network\.npz is damaged: \S") as told:
            TrainedNetwork.load(file)
        assert "\n" not in str(told.value)

    def test_a_missing_file_is_told(self, tmp_path):
        with pytest.raises(SpikeSegError, match=r"network\.npz is missing"):
            TrainedNetwork.load(tmp_path / "network.npz")


class TestThresholdScale:
    def test_it_is_linear_between_the_fewest_and_the_most_events_and_held_beyond(self, network):
        half = network.config.input.threshold_variation
        events = np.array([[0, 3, 46.5], [90, 91, 10**6]])
        expected = [[1 - half, 1 - half, 1], [1 + half, 1 + half, 1 + half]]
        assert half > 0
        np.testing.assert_allclose(network.threshold_scale(events), expected, rtol=1e-15)

    @pytest.mark.parametrize("events", [7, 0])
    def test_it_is_one_where_all_stimuli_had_as_many_events(self, network, events):
        one = replace(network, event_range=(events, events))
        np.testing.assert_array_equal(one.threshold_scale(np.array([0, events, 50])), np.ones(3))

    @many
    @given(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), st.lists(st.integers(0, 10**6), min_size=2))
    def test_it_varies_by_no_more_than_asked_and_never_falls(self, ends, events):
        network = replace(random_network(CONFIG, 0, "whole"), event_range=(min(ends), max(ends)))
        scale = network.threshold_scale(np.sort(events))
        half = network.config.input.threshold_variation
        assert (np.abs(scale - 1) <= half + 1e-12).all()
        assert (np.diff(scale) >= 0).all()


@pytest.mark.parametrize("kind", ["tenths", "real"])
def test_a_potential_is_the_same_in_whatever_order_weights_are_added(kind):
    rng = np.random.default_rng(0)
    raw = random_weights(rng, (1, 1, 1, 1000), kind)
    weights = replace(random_network(CONFIG, 0, kind), kernels={"conv2": raw}).kernels["conv2"].ravel()
    np.testing.assert_allclose(weights, raw.ravel(), rtol=0, atol=2**-14)
    orders = [rng.permutation(1000) for _ in range(20)]
    assert len({np.cumsum(raw.ravel()[order], dtype=np.float32)[-1] for order in orders}) > 1
    assert {np.cumsum(weights[order], dtype=np.float32)[-1] for order in orders} == {math.fsum(weights)}


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 7, 1000, 20_000]), st.floats(1e-9, 2**15))
def test_weights_are_rounded_no_more_than_single_precision_asks_and_only_once(seed, inputs, largest):
    raw = largest * np.random.default_rng(seed).uniform(-1, 1, (2, 1, 1, inputs))
    weights = summable(raw)
    grid = max(GRID, 2.0 ** (math.ceil(math.log2(np.abs(raw).sum(axis=3).max())) - 23))
    np.testing.assert_allclose(weights, raw, rtol=0, atol=grid / 2)
    assert np.array_equal(summable(weights), weights)
    assert np.array_equal(weights.astype(np.float32), weights)


@pytest.mark.parametrize("weight", [np.inf, np.nan])
def test_weights_that_a_rule_has_driven_out_of_bounds_stay_there(weight):
    assert np.array_equal(summable(np.full((1, 1, 1, 2), weight)), np.full((1, 1, 1, 2), weight), equal_nan=True)


def test_arrays_of_a_network_cannot_be_written_to(network):
    """Decoder and simulators keep what they have made of them: a change in place would reach some of it, not all."""
    given = np.ones((2, 3, 1, 1))
    other = replace(network, kernels={**network.kernels, "conv2": given})
    given[0] = 2
    assert (other.kernels["conv2"] == 1).all()
    presence = Presence(np.ones((2, 3, 1, 1)), np.ones(2), np.ones((2, 101)))
    arrays = *other.kernels.values(), *other.thresholds.values(), other.extents
    for values in (*arrays, presence.weights, presence.offsets, presence.ranks):
        with pytest.raises(ValueError, match="read-only"):
            values[...] = 0
