"""Simulators: every run begins anew, and whatever goes wrong is told in one line."""

import os
import shutil
import signal
from contextlib import contextmanager

import numpy as np
import pytest

from helpers.designs import Unbuildable
from helpers.networks import (
    ENCODERS,
    SILENT,
    assert_same_spikes,
    judged,
    random_network,
    random_stimuli,
    shapes_of,
    to_spikes,
)
from spikeseg.errors import SpikeSegError
from spikeseg.models.network import LAYERS
from spikeseg.runners.inference.encoding import encoder_state, open_encoder
from spikeseg.runners.simulation.devices import DEVICES
from spikeseg.runners.simulation.interface import Times, recorded_spikes
from spikeseg.runners.simulation.simulator import open_simulator
from spikeseg.spikes import Shape, Spikes

CONFIG = ENCODERS["overlapping pools"]
SIZE = CONFIG.input.size


@pytest.fixture(
    scope="module",
    params=[
        "numpy",
        pytest.param("cpp_standalone", marks=pytest.mark.compiled),
        pytest.param("genn-cpu", marks=pytest.mark.genn),
    ],
)
def device(request):
    if request.param == "genn-cpu":
        request.getfixturevalue("genn")
    return request.param


@pytest.fixture(scope="module")
def simulator(device):
    with opened(device) as one:
        yield one


def case(seed, stimuli=4):
    """A network and stimuli."""
    network = random_network(CONFIG, seed, "whole")
    return network, random_stimuli(shapes_of(CONFIG)["input"], stimuli, CONFIG.input.steps, seed)


def run(simulator, network, stimuli):
    spikes = to_spikes(stimuli)
    return simulator.run(spikes, encoder_state(network, spikes))


def assert_same(found, expected):
    assert tuple(found.spikes) == tuple(expected.spikes) == LAYERS
    for layer, spikes in expected.spikes.items():
        assert_same_spikes(found.spikes[layer], spikes)
    assert found.state.keys() == expected.state.keys()
    for name, values in expected.state.items():
        np.testing.assert_array_equal(found.state[name], values, err_msg=name)


@contextmanager
def opened(device):
    with open_encoder(CONFIG, SIZE, device) as encoder:
        yield encoder.simulator


class TestRuns:
    def test_a_run_knows_nothing_of_those_before(self, device, simulator):
        a, b = case(0), case(1)
        first, other, again = (run(simulator, *c) for c in (a, b, a))
        assert_same(again, first)
        assert all(len(spikes) for spikes in first.spikes.values())
        assert any(len(other.spikes[layer]) != len(first.spikes[layer]) for layer in LAYERS)
        with opened(device) as fresh:
            assert_same(run(fresh, *a), first)

    def test_a_stimulus_knows_nothing_of_those_before(self, simulator):
        network, stimuli = case(2)
        order = [3, 1, 1, 0, 2]
        together, shuffled = run(simulator, network, stimuli), run(simulator, network, stimuli[order])
        for layer, spikes in together.spikes.items():
            assert_same_spikes(shuffled.spikes[layer], spikes.select(order))

    def test_silence_in_is_silence_out(self, simulator):
        network, stimuli = case(3)
        silent, loud = run(simulator, network, np.full_like(stimuli, SILENT)), run(simulator, network, stimuli)
        for layer in LAYERS:
            assert (len(silent.spikes[layer]), silent.spikes[layer].stimuli) == (0, len(stimuli))
            assert len(loud.spikes[layer])

    @pytest.mark.parametrize("stimuli", [0, 1, 3])
    def test_there_may_be_few_stimuli_or_none(self, simulator, stimuli):
        network, four = case(4)
        last = range(4)[4 - stimuli :]
        found, expected = run(simulator, network, four[last.start :]), run(simulator, network, four)
        for layer, spikes in expected.spikes.items():
            assert_same_spikes(found.spikes[layer], spikes.select(last))

    def test_what_no_run_changes_does_not_come_back(self, simulator):
        assert run(simulator, *case(5)).state == {}

    def test_values_that_may_have_changed_are_sent_again(self, simulator):
        """Those that cannot be written to are kept as a program takes them, and must not be mixed up with others."""
        (network, stimuli), (other, _) = case(5), case(6)
        spikes = to_spikes(stimuli)
        state = {name: np.array(values) for name, values in encoder_state(network, spikes).items()}
        first = simulator.run(spikes, state)
        assert_same(simulator.run(spikes, encoder_state(network, spikes)), first)
        expected = simulator.run(spikes, encoder_state(other, spikes))
        for name, values in encoder_state(other, spikes).items():
            state[name][...] = values
        assert_same(simulator.run(spikes, state), expected)
        assert_same(simulator.run(spikes, encoder_state(network, spikes)), first)

    @pytest.mark.compiled
    def test_devices_agree_to_the_last_bit(self):
        network, stimuli = random_network(CONFIG, 7, "real"), case(7)[1]
        with opened("numpy") as one, opened("cpp_standalone") as other:
            assert_same(run(one, network, stimuli), run(other, network, stimuli))

    def test_an_unknown_device_is_refused_and_those_there_are_named(self):
        told = f"unknown device 'abacus': choose one of {', '.join(DEVICES)}"
        with pytest.raises(SpikeSegError, match=told), open_simulator(Unbuildable(), "abacus"):
            pass


