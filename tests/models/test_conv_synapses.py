"""ConvSynapses against their definition and against explicit Synapses, on every target."""

import numpy as np
import pytest
from brian2 import (
    DimensionMismatchError,
    Network,
    NeuronGroup,
    StateMonitor,
    Synapses,
    linked_var,
    ms,
    mV,
    prefs,
    volt,
)
from hypothesis import assume, given

from helpers.designs import Connections
from helpers.networks import connected, few, seeds, to_spikes, windows
from spikeseg.models.conv_synapses import ConvSynapses
from spikeseg.models.geometry import Window, features_last, neighbourhood, own_feature, same_map
from spikeseg.models.layer import Layer
from spikeseg.runners.simulation.simulator import open_simulator
from spikeseg.spikes import Shape

ALL_SORTS = (
    Window(Shape(2, 5, 4), Shape(3, 6, 5), kernel=(2, 4), padding=(1, 2)),  # a convolution
    Window(Shape(3, 5, 6), Shape(3, 2, 3), kernel=(3, 3), stride=2, depthwise=True),  # a pooling, incomplete windows
    Window(Shape(2, 7, 7), Shape(2, 3, 3), kernel=(1, 2), padding=(0, 1), stride=3),  # some sources unseen
    Window(Shape(1, 2, 3), Shape(2, 9, 9), kernel=(4, 3), padding=(3, 3)),  # some targets see nothing
    Window(Shape(2, 7, 6), Shape(3, 6, 5), kernel=(3, 2), padding=(3, 1), dilation=2),  # kernels with gaps
    Window(Shape(3, 9, 8), Shape(3, 4, 3), kernel=(2, 3), padding=(1, 3), stride=2, depthwise=True, dilation=3),
    neighbourhood(Shape(2, 4, 5), 1),
    own_feature(Shape(3, 4, 2)),
    same_map(Shape(2, 3, 4)),
)


def random_state(windows, seed):
    """Flat arrays by name; a third of the neurons fires."""
    rng = np.random.default_rng(seed)
    state = {}
    for number, window in enumerate(windows):
        for name, size, value in (("below", window.source.size, "x"), ("above", window.target.size, "v")):
            state[f"{name}{number}.{value}"] = rng.random(size)
            state[f"{name}{number}.fires"] = (rng.random(size) < 1 / 3).astype(float)
        state[f"link{number}.w"] = rng.random(window.weights)
        state[f"link{number}.gain"] = rng.random(1)
    return state


def pairs(window, layers):
    """(source, target, weight) of the pairs that a window connects, sorted; as neurons lie in layers, or else."""
    if not layers:
        return connected(window)
    source, target, weight = np.array(connected(window)).T
    where = features_last(window.source, source), features_last(window.target, target), weight
    return sorted(zip(*(column.tolist() for column in where), strict=True))


def expected(windows, state, layers):
    """The state after the first step, one pair of neurons after the other; weights change before they are used."""
    state = {name: values.copy() for name, values in state.items()}
    for number, window in enumerate(windows):
        v, w, gain = state[f"above{number}.v"], state[f"link{number}.w"], state[f"link{number}.gain"]
        up, down = state[f"below{number}.fires"], state[f"above{number}.fires"]
        for target, source, weight in sorted((t, s, k) for s, t, k in pairs(window, layers)):
            if down[target]:
                w[weight] = 0.5 * w[weight] + state[f"below{number}.x"][source]
        for source, target, weight in pairs(window, layers):
            v[target] += up[source] * (gain[0] * w[weight])
        up[:] = down[:] = 0
    return state


def assert_as_defined(simulator, windows, seed, layers=False):
    state = random_state(windows, seed)
    found = simulator.run(to_spikes(np.full((1, 1, 1, 1), -1)), state).state
    for name, values in expected(windows, state, layers).items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)


@few
@given(windows(), seeds)
def test_explicit_synapses_reach_their_targets_and_weights(window, seed):
    assume(connected(window))
    with open_simulator(Connections((window,)), "numpy") as simulator:
        assert_as_defined(simulator, [window], seed)


def test_several_connections_live_side_by_side():
    with open_simulator(Connections(ALL_SORTS), "numpy") as simulator:
        assert_as_defined(simulator, ALL_SORTS, seed=0)


