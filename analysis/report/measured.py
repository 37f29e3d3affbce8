"""What a page needs of ``metrics.json``, as `reporting.write_metrics` writes it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from spikeseg.checking import checked
from spikeseg.errors import SpikeSegError

Number = Annotated[int, Field(strict=True, ge=0)]
Share = Annotated[float, Field(strict=True, ge=0, le=1)]


def _alike(confusion: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    answers = next(iter(confusion.values())).keys()
    for label, counts in confusion.items():
        if counts.keys() != answers or not sum(counts.values()):
            raise ValueError(f"{label} has other answers than the other classes, or none")
    return confusion


Confusion = Annotated[dict[str, dict[str, Number]], Field(min_length=1), AfterValidator(_alike)]


class _Class(BaseModel):
    n: Number
    n_boxes: Number
    accuracy: Share
    miou: Share | None
    miou_strict: Share | None


class _Overlap(BaseModel):
    miou: Share | None
    miou_class_mean: Share | None


class _Baselines(BaseModel):
    majority_class_accuracy: Share
    event_box: _Overlap
    constant_box: _Overlap | None
    constant_box_oracle: _Overlap


class _Decisions(BaseModel):
    recordings: Number
    recording_accuracy: Share
    median_ms: Annotated[float, Field(allow_inf_nan=False)] | None


class _Pixels(BaseModel):
    n: Number
    iou: Share | None
    iou_strict: Share


class _Presence(BaseModel):
    recall: Share
    false_alarm_rate: Share
    false_alarms: dict[str, Share]
    informedness: Annotated[float, Field(strict=True, ge=-1, le=1)]
    area: Share


class _Answers(BaseModel):
    n: Number
    accuracy: Share
    left_out: Share
    confusion: Confusion


class _Readout(BaseModel):
    layers: list[str]
    train: Number
    stimuli: _Answers
    recordings: _Answers | None


class _Measured(_Class):
    """See `measures.metrics.Report`, whose words these are."""

    model_config = ConfigDict(extra="ignore")

    miou_class_mean: Share | None
    miou_strict_class_mean: Share | None
    per_class: dict[str, _Class]
    confusion: Confusion
    baselines: _Baselines
    pixels: dict[str, _Pixels] | None = None
    silhouettes: dict[str, _Pixels] | None = None
    presence: dict[str, _Presence] | None = None
    supervised: _Readout | None = None
    population: _Readout | None = None
    taught: _Readout | None = None
    decisions: _Decisions | None = None
    data: str
    split: str
    decoder_mode: str
    evaluation: dict[str, Any]

    @model_validator(mode="after")
    def _counted(self) -> _Measured:
        if self.n_boxes and None in (self.miou, self.miou_strict):
            raise ValueError("there are boxes, and no miou of them")
        return self


def check_measured(metrics: Mapping[str, Any], file: Path) -> None:
    """Raise SpikeSegError if `file` lacks what a page needs of it, or holds something else in its place."""
    try:
        checked(_Measured, metrics, str(file))
    except SpikeSegError as error:
        raise SpikeSegError(f"{error}: run `spikeseg evaluate` again") from error