def test_spikes_that_come_late_are_counted_back_and_those_after_the_end_left_out():
    """Three steps a stimulus, two to spare, and a layer that is one step late."""
    times = Times(steps=3, ticks=1, dt=1e-3, spare=2)
    t = 1e-3 * np.array([1, 3, 4, 6, 8, 9])
    found = recorded_spikes(Shape(1, 1, 9), 2, np.arange(6), t, times, delay=1)
    expected = Spikes.collect(Shape(1, 1, 9), 2, [0, 0, 1, 1], [0, 2, 0, 2], [0, 1, 3, 4])
    assert_same_spikes(found, expected)


def test_spikes_of_later_ticks_belong_to_the_next_step():
    """Two stimuli of two steps of two ticks; neurons of a step come in the order of their ticks."""
    times = Times(steps=2, ticks=2, dt=1e-3, spare=0)
    t = 0.5e-3 * np.array([0, 1, 2, 3, 4, 6, 7])
    found = recorded_spikes(Shape(1, 1, 9), 2, np.array([8, 7, 6, 5, 4, 3, 2]), t, times, delay=0)
    expected = Spikes.collect(Shape(1, 1, 9), 2, [0, 0, 0, 0, 1, 1, 1], [0, 1, 1, 2, 0, 1, 2], [8, 7, 6, 5, 4, 3, 2])
    assert_same_spikes(found, expected)


def test_spikes_hold_on_to_nothing_else_that_a_program_has_answered():
    answered = np.arange(3, dtype=np.int32)
    times = Times(steps=3, ticks=1, dt=1e-3, spare=0)
    found = recorded_spikes(Shape(1, 1, 9), 1, answered, 1e-3 * np.arange(3), times, delay=0)
    np.testing.assert_array_equal(found.neuron, answered)
    assert not np.shares_memory(found.neuron, answered)


@pytest.fixture
def program(tmp_path, monkeypatch, programs):
    """Directory of the compiled encoder: a copy that may be damaged, and that is not built again."""
    with opened("cpp_standalone") as simulator:
        original = simulator._directory
    copy = tmp_path / original.relative_to(programs)
    shutil.copytree(original, copy, symlinks=True)
    monkeypatch.setenv("SPIKESEG_CACHE", str(tmp_path))
    monkeypatch.setattr("spikeseg.runners.simulation.program._compile", lambda *_: pytest.fail("it was compiled"))
    return copy


