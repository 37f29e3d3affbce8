"""Confusion of classes as a report shows it: of the answers, and of readouts beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..measures.formatting import READOUTS, answered, percent


def readouts(metrics: Mapping[str, Any], classes: Sequence[str]) -> list[dict[str, Any]]:
    """What readouts answer, each with its confusion, that of recordings where there are any."""
    shown = []
    for kind, title in READOUTS.items():
        if not (readout := metrics.get(kind)):
            continue
        whole, single = readout["recordings"], readout["stimuli"]
        rows = {"per buffer" if whole else "per picture": single, "by recording": whole}
        shown.append(
            {
                "title": title.format(" and ".join(readout["layers"])).capitalize(),
                "train": f"{readout['train']:,}",
                "rows": [
                    [name, f"{told['n']:,}", percent(told["accuracy"]), percent(told["left_out"])]
                    for name, told in rows.items()
                    if told
                ],
                "confusion": confusion_table((whole or single)["confusion"], classes),
            }
        )
    return shown


def confusion_table(confusion: Mapping[str, Mapping[str, int]], classes: Sequence[str]) -> dict[str, Any]:
    """Rows with counts and percentages. Classes are in the order of the configuration; other answers come last."""
    known = list(next(iter(confusion.values())))
    answers = [label for label in classes if label in known] + [label for label in known if label not in classes]
    rows = []
    for label in (label for label in classes if label in confusion):
        counts = confusion[label]
        total = sum(counts.values())
        cells = [
            {"count": counts[answer], "share": round(100 * counts[answer] / total), "right": answer == label}
            for answer in answers
        ]
        rows.append({"label": label, "cells": cells})
    return {"answers": [answered(answer) for answer in answers], "rows": rows}
