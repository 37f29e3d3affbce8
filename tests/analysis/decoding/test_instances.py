"""Objects told apart: HULK, ASH and SMASH, in a world where a class is a square block of one input channel."""

import numpy as np
import pytest
from hypothesis import given

from helpers.blocks import block, encode, network, picture
from helpers.networks import many, seeds
from spikeseg.analysis.decoding.decoder import decode
from spikeseg.analysis.decoding.instances import (
    SIMILARITY,
    Unravelled,
    segment_instances,
    smash,
    smash_scores,
    unravel,
)
from spikeseg.analysis.decoding.segmentation import assign_pixels_exclusively, segment_classes, segment_one
from spikeseg.boxes import mask_box
from spikeseg.spikes import SILENT

MODES = ("causal", "exact", "end")
every_mode = pytest.mark.parametrize("mode", MODES)


def told_apart(*objects, **decoder):
    trained = network(**decoder)
    return segment_instances(trained, encode(trained, picture(*objects)))


def summary(instances):
    return {(instance.segmentation.label, instance.segmentation.box) for instance in instances}


class TestScenes:
    @every_mode
    @pytest.mark.parametrize("channel", [0, 1])
    def test_identical_objects_far_apart_are_as_many_instances(self, mode, channel):
        label = ("square", "block")[channel]
        places = [(1, 0), (0, 5), (5, 9)]
        for count in (2, 3):
            found = told_apart(*((channel, *place) for place in places[:count]), mode=mode)
            assert len(found) == count
            assert summary(found) == {(label, block(*place)) for place in places[:count]}

    @every_mode
    @pytest.mark.parametrize("channel", [0, 1])
    def test_one_object_stays_one_and_is_segmented_as_if_nobody_had_counted(self, mode, channel):
        trained = network(mode=mode)
        spikes = encode(trained, picture((channel, 2, 5)))
        (instance,) = segment_instances(trained, spikes)
        single = segment_one(trained, spikes)
        assert len(instance.spikes) == (spikes["conv3"] != SILENT).sum() > 1
        assert (instance.segmentation.label, instance.segmentation.box) == (single.label, single.box)
        assert np.array_equal(instance.segmentation.mask, single.mask)
        assert np.array_equal(instance.segmentation.saliency, single.saliency)

    @every_mode
    def test_objects_of_different_classes_are_named_each(self, mode):
        found = told_apart((0, 1, 0), (1, 4, 7), mode=mode)
        assert summary(found) == {("square", block(1, 0)), ("block", block(4, 7))}
        assert all(len(set(instance.spikes[:, 0])) == 1 for instance in found)

    def test_the_masks_together_are_those_of_the_classes_and_have_no_pixel_in_common(self):
        trained = network()
        spikes = encode(trained, picture((0, 1, 0), (1, 4, 7)))
        masks = [instance.segmentation.mask for instance in segment_instances(trained, spikes)]
        semantic = [found.mask for found in segment_classes(trained, spikes)]
        assert np.sum(masks, axis=0).max() == 1
        assert np.array_equal(np.any(masks, axis=0), np.any(semantic, axis=0))

    def test_every_latent_spike_is_of_one_object(self):
        trained = network()
        spikes = encode(trained, picture((0, 1, 0), (0, 5, 9), (1, 4, 4)))
        together = np.concatenate([instance.spikes for instance in segment_instances(trained, spikes)])
        assert sorted(together.tolist()) == np.argwhere(spikes["conv3"] != SILENT).tolist()

    def test_what_another_class_explains_better_is_no_object(self):
        """A picture full of both channels makes all neurons spike, each inhibited by the other channel."""
        trained = network(inhibition=1.0)
        spikes = encode(trained, picture((0, 1, 1), (1, 1, 1), size=5))
        assert (spikes["conv3"] != SILENT).any()
        assert segment_instances(trained, spikes) == []
        assert len(told_apart((0, 1, 1), inhibition=1.0)) == 1

    def test_an_empty_picture_has_no_objects(self):
        assert told_apart() == []