@pytest.mark.compiled
@pytest.mark.parametrize(("device", "sorts"), [("cpp_standalone", ALL_SORTS), ("cython", ALL_SORTS[:6:2])])
def test_computed_connections_equal_stored_ones(device, sorts):
    with open_simulator(Connections(sorts), device) as simulator:
        for seed in range(20):
            assert_as_defined(simulator, sorts, seed)


@pytest.mark.parametrize(
    "device", ["numpy", *(pytest.param(one, marks=pytest.mark.compiled) for one in ("cpp_standalone", "cython"))]
)
def test_layers_are_connected_as_other_groups_are(device):
    sorts = ALL_SORTS if device == "cpp_standalone" else ALL_SORTS[:5:2]
    with open_simulator(Connections(sorts, layers=True), device) as simulator:
        for seed in range(20):
            assert_as_defined(simulator, sorts, seed, layers=True)


@pytest.mark.compiled
@pytest.mark.parametrize("device", ["cpp_standalone", "cython"])
def test_computed_connections_are_late_by_their_delay(device):
    windows = ALL_SORTS[: 1 if device == "cython" else 2]  # it takes long to compile
    with open_simulator(Connections(windows, delay=1), device) as simulator:
        assert_as_defined(simulator, windows, seed=0)
    with open_simulator(Connections(windows, delay=2), device) as simulator:  # later than the model ends
        state = random_state(windows, 0)
        found = simulator.run(to_spikes(np.full((1, 1, 1, 1), -1)), state).state
        for name in (name for name in state if not name.endswith("fires")):
            np.testing.assert_array_equal(found[name], state[name], err_msg=name)


@pytest.mark.compiled
def test_compiled_programs_can_store_them():
    """As devices that are made from C++ standalone do."""
    with open_simulator(Connections(ALL_SORTS[:2], stored=True), "cpp_standalone") as simulator:
        assert_as_defined(simulator, ALL_SORTS[:2], seed=0)


@pytest.fixture(params=["numpy", pytest.param("cython", marks=pytest.mark.compiled)])
def target(request):
    """The target that the classes below run on, at runtime; optimising what it compiles would take most of the time."""
    before = prefs.codegen.target, prefs.codegen.cpp.extra_compile_args
    prefs.codegen.target, prefs.codegen.cpp.extra_compile_args = request.param, ["-w", "-O0", "-std=c++17"]
    yield request.param
    prefs.codegen.target, prefs.codegen.cpp.extra_compile_args = before


IMAGE = Shape(2, 4, 5)
WINDOW = Window.convolution(IMAGE, maps=3, kernel=(3, 3), padding=(1, 1))


def neurons(size, **options):
    return NeuronGroup(size, "v : volt\nx : volt", threshold="v > 1*volt", reset="v = 0*volt", **options)


def connection(model="w : volt", on_pre="v_post += w", **options):
    """Two groups and what connects them, in a network; the first three sources fire in the first step."""
    below, above = neurons(WINDOW.source.size), neurons(WINDOW.target.size)
    below.v[:3] = 2 * volt
    synapses = ConvSynapses(below, above, WINDOW, model, on_pre=on_pre, **options)
    return Network(below, above, synapses), below, above, synapses


@pytest.mark.parametrize("target", ["numpy"], indirect=True)
@pytest.mark.usefixtures("target")
def test_an_empty_statement_is_none():
    network, *_, synapses = connection(on_pre="", on_post="w += 1*volt")
    assert synapses.pre is None
    network.run(1 * ms)