@pytest.mark.compiled
class TestCompiledPrograms:
    def test_a_program_is_compiled_once(self, program):
        network, stimuli = case(6)
        with opened("cpp_standalone") as simulator:
            found = run(simulator, network, stimuli)
        assert_same_spikes(found.spikes["conv3"], to_spikes(judged(network, stimuli)["conv3"]))

    def test_one_process_runs_it_again_and_again_each_time_as_if_anew(self, program):
        cases = [case(seed) for seed in (6, 7, 6)]
        with opened("cpp_standalone") as simulator:
            first, other, again = (run(simulator, *one) for one in cases)
            (process,) = (running._process for running in simulator._idle)
            assert process.poll() is None
        assert process.poll() is not None
        with pytest.raises(ProcessLookupError):  # nor is a copy left
            os.killpg(process.pid, 0)
        assert_same(first, again)
        assert len(first.spikes["conv1"].neuron) != len(other.spikes["conv1"].neuron)

    def test_one_that_was_killed_is_told_and_the_next_run_has_another(self, program):
        network, stimuli = case(6)
        with opened("cpp_standalone") as simulator:
            expected = run(simulator, network, stimuli)
            os.killpg(simulator._idle[0]._process.pid, signal.SIGKILL)
            with pytest.raises(SpikeSegError, match="ended by SIGKILL"):
                run(simulator, network, stimuli)
            assert_same(run(simulator, network, stimuli), expected)

    @pytest.mark.parametrize(
        ("script", "told"),
        [
            ("exit 3", r"simulation failed: exit code 3 and no message; remove .*/programs/"),
            ("kill -9 $$", r"simulation failed: ended by SIGKILL: out of memory\?"),
            ("kill -11 $$", r"simulation failed: ended by SIGSEGV: remove .*/programs/\w+ to have it compiled anew"),
            ("echo out of memory >&2", "out of memory"),
            ("true", "simulation failed: exit code 0 and no message; remove .*/programs/"),
        ],
    )
    def test_a_program_that_does_not_finish_is_told(self, program, script, told):
        (program / "main").write_text(f"#!/bin/sh\n{script}\n")
        with opened("cpp_standalone") as simulator, pytest.raises(SpikeSegError, match=told):
            run(simulator, *case(0))

    def test_a_program_that_is_gone_is_told(self, program):
        with opened("cpp_standalone") as simulator:
            (program / "main").unlink()
            with pytest.raises(SpikeSegError, match="simulation failed"):
                run(simulator, *case(0))

    def test_a_damaged_manifest_is_told(self, program):
        (program / "manifest.json").write_text("{")
        with pytest.raises(SpikeSegError, match=r"manifest\.json"), opened("cpp_standalone"):
            pass


class TestCompiling:
    @pytest.fixture(autouse=True)
    def cache(self, tmp_path, monkeypatch):
        """An empty one."""
        monkeypatch.setenv("SPIKESEG_CACHE", str(tmp_path / "cache"))
        return tmp_path / "cache"

    def test_a_compiler_is_needed(self, monkeypatch):
        monkeypatch.setenv("PATH", "")
        monkeypatch.delenv("CXX", raising=False)
        with pytest.raises(SpikeSegError, match=r"needs a C\+\+ compiler"), opened("cpp_standalone"):
            pass

    def test_a_cache_that_cannot_be_written_is_told(self, cache):
        cache.write_text("")
        with pytest.raises(SpikeSegError, match="cannot write"), opened("cpp_standalone"):
            pass

    @pytest.mark.compiled
    def test_a_compiler_that_fails_is_told_and_leaves_nothing(self, cache, monkeypatch):
        monkeypatch.setenv("CXX", "false")
        with pytest.raises(SpikeSegError, match=r"compiling .* failed: \S"), opened("cpp_standalone"):
            pass
        self.assert_as_before(cache)

    @pytest.mark.compiled
    def test_a_model_that_cannot_be_built_leaves_nothing_but_a_remark_that_it_takes_long(self, cache, caplog):
        told = "a model was built"
        with (
            caplog.at_level("INFO", "spikeseg"),
            pytest.raises(AssertionError, match=told),
            open_simulator(Unbuildable(), "cpp_standalone"),
        ):
            pass
        assert caplog.text.count("compiling the simulation") == 1
        self.assert_as_before(cache)

    def assert_as_before(self, cache):
        assert not (cache / "programs").exists()
        with opened("numpy") as simulator:
            assert len(run(simulator, *case(0)).spikes["conv3"])
