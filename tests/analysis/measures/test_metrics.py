"""Accuracy, IoU and baselines against closed forms, and what must hold for any boxes."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeseg.analysis.measures.metrics import Outcome, PixelReport, best_constant_box, evaluate
from spikeseg.boxes import Box, box_iou, mask_iou
from spikeseg.errors import SpikeSegError

edge = st.floats(-100, 100, allow_subnormal=False)
box = st.builds(Box, edge, edge, edge, edge)  # empty ones included
factor = st.sampled_from([0.25, 0.5, 2.0, 8.0])  # exact in binary

SQUARE = Box(0, 0, 10, 10)
LEFT_HALF = Box(0, 0, 10, 5)


def outcome(true="a", predicted="a", true_box=SQUARE, predicted_box=SQUARE, **fields):
    return Outcome("picture", true, predicted, true_box, predicted_box, Box(0, 0, 20, 10), (20, 20), **fields)


class TestBoxIou:
    @pytest.mark.parametrize(
        ("other", "expected"),
        [
            (SQUARE, 1),
            (LEFT_HALF, 1 / 2),
            (Box(5, 5, 15, 15), 25 / 175),
            (Box(0, 10, 10, 20), 0),  # half open: they touch, and share nothing
            (Box(2, 2, 2, 9), 0),
        ],
    )
    def test_closed_forms(self, other, expected):
        assert box_iou(SQUARE, other) == pytest.approx(expected)

    def test_two_empty_boxes_share_nothing(self):
        assert box_iou(Box(1, 1, 1, 1), Box(1, 1, 1, 1)) == 0

    def test_shapes_broadcast(self):
        pairs = box_iou(np.array([SQUARE, LEFT_HALF])[:, None], [SQUARE, LEFT_HALF, SQUARE])
        assert pairs.tolist() == [[1, 0.5, 1], [0.5, 1, 0.5]]

    @given(box, box)
    def test_symmetric_and_a_fraction(self, first, second):
        assert 0 <= box_iou(first, second) <= 1
        assert box_iou(first, second) == box_iou(second, first)

    @given(box, box, factor, factor)
    def test_scaling_rows_and_columns_changes_nothing(self, first, second, rows, columns):
        scaled = box_iou(first.scaled(rows, columns), second.scaled(rows, columns))
        assert scaled == pytest.approx(float(box_iou(first, second)))

    @given(st.lists(st.integers(0, 12), min_size=8, max_size=8))
    def test_whole_pixels_agree_with_masks(self, edges):
        masks = np.zeros((2, 12, 12), bool)
        boxes = Box(*edges[:4]), Box(*edges[4:])
        for mask, (top, left, bottom, right) in zip(masks, boxes, strict=True):
            mask[top:bottom, left:right] = True
        assert box_iou(*boxes) == pytest.approx(mask_iou(*masks))


def test_mask_iou_counts_pixels():
    first, second = np.array([[1, 1, 0, 0]], bool), np.array([[0, 1, 1, 0]], bool)
    assert mask_iou(first, second) == pytest.approx(1 / 3)
    assert mask_iou(first, first) == 1
    assert mask_iou(first, ~first) == 0
    assert mask_iou(first & ~first, second & ~second) == 0


class TestEvaluate:
    def test_means_over_pictures_and_over_classes_differ_where_classes_do(self):
        report = evaluate([outcome(), outcome(), outcome("b", "b", predicted_box=LEFT_HALF)], {})
        assert report.miou == pytest.approx((1 + 1 + 1 / 2) / 3)
        assert report.miou_class_mean == pytest.approx((1 + 1 / 2) / 2)

    def test_a_wrong_class_costs_accuracy_and_strict_iou_only(self):
        report = evaluate([outcome(), outcome(predicted="b"), outcome("b", "b"), outcome("b", "b")], {})
        assert report.accuracy == 3 / 4
        assert (report.miou, report.miou_class_mean) == (1, 1)
        assert (report.miou_strict, report.miou_strict_class_mean) == (3 / 4, 3 / 4)
        assert report.per_class["a"].miou_strict == report.per_class["a"].accuracy == 1 / 2
        assert report.per_class["b"].miou_strict == report.per_class["b"].accuracy == 1

    def test_no_answered_box_counts_as_zero(self):
        assert evaluate([outcome(), outcome(predicted_box=None)], {}).miou == 1 / 2

    def test_pictures_without_annotation_count_for_accuracy_only(self):
        report = evaluate([outcome(), outcome("b", "a", true_box=None)], {})
        assert (report.n, report.n_boxes, report.accuracy) == (2, 1, 1 / 2)
        assert (report.miou, report.miou_class_mean) == (1, 1)
        assert (report.per_class["b"].n, report.per_class["b"].n_boxes) == (1, 0)
        assert report.per_class["b"].miou is None

    def test_no_annotation_at_all_leaves_iou_unknown(self):
        report = evaluate([outcome(true_box=None)], {})
        assert report.miou is report.miou_strict_class_mean is report.baselines.event_box.miou is None

    def test_confusion_counts_every_picture_by_true_and_answered_class(self):
        report = evaluate([outcome(), outcome(predicted="c"), outcome(predicted="c"), outcome("b", "a")], {})
        assert report.confusion == {"a": {"a": 1, "b": 0, "c": 2}, "b": {"a": 1, "b": 0, "c": 0}}

    def test_pixels_count_where_they_are_known_and_strictly_only_where_the_class_is_right(self):
        known = [outcome(pixel_iou=0.25), outcome(pixel_iou=0.75), outcome(predicted="b", pixel_iou=0.8), outcome()]
        report = evaluate([*known, outcome("b", "a", silhouette_iou=0.5)], {})
        assert report.pixels == {"a": PixelReport(3, 0.5, pytest.approx(1 / 3))}
        assert report.silhouettes == {"b": PixelReport(1, None, 0.0)}

    def test_the_report_survives_json(self):
        report = evaluate([outcome(), outcome("b", "a", true_box=None)], {"a": [Box(0, 0, 0.5, 0.5)]})
        content = report.to_dict()
        assert json.loads(json.dumps(content, allow_nan=False)) == content
        assert not {"pixels", "silhouettes"} & content.keys()
        assert "pixels" in evaluate([outcome(pixel_iou=1.0)], {}).to_dict()

    def test_nothing_to_measure_is_an_error(self):
        with pytest.raises(SpikeSegError, match="empty"):
            evaluate([], {})


class TestBaselines:
    def test_majority_class_and_event_box(self):
        baselines = evaluate([outcome(), outcome(), outcome("b")], {}).baselines
        assert baselines.majority_class_accuracy == 2 / 3
        assert baselines.event_box.miou == 1 / 2  # 20 x 10 pixels of events around 10 x 10 of object

    def test_a_constant_class_is_boxed_perfectly_whatever_the_pictures_size(self):
        small = outcome()
        large = replace(small, size=(40, 60), true_box=Box(0, 0, 20, 30))
        baselines = evaluate([small, large], {"a": [Box(0, 0, 0.5, 0.5)] * 3}).baselines
        assert baselines.constant_box is not None
        assert baselines.constant_box.miou == baselines.constant_box_oracle.miou == 1

    def test_each_class_has_its_own_constant_box(self):
        training = {"a": [Box(0, 0, 0.5, 0.5)], "b": [Box(0.5, 0.5, 1, 1)]}
        baselines = evaluate([outcome(), outcome("b", true_box=Box(10, 10, 20, 20))], training).baselines
        assert baselines.constant_box is not None
        assert baselines.constant_box.miou == 1
        swapped = {"a": training["b"], "b": training["a"]}
        baselines = evaluate([outcome(), outcome("b", true_box=Box(10, 10, 20, 20))], swapped).baselines
        assert baselines.constant_box is not None
        assert baselines.constant_box.miou == 0
        assert baselines.constant_box_oracle.miou == 1

    def test_unknown_without_training_boxes_of_a_class(self):
        assert evaluate([outcome(), outcome("b")], {"a": [SQUARE]}).baselines.constant_box is None

    @given(st.integers(0, 2**32 - 1), st.integers(1, 12))
    def test_the_constant_box_is_no_worse_than_mean_and_median(self, seed, n):
        corners = np.sort(np.random.default_rng(seed).random((n, 2, 2)), axis=1)
        boxes = corners.reshape(n, 4)
        found = box_iou(best_constant_box(boxes), boxes).mean()
        for simple in (boxes.mean(axis=0), np.median(boxes, axis=0)):
            assert found >= box_iou(simple, boxes).mean()

    def test_the_constant_box_climbs_from_mean_and_median_to_the_optimum(self):
        boxes = [Box(0, 0, 0.99, 1), Box(0, 0, 0.53, 1)]  # the best bottom is either's, mean and median lie between
        expected = (1 + 0.53 / 0.99) / 2
        assert box_iou(best_constant_box(boxes), boxes).mean() == pytest.approx(expected, abs=1e-3)