class TestVariables:
    def test_they_are_read_and_written_flat_and_in_the_kernels_shape(self):
        synapses = connection()[-1]
        kernel = np.arange(54).reshape(3, 2, 3, 3)
        synapses.set_kernel(kernel * mV)
        np.testing.assert_allclose(synapses.w / mV, np.arange(54))
        synapses.w = np.arange(54)[::-1] * mV
        np.testing.assert_allclose(synapses.get_kernel() / mV, kernel[::-1, ::-1, ::-1, ::-1])
        synapses.w[0] = 7 * mV
        assert synapses.get_kernel()[0, 0, 0, 0] == 7 * mV

    @pytest.mark.parametrize("layers", [False, True])
    def test_each_is_found_by_its_place_in_the_kernel(self, layers):
        below = neurons(WINDOW.source.size)
        model = "v : 1\nfeature : integer (constant)\nchanged : boolean (shared)"
        above = Layer(WINDOW.target, model) if layers else neurons(WINDOW.target.size)
        synapses = ConvSynapses(below, above, WINDOW, "w : 1", on_pre="v_post += w")
        kernel = np.arange(54.0).reshape(3, 2, 3, 3)
        synapses.set_kernel(kernel)
        assert synapses.w[synapses.weight_index(2, 1, 0, 1)] == kernel[2, 1, 0, 1]
        rows = synapses.weight_index([0, 2], 1, slice(1, 3), -1)
        np.testing.assert_array_equal(synapses.w[rows], kernel[[0, 2], 1, 1:3, -1].ravel())
        with pytest.raises(IndexError, match="index 3 is out of bounds for axis 0"):
            synapses.weight_index(3, 0, 0, 0)

    def test_their_units_are_checked(self):
        synapses = connection()[-1]
        with pytest.raises(DimensionMismatchError):
            synapses.w = 1
        with pytest.raises(DimensionMismatchError):
            synapses.set_kernel(np.ones((3, 2, 3, 3)) * ms)

    def test_statements_with_wrong_units_do_not_run(self, target):
        network = connection("w : 1")[0]
        with pytest.raises(Exception, match=r"when preparing an object") as told:
            network.run(1 * ms)
        assert isinstance(told.value.__cause__, DimensionMismatchError)

    def test_they_are_monitored_stored_and_run_regularly(self, target):
        network, _below, above, synapses = connection()
        synapses.w = 1 * mV
        synapses.run_regularly("w = 2 * w", dt=1 * ms)
        monitor = StateMonitor(synapses, "w", record=[0, 53], dt=1 * ms, when="end")
        network.add(monitor)
        network.store()
        network.run(3 * ms, namespace={})
        np.testing.assert_allclose(monitor.w / mV, [[2, 4, 8]] * 2)
        arrived = above.v[:].copy()
        assert np.asarray(arrived).any()
        network.restore()
        assert (synapses.w == 1 * mV).all()
        network.run(3 * ms, namespace={})
        np.testing.assert_array_equal(above.v, arrived)

    def test_a_kernel_can_be_shared(self, target):
        network, below, above, synapses = connection()
        synapses.w = 1 * mV
        twin = ConvSynapses(below, above, WINDOW, on_pre="x_post += w", kernel=synapses)
        network.add(twin)
        network.run(1 * ms, namespace={})
        np.testing.assert_array_equal(above.x, above.v)
        with pytest.raises(ValueError, match="cannot be shared"):
            ConvSynapses(below, above, WINDOW, "w : volt", on_pre="v_post += w", kernel=synapses)


class TestGroups:
    def test_they_may_be_parts_of_groups(self, target):
        whole = neurons(10 + WINDOW.source.size + WINDOW.target.size)
        below = whole[5 : 5 + WINDOW.source.size]
        above = whole[5 + WINDOW.source.size : -5]
        whole.v[4:8] = 2 * volt  # one before the part, and its first three
        synapses = ConvSynapses(below, above, WINDOW, "w : volt", on_pre="v_post += w")
        synapses.w = np.arange(54) * mV
        Network(whole, synapses).run(0.1 * ms, namespace={})
        network, _, alone, same = connection()
        same.w = np.arange(54) * mV
        network.run(0.1 * ms, namespace={})
        np.testing.assert_array_equal(above.v, alone.v)

    def test_a_refractory_neuron_is_not_reached(self, target):
        below = neurons(WINDOW.source.size)
        model = "dv/dt = 0*volt/second : volt (unless refractory)"
        above = NeuronGroup(WINDOW.target.size, model, threshold="v > 1*volt", reset="v = 0*volt", refractory=5 * ms)
        below.v, above.v[:20] = 2 * volt, 2 * volt
        synapses = ConvSynapses(below, above, WINDOW, "w : volt", on_pre="v_post += w")
        synapses.w = 1 * mV
        Network(below, above, synapses).run(0.1 * ms, namespace={})
        assert (above.v[:20] == 0 * volt).all()
        assert (above.v[20:] > 0 * volt).all()

    @pytest.mark.parametrize("part", [slice(None), slice(1, 3)])
    def test_variables_that_are_linked_are_refused(self, target, part):
        """Brian2 refuses them in Synapses, too; they would be read at the wrong place."""
        holder, sink = NeuronGroup(1, "x : 1"), NeuronGroup(4, "v : 1\nx : 1 (linked)\nn : 1 (shared)")
        sink.x = linked_var(holder, "x")
        above = sink if part == slice(None) else sink[part]
        row = Shape(1, 1, len(above))
        below = neurons(len(above))
        with pytest.raises(NotImplementedError, match="link, pre: a statement cannot use x_post, as x is linked"):
            ConvSynapses(below, above, Window(row, row), on_pre="v_post += x_post", name="link")
        ConvSynapses(below, above, Window(row, row), on_pre="v_post += n_post")

    def test_those_that_do_not_fit_their_window_are_refused(self):
        with pytest.raises(ValueError, match="link: groups of 6 and 5 neurons do not fit"):
            ConvSynapses(neurons(6), neurons(5), WINDOW, on_pre="v_post += 1*volt", name="link")


