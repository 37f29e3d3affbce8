"""Rendered scenes of several objects: as many as asked for, of the classes asked for, each with its mask and box."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from spikeseg.boxes import mask_box
from spikeseg.datasets.rendered import arrangement
from spikeseg.datasets.rendered.ornament_groups import OrnamentGroups
from spikeseg.datasets.rendered.rendering import extent, render_objects
from spikeseg.errors import SpikeSegError

SIZE = (64, 208)


@pytest.mark.parametrize("objects", [1, 2, 3])
@pytest.mark.parametrize("alike", [True, False])
def test_each_object_has_its_class_its_mask_and_its_box(objects, alike):
    scenes = OrnamentGroups(4, 0, SIZE, objects, alike)
    assert (len(scenes), len(set(scenes.names))) == (4, 4)
    for index, sample in enumerate(scenes):
        labels = [target.label for target in sample.targets]
        masks = [target.mask for target in sample.targets]
        assert (len(labels), len(set(labels))) == (objects, 1 if alike else min(objects, 2))
        assert scenes.labels[index] in labels
        assert np.sum(masks, axis=0).max() == 1
        assert [target.box for target in sample.targets] == [mask_box(mask) for mask in masks]


def test_alike_the_classes_take_turns_from_scene_to_scene():
    assert list(OrnamentGroups(4, 0, SIZE, 2, alike=True).labels) == ["orange", "panda"] * 2


def test_side_by_side_there_is_a_gap_between_neighbours():
    scenes = OrnamentGroups(4, 1, SIZE, 3, alike=False)
    for index in range(4):
        boxes = sorted((extent(ornament) for ornament in scenes.scene(index).ornaments), key=lambda box: box.left)
        assert all(left.right < right.left for left, right in pairwise(boxes))


def test_the_nearer_of_two_that_overlap_hides_part_of_the_farther():
    apart, overlapping = (OrnamentGroups(2, 0, SIZE, 2, alike=True, overlap=overlap) for overlap in (0, 0.4))
    assert all(np.logical_and(*whole(apart, index)).mean() < 0.005 for index in range(2))
    for index in range(2):
        masks = whole(overlapping, index)
        shared = np.logical_and(*masks).sum() / min(mask.sum() for mask in masks)
        assert 0.3 < shared < 0.5


def whole(scenes, index):
    """Masks of a scene's ornaments, each as if it were alone."""
    scene = scenes.scene(index)
    alone = [replace(scene, ornaments=(ornament,)) for ornament in scene.ornaments]
    return [render_objects(one, scenes.size)[1][0] for one in alone]


def test_same_seed_same_bits_in_any_order_and_of_any_count():
    few, many = OrnamentGroups(3, 5, SIZE, 2, alike=True), OrnamentGroups(9, 5, SIZE, 2, alike=True)
    for index in (2, 0):
        np.testing.assert_array_equal(few[index].image, many[index].image)
    other = OrnamentGroups(3, 6, SIZE, 2, alike=True)
    assert (few[0].image != other[0].image).mean() > 0.5


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"objects": 0, "alike": True}, "0 objects"),
        ({"objects": 2, "alike": False, "classes": ["panda"]}, "2 classes, not only panda"),
        ({"objects": 3, "alike": True, "overlap": 0.2}, "not of 3"),
        ({"objects": 2, "alike": True, "overlap": 1.5}, "give 0 to 0.9"),
    ],
)
def test_what_cannot_be_arranged_is_refused(arguments, words):
    with pytest.raises(SpikeSegError, match=words):
        OrnamentGroups(1, 0, SIZE, **arguments)


def test_a_picture_that_is_too_narrow_is_refused(monkeypatch):
    monkeypatch.setattr(arrangement, "_TRIES", 10)
    with pytest.raises(SpikeSegError, match="no room for 5 ornaments"):
        OrnamentGroups(1, 0, (64, 64), 5, alike=True)[0]