class TestApart:
    def test_a_pixel_goes_to_the_object_to_which_it_contributed_most_and_none_is_lost(self):
        trained = network()
        spikes = encode(trained, picture((0, 1, 1), (1, 2, 2)))
        overlapping = [segment_classes(trained, spikes, [label])[0] for label in ("square", "block")]
        disjoint = assign_pixels_exclusively(trained, spikes, overlapping)
        masks, saliency = [found.mask for found in disjoint], np.array([found.saliency for found in overlapping])
        assert (overlapping[0].mask & overlapping[1].mask).any()
        assert np.sum(masks, axis=0).max() == 1
        assert np.array_equal(np.any(masks, axis=0), (saliency > 0).any(axis=0))
        assert np.array_equal(np.sum([found.saliency for found in disjoint], axis=0), saliency.max(axis=0))


class TestHulk:
    @every_mode
    def test_boxes_and_hashes_are_those_of_each_spike_decoded_alone(self, mode):
        trained = network(mode=mode)
        spikes = encode(trained, picture((0, 1, 0), (1, 4, 7)))
        latent = np.argwhere(spikes["conv3"] != SILENT)[::-1]
        unravelled = unravel(trained, spikes, latent, mode)
        assert len(latent) > 3
        for seed, box, active in zip(latent, unravelled.boxes, unravelled.hashes, strict=True):
            alone = decode(trained, spikes, [seed], mode)
            assert mask_box(alone.mask) == tuple(box)
            feature, *_ = places = np.nonzero(alone.active["conv2"])
            assert set(zip(*np.nonzero(active), strict=True)) == set(zip(feature, spikes["conv2"][places], strict=True))

    def test_boxes_are_around_the_pixels(self):
        trained = network()
        spikes = encode(trained, picture((1, 2, 5)))
        unravelled = unravel(trained, spikes, np.array([[1, 3, 6], [1, 3, 5]]), "end")
        assert unravelled.boxes.tolist() == [list(block(2, 5)), [8, 20, 20, 28]]


class TestSmash:
    def test_scores_are_overlap_of_hashes_times_overlap_of_boxes(self):
        hashes = np.array([[[1, 1, 0]], [[1, 1, 0]], [[1, 0, 1]], [[0, 0, 0]]], bool)
        boxes = np.array([[0, 0, 2, 2], [0, 1, 2, 3], [0, 0, 2, 2], [0, 0, 2, 2]], float)
        scores = [smash_scores(Unravelled({}, boxes, hashes), spike) for spike in range(4)]
        assert np.array(scores) == pytest.approx(
            np.array([[1, 1 / 3, 1 / 3, 0], [1 / 3, 1, 1 / 9, 0], [1 / 3, 1 / 9, 1, 0], [0] * 4])
        )

    @many
    @given(seeds)
    def test_the_order_of_the_spikes_does_not_matter(self, seed):
        rng = np.random.default_rng(seed)
        scores, strength, order = random_scores(rng), rng.permutation(12), rng.permutation(12)
        group = smash(scores.__getitem__, strength, SIMILARITY)
        shuffled = smash(scores[np.ix_(order, order)].__getitem__, strength[order], SIMILARITY)
        assert np.array_equal(order[shuffled], group[order])

    @many
    @given(seeds)
    def test_founders_are_unlike_each_other_and_everyone_is_like_its_own(self, seed):
        rng = np.random.default_rng(seed)
        scores = random_scores(rng)
        group = smash(scores.__getitem__, rng.permutation(12), SIMILARITY)
        founders = np.unique(group)
        between = scores[np.ix_(founders, founders)]
        assert np.array_equal(group[founders], founders)
        assert (between[~np.eye(len(founders), dtype=bool)] < SIMILARITY).all()
        assert (scores[np.arange(12), group] >= SIMILARITY).all()
        assert np.array_equal(scores[np.arange(12), group], scores[:, founders].max(axis=1))


def random_scores(rng):
    """Of 12 spikes: symmetric, mostly small, 1 of each with itself."""
    scores = np.triu(0.3 * rng.random((12, 12)) ** 2, 1)
    return scores + scores.T + np.eye(12)
