from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from spikeseg.boxes import Box
from spikeseg.datasets.rendered.arrangement import HEIGHTS
from spikeseg.datasets.rendered.backdrop import Backdrop, paint
from spikeseg.datasets.rendered.orange_panda import OrangePanda
from spikeseg.datasets.rendered.ornaments import ORNAMENTS
from spikeseg.datasets.rendered.rendering import Light, Ornament, Pose, Scene, extent, render, silhouette
from spikeseg.errors import SpikeSegError

SIZE = (160, 250)


def one(label: str, **pose) -> Scene:
    """An ornament in the middle of the picture, held a little askew."""
    held = Pose(**{"row": 80.3, "column": 120.2, "height": 90.0, "roll": 3.0, "yaw": 10.0, **pose})
    return Scene((Ornament(label, held),), Light(), Backdrop(1))


def whole(dataset: OrangePanda, index: int) -> list[np.ndarray]:
    """Masks of a picture's ornaments, the farther first, each as if it were alone."""
    scene = dataset.scene(index)
    alone = [replace(scene, ornaments=(ornament,)) for ornament in scene.ornaments]
    return [next(iter(render(scene, dataset.size)[1].values())) for scene in alone]


def edges(image: np.ndarray) -> np.ndarray:
    grey = image.astype(float) @ [0.299, 0.587, 0.114]
    return np.abs(ndimage.gaussian_filter(grey, 1) - ndimage.gaussian_filter(grey, 2))


@pytest.mark.parametrize("scene", ["single", "both"])
def test_same_seed_same_bits_in_any_order_and_of_any_count(scene):
    forward = list(OrangePanda(4, seed=3, scene=scene))
    paint.cache_clear()
    longer = OrangePanda(9, seed=3, scene=scene)
    for index in (3, 0, 2, 1):
        again, first = longer[index], forward[index]
        assert again.name == first.name
        np.testing.assert_array_equal(again.image, first.image)
        for one_target, other in zip(again.targets, first.targets, strict=True):
            assert (one_target.label, one_target.box) == (other.label, other.box)
            np.testing.assert_array_equal(one_target.mask, other.mask)


def test_pictures_of_other_seeds_and_indices_differ():
    pictures = [sample.image for seed in (0, 1) for sample in OrangePanda(2, seed)]
    for index, picture in enumerate(pictures):
        assert all((picture != other).mean() > 0.5 for other in pictures[:index])


def test_classes_take_turns_and_names_are_unique():
    dataset = OrangePanda(6, seed=0)
    assert list(dataset.labels) == ["orange", "panda"] * 3
    assert [sample.targets[0].label for sample in dataset] == list(dataset.labels)
    assert [sample.name for sample in dataset] == list(dataset.names)
    assert len(set(dataset.names)) == 6
    assert dataset.names[1] == "orange-panda/single/seed0/00001"


def test_both_has_both_classes_the_first_in_turn_and_either_in_front():
    dataset = OrangePanda(12, seed=0, scene="both")
    for index in range(4):
        labels = [target.label for target in dataset[index].targets]
        assert labels[0] == dataset.labels[index]
        assert sorted(labels) == ["orange", "panda"]
    assert {dataset.scene(index).ornaments[-1].label for index in range(12)} == {"orange", "panda"}


@pytest.mark.parametrize("scene", ["single", "both"])
@pytest.mark.parametrize("size", [SIZE, (64, 64)])
def test_boxes_are_the_extremities_of_disjoint_masks(scene, size):
    for sample in OrangePanda(6, seed=1, size=size, scene=scene):
        assert sample.image.shape == (*size, 3)
        assert sample.image.dtype == np.uint8
        masks = [target.mask for target in sample.targets]
        assert np.sum(masks, axis=0).max() == 1
        for target in sample.targets:
            rows, columns = np.nonzero(target.mask)
            assert target.box == Box(rows.min(), columns.min(), rows.max() + 1, columns.max() + 1)


def test_heights_are_in_range_vary_and_fit_the_picture():
    boxes = [sample.targets[0].box for sample in OrangePanda(30, seed=2)]
    heights = np.array([(box.bottom - box.top) / SIZE[0] for box in boxes])
    pixel = 1 / SIZE[0]
    assert heights.min() >= HEIGHTS[0] - pixel
    assert heights.max() <= HEIGHTS[1] + pixel
    assert heights.max() - heights.min() > 0.25
    assert all(box.top > 0 and box.left > 0 and box.bottom < 160 and box.right < 250 for box in boxes)


@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.5, 0.9])
def test_overlap_is_the_one_asked_for(overlap):
    dataset = OrangePanda(6, seed=4, scene="both", overlap=overlap)
    for index in range(6):
        far, near = whole(dataset, index)
        assert (far & near).sum() / min(far.sum(), near.sum()) == pytest.approx(overlap, abs=0.02)


def test_the_nearer_ornament_hides_the_farther_one():
    dataset = OrangePanda(4, seed=5, scene="both")
    for index in range(4):
        far, near = whole(dataset, index)
        masks = {target.label: target.mask for target in dataset[index].targets}
        behind, before = (masks[ornament.label] for ornament in dataset.scene(index).ornaments)
        np.testing.assert_array_equal(before, near)
        assert not (behind & ~(far & ~near)).any()
        assert (far & ~near & ~behind).sum() < 0.03 * far.sum()  # pixels that they share


