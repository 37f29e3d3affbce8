"""Choose examples from many stimuli."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def evenly_spaced(numbers: Sequence[int], count: int) -> list[int]:
    """Choose at most `count` of the numbers, evenly spaced."""
    places = np.linspace(0, len(numbers) - 1, max(0, min(count, len(numbers))))
    return [numbers[place] for place in places.round().astype(int).tolist()]
