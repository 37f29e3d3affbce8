"""Windows against their definition, one pair of neurons after the other."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given

from helpers.networks import connected, layer_shape, many, neurons, windows
from spikeseg.errors import SpikeSegError
from spikeseg.models.geometry import (
    Window,
    features_first,
    features_last,
    kernel_order,
    neighbourhood,
    one_to_one,
    own_feature,
    same_map,
    same_place,
    whole_layer,
)
from spikeseg.spikes import Shape


def triples(window):
    return list(zip(*(column.tolist() for column in window.synapses()), strict=True))


@many
@given(windows())
def test_synapses_are_the_windows_by_source_then_target(window):
    assert triples(window) == connected(window)
    assert all(column.dtype == np.int32 for column in window.synapses())


def test_one_number_is_a_square_kernel_and_equal_padding():
    source, target = Shape(2, 6, 7), Shape(3, 6, 7)
    window = Window(source, target, kernel=3, padding=1)
    assert window == Window(source, target, (3, 3), (1, 1))
    assert window == Window.convolution(source, maps=3, kernel=3, padding=1)
    assert window.kernel_shape == (3, 2, 3, 3)
    assert Window.pooling(source, 2, stride=2) == Window.pooling(source, (2, 2), stride=2)


@many
@given(windows())
def test_no_pair_is_connected_twice(window):
    pairs = [pair for *pair, _ in triples(window)]
    assert len(set(map(tuple, pairs))) == len(pairs)


def test_every_target_of_a_convolution_without_padding_sees_every_weight_of_its_map():
    window = Window(Shape(2, 5, 6), Shape(3, 4, 4), kernel=(2, 3))
    source, target, weight = window.synapses()
    assert len(source) == len(target) == 3 * 4 * 4 * (2 * 2 * 3)
    for neuron in range(window.target.size):
        own = neuron // 16 * 12 + np.arange(12)
        assert sorted(weight[target == neuron]) == own.tolist()


def test_a_pool_counts_every_input_once_and_an_incomplete_window_what_there_is():
    window = Window(Shape(2, 3, 5), Shape(2, 2, 3), kernel=(2, 2), stride=2, depthwise=True)
    source, target, _ = window.synapses()
    assert sorted(source) == list(range(30))
    assert np.bincount(target).tolist() == [4, 4, 2, 2, 2, 1] * 2


RELATIONS = {
    "same place": (lambda s: same_place(s, 1), lambda a, b: a[1:] == b[1:]),
    "same place, maps": (lambda s: same_place(s, 3), lambda a, b: a[1:] == b[1:]),
    "same map": (same_map, lambda a, b: a[0] == b[0]),
    "own feature": (own_feature, lambda a, b: a[0] == b[0]),
    "whole layer": (lambda s: whole_layer(s, 2), lambda a, b: True),
    "one to one": (one_to_one, lambda a, b: a == b),
    "place": (lambda s: neighbourhood(s, 0), lambda a, b: a[1:] == b[1:]),
    "neighbourhood": (lambda s: neighbourhood(s, 2), lambda a, b: max(abs(a[1] - b[1]), abs(a[2] - b[2])) <= 2),
}


@pytest.mark.parametrize("name", RELATIONS)
@many
@given(layer_shape)
def test_relations_between_neurons(name, shape):
    make, related = RELATIONS[name]
    window = make(shape)
    expected = [
        (source, target)
        for (source, a), (target, b) in product(neurons(window.source), neurons(window.target))
        if related(a, b)
    ]
    assert [(source, target) for source, target, _ in triples(window)] == expected


@pytest.mark.parametrize(
    "change",
    [
        *({"kernel": value} for value in (0, -1, 1.5, float("nan"), (3, 0), (2, float("nan")), True, "3")),
        *({"padding": value} for value in (-1, (0, -2), 0.5)),
        *({"stride": value} for value in (0, -1, 1.5, True)),
        *({"source": Shape(*value)} for value in ((0, 6, 7), (2, -6, 7), (2**10, 2**10, 2**10))),
    ],
)
def test_a_window_that_cannot_be_is_refused(change):
    numbers = {"source": Shape(2, 6, 7), "kernel": 3, "stride": 1, "padding": 0}
    Window.convolution(maps=3, **numbers)
    with pytest.raises(ValueError, match="a window's"):
        Window.convolution(maps=3, **numbers | change)
    with pytest.raises(ValueError, match="a window's"):
        Window.pooling(**numbers | change)
    with pytest.raises(ValueError, match="a window's"):
        Window(target=Shape(3, 4, 5), **numbers | change)


def test_a_kernel_larger_than_its_source_is_refused_and_padding_makes_room():
    source = Shape(2, 6, 7)
    with pytest.raises(ValueError, match="does not fit its source"):
        Window.convolution(source, 3, kernel=(7, 3))
    with pytest.raises(ValueError, match="does not fit its source"):
        Window.pooling(source, 8, stride=1)
    assert Window.convolution(source, 3, kernel=(7, 3), padding=(1, 0)).target == Shape(3, 2, 5)


def test_a_list_of_synapses_that_does_not_fit_into_memory_is_refused_with_the_figure():
    with pytest.raises(
        SpikeSegError, match=r"a list of [\d,]+ synapses takes [\d,]+\.\d GB of memory, and this machine"
    ):
        Window.convolution(Shape(64, 512, 512), 64, kernel=255).synapses()


def test_features_last_is_the_transpose_of_features_first():
    shape = Shape(3, 4, 5)
    numbers = np.arange(shape.size)
    np.testing.assert_array_equal(features_first(shape, numbers), numbers.reshape(shape).transpose(1, 2, 0).ravel())
    np.testing.assert_array_equal(features_last(shape, features_first(shape, numbers)), numbers)


def test_what_a_spike_adds_to_a_row_of_places_lies_in_one_piece():
    """Source (c, y, x) adds weight (m, c, i, j) to target (m, y - i, x - j): j falls while targets and maps rise."""
    window = Window.convolution(Shape(2, 7, 8), maps=3, kernel=(2, 4))
    position = np.argsort(kernel_order(window.kernel_shape))
    seen = {}
    for source, target, weight in connected(window):
        seen.setdefault((source, target % 30 // 5), []).append((target % 5 * 3 + target // 30, position[weight]))
    for row in seen.values():
        steps = np.diff(sorted(row), axis=0)
        assert (steps == 1).all()
