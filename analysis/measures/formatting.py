"""How results read: the same words and units on the terminal, on a page and in a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

ACCURACY, MIOU, STRICT_MIOU = "accuracy", "mIoU", "strict mIoU"

STRICT = "a wrong class counts as IoU 0"
"""What is strict about the strict mIoU."""

READOUTS = {
    "supervised": "supervised: a linear readout of {}, fitted to labels",
    "population": "population: all maps of {}, assigned by labels",
    "taught": "taught: a linear readout of {}, fitted to answers of that population",
}
"""What answers beside the network, by its name in metrics.json; the layers that it reads are to be filled in."""

_BASELINES = {
    "event_box": "baseline: box of all events",
    "constant_box": "baseline: constant box per class",
    "constant_box_oracle": "the same, fitted to these boxes",
}


class Line(NamedTuple):
    """A line of results: of a class, of all, of a baseline; None is what does not apply or is not known.

    Attributes
    ----------
    name
        In words.
    n, n_boxes
        Pictures, and those with an annotated box.
    accuracy, miou, miou_strict
        As fractions.
    """

    name: str
    n: int | None = None
    n_boxes: int | None = None
    accuracy: float | None = None
    miou: float | None = None
    miou_strict: float | None = None


def result_lines(report: Mapping[str, Any]) -> dict[str, list[Line]]:
    """Lines of a report by section, in the order in which they are shown: classes, total, baselines, pixels.

    Parameters
    ----------
    report
        As `Report.to_dict` gives it and ``metrics.json`` keeps it.
    """
    base = report["baselines"]
    total = [_line("all", report)]
    if report["n_boxes"]:
        total.append(_class_mean("mean of classes", report))
    baselines = [Line("baseline: majority class", accuracy=base["majority_class_accuracy"])]
    for key, name in _BASELINES.items():
        if base[key] and base[key]["miou"] is not None:
            baselines += [Line(name, miou=base[key]["miou"]), _class_mean("  mean of classes", base[key])]
    names = {"pixels": "decoded pixels of", "silhouettes": "silhouette of"}
    pixels = {f"{name} {label}": of for key, name in names.items() for label, of in (report.get(key) or {}).items()}
    return {
        "classes": [_line(label, of) for label, of in report["per_class"].items()],
        "total": total,
        "baselines": baselines,
        "pixels": [Line(name, of["n"], miou=of["iou"], miou_strict=of["iou_strict"]) for name, of in pixels.items()],
    }


def _line(name: str, of: Mapping[str, Any]) -> Line:
    return Line(name, *(of[key] for key in Line._fields[1:]))


def _class_mean(name: str, of: Mapping[str, Any]) -> Line:
    return Line(name, miou=of["miou_class_mean"], miou_strict=of.get("miou_strict_class_mean"))


def percent(fraction: float | None) -> str:
    """A fraction as per cent with one decimal: ``98.7 %``; nothing where there is none."""
    return "" if fraction is None else f"{100 * fraction:.1f} %"


def overlap(iou: float | None) -> str:
    """Write an IoU with three decimals; an empty text for None."""
    return "" if iou is None else f"{iou:.3f}"


def named(label: str) -> str:
    """A class, or what to say for a map that stands for none."""
    return label or "no class"


def answered(label: str) -> str:
    """An answer: a class, or that nothing is there."""
    return label or "nothing"
