"""The content of a report's page, under the names that its template (``templates/report.html``) uses."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.colors import to_hex

from spikeseg.boxes import Box
from spikeseg.provenance import provenance
from spikeseg.version import __version__

from ...configs.geometry import layer_shapes
from ...configs.schema import Config, Data
from ...datasets.sample import Sample
from ...models.network import TrainedNetwork
from ..decoding.naming import largest_by_class
from ..decoding.presence import CONFIDENCE, presence_of
from ..decoding.segmentation import Conv3Decision, Segmentation
from ..figures.learning import convergence
from ..figures.style import map_colours
from ..measures.formatting import (
    ACCURACY,
    MIOU,
    STRICT,
    STRICT_MIOU,
    Line,
    answered,
    named,
    overlap,
    percent,
    result_lines,
)
from ..painting.colours import MUTED, class_colours
from .confusion import confusion_table, readouts
from .page import contours, drawing, embedded, exact, feature_layers, photograph
from .showcase import OTHERS, OutcomeRow


class Published(NamedTuple):
    """A row of the paper's Table I, and in what way its experiment differs from ours."""

    name: str
    accuracy: str
    miou: str
    difference: str


_CALTECH = Published("N-Caltech", "92 %", "0.67", "on a split of its own")
_PANDA = Published("NVS-OrangePanda", "99 %", "0.81", "its recordings are not published, these are simulated")
_FACES, _ORANGES = {"Faces", "Faces_easy", "Motorbikes"}, {"orange", "panda"}
TABLE_I = {
    "caltech-101": (_FACES, Published("DoG-Caltech", "97 %", "0.74", "on a split of its own")),
    "n-caltech-101": (_FACES, _CALTECH),
    "n-caltech-sim": (_FACES, _CALTECH._replace(difference="its recordings are real, these are simulated")),
    "orange-panda": (_ORANGES, _PANDA._replace(difference="its recordings are not published, this is rendered")),
    "orange-panda-sim": (_ORANGES, _PANDA),
}
"""By dataset: the classes, and the experiment of the paper (Kirkland et al. 2020) that is most like it."""


def published(data: Data) -> Published | None:
    """The paper's experiment on these classes of this dataset; None for other classes, as those of one's own data."""
    classes, row = TABLE_I.get(data.dataset, (set(), None))
    return row if len(data.classes) == 2 and set(data.classes) <= classes else None


class Shown(NamedTuple):
    """A stimulus on the page.

    Attributes
    ----------
    kind
        Why it is shown: one of `showcase.KINDS`.
    row
        Its row in ``outcomes.csv``.
    sample, segmentation
        The stimulus, and what the network answered.
    packed
        Its spikes, see `explorer.pack_stimulus`.
    """

    kind: str
    row: OutcomeRow
    sample: Sample
    segmentation: Segmentation
    packed: bytes

    @property
    def caption(self) -> str:
        """The true class, the answer if that is another class, and the IoU."""
        taken = "" if self.row.correct else f" taken for {answered(self.row.predicted_label)}"
        return self.row.true_label + taken + self.overlap

    @property
    def overlap(self) -> str:
        """The IoU, after a comma; an empty text without an annotated box."""
        return f", IoU {self.row.iou:.2f}" if self.row.true_box else ""


class Reported(NamedTuple):
    """The run that a page is about.

    Attributes
    ----------
    network
        The trained network.
    directory, source
        The run directory, and the data on which the network was measured.
    metrics
        Content of ``metrics.json``.
    curves
        Convergence of the training by layer, see `figures.learning.convergence`.
    analysis
        Directory of the figures of `spikeseg analyse`; it need not exist.
    """

    network: TrainedNetwork
    directory: Path
    source: str
    metrics: Mapping[str, Any]
    curves: Mapping[str, tuple[np.ndarray, np.ndarray]]
    analysis: Path


