"""What a test changes about the pictures or recordings that it measures on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


def _option(default: Any, description: str, **settings: Any) -> Any:
    """A field; its metadata are those of an option of the command line."""
    return field(default=default, metadata={"help": description, **settings})


@dataclass(frozen=True)
class EvaluationOptions:
    """Departures from the plain test; see `variants.apply_options`. By default there is none.

    Attributes
    ----------
    canvas, scales, clutter
        Paste each picture somewhere on a larger canvas, at a scale from this range, among clutter.
    overlap
        Rendered data: both objects, overlapping by this fraction of the smaller one.
    objects, mixed
        Count objects, in scenes of so many side by side, of one class or of different ones.
    buffer_ms
        Recordings: length of the buffers in milliseconds; as in training when absent.
    fixed_thresholds
        Thresholds do not adapt to the number of events.
    """

    canvas: bool = _option(False, "Paste each picture somewhere on a larger canvas.")
    scales: tuple[float, float] = _option((1, 1), "With --canvas: smallest and largest scale of the pasted pictures.")
    clutter: bool = _option(False, "With --canvas: a cluttered one.")
    overlap: float | None = _option(None, "Rendered data: both objects, overlapping by this fraction.", min=0, max=0.9)
    objects: int | None = _option(None, "Count objects, in scenes of so many of one class side by side.", min=1)
    mixed: bool = _option(False, "With --objects: of different classes.")
    buffer_ms: float | None = _option(None, "Recordings: length of the buffers, e.g. 10ms.", flag="--buffer", unit="ms")
    fixed_thresholds: bool = _option(False, "Thresholds do not adapt to the number of events.")
