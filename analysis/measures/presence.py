"""Does a network say whether an object is there? Recall, false alarms, and what lies between: per class.

Accuracy assumes that one of the classes is there. Here the answer may be "nothing", and pictures without the object
count as much as those with it. "Always there" has a recall and a false-alarm rate of 1, "never there" of 0: both have
an informedness of 0, and an area under the curve of 0.5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class Answered(NamedTuple):
    """What a network says about one picture or buffer.

    Attributes
    ----------
    source
        The set that it comes from.
    labels
        The classes that are there.
    answered
        The classes that its answer names: of a picture with one object at most one, that of the largest margin.
    asked
        The classes that it says are there, asked about each.
    margins
        The margin of each class (docs/model.md, rule 13).
    """

    source: str
    labels: frozenset[str]
    answered: frozenset[str]
    asked: frozenset[str]
    margins: Mapping[str, float]


@dataclass(frozen=True)
class ClassPresence:
    """How well the presence of a class is told.

    Attributes
    ----------
    present, absent
        Number of pictures with and without an object of the class.
    recall
        Fraction of those with it in which it is found.
    false_alarm_rate, false_alarms
        Fraction of those without it in which it is "found": of all, and by set.
    informedness
        Recall minus false-alarm rate: 0 for "always" and for "never", 1 at best.
    asked_recall, asked_false_alarm_rate
        The same rates where the network is asked about each class, instead of for the one that it answers.
    area
        Area under the curve of recall against false alarms, whatever the confidence: the probability that a picture
        with the object has a larger margin than one without.
    curve
        That curve: false-alarm rates and recalls, ascending.
    """

    present: int
    absent: int
    recall: float
    false_alarm_rate: float
    false_alarms: dict[str, float]
    informedness: float
    asked_recall: float
    asked_false_alarm_rate: float
    area: float
    curve: tuple[list[float], list[float]]


def presence_report(answers: Sequence[Answered], classes: Sequence[str]) -> dict[str, ClassPresence]:
    """Report every class that is there in some pictures and is not in others."""
    report = {}
    for label in classes:
        there = np.array([label in one.labels for one in answers])
        if not there.any() or there.all():
            continue
        found = np.array([label in one.answered for one in answers])
        asked = np.array([label in one.asked for one in answers])
        margin = np.array([one.margins[label] for one in answers])
        source = np.array([one.source for one in answers])
        recall, false = float(found[there].mean()), float(found[~there].mean())
        report[label] = ClassPresence(
            present=int(there.sum()),
            absent=int((~there).sum()),
            recall=recall,
            false_alarm_rate=false,
            false_alarms={name: float(found[~there & (source == name)].mean()) for name in _in_order(source[~there])},
            informedness=recall - false,
            asked_recall=float(asked[there].mean()),
            asked_false_alarm_rate=float(asked[~there].mean()),
            area=area(margin[there], margin[~there]),
            curve=curve(margin[there], margin[~there]),
        )
    return report


def area(present: np.ndarray, absent: np.ndarray) -> float:
    """Probability that one of `present` is larger than one of `absent`, ties counting half (Mann and Whitney 1947)."""
    _, value, count = np.unique(np.concatenate([present, absent]), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[value[: len(present)]]  # of equal ones the mean of theirs
    return float((ranks.sum() - len(present) * (len(present) + 1) / 2) / (len(present) * len(absent)))


def curve(present: np.ndarray, absent: np.ndarray) -> tuple[list[float], list[float]]:
    """False-alarm rate and recall for every threshold, from the one that nothing reaches to the one that all reach."""
    thresholds = np.unique(np.concatenate([present, absent, [np.inf]]))[::-1]
    rates = [1 - np.searchsorted(np.sort(margins), thresholds) / len(margins) for margins in (absent, present)]
    return rates[0].tolist(), rates[1].tolist()


def _in_order(names: np.ndarray) -> list[str]:
    return list(dict.fromkeys(names.tolist()))
