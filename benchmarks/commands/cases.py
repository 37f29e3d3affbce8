"""The commands that are measured, and what their costs mean: only what every version understands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

RECIPE = Path(__file__).with_name("events.toml")
OUT = "{out}"
"""Stands for a fresh directory, into which a command writes."""
HOME = "{home}"
"""Stands for the directory of a version, which holds its own network for events."""

PICTURES, PHOTOGRAPHS = 41, 24
EVENTS = 10**5, 10**6, 10**7
BUFFER_US = 30_000
BUFFERS = 80
RECORDING, FIRST_BUFFER = "ornaments.npz", "first-buffer.npz"


def picture_file(number: int) -> str:
    """Name of a small picture."""
    return f"picture-{number:02}.png"


def photograph_file(number: int) -> str:
    """Name of a picture of 12 megapixels."""
    return f"photograph-{number:02}.jpg"


def events_file(count: int) -> str:
    """Name of a recording of so many events in one buffer."""
    return f"events-{count}.npz"


Command = tuple[str, ...]
"""Arguments of the program, in which `OUT` and `HOME` stand for directories."""


@dataclass(frozen=True)
class Row:
    """A line of the table: the processor time of a case, or what it takes beyond another one.

    Attributes
    ----------
    name
        What stands before the figures.
    case
        The case that is meant.
    beyond
        The case whose cost is subtracted; none if empty.
    units
        Pictures, buffers or events that the case has more: the cost is for each of them.
    factor
        From seconds to the unit in which it is shown.
    recorded_s
        If this is given, the figure is how often the cost goes into it: the real-time factor of a stream.
    """

    name: str
    case: str
    beyond: str = ""
    units: int = 1
    factor: float = 1.0
    recorded_s: float = 0.0

    def figure(self, seconds: float) -> float:
        """What is shown for a cost."""
        return self.recorded_s / seconds if self.recorded_s else self.factor * seconds / self.units


NETWORK = f"{HOME}/events"
TRAINING: Command = ("train", str(RECIPE), "--out", NETWORK)
"""How each version gets its own network for events."""


def plan(inputs: Path, data: Path | None) -> dict[str, Command]:
    """All cases by name.

    Parameters
    ----------
    inputs
        Directory of the pictures and recordings that `inputs` makes.
    data
        Directory of Caltech-101; None leaves out what needs it.
    """
    pictures = [str(inputs / picture_file(number)) for number in range(PICTURES)]
    photographs = [str(inputs / photograph_file(number)) for number in range(PHOTOGRAPHS)]
    cases = {
        "segment 1": _segment(pictures[:1]),
        f"segment {PICTURES}": _segment(pictures),
        f"photographs {PHOTOGRAPHS}": _segment(photographs),
        "stream 1": _stream(inputs / FIRST_BUFFER),
        f"stream {BUFFERS}": _stream(inputs / RECORDING),
        **{f"events {count}": _stream(inputs / events_file(count)) for count in EVENTS},
        "train": ("train", str(RECIPE), "--out", f"{OUT}/run"),
    }
    if data is not None:
        of_data = "dog-caltech", "--data", str(data)
        cases["encode"] = ("encode", *of_data, "--out", f"{OUT}/spikes.npz")
        cases["evaluate"] = ("evaluate", *of_data, "--out", OUT)
    return cases


def _segment(pictures: list[str]) -> Command:
    return "segment", "dog-caltech", *pictures, "--out", OUT


def _stream(recording: Path) -> Command:
    return "stream", NETWORK, str(recording), "--out", OUT


def rows() -> list[Row]:
    """All lines of the table, in order."""
    few, some, many = EVENTS
    further = f"stream {BUFFERS}", "stream 1", BUFFERS - 1
    return [
        Row("segment 1 picture, s", "segment 1"),
        Row(f"each of {PICTURES - 1} further ones, ms", f"segment {PICTURES}", "segment 1", PICTURES - 1, 1e3),
        Row(f"segment {PHOTOGRAPHS} photographs of 12 megapixels, s", f"photographs {PHOTOGRAPHS}"),
        Row("encode the test part of Caltech-101, s", "encode"),
        Row("evaluate it, s", "evaluate"),
        Row(f"stream {BUFFERS} buffers of 30 ms, s", f"stream {BUFFERS}"),
        Row("each further buffer, ms", *further, 1e3),
        Row("the same, real-time factor", *further, recorded_s=(BUFFERS - 1) * BUFFER_US / 1e6),
        *(Row(f"stream a buffer of {count:,} events, s", f"events {count}") for count in EVENTS),
        Row(f"each event from {few:,} on, ns", f"events {some}", f"events {few}", some - few, 1e9),
        Row(f"each event from {some:,} on, ns", f"events {many}", f"events {some}", many - some, 1e9),
        Row("train a small network for events, s", "train"),
    ]


def needed(names: Mapping[str, Command], only: str) -> dict[str, Command]:
    """The cases whose name contains `only`; all of them if it is empty, but for training, which takes minutes."""
    return {name: case for name, case in names.items() if (only in name if only else name != "train")}
