"""The training of a layer: what is presented when, and that interruptions leave no trace."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import judge
from helpers.networks import (
    CLASSES,
    MULTIPLICATIVE,
    judge_rule,
    layer_shape,
    learning_layer,
    many,
    random_stimuli,
    seeds,
    to_spikes,
)
from spikeseg.configs.schema import Plasticity
from spikeseg.errors import SpikeSegError
from spikeseg.runners.training.learning import (
    Learned,
    Trainer,
    constants,
    convergence,
    finished,
    initial,
    load_checkpoint,
    on_padded_grid,
    open_learner,
    presentation_order,
    save_checkpoint,
)
from spikeseg.spikes import Shape

BELOW, STEPS, SEED = Shape(2, 5, 6), 4, (3, 1)
STIMULI = random_stimuli(BELOW, 7, STEPS, seed=0)  # presented about three times each; the first is empty
CONV = learning_layer(maps=3, padding=(1, 0), weight_std=0.1, winners=2, threshold_start=3.0)
DT = 1e-3
REWARD = Plasticity(rule="reward", layers=("conv3",), parameters={"counted": 6.0})


def begin_at(seed, conv=CONV) -> Learned:
    return initial(conv, BELOW, MULTIPLICATIVE.learning_rule, seed)


WEIGHTS = begin_at(SEED).state["w"].size


class KilledError(Exception):
    """What ends a training early in these tests."""


@pytest.fixture(scope="module")
def simulator():
    with open_learner(CONV, BELOW, STEPS, DT, "numpy", MULTIPLICATIVE) as opened:
        yield opened


@pytest.fixture(scope="module")
def whole(simulator, tmp_path_factory) -> Learned:
    """A training in chunks of 3 that nobody interrupts."""
    return trained(trainer(tmp_path_factory.mktemp("whole"), chunk=3), simulator, ignore)


def trainer(path, rule=MULTIPLICATIVE, **learning) -> Trainer:
    conv = CONV.model_copy(update={"learning": CONV.learning.model_copy(update=learning)})
    stimuli = on_padded_grid(to_spikes(STIMULI), conv, 0)
    classes = np.arange(len(STIMULI)) % CLASSES if rule == REWARD else None
    return Trainer(conv, BELOW, stimuli, SEED, path / "checkpoint.npz", rule, DT, classes=classes)


def opened(trainer: Trainer):
    """A simulator for it, of whose design a supervised rule makes the length of a chunk a part."""
    classes = None if trainer.classes is None else CLASSES
    return open_learner(trainer.conv, BELOW, STEPS, DT, "numpy", trainer.plasticity, classes=classes)


def trained(trainer: Trainer, simulator, progress) -> Learned:
    return trainer.train(trainer.begin(), simulator, progress)


def ignore(learned: Learned) -> None:
    """Progress that nobody looks at."""


def assert_same(found: Learned, expected: Learned) -> None:
    """To the last bit; `convergence` only where chunks are the same."""
    assert found.state.keys() == expected.state.keys()
    for name, values in expected.state.items():
        np.testing.assert_array_equal(found.state[name], values, err_msg=name)
    np.testing.assert_array_equal(found.winners, expected.winners)
    np.testing.assert_array_equal(found.presentation, expected.presentation)


class TestTraining:
    def test_it_is_the_judges_in_the_order_of_presentation(self, tmp_path, simulator):
        learned = trained(trainer(tmp_path, chunk=6), simulator, ignore)
        begin = begin_at(SEED).state
        kernels = begin["w"].reshape(CONV.maps, BELOW.features, *CONV.kernel)
        order = presentation_order(len(STIMULI), CONV.learning.stimuli, SEED)
        rule = judge_rule(CONV)
        expected = judge.learn(STIMULI[order], kernels, begin["theta"], CONV.padding, rule, STEPS + 1)
        np.testing.assert_array_equal(learned.state["w"], expected.kernels.ravel())
        np.testing.assert_array_equal(learned.state["theta"], expected.theta)
        assert not np.allclose(learned.state["w"], begin["w"])
        winners = np.array(sorted(expected.winners))
        np.testing.assert_array_equal(learned.presentation, winners[:, 0])
        np.testing.assert_array_equal(learned.winners, np.c_[order[winners[:, 0]], winners[:, 1:]])

    def test_every_epoch_presents_the_next_version(self, tmp_path, simulator):
        versions = np.concatenate([STIMULI, random_stimuli(BELOW, len(STIMULI), STEPS, seed=1)])
        stimuli = on_padded_grid(to_spikes(versions), CONV, 0)
        learned, odd = (
            trained(replace(trainer(tmp_path / name, chunk=chunk), stimuli=stimuli, versions=2), simulator, ignore)
            for name, chunk in (("even", 6), ("odd", 5))
        )
        assert_same(odd, learned)
        begin = begin_at(SEED).state
        kernels = begin["w"].reshape(CONV.maps, BELOW.features, *CONV.kernel)
        order = presentation_order(len(STIMULI), CONV.learning.stimuli, SEED)
        shown = np.array([versions[stimulus + 7 * (n // 7 % 2)] for n, stimulus in enumerate(order)])
        expected = judge.learn(shown, kernels, begin["theta"], CONV.padding, judge_rule(CONV), STEPS + 1)
        np.testing.assert_array_equal(learned.state["w"], expected.kernels.ravel())
        assert learned.winners[:, 0].max() < len(STIMULI)

    def test_chunks_leave_no_trace(self, tmp_path, simulator, whole):
        learned = trained(trainer(tmp_path, chunk=7), simulator, ignore)
        assert_same(learned, whole)
        assert whole.presented == CONV.learning.stimuli
        assert len(whole.winners) > 20
        assert [len(learned.convergence), len(whole.convergence)] == [1 + 3, 1 + 7]
        assert learned.convergence[-1] == whole.convergence[-1] == convergence(whole.state["w"])

    @pytest.mark.parametrize("chunks", [1, 4])
    def test_a_killed_training_goes_on_where_it_was(self, tmp_path, simulator, whole, chunks):
        def kill(learned):
            if learned.presented == 3 * chunks:
                raise KilledError

        interrupted = trainer(tmp_path, chunk=3)
        with pytest.raises(KilledError):
            trained(interrupted, simulator, kill)
        seen = []
        resumed = trained(interrupted, simulator, lambda learned: seen.append(learned.presented))
        assert seen[0] == 3 * chunks  # it did not begin anew
        assert_same(resumed, whole)
        np.testing.assert_array_equal(resumed.convergence, whole.convergence)

    @pytest.mark.parametrize(
        ("rule", "remembered"),
        [
            (Plasticity(rule="triplet"), {"rule_r1", "rule_r2", "rule_o1", "rule_o2"}),
            (REWARD, {"rule_hits", "rule_misses", "rule_shown", "rule_praise", "rule_blame"}),
        ],
    )
    def test_what_a_rule_remembers_outlasts_chunks_and_interruptions(self, tmp_path, rule, remembered):
        def kill(learned):
            if learned.presented == 14:
                raise KilledError

        at_once, parts = trainer(tmp_path / "whole", rule, chunk=20), trainer(tmp_path / "parts", rule, chunk=7)
        with opened(at_once) as simulator:
            whole = trained(at_once, simulator, ignore)
        with opened(parts) as simulator:
            with pytest.raises(KilledError):
                trained(parts, simulator, kill)
            assert_same(trained(parts, simulator, ignore), whole)
        assert remembered < whole.state.keys()
        assert all(whole.state[name].any() for name in remembered)

    @pytest.mark.parametrize(
        ("statement", "told"),
        [
            ("w = w + 1", "made weights that are not from 0 to 1: write w = clip"),
            ("w = w / 0", "made weights that are not from 0 to 1"),
            ("x = 1 / (x - x)", "x has grown beyond all numbers"),
        ],
    )
    def test_weights_that_cannot_be_are_told(self, tmp_path, statement, told):
        text = f'source = "a test"\n[weight]\nequations = "x : 1"\non_win = """\nw = clip(w, 0, 1)\n{statement}\n"""'
        rule = Plasticity(rule="own.toml", text=text)
        with (
            open_learner(CONV, BELOW, STEPS, DT, "numpy", rule) as simulator,
            pytest.raises(SpikeSegError, match=re.escape(told)),
        ):
            trained(trainer(tmp_path, rule), simulator, ignore)
        assert not (tmp_path / "checkpoint.npz").exists()

    def test_a_complete_training_is_only_read(self, tmp_path, simulator):
        complete = trained(trainer(tmp_path, chunk=10), simulator, ignore)
        again = trained(trainer(tmp_path, chunk=10), None, ignore)  # pyright: ignore
        assert_same(again, complete)

    def test_progress_is_told_of_the_start_and_of_every_chunk(self, tmp_path, simulator):
        seen = []
        trained(trainer(tmp_path, chunk=8), simulator, lambda learned: seen.append(learned.presented))
        assert seen == [0, 8, 16, 20]

    def test_it_stops_when_it_has_converged(self, tmp_path, simulator):
        assert (
            trained(trainer(tmp_path, chunk=3, convergence=1.0), simulator, ignore).presented == 12
        )  # half, by chunks


class TestCheckpoint:
    @pytest.fixture
    def learned(self):
        winners = np.array([[2, 1, 7], [0, 3, 4]], np.int32)
        begun = begin_at(SEED)
        return replace(
            begun,
            state=begun.state | {"presented": np.array([CONV.learning.stimuli])},
            winners=winners,
            presentation=np.array([0, 2], np.int32),
            convergence=np.repeat(begun.convergence, 2),
            histogram=np.repeat(begun.histogram, 2, axis=0),
        )

    @pytest.fixture
    def checkpoint(self, tmp_path, learned):
        save_checkpoint(tmp_path / "checkpoint.npz", learned)
        return tmp_path / "checkpoint.npz"

    def test_it_holds_everything(self, checkpoint, learned):
        loaded = load_checkpoint(checkpoint, CONV, WEIGHTS)
        assert_same(loaded, learned)
        np.testing.assert_array_equal(loaded.convergence, learned.convergence)
        assert loaded.winners.dtype == loaded.presentation.dtype == np.int32

    def test_there_may_be_none(self, tmp_path):
        assert load_checkpoint(tmp_path / "checkpoint.npz", CONV, WEIGHTS) is None

    @pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.99])
    def test_half_a_file_is_damaged(self, checkpoint, share):
        content = checkpoint.read_bytes()
        checkpoint.write_bytes(content[: int(share * len(content))])
        with pytest.raises(SpikeSegError, match=r"^checkpoint .*\.npz is damaged: .*; remove it"):
            load_checkpoint(checkpoint, CONV, WEIGHTS)

    @pytest.mark.parametrize("content", [b"", b"not an archive", bytes(1000)])
    def test_another_file_is_damaged(self, checkpoint, content):
        checkpoint.write_bytes(content)
        with pytest.raises(SpikeSegError, match="is damaged"):
            load_checkpoint(checkpoint, CONV, WEIGHTS)

    @pytest.mark.parametrize("lost", ["winners", "convergence", "state_w", "state_wins"])
    def test_a_file_that_lacks_something_is_damaged(self, checkpoint, lost):
        with np.load(checkpoint) as file:
            np.savez(checkpoint, **{name: file[name] for name in file.files if name != lost})
        with pytest.raises(SpikeSegError, match="is damaged"):
            load_checkpoint(checkpoint, CONV, WEIGHTS)

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ({"state_w": np.full(7, 0.5)}, rf"state_w is float64 of shape \(7,\), not real numbers of shape {WEIGHTS}"),
            ({"state_w": np.full(WEIGHTS, np.nan)}, "its weights cannot be"),
            ({"state_w": np.full(WEIGHTS, 1j)}, "state_w is complex128"),
            ({"state_theta": np.array([1, 0.0, 1])}, "its thresholds cannot be"),
            ({"state_presented": np.array([-1])}, "its presented cannot be"),
            ({"state_presented": np.array([10**12])}, "its presented cannot be"),
            ({"convergence": np.full(10**6, 0.1)}, "convergence has 1,000,000 values"),
            ({"winners": np.zeros((1, 3), np.int32)}, "its length cannot be"),
        ],
    )
    def test_what_cannot_be_is_named(self, checkpoint, change, told):
        with np.load(checkpoint) as file:
            np.savez(checkpoint, **(dict(file) | change))
        with pytest.raises(SpikeSegError, match=rf"^checkpoint .*\.npz is damaged: {told}.*; remove it"):
            load_checkpoint(checkpoint, CONV, WEIGHTS)

    def test_whatever_byte_is_wrong_it_is_found_or_does_no_harm(self, checkpoint, learned):
        content = checkpoint.read_bytes()
        found = 0
        for position in range(0, len(content), 7):
            checkpoint.write_bytes(content[:position] + bytes([content[position] ^ 0xFF]) + content[position + 1 :])
            try:
                assert_same(load_checkpoint(checkpoint, CONV, WEIGHTS), learned)
            except SpikeSegError:
                found += 1
        assert found > len(content) / 7 / 2

    def test_a_place_that_cannot_be_written_is_told(self, tmp_path, learned):
        (tmp_path / "file").write_text("")
        with pytest.raises(SpikeSegError, match="cannot write"):
            save_checkpoint(tmp_path / "file" / "checkpoint.npz", learned)


class TestOrder:
    @many
    @given(st.integers(1, 9), st.integers(1, 40), st.tuples(seeds, seeds))
    def test_stimuli_come_in_whole_epochs(self, stimuli, presentations, seed):
        order = presentation_order(stimuli, presentations, seed)
        assert len(order) == presentations
        for start in range(0, presentations, stimuli):
            epoch = order[start : start + stimuli].tolist()
            assert len(set(epoch)) == len(epoch)
            assert set(epoch) <= set(range(stimuli))

    def test_each_epoch_and_each_seed_has_an_order_of_its_own(self):
        order = presentation_order(30, 60, (1, 0)).reshape(2, 30)
        assert not np.array_equal(*order)
        np.testing.assert_array_equal(order, presentation_order(30, 60, (1, 0)).reshape(2, 30))
        for other in ((1, 1), (2, 0)):
            assert not np.array_equal(order[0], presentation_order(30, 30, other))

    def test_a_longer_training_begins_like_a_shorter_one(self):
        np.testing.assert_array_equal(presentation_order(5, 23, SEED)[:12], presentation_order(5, 12, SEED))


@many
@given(layer_shape, st.tuples(st.integers(0, 2), st.integers(0, 2)), st.integers(0, 3), seeds)
def test_the_padded_grid_is_the_layer_below_with_a_silent_margin(shape, padding, first_step, seed):
    steps = random_stimuli(shape, 3, 4, seed)
    late = to_spikes(np.where(steps == judge.SILENT, judge.SILENT, steps + first_step))
    margin = [(0, 0), (0, 0), *((p, p) for p in padding)]
    expected = to_spikes(np.pad(steps, margin, constant_values=judge.SILENT))
    found = on_padded_grid(late, learning_layer(padding=padding), first_step)
    assert (found.shape, found.stimuli) == (expected.shape, 3)
    for column in ("stimulus", "step", "neuron"):
        np.testing.assert_array_equal(getattr(found, column), getattr(expected, column))


class TestStart:
    def test_weights_are_normal_and_clipped(self):
        conv = learning_layer(maps=50, kernel=(10, 10), weight_mean=0.8, weight_std=0.1, threshold_start=7.0)
        begin = begin_at(SEED, conv)
        w = begin.state["w"]
        assert len(w) == 50 * 2 * 10 * 10
        assert np.mean(w) == pytest.approx(0.8, abs=0.005)
        assert np.std(w) == pytest.approx(0.1, abs=0.005)
        assert 0 <= w.min() < w.max() == 1
        assert begin.state["theta"].tolist() == [7.0] * 50
        assert begin.convergence.tolist() == [convergence(w)]
        assert (begin.presented, len(begin.winners), len(begin.presentation)) == (0, 0, 0)

    def test_the_seed_decides(self):
        one, same, *others = (begin_at(seed).state["w"] for seed in (SEED, SEED, (3, 0), (4, 1)))
        np.testing.assert_array_equal(one, same)
        for other in others:
            assert not np.allclose(one, other)

    def test_what_a_map_rises_by_all_maps_together_fall_by(self):
        values = constants(CONV, MULTIPLICATIVE, DT)
        assert values["rise"].item() == CONV.learning.homeostasis
        assert values["fall"].item() * CONV.maps == pytest.approx(CONV.learning.homeostasis)


class TestConvergence:
    @pytest.mark.parametrize(
        ("weights", "expected"), [([0, 1, 1], 0), ([0.5] * 4, 0.25), ([0.25, 0.75], 3 / 16), ([0, 0.5], 0.125)]
    )
    def test_it_is_the_mean_of_w_times_1_minus_w(self, weights, expected):
        assert convergence(np.array(weights)) == expected

    @pytest.mark.parametrize(
        ("presented", "last", "expected"),
        [
            (0, 0.001, False),  # weights may start near 1
            (9, 0.001, False),
            (10, 0.001, True),
            (10, 0.01, False),  # it has to be below
            (19, 0.2, False),
            (20, 0.2, True),
            (21, 0.2, True),
        ],
    )
    def test_a_training_ends_converged_in_its_second_half_or_with_its_last_stimulus(self, presented, last, expected):
        learning = learning_layer(stimuli=20, convergence=0.01).learning
        begin = begin_at(SEED)
        state = begin.state | {"presented": np.array([presented])}
        assert finished(replace(begin, state=state, convergence=np.array([0.25, last])), learning) == expected
