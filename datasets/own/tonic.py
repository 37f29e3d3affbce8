"""Datasets of Tonic (Lenz et al. 2021, doi 10.5281/zenodo.5079802) as recordings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from spikeseg.errors import SpikeSegError

from ..events.events import Recording, check, pack
from ..recordings import Take
from ..sample import Target


def from_tonic(
    dataset: Any, classes: Sequence[str] | None = None, size: tuple[int, int] | None = None
) -> TonicRecordings:
    """Make recordings of pairs (events, label), as the datasets of Tonic give them; there are no boxes.

    Parameters
    ----------
    dataset
        Has a length, and gives pairs by index: events as a structured array with fields x, y, t (microseconds) and p,
        and a label. Labels are read from its ``targets`` where it has them, else from every item in turn.
    classes
        Which labels to take, as text; all by default.
    size
        Rows and columns of the sensor; those of the dataset's ``sensor_size`` by default.

    Raises
    ------
    SpikeSegError
        No size of the sensor, or a class without a recording.
    """
    return TonicRecordings(dataset, classes, size or _sensor(dataset))


class TonicRecordings:
    """See `from_tonic`.

    Attributes
    ----------
    names, labels
        ``<label>/<index>`` and ``<label>`` of every recording.
    """

    names: Sequence[str]
    labels: Sequence[str]

    def __init__(self, dataset: Any, classes: Sequence[str] | None, size: tuple[int, int]) -> None:
        self._dataset, self._size = dataset, size
        labels = _labels(dataset)
        for label in classes or ():
            if label not in labels:
                there = ", ".join(sorted(set(labels))[:20])
                raise SpikeSegError(f"{type(dataset).__name__} has no recording of {label}; it has {there}")
        self._indices = [index for index, label in enumerate(labels) if classes is None or label in classes]
        self.labels = [labels[index] for index in self._indices]
        self.names = [f"{labels[index]}/{index:05d}" for index in self._indices]

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Take:
        """Load a recording.

        Raises
        ------
        SpikeSegError
            It is no structured array of events, or has events off the sensor or out of order.
        """
        name, label = self.names[index], self.labels[index]
        events = self._dataset[self._indices[index]][0]
        fields = getattr(getattr(events, "dtype", None), "names", None) or ()
        if not {"x", "y", "t", "p"} <= set(fields):
            raise SpikeSegError(f"{name} is no structured array with fields x, y, t, p: leave out the transform")
        x, y, t, p = (np.asarray(events[field]) for field in "xytp")
        events = pack(x, y, t, p.astype(int), name)
        check(events, self._size, name)
        targets = (Target(label, None),)
        return Take(Recording(name, self._size, events), lambda t: targets)


def _sensor(dataset: Any) -> tuple[int, int]:
    size = getattr(dataset, "sensor_size", None)
    if size is None:
        raise SpikeSegError(f"{type(dataset).__name__} does not say the size of its sensor: give size=(rows, columns)")
    columns, rows = size[:2]
    return int(rows), int(columns)


def _labels(dataset: Any) -> list[str]:
    targets = getattr(dataset, "targets", None)
    if targets is None or len(targets) != len(dataset):
        targets = [dataset[index][1] for index in range(len(dataset))]
    return [str(target) for target in targets]
