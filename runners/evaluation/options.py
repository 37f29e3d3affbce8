"""Options of an evaluation: how the pictures or recordings that are measured differ from those of the dataset."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...configs.inputs import Fit


def _option(default: Any, description: str, **settings: Any) -> Any:
    """A field of the dataclass, with the metadata that `cli.options.dataclass_options` reads."""
    return field(default=default, metadata={"help": description, **settings})


@dataclass(frozen=True)
class EvaluationOptions:
    """How an evaluation differs from the plain one; see `variants.apply_options`. By default it does not differ.

    Attributes
    ----------
    canvas, scales, clutter
        Paste each picture at a random place on a larger canvas, at a random scale from this range, among clutter.
    overlap
        Rendered data: scenes of two objects that overlap by this fraction of the smaller one.
    objects, mixed
        Count objects, in scenes of this many objects side by side, of one class or of different classes.
    buffer_ms
        Recordings: duration of the buffers in milliseconds; None for that of training.
    fit
        Recordings: how a sensor's pixels become neurons of the input layer; None as in training.
    noise_hz
        Recordings: background events that are added, per pixel and second.
    fixed_thresholds
        Thresholds do not adapt to the number of events.
    """

    canvas: bool = _option(False, "Paste each picture at a random place on a larger canvas.")
    scales: tuple[float, float] = _option((1, 1), "With --canvas: smallest and largest scale of the pasted pictures.")
    clutter: bool = _option(False, "With --canvas: add clutter to the canvas.")
    overlap: float | None = _option(
        None, "Rendered data: scenes of two objects that overlap by this fraction.", min=0, max=0.9
    )
    objects: int | None = _option(None, "Count objects, in scenes with this many of one class side by side.", min=1)
    mixed: bool = _option(False, "With --objects: objects of different classes.")
    buffer_ms: float | None = _option(
        None, "Recordings: duration of the buffers, e.g. 10ms; default: as in training.", flag="--buffer", unit="ms"
    )
    fit: Fit | None = _option(  # noqa: RUF009 - a field
        None, "Recordings: pad or crop centres the sensor on the input, bin scales it; default: as in training."
    )
    noise_hz: float = _option(0, "Recordings: add background events, so many per pixel and second.", min=0, max=1000)
    fixed_thresholds: bool = _option(False, "Thresholds do not adapt to the number of events.")