def contents(run: Reported, shown: Sequence[Shown]) -> dict[str, Any]:
    """All values that the template uses, except style and script."""
    network, metrics, config = run.network, run.metrics, run.network.config
    stimuli = [_stimulus(network, one) for one in shown]
    choices = _choices(shown, stimuli)
    paper = published(config.data)
    return {
        "version": __version__,
        "name": config.title,
        "seed": config.seed,
        "unit": "pictures" if config.input.dog else "buffers",
        "metrics": metrics,
        "paper": paper and paper.difference,
        "headline": _headline(metrics, paper),
        "columns": ["n", ACCURACY, MIOU, STRICT_MIOU] if metrics["n_boxes"] else ["n", ACCURACY],
        "table": _table(metrics, paper),
        "confusion": confusion_table(metrics["confusion"], config.data.classes),
        "presence": _presence(metrics),
        "readouts": readouts(metrics, config.data.classes),
        "gallery": {kind: items for kind, items in choices.items() if kind != OTHERS},
        "gallery_rule": _RULES[bool(metrics["n_boxes"])],
        "choices": choices,
        "classes": _classes(config),
        "stimuli": len(shown),
        "steps": config.input.total_steps,
        "features": feature_layers(network),
        "convergence": drawing(convergence(run.curves)) if run.curves else None,
        "learned": network.provenance.get("layers", {}),
        "analyses": _analyses(run.analysis),
        "configuration": _configuration(config),
        "provenance": _provenance(run),
        "spikes": [base64.b64encode(one.packed).decode() for one in shown],
        "contents": {
            "size": config.input.size,
            "steps": config.input.total_steps,
            "input_steps": config.input.steps,
            "smooth": config.input.dog is not None,
            "classes": _classes(config),
            "layers": _layers(network),
            "stimuli": stimuli,
        },
    }


_RULES = {
    True: "Of each class the best, the typical (around the median) and the worst by IoU; a wrong class has 0.",
    False: "Of each class some right and some wrong answers; no object has an annotated box.",
}


ANALYSES = {
    "latencies": "First-spike latencies of the layers, and how many stimuli are decided by when",
    "sparsity": "How sparsely the layers answer",
    "information": "What each layer says about the class",
    "selectivity": "Which class each feature prefers",
    "weights": "Weights over learning",
}
"""Figures of `spikeseg analyse` that a page shows, and their captions."""


def _analyses(directory: Path) -> list[dict[str, str]]:
    files = {directory / f"{name}.png": caption for name, caption in ANALYSES.items()}
    return [
        {"image": embedded(file.read_bytes(), "image/png"), "caption": caption}
        for file, caption in files.items()
        if file.exists()
    ]


# ---- Results ---------------------------------------------------------------------------------------


def _headline(metrics: Mapping[str, Any], paper: Published | None) -> list[dict[str, str]]:
    """The tiles at the top of the page, with the most important numbers."""
    base, decisions = metrics["baselines"], metrics.get("decisions")
    beside = f"paper: {paper.accuracy}" if paper else f"majority class: {percent(base['majority_class_accuracy'])}"
    tiles = [{"label": ACCURACY, "value": percent(metrics["accuracy"]), "beside": beside}]
    if metrics["n_boxes"]:
        best = f"paper: {paper.miou}" if paper else ""
        tiles.append({"label": MIOU, "value": overlap(metrics["miou"]), "beside": best})
        strict = overlap(metrics["miou_strict"])
        tiles.append({"label": STRICT_MIOU, "value": strict, "beside": STRICT})
    if decisions:
        by_recording = percent(decisions["recording_accuracy"])
        count = f"{decisions['recordings']} recordings"
        median = "never" if decisions["median_ms"] is None else f"{decisions['median_ms']:.0f} ms"
        tiles.append({"label": "by recording", "value": by_recording, "beside": count})
        tiles.append({"label": "to the first Conv3 spike", "value": median, "beside": "of events, median"})
    return tiles


def _table(metrics: Mapping[str, Any], paper: Published | None) -> list[dict[str, Any]]:
    """The sections of the table of results, with their rows: classes, total, pixels, baselines, paper."""
    kinds = {"classes": "", "total": "total", "pixels": "", "baselines": "baseline"}
    sections: list[dict[str, Any]] = [
        {"kind": kinds[section], "rows": [_cells(line) for line in lines]}
        for section, lines in result_lines(metrics).items()
        if lines
    ]
    if paper:
        sections.append({"kind": "paper", "rows": [[f"paper: {paper.name}", "", paper.accuracy, paper.miou, ""]]})
    if not metrics["n_boxes"]:
        for section in sections:
            section["rows"] = [cells[:3] for cells in section["rows"]]
    return sections


def _cells(line: Line) -> list[str]:
    count = "" if line.n is None else f"{line.n:,}"
    return [line.name, count, percent(line.accuracy), overlap(line.miou), overlap(line.miou_strict)]