ONE = Shape(1, 1, 1)
PAIR_RULE = {"on_pre": "x_pre += 1\nw -= x_post", "on_post": "x_post += 1\nw += x_pre"}


def firing_at(size, step):
    """Neurons that fire together in one step, with a trace x that does not decay."""
    return NeuronGroup(size, "x : 1", threshold=f"t_in_timesteps == {step}", reset="")


@pytest.mark.parametrize("target", ["numpy"], indirect=True)
class TestSpikesOfOneStep:
    """What docs/conv-synapses.md says of their order."""

    @pytest.mark.parametrize(("delay", "change"), [({}, 1), ({"pre": 0.1 * ms}, -1), ({"post": 0.1 * ms}, 1)])
    @pytest.mark.parametrize("kind", [Synapses, ConvSynapses])
    def test_pre_comes_before_post_and_a_delay_of_pre_turns_it(self, target, kind, delay, change):
        source, sink = firing_at(1, 0), firing_at(1, 0)
        options = {"model": "w : 1", **PAIR_RULE, "delay": delay}
        synapses = kind(source, sink, *([Window(ONE, ONE, 1)] if kind is ConvSynapses else []), **options)
        if kind is Synapses:
            synapses.connect()
        Network(source, sink, synapses).run(0.5 * ms, namespace={})
        assert synapses.w[0] == change

    def test_their_order_can_be_changed(self, target):
        source, sink = firing_at(1, 0), firing_at(1, 0)
        synapses = ConvSynapses(source, sink, Window(ONE, ONE, 1), "w : 1", **PAIR_RULE)
        synapses.post.order = -2
        Network(source, sink, synapses).run(0.1 * ms, namespace={})
        assert synapses.w[0] == -1

    def test_pairs_at_several_places_are_applied_one_after_another(self, target):
        """Three outputs each halve the distance to 1 of their one weight: 7/8; their sum would be 3/2."""
        row = Shape(1, 1, 3)
        source, sink = firing_at(3, -1), firing_at(3, 0)
        synapses = ConvSynapses(source, sink, Window(row, row, 1), "w : 1", on_post="w += 0.5 * (1 - w)")
        Network(source, sink, synapses).run(0.2 * ms, namespace={})
        assert synapses.w[0] == 7 / 8


TRACE = "da/dt = -a / (1*ms) : volt (event-driven)"
REFUSED = {
    "a delay for each pair": ({"delay": [1, 2] * ms}, "share one delay"),
    "summed variables": ({"model": "x_post = w : volt (summed)\nw : volt"}, r"cannot be \(summed\)"),
    "indices": ({"on_pre": "v_post += w * i"}, "pre: a statement cannot use i: .* nothing per synapse"),
    "a trace that no event sets": ({"model": f"w : volt\n{TRACE}"}, "a is set by no statement"),
    "a trace that both sides set": (
        {"model": f"w : volt\n{TRACE}", "on_pre": "a += 1*volt", "on_post": "a = 0*volt"},
        "a is set by on_pre and on_post: a trace of ConvSynapses belongs to the neurons of one side",
    ),
    "a trace of a weight": (
        {"model": f"w : volt\n{TRACE}", "on_pre": "a += w"},
        "pre: a trace is set to what differs from pair to pair, w: it belongs to the neuron",
    ),
    "a trace of the other side": (
        {"model": f"w : volt\n{TRACE}", "on_pre": "a += x_post"},
        "differs from pair to pair, x_post",
    ),
    "a trace that is used before and after": (
        {"model": f"w : volt\n{TRACE}", "on_pre": "w += a\na += 1*volt\nw -= a"},
        "a is used before and after it is set: set traces first, or last",
    ),
    "a trace of two pathways": (
        {"model": f"w : volt\n{TRACE}", "on_pre": {"one": "a += 1*volt", "two": "v_post += a"}},
        "one sets a, which two uses at the same time: make them one pathway",
    ),
    "a trace that is no decay": (
        {"model": "w : volt\nda/dt = (x - a) / (1*ms) : volt (event-driven)", "on_pre": "a += 1*volt"},
        "a is no plain decay, da/dt = -a / tau",
    ),
    "indices among several pathways": (
        {"on_pre": {"one": "v_post += w", "two": "v_post += w * j"}},
        "two: a statement cannot use j: .* nothing per synapse",
    ),
}


