"""A recording is played so that each packet ends with the event that completes it, and every buffer has a latency."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.live import cut, measure, repeated
from helpers.networks import configuration, many, random_network, seeds
from spikeseg.datasets.events.events import pack

CONFIG = configuration(
    data={"dataset": "orange-panda-sim", "classes": ["orange", "panda"], "test": 1},
    input={"rows": 14, "columns": 17, "steps": 5, "flush_steps": 6, "dog": None, "buffer": {"duration_ms": 5}},
    conv2={"maps": 3, "kernel": [3, 3], "padding": [1, 1]},
    conv3={"maps": 2, "kernel": [3, 3], "padding": [1, 1]},
)


def recorded(seed, count, span):
    rng = np.random.default_rng(seed)
    t = np.sort(rng.integers(0, span, count)) + 7_000_000
    return pack(rng.integers(0, 17, count), rng.integers(0, 14, count), t, rng.integers(0, 2, count), "here")


@many
@given(seed=seeds, count=st.integers(1, 200), times=st.integers(1, 4), span=st.sampled_from([1, 10, 1000]))
def test_packets_end_with_the_first_event_of_the_next_one(seed, count, times, span):
    events = repeated(recorded(seed, count, 3000), times)
    packets = cut(events, span)
    assert len(events) == count * times
    assert events["t"][0] == 0
    assert (np.diff(events["t"]) >= 0).all()
    np.testing.assert_array_equal(np.concatenate([events[:0], *packets]), events[: sum(map(len, packets))])
    times_of = np.split(events["t"] // span, np.cumsum([len(packet) for packet in packets]))
    for before, own in zip([np.zeros(1), *times_of], times_of[:-1], strict=False):
        assert (own[:-1] == before[-1]).all()
        assert own[-1] > before[-1]
    assert (times_of[-1] == times_of[-2][-1] if packets else times_of[-1] == 0).all()


@pytest.mark.compiled
def test_every_buffer_has_a_latency(tmp_path):
    (tmp_path / "run").mkdir()
    network = replace(random_network(CONFIG, 4, "tenths"), map_labels=("orange", "panda"))
    network.save(tmp_path / "run" / "network.npz")
    np.savez(tmp_path / "events.npz", events=recorded(5, 1500, 60_000), size=(14, 17))
    found = measure(str(tmp_path / "run"), tmp_path / "events.npz", 5, 5, 2)
    assert len(found) == 5
    assert (found > 0).all()
