"""A picture on a canvas keeps its content, its boxes and its masks, wherever it lies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeseg.boxes import Box
from spikeseg.configs.inputs import DoG, Input
from spikeseg.datasets.caltech101 import Caltech101
from spikeseg.datasets.canvas import GAP, Canvas, SideBySide, on_canvas
from spikeseg.datasets.dog import prepare, to_events
from spikeseg.datasets.sample import Sample, Target
from spikeseg.errors import SpikeSegError

SIZE, BASE = (120, 150), (40, 60)
BLOCK = Box(20, 30, 50, 90)  # a bright object in pictures of 80 x 120


def _sample(name="Faces/image_0001.jpg", channels=3) -> Sample:
    image = np.random.default_rng(0).integers(40, 80, (80, 120, channels), dtype=np.uint8)
    mask = np.zeros((80, 120), dtype=bool)
    mask[int(BLOCK.top) : int(BLOCK.bottom), int(BLOCK.left) : int(BLOCK.right)] = True
    image[mask] = 250
    return Sample(name, image if channels > 1 else image[:, :, 0], (Target("Faces", BLOCK, mask),))


def _place(sample=None, scales=(1.0, 1.0), clutter=False, seed=0, size=SIZE, base=BASE) -> Sample:
    return on_canvas(sample or _sample(), size, base, scales, clutter, np.random.default_rng(seed))


def _inside(box: Box, margin: int) -> tuple[slice, slice]:
    return (
        slice(round(box.top) + margin, round(box.bottom) - margin),
        slice(round(box.left) + margin, round(box.right) - margin),
    )


class _List:
    """A dataset of given samples."""

    def __init__(self, samples):
        self._samples = samples
        self.names = [sample.name for sample in samples]
        self.labels = [sample.targets[0].label for sample in samples]

    def __len__(self):
        return len(self._samples)

    def __getitem__(self, index):
        return self._samples[index]

    def __iter__(self):
        return iter(self._samples)


@settings(max_examples=40)
@given(st.floats(0.3, 2.5), st.booleans(), st.sampled_from([1, 3]), st.integers(0, 1000))
def test_box_and_mask_stay_on_the_object(scale, clutter, channels, seed):
    placed = _place(_sample(channels=channels), (scale, scale), clutter, seed)
    target = placed.targets[0]
    assert placed.image.shape == SIZE + (3,) * (channels > 1)
    assert placed.image.dtype == np.uint8
    assert target.box is not None
    assert target.mask is not None
    assert target.mask.shape == SIZE
    assert 0 <= target.box.top < target.box.bottom <= SIZE[0]
    assert 0 <= target.box.left < target.box.right <= SIZE[1]
    height, width = target.box.bottom - target.box.top, target.box.right - target.box.left
    assert (height, width) == pytest.approx((15 * scale, 30 * scale), abs=1)
    rows, columns = np.nonzero(target.mask)
    extremities = rows.min(), columns.min(), rows.max() + 1, columns.max() + 1
    np.testing.assert_allclose(extremities, target.box, atol=1)
    assert (placed.image[_inside(target.box, 2)] > 240).all()
    assert (placed.image[target.mask] > 90).all()  # a blurred corner is a quarter bright


def test_the_picture_itself_is_not_touched_by_seam_or_clutter():
    sample = _sample()
    for clutter in (False, True):
        placed = _place(sample, clutter=clutter, base=(80, 120))
        box = placed.targets[0].box
        top, left = int(box.top - BLOCK.top), int(box.left - BLOCK.left)
        np.testing.assert_array_equal(placed.image[top : top + 80, left : left + 120], sample.image)


def test_places_and_scales_reach_all_of_their_range():
    boxes = np.array([_place(scales=(0.5, 2.0), seed=seed).targets[0].box for seed in range(300)])
    height = (boxes[:, 2] - boxes[:, 0]) / 15
    assert 0.45 < height.min() < 0.6
    assert 1.9 < height.max() < 2.05
    fixed = np.array([_place(seed=seed).targets[0].box for seed in range(300)])
    assert (fixed[:, 0].min(), fixed[:, 0].max()) == pytest.approx((10, 90), abs=3)
    assert (fixed[:, 1].min(), fixed[:, 1].max()) == pytest.approx((15, 105), abs=3)


def test_a_picture_of_the_canvass_own_size_fills_it():
    sample = _sample()
    for clutter in (False, True):
        placed = _place(sample, clutter=clutter, size=(80, 120), base=(80, 120))
        np.testing.assert_array_equal(placed.image, sample.image)
        assert placed.targets[0].box == BLOCK
        np.testing.assert_array_equal(placed.targets[0].mask, sample.targets[0].mask)


def test_the_clean_canvas_has_the_mean_grey_of_the_pictures_border():
    sample = _sample()
    sample.image[:, :, 2] //= 2
    placed = _place(sample, (0.3, 0.3))
    away = np.ones(SIZE, dtype=bool)
    box = placed.targets[0].box
    away[int(max(box.top - 20, 0)) : int(box.bottom + 20), int(max(box.left - 25, 0)) : int(box.right + 25)] = False
    colours = np.unique(placed.image[away], axis=0)
    assert len(colours) == 1
    assert np.abs(colours[0] - np.array([60.0, 60.0, 30.0])).max() < 4


def test_clutter_lies_all_around_and_leaves_picture_and_place_alone():
    clean, cluttered = (_place(scales=(0.3, 0.5), clutter=clutter, seed=5) for clutter in (False, True))
    assert clean.targets[0].box == cluttered.targets[0].box
    changed = (clean.image != cluttered.image).any(axis=2)
    assert not changed[clean.targets[0].mask].any()
    quarters = [half for rows in np.array_split(changed, 2) for half in np.array_split(rows, 2, axis=1)]
    assert all(quarter.mean() > 0.05 for quarter in quarters)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_clutter_stands_out_from_any_ground(level):
    sample = Sample("flat", np.full((80, 120), level, dtype=np.uint8), (Target("Faces", BLOCK),))
    placed = _place(sample, (0.5, 0.5), clutter=True)
    contrast = np.abs(placed.image.astype(float) - level)
    assert 0.1 < (contrast > 20).mean() < 0.9
    assert 100 < np.ptp(placed.image.astype(int)) <= 121


@pytest.mark.parametrize("clutter", [False, True])
def test_the_seam_is_fainter_than_a_bare_edge(clutter):
    image = np.full((80, 120), 40, dtype=np.uint8)
    image[:, 60:] = 220
    config = Input(rows=SIZE[0], columns=SIZE[1], dog=DoG(events=400))
    placed = _place(Sample("step", image, (Target("Faces", Box(0, 0, 80, 120)),)), clutter=clutter)
    box = placed.targets[0].box
    assert box is not None
    top, left, bottom, right = (int(edge) for edge in box)
    bare = np.full(SIZE, 130, dtype=np.uint8)
    bare[top:bottom, left:right] = placed.image[top:bottom, left:right]
    shares = []
    for picture in (placed.image, bare):
        row, column = np.divmod(to_events(prepare(picture, SIZE), config)[1], SIZE[1])
        near_ends = (np.abs(column - left) <= 2) | (np.abs(column - right) <= 2)
        shares.append((near_ends & (row >= top + 5) & (row < bottom - 5)).mean())
    assert shares[1] > 0.1
    assert shares[0] < shares[1] / 4


def test_targets_without_box_or_mask_stay_without():
    sample = Sample("unknown", _sample().image, (Target("Faces", None), Target("Faces", BLOCK)))
    first, second = _place(sample).targets
    assert first == Target("Faces", None)
    assert second.box is not None
    assert second.mask is None


def test_an_item_depends_on_seed_and_name_only():
    samples = [_sample(f"Faces/image_{i:04d}.jpg") for i in range(4)]
    forward = Canvas(_List(samples), SIZE, BASE, (0.5, 1.5), True, 7)
    backward = Canvas(_List(samples[::-1]), SIZE, BASE, (0.5, 1.5), True, 7)
    assert backward.names == forward.names[::-1]
    assert len(forward) == len(forward.labels) == 4
    items = {sample.name: sample for sample in backward}
    for index in (3, 0, 3):
        again = forward[index]
        np.testing.assert_array_equal(again.image, items[again.name].image)
        assert again.targets[0].box == items[again.name].targets[0].box
    assert len({sample.targets[0].box for sample in forward}) == 4
    other = Canvas(_List(samples), SIZE, BASE, (0.5, 1.5), True, 8)
    assert all(one.targets[0].box != two.targets[0].box for one, two in zip(forward, other, strict=True))


@pytest.mark.parametrize(
    ("size", "scales", "words"),
    [
        ((120, 150), (1.0, 3.1), "does not fit a canvas of 120 x 150"),
        ((39, 150), (0.5, 1.0), "does not fit"),
        (SIZE, (0.0, 1.0), "are no range"),
        (SIZE, (1.0, 0.5), "are no range"),
        (SIZE, (np.nan, 1.0), "are no range"),
    ],
)
def test_what_cannot_be_placed_is_refused_before_any_picture_is_read(size, scales, words):
    with pytest.raises(SpikeSegError, match=words) as caught:
        Canvas(_List([]), size, BASE, scales, False, 0)
    assert "\n" not in str(caught.value)


def test_side_by_side_pictures_are_whole_and_their_objects_where_they_are_shown():
    scenes = SideBySide(_List([_sample("a"), _sample("b", channels=1), _sample("c")]), [[0, 1], [2, 0]], BASE)
    assert (len(scenes), scenes.size) == (2, (BASE[0], 2 * BASE[1] + GAP))
    assert list(scenes.names) == ["a + b", "c + a"]
    for sample in scenes:
        assert sample.image.shape == (*scenes.size, 3)
        for number, target in enumerate(sample.targets):
            left = number * (BASE[1] + GAP)
            assert target.box == Box(10, 15 + left, 25, 45 + left)
            inside = sample.image[_inside(target.box, 2)]
            assert inside.min() > 200
            assert target.mask[_inside(target.box, 1)].all()
            assert target.mask.sum() == pytest.approx(15 * 30, rel=0.1)


@pytest.mark.data
def test_real_pictures_pass_through_the_canvas(caltech):
    dataset = Caltech101(caltech, ["Faces", "Motorbikes"])
    canvas = Canvas(dataset, (240, 375), (160, 250), (0.5, 1.0), True, 0)
    for index in (0, len(dataset) - 1):
        before, after = dataset[index], canvas[index]
        assert after.image.shape == (240, 375, 3)
        scale = (after.targets[0].box.area / before.targets[0].box.area) ** 0.5
        rows, columns = before.image.shape[:2]
        assert 0.49 < scale / (160 * 250 / (rows * columns)) ** 0.5 < 1.01