def _presence(metrics: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Whether each class is said to be there where it is, and where it is not; below it, a row per set without it."""
    rows = []
    for label, told in (metrics.get("presence") or {}).items():
        cells = [percent(told["recall"]), percent(told["false_alarm_rate"])]
        rows.append(
            {"name": label, "part": False, "cells": [*cells, f"{told['informedness']:.3f}", f"{told['area']:.3f}"]}
        )
        rows += [
            {"name": source, "part": True, "cells": ["", percent(rate), "", ""]}
            for source, rate in told["false_alarms"].items()
        ]
    return rows


# ---- Stimuli ---------------------------------------------------------------------------------------


def _stimulus(network: TrainedNetwork, shown: Shown) -> dict[str, Any]:
    """A stimulus in the form that the script reads; boxes are in fractions of the picture."""
    row, segmentation, decision = shown.row, shown.segmentation, shown.segmentation.decision
    config, (rows, columns) = network.config, shown.sample.image.shape[:2]
    picture, size = photograph(shown.sample.image) if config.input.dog else (exact(shown.sample.image), (rows, columns))

    def fraction(box: Box | None) -> list[float] | None:
        return None if box is None else list(box.scaled(1 / rows, 1 / columns))

    _, height, width = layer_shapes(config, config.input.size)["conv3"]
    first = decision.first_spike
    return {
        "label": row.true_label,
        "answered": answered(row.predicted_label),
        "overlap": shown.overlap,
        "colour": class_colours(config.data.classes).get(row.predicted_label, MUTED),
        "picture": picture,
        "picture_size": size,
        "boxes": {"annotated": fraction(row.true_box), "found": fraction(row.predicted_box)},
        "answer": (segmentation.map * height + segmentation.place[0]) * width + segmentation.place[1],
        "silhouette": contours(segmentation.silhouette) if row.predicted_label else [],
        "evidence": _evidence(network, decision),
        "first": first and {"label": network.map_labels[first[0]], "step": first[1]},
    }


def _evidence(network: TrainedNetwork, decision: Conv3Decision) -> dict[str, Any]:
    """How much speaks for each class, from which value on it counts, and what the values are."""
    classes = network.config.data.classes
    if decision.margins is not None:
        margins = largest_by_class(network, decision.margins)
        values = [presence_of(network, label, margins[label]) for label in classes]
        return {"values": values, "line": CONFIDENCE, "longest": 1, "text": _PRESENCE}
    values = [max(score, 0) for score in largest_by_class(network, decision.scores).values()]
    return {"values": values, "line": 1, "longest": max(1.2, *values), "text": _POTENTIAL}


_PRESENCE = (
    "Presence: the part of each class's training stimuli that look less like it than this one; from the line on, it "
    "counts as there."
)
_POTENTIAL = "Final potential over threshold, best map of each class; the line is the threshold."


def _choices(shown: Sequence[Shown], stimuli: Sequence[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """By kind: index, name and caption of each stimulus, and the size of its picture in the gallery in pixels."""
    kinds: dict[str, list[dict[str, Any]]] = {}
    for index, (one, stimulus) in enumerate(zip(shown, stimuli, strict=True)):
        height, width = stimulus["picture_size"]
        item = {"index": index, "name": one.row.name, "caption": one.caption}
        kinds.setdefault(one.kind, []).append(item | {"width": 320, "height": round(320 * height / width)})
    return kinds


def _classes(config: Config) -> list[dict[str, str]]:
    return [{"name": name, "colour": colour} for name, colour in class_colours(config.data.classes).items()]


def _layers(network: TrainedNetwork) -> list[dict[str, Any]]:
    """Name and size of every layer, colours of its features, and for Conv3 the labels of its maps."""
    return [
        {
            "name": layer.capitalize(),
            **shape._asdict(),
            "colours": [to_hex(colour) for colour in map_colours(network, layer, shape.features)],
            "labels": [named(label) for label in network.map_labels] if layer == "conv3" else None,
        }
        for layer, shape in layer_shapes(network.config, network.config.input.size).items()
    ]


# ---- Where it comes from ---------------------------------------------------------------------------


def _configuration(config: Config) -> dict[str, dict[str, str]]:
    """All tables of the configuration, not nested: name of the table to its keys and values."""
    tables: dict[str, dict[str, str]] = {}

    def add(title: str, content: Mapping[str, Any]) -> None:
        for key, value in content.items():
            if isinstance(value, Mapping):
                add(f"{title}.{key}" if title != "experiment" else key, value)
            elif value is not None:
                tables.setdefault(title, {})[key] = _text(value)

    add("experiment", config.model_dump(mode="json"))
    return tables


def _provenance(run: Reported) -> dict[str, dict[str, str]]:
    """Provenance of training, evaluation and this page: title to keys and values."""
    page = provenance(None, "")
    records = {"Training": run.network.provenance, "Evaluation": run.metrics["evaluation"], "This page": page}
    keys = ("command", "started", "version", "python", "packages", "device", "data", "seed", "digest")
    known = {
        title: {key: _text(record[key]) for key in keys if record.get(key) not in (None, "")}
        for title, record in records.items()
    }
    return {"Run": {"directory": str(run.directory), "data": run.source}, **known}


def _text(value: Any) -> str:
    """A value as the page shows it."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {of}" for key, of in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
