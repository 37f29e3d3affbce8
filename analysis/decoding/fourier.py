"""Lengths that Fourier transforms are fast with.

The transforms themselves are NumPy's: SciPy takes as long to import as everything else that segments a picture.
"""

from __future__ import annotations


def fast_length(least: int) -> int:
    """The smallest length of at least `least` whose only prime factors are 2, 3 and 5, which is transformed fast."""
    length = max(least, 1)
    while not _fast(length):
        length += 1
    return length


def _fast(length: int) -> bool:
    for prime in (2, 3, 5):
        while length % prime == 0:
            length //= prime
    return length == 1
