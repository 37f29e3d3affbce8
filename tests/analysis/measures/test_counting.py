"""How counts and matches are scored, by hand."""

import numpy as np
import pytest

from spikeseg.analysis.decoding.segmentation import Conv3Decision, Segmentation
from spikeseg.analysis.measures.counting import assign, count_report
from spikeseg.boxes import Box
from spikeseg.datasets.sample import Target
from spikeseg.errors import SpikeSegError

SIZE = (20, 40)
LEFT, RIGHT = Box(0, 0, 10, 10), Box(0, 20, 10, 30)


def mask(box):
    pixels = np.zeros(SIZE, bool)
    if box:
        pixels[box.top : box.bottom, box.left : box.right] = True
    return pixels


def found(label, box):
    decision = Conv3Decision(np.array([1.0, 0.5]), (0, 5))
    whole = Box(0, 0, *SIZE)
    pixels = mask(box)
    return Segmentation(
        label, 0, decision, None, (0, 0), "end", pixels, pixels, pixels, ~pixels, 1.0 * pixels, whole, box, whole
    )


def target(label, box):
    return Target(label, box, mask(box))


TWO = [target("cat", LEFT), target("dog", RIGHT)]


def test_every_object_gets_the_instance_that_overlaps_it_whatever_their_order():
    for instances in ([found("cat", LEFT), found("dog", RIGHT)], [found("dog", RIGHT), found("cat", LEFT)]):
        scene = assign("scene", TWO, instances)
        assert scene.instances == 2
        assert all(match.right and (match.iou, match.pixel_iou) == (1, 1) for match in scene.matches)


def test_the_sum_of_the_overlaps_counts():
    """The wide instance is nearest to the left object, but then the right one would have none."""
    wide, only_left = found("cat", Box(0, 0, 10, 30)), found("cat", LEFT)
    boxes = [match.predicted_box for match in assign("scene", TWO, [wide, only_left]).matches]
    assert boxes == [LEFT, Box(0, 0, 10, 30)]


def test_an_object_without_an_instance_counts_as_zero():
    scene = assign("scene", TWO, [found("cat", LEFT)])
    missed = scene.matches[1]
    assert (missed.predicted_label, missed.predicted_box, missed.iou, missed.pixel_iou) == (None, None, 0, 0)
    elsewhere = assign("scene", TWO[:1], [found("cat", RIGHT)])
    assert (elsewhere.matches[0].predicted_box, elsewhere.instances) == (None, 1)


def test_nothing_found_and_nothing_there():
    assert [match.iou for match in assign("scene", TWO, []).matches] == [0, 0]
    assert assign("scene", [], [found("cat", LEFT), found("cat", None)]).instances == 2


def test_the_report_sums_up():
    scenes = [
        assign("right", TWO, [found("cat", LEFT), found("dog", RIGHT)]),
        assign("wrong class", TWO, [found("cat", LEFT), found("cat", RIGHT)]),
        assign("missed", TWO, [found("cat", LEFT)]),
        assign("one too many", TWO, [found("cat", LEFT), found("dog", RIGHT), found("dog", Box(12, 0, 18, 6))]),
    ]
    report = count_report(scenes)
    assert (report.scenes, report.objects, report.count_accuracy, report.all_right) == (4, 8, 0.5, 0.25)
    assert report.counts == {"2": {"1": 1, "2": 2, "3": 1}}
    assert (report.found, report.label_accuracy) == (7 / 8, 6 / 7)
    assert (report.miou, report.miou_assigned, report.pixel_iou) == (7 / 8, 1, 7 / 8)


def test_what_is_not_annotated_is_not_measured():
    report = count_report([assign("scene", [Target("cat", None, None)], [found("cat", LEFT)])])
    assert (report.count_accuracy, report.found, report.miou, report.pixel_iou) == (1, None, None, None)


def test_without_scenes_there_is_nothing_to_report():
    with pytest.raises(SpikeSegError, match="no scenes"):
        count_report([])
