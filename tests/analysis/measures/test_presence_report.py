"""Recall, false alarms and the area under their curve."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import trapezoid

from spikeseg.analysis.measures.presence import Answered, area, curve, presence_report

NONE = frozenset()
MARGINS = st.lists(st.integers(-3, 3), min_size=1, max_size=12)


def answered(labels, answer, source="other classes", margin=0.0):
    return Answered(source, frozenset(labels), frozenset(answer), frozenset(answer), {"cat": margin, "dog": -margin})


@given(MARGINS, MARGINS)
def test_the_area_is_the_share_of_pairs_in_the_right_order(present, absent):
    pairs = [(p > a) + 0.5 * (p == a) for p in present for a in absent]
    assert area(np.array(present), np.array(absent)) == pytest.approx(np.mean(pairs))


@given(MARGINS, MARGINS)
def test_the_curve_encloses_the_area(present, absent):
    false, recall = curve(np.array(present), np.array(absent))
    assert (false[0], recall[0], false[-1], recall[-1]) == (0, 0, 1, 1)
    assert trapezoid(recall, false) == pytest.approx(area(np.array(present), np.array(absent)))


def test_rates_by_class_and_by_set():
    shown = [
        *(
            answered(["cat"], ["cat"], margin=1),
            answered(["cat"], [], margin=0.5),
            answered(["dog"], ["dog"], margin=-1),
        ),
        *(answered([], ["cat"], "clutter", 0.7), answered([], [], "clutter", -2), answered([], [], "noise", -3)),
    ]
    cat = presence_report(shown, ["cat", "dog"])["cat"]
    assert (cat.present, cat.absent, cat.recall, cat.false_alarm_rate) == (2, 4, 0.5, 0.25)
    assert cat.false_alarms == {"other classes": 0, "clutter": 0.5, "noise": 0}
    assert cat.informedness == 0.25
    assert cat.area == pytest.approx(7 / 8)


@pytest.mark.parametrize("answer", [["cat"], []])
def test_always_and_never_know_nothing(answer):
    shown = [answered(["cat"], answer), answered(["dog"], answer), answered([], answer, "noise")]
    cat = presence_report(shown, ["cat"])["cat"]
    assert (cat.informedness, cat.area) == (0, 0.5)


def test_a_class_that_is_always_there_is_not_reported():
    assert presence_report([answered(["cat"], ["cat"])], ["cat", "dog"]) == {}