@pytest.mark.parametrize("label", ["orange", "panda"])
def test_mask_is_where_the_backdrop_does_not_show(label):
    scene = one(label)
    image, masks = render(scene, SIZE)
    other, _ = render(replace(scene, backdrop=Backdrop(2)), SIZE)
    seen = np.abs(image - other).max(axis=2)
    assert seen[ndimage.binary_erosion(masks[label], iterations=2)].max() < 0.01
    assert (seen[~ndimage.binary_dilation(masks[label], iterations=2)] < 0.01).mean() < 0.1


@pytest.mark.parametrize("label", ORNAMENTS)
@pytest.mark.parametrize("pose", [{}, {"roll": -15, "yaw": 40}, {"height": 40.7, "stretch": 1.1}])
def test_extent_and_silhouette_agree_with_the_rendered_mask(label, pose):
    scene = one(label, **pose)
    mask = render(scene, SIZE)[1][label]
    rows, columns = np.nonzero(mask)
    tight = rows.min(), columns.min(), rows.max() + 1, columns.max() + 1
    np.testing.assert_allclose(extent(scene.ornaments[0]), tight, atol=1)
    assert (silhouette(scene.ornaments[0], SIZE) != mask).sum() < 0.03 * mask.sum()


@pytest.mark.parametrize("label", ["orange", "panda"])
@pytest.mark.parametrize(
    ("what", "step"), [("row", 0.2), ("column", 0.2), ("height", 0.4), ("roll", 0.3), ("yaw", 0.5), ("stretch", 0.005)]
)
def test_a_tenth_of_a_small_move_changes_the_picture_a_tenth_as_much(label, what, step):
    scene = one(label)
    start = getattr(scene.ornaments[0].pose, what)
    image, _ = render(scene, SIZE)
    change, tenth = (np.abs(render(one(label, **{what: start + move}), SIZE)[0] - image) for move in (step, step / 10))
    assert change.sum() > 10
    assert tenth.sum() == pytest.approx(change.sum() / 10, rel=0.1)
    assert tenth.max() < 0.06


@pytest.mark.parametrize("label", ORNAMENTS)
def test_an_ornament_stands_on_its_foot_and_is_about_1_high(label):
    upright = Ornament(label, Pose(row=0.0, column=0.0, height=1.0))
    box = extent(upright)
    assert 0.9 < box.bottom - box.top < 1.1
    assert 0.5 < box.right - box.left < 1.2
    lowest = min(part.centre[1] - np.linalg.norm(part.axes[1]) for part in ORNAMENTS[label])
    assert abs(lowest) < 0.05


def test_no_two_ornaments_have_the_same_outline():
    masks = {label: silhouette(one(label, roll=0.0, yaw=0.0).ornaments[0], SIZE) for label in ORNAMENTS}
    for label, mask in masks.items():
        for other in list(masks)[: list(masks).index(label)]:
            assert (mask & masks[other]).sum() < 0.8 * (mask | masks[other]).sum(), (label, other)


def test_as_many_classes_as_asked_for_take_turns():
    classes = tuple(ORNAMENTS)
    dataset = OrangePanda(10, seed=0, classes=classes)
    assert tuple(sample.targets[0].label for sample in dataset) == classes


def test_an_ornament_may_leave_the_picture():
    partly, masks = render(one("panda", column=250.0), SIZE)
    assert masks["panda"][:, -1].any()
    _, masks = render(one("panda", column=-200.0, row=500.0), SIZE)
    assert not masks["panda"].any()
    assert partly.shape == (*SIZE, 3)


def test_the_panda_has_large_black_patches_and_the_orange_has_not():
    dark = {"orange": [], "panda": []}
    for sample in OrangePanda(8, seed=6):
        (target,) = sample.targets
        black = ndimage.binary_opening((sample.image.max(axis=2) < 60) & target.mask, iterations=2)
        dark[target.label].append(black.sum() / target.mask.sum())
    assert min(dark["panda"]) > 0.15
    assert max(dark["orange"]) < 0.05


def test_clutter_is_weaker_than_the_ornaments():
    shares = []
    for sample in OrangePanda(16, seed=7):
        contrast, (target,) = edges(sample.image), sample.targets
        near = ndimage.binary_dilation(target.mask, iterations=2)
        strongest = contrast >= np.partition(contrast.ravel(), -2000)[-2000]
        shares.append((strongest & ~near).sum() / strongest.sum())
    assert 0 < np.mean(shares) < 0.2


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"count": 0}, "count is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"size": (63, 250)}, "size is"),
        ({"size": (160, 100)}, "size is"),
        ({"size": (160,)}, "size is"),
        ({"scene": "three"}, "scene is 'three'"),
        ({"overlap": 1.0}, "overlap is 1.0"),
        ({"overlap": float("nan")}, "overlap is nan"),
        ({"classes": ()}, "classes are"),
        ({"classes": ("orange", "orange")}, "classes are"),
        ({"classes": ("orange", "apple")}, "different ones of orange, panda"),
        ({"classes": ("panda",), "scene": "both"}, "needs 2 classes"),
    ],
)
def test_arguments_out_of_range_are_refused_in_one_line(wrong, message):
    with pytest.raises(SpikeSegError, match=message) as refusal:
        OrangePanda(**{"count": 2, "seed": 0, **wrong})
    assert "\n" not in str(refusal.value)


def test_one_class_alone_is_possible():
    assert list(OrangePanda(3, seed=0, classes=("panda",)).labels) == ["panda"] * 3


def test_an_index_beyond_the_end_is_an_index_error():
    dataset = OrangePanda(2, seed=0)
    np.testing.assert_array_equal(dataset[-1].image, dataset[1].image)
    with pytest.raises(IndexError):
        dataset[2]
