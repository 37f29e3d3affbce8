"""Lengths that are transformed fast."""

from __future__ import annotations

from scipy.fft import next_fast_len

from spikeseg.analysis.decoding.potentials import fast_length


def test_lengths_are_those_of_scipy():
    for least in range(1, 2000):
        assert fast_length(least) == next_fast_len(least, real=True)
