"""N-MNIST: MNIST's digits, recorded by an event camera under three saccades (Orchard et al. 2015)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from .events.formats import Invalid, read_events
from .folders import files_by_class
from .recordings import Recordings, Take
from .sample import Target

SIZE = 34, 34
"""Rows and columns of every recording, which its file does not name."""

PARTS = "Test", "Train"


class NMnist(Recordings):
    """N-MNIST's recordings, each of one digit, sorted by name.

    Opening the dataset looks for all files. A file is read only when its item is asked for. Recordings have a class,
    but neither boxes nor masks.

    Parameters
    ----------
    root
        Directory with a folder of ``.bin`` files per digit, or with the official ``Train`` and ``Test``, which hold
        such folders. To keep the official test set apart, give ``Train`` itself to training and ``Test`` to evaluation.
    classes
        Which digits to take, ``"0"`` to ``"9"``.
    invalid
        What becomes of events off the sensor or out of order, see `open_events`.

    Attributes
    ----------
    names, labels
        ``<digit>/<number>.bin``, after ``Train/`` or ``Test/`` where they are, and ``<digit>`` of every recording.
    invalid_events
        How many events were left out or moved, by name, of the recordings that were loaded.

    Raises
    ------
    SpikeSegError
        No such directory, or a digit without a recording.
    """

    names: Sequence[str]
    labels: Sequence[str]
    invalid_events: dict[str, int]

    def __init__(self, root: str | Path, classes: Sequence[str], invalid: Invalid = "error") -> None:
        root = Path(root)
        self._invalid: Invalid = invalid
        self.invalid_events = {}
        parts = [part for part in PARTS if (root / part).is_dir()]
        self._files = {
            f"{part}/{name}" if part else name: path
            for part in parts or [""]
            for name, path in files_by_class(root / part, classes, "*.bin").items()
        }
        self.names = tuple(self._files)
        self.labels = tuple(name.split("/")[-2] for name in self.names)

    def __getitem__(self, index: int) -> Take:
        """Load a recording. Raises SpikeSegError where it is damaged."""
        name = self.names[index]
        recording = read_events(self._files[name], "atis", SIZE, invalid=self._invalid)
        self.invalid_events[name] = recording.invalid
        targets = (Target(self.labels[index], None),)
        return Take(replace(recording, name=name), lambda t: targets)