@pytest.mark.parametrize("feature", REFUSED)
def test_what_is_not_supported_is_refused(feature):
    options, told = REFUSED[feature]
    with pytest.raises(NotImplementedError, match=told):
        connection(**options)


def test_connecting_by_hand_is_refused():
    with pytest.raises(NotImplementedError, match="is connected by its window"):
        connection()[-1].connect(p=0.1)


class TestDelays:
    def test_each_side_is_late_by_its_own_also_from_what_was_stored(self, target):
        network, _, above, synapses = connection(on_post="w = 7*mV", delay={"pre": 0.2 * ms, "post": 0.3 * ms})
        synapses.w = 1 * mV
        above.v[0] = 2 * volt
        network.run(0.2 * ms, namespace={})  # the spikes of the first step are under way
        network.store()
        for _ in range(2):
            network.restore()
            assert (above.v == 0 * mV).all()
            monitor = StateMonitor(above, "v", record=True, when="end")
            network.add(monitor)
            network.run(0.2 * ms, namespace={})
            network.remove(monitor)
            assert (np.asarray(monitor.v) > 0).any(axis=0).tolist() == [True, True]  # in step 2, and it remains
            assert (synapses.w == 7 * mV).any()  # in step 3
            assert (synapses.w == 1 * mV).any()

    def test_what_was_under_way_is_forgotten_with_what_was_stored_before(self, target):
        network, _, above, synapses = connection(delay=0.2 * ms)
        synapses.w = 1 * mV
        network.store()
        network.run(0.1 * ms, namespace={})  # the spikes of the first step are under way
        network.restore()
        network.run(0.3 * ms, namespace={})
        once = above.v[:].copy()
        assert (once > 0 * mV).any()
        network.restore()
        network.run(0.3 * ms, namespace={})
        np.testing.assert_array_equal(above.v, once)

    def test_they_are_rounded_as_in_synapses(self, target):
        """0.15 ms is a little less than one and a half steps of 0.1 ms."""
        steps = {0.04: 0, 0.05: 1, 0.15: 1, 0.25: 3}
        if target == "cython":
            for delay, step in steps.items():
                assert connection(delay=delay * ms)[-1].pre.delay_steps == step
            return
        below, network = neurons(1), Network()
        below.v = 2 * volt
        network.add(below)
        monitors = []
        for delay in steps:
            stored, shared = (NeuronGroup(1, "v : volt") for _ in range(2))
            plain = Synapses(below, stored, on_pre="v_post += 1*volt", delay=delay * ms)
            plain.connect()
            synapses = ConvSynapses(below, shared, Window(*[Shape(1, 1, 1)] * 2, 1), on_pre="v_post += 1*volt")
            synapses.pre.delay = delay * ms
            monitors.append([StateMonitor(group, "v", record=True, when="end") for group in (stored, shared)])
            network.add(stored, shared, plain, synapses, *monitors[-1])
        network.run(0.5 * ms, namespace={})
        arrived = [[int(np.argmax(np.asarray(monitor.v[0]) > 0)) for monitor in pair] for pair in monitors]
        assert arrived == [[step, step] for step in steps.values()]

    @pytest.mark.parametrize(
        ("delay", "told"),
        [
            (-1 * ms, "link, pre: a delay of -1. ms: it has to be 0 or more"),
            ({"post": 1 * ms}, "link: a delay of 'post', which is no pathway here: those are pre"),
            ({"between": 1 * ms}, "link: a delay of 'between', which is no pathway here: those are pre"),
        ],
    )
    def test_those_that_make_no_sense_are_refused(self, delay, told):
        with pytest.raises(ValueError, match=told):
            connection(delay=delay, name="link")

    def test_they_need_a_unit(self):
        with pytest.raises(DimensionMismatchError):
            connection(delay=1)
