"""The official layout is read as its authors meant it, and anything else is refused by name."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.io
from PIL import Image

from spikeseg.boxes import Box
from spikeseg.datasets.caltech101 import Caltech101
from spikeseg.errors import SpikeSegError

CLASSES = ("Faces", "Motorbikes")
FOLDERS = {"Faces": "Faces_2", "Motorbikes": "Motorbikes_16", "ant": "ant"}


def _add(root, label, number, size=(20, 30), **annotation):
    """One grey picture of `size` (rows, columns) with its annotation."""
    pictures, annotations = root / "101_ObjectCategories" / label, root / "Annotations" / FOLDERS[label]
    pictures.mkdir(parents=True, exist_ok=True)
    annotations.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (size[1], size[0]), (number, 0, 0)).save(pictures / f"image_{number:04d}.jpg", quality=95)
    content = {"box_coord": np.array([[3, 12, 5, 24]], dtype=np.uint16)} | annotation
    scipy.io.savemat(annotations / f"annotation_{number:04d}.mat", content)


@pytest.fixture
def root(tmp_path):
    for label, numbers in (("Motorbikes", (2, 10, 1)), ("Faces", (7, 3)), ("ant", (1,))):
        for number in numbers:
            _add(tmp_path, label, number)
    return tmp_path


def _refusal(action) -> str:
    with pytest.raises(SpikeSegError) as caught:
        action()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_pictures_of_the_asked_classes_come_sorted_by_name(root):
    expected = [
        "Faces/image_0003.jpg",
        "Faces/image_0007.jpg",
        "Motorbikes/image_0001.jpg",
        "Motorbikes/image_0002.jpg",
        "Motorbikes/image_0010.jpg",
    ]
    for classes in (CLASSES, CLASSES[::-1]):
        dataset = Caltech101(root, classes)
        assert list(dataset.names) == expected
        assert list(dataset.labels) == ["Faces"] * 2 + ["Motorbikes"] * 3
        assert [sample.name for sample in dataset] == expected
        assert len(dataset) == 5


def test_a_sample_holds_its_own_picture_in_rgb(root):
    sample = Caltech101(root, CLASSES)[-1]
    assert sample.image.shape == (20, 30, 3)
    assert sample.image.dtype == np.uint8
    assert abs(int(sample.image[0, 0, 0]) - 10) <= 2
    assert [target.label for target in sample.targets] == ["Motorbikes"]


def test_matlabs_inclusive_box_from_1_becomes_half_open_from_0(root):
    target = Caltech101(root, ["ant"])[0].targets[0]
    assert target.box == Box(top=2, left=4, bottom=12, right=24)
    assert target.mask is None


def test_small_integers_of_the_annotation_do_not_wrap_around(tmp_path):
    _add(tmp_path, "Faces", 1, box_coord=np.array([[0, 20, 0, 30]], dtype=np.uint8))
    assert Caltech101(tmp_path, ["Faces"])[0].targets[0].box == Box(0, 0, 20, 30)


def test_a_box_over_the_pictures_edge_is_clipped_to_it(tmp_path):
    _add(tmp_path, "Faces", 1, box_coord=[[10.0, 25.0, 1.0, 31.0]])
    assert Caltech101(tmp_path, ["Faces"])[0].targets[0].box == Box(9, 0, 20, 30)


def test_a_contour_along_the_boxs_edge_fills_just_the_box(tmp_path):
    contour = np.array([[0, 19, 19, 0], [0, 0, 9, 9]], dtype=float)  # x; y from the corner of the box
    _add(tmp_path, "Faces", 1, obj_contour=contour)
    target = Caltech101(tmp_path, ["Faces"])[0].targets[0]
    expected = np.zeros((20, 30), dtype=bool)
    expected[2:12, 4:24] = True
    assert target.mask.dtype == bool
    np.testing.assert_array_equal(target.mask, expected)


def test_a_mask_is_the_contours_inside_and_no_more(tmp_path):
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    contour = np.stack([30 + 30 * np.cos(angle), 20 + 20 * np.sin(angle)])
    _add(tmp_path, "Faces", 1, size=(60, 90), box_coord=[[6, 46, 11, 71]], obj_contour=contour)
    mask = Caltech101(tmp_path, ["Faces"])[0].targets[0].mask
    y, x = np.mgrid[:60, :90]
    radius = np.hypot((x - 40) / 30, (y - 25) / 20)
    assert mask[radius < 0.95].all()
    assert not mask[radius > 1.05].any()


def test_a_contour_over_the_pictures_edge_is_clipped_to_it(tmp_path):
    contour = np.array([[-50, 100, 100, -50], [-50, -50, 5, 5]], dtype=float)
    _add(tmp_path, "Faces", 1, obj_contour=contour)
    mask = Caltech101(tmp_path, ["Faces"])[0].targets[0].mask
    assert mask[:8].all()
    assert not mask[8:].any()


def test_the_two_folders_may_lie_one_directory_deeper(tmp_path):
    _add(tmp_path / "caltech-101", "Faces", 1)
    assert Caltech101(tmp_path, ["Faces"]).names == Caltech101(tmp_path / "caltech-101", ["Faces"]).names


def test_other_files_beside_the_pictures_do_not_count(root):
    faces = root / "101_ObjectCategories" / "Faces"
    (faces / "._image_0001.jpg").touch()
    (faces / "Thumbs.db").touch()
    (faces / "tmp").mkdir()
    assert len(Caltech101(root, ["Faces"])) == 2


def test_a_missing_directory_is_named(tmp_path):
    assert str(tmp_path / "nowhere") in _refusal(lambda: Caltech101(tmp_path / "nowhere", CLASSES))


@pytest.mark.parametrize("folder", ["101_ObjectCategories", "Annotations", "Faces"])
def test_another_layout_is_refused_with_the_one_expected(tmp_path, folder):
    (tmp_path / folder).mkdir()
    message = _refusal(lambda: Caltech101(tmp_path, CLASSES))
    assert "101_ObjectCategories" in message
    assert "Annotations" in message


@pytest.mark.parametrize("label", ["Cars", "..", ""])
def test_an_unknown_class_is_refused_with_the_known_ones(root, label):
    message = _refusal(lambda: Caltech101(root, ["Faces", label]))
    assert f"no class {label}" in message
    assert "Faces, Motorbikes, ant" in message


def test_a_class_without_a_picture_is_named(root):
    (root / "101_ObjectCategories" / "empty").mkdir()
    assert "class empty is empty" in _refusal(lambda: Caltech101(root, ["empty"]))


def test_a_picture_without_annotation_is_named_before_any_is_loaded(root):
    (root / "Annotations" / "Faces_2" / "annotation_0007.mat").unlink()
    message = _refusal(lambda: Caltech101(root, CLASSES))
    assert "Faces/image_0007.jpg" in message
    assert "annotation_0007.mat" in message


@pytest.mark.parametrize("kept", [0, 1, 100, 0.5, 0.9])
def test_truncated_files_are_named(root, kept):
    picture = root / "101_ObjectCategories" / "Faces" / "image_0003.jpg"
    annotation = root / "Annotations" / "Faces_2" / "annotation_0007.mat"
    for path in (picture, annotation):
        content = path.read_bytes()
        path.write_bytes(content[: int(kept * len(content)) if kept == 0.5 or kept == 0.9 else kept])
    dataset = Caltech101(root, ["Faces"])
    assert str(picture) in _refusal(lambda: dataset[0])
    assert str(annotation) in _refusal(lambda: dataset[1])


@pytest.mark.parametrize(
    "annotation",
    [
        {"box_coord": [[1, 2, 3]]},
        {"box_coord": "face"},
        {"box_coord": [[1, np.nan, 3, 4]]},
        {"box_coord": [[12, 3, 5, 24]]},
        {"box_coord": [[100, 120, 5, 24]]},
        {"obj_contour": [[1, 2, 3]]},
        {"obj_contour": [[1, 2], [3, 4]]},
        {"obj_contour": [[1, 2, 3], [4, 5, np.inf]]},
        {"obj_contour": np.array([["a"]], dtype=object)},
    ],
)
def test_senseless_annotations_are_named(tmp_path, annotation):
    _add(tmp_path, "Faces", 1, **annotation)
    assert "annotation_0001.mat" in _refusal(lambda: Caltech101(tmp_path, ["Faces"])[0])


def test_an_annotation_without_a_box_is_named(tmp_path):
    _add(tmp_path, "Faces", 1)
    path = tmp_path / "Annotations" / "Faces_2" / "annotation_0001.mat"
    scipy.io.savemat(path, {"other": 1})
    assert "box_coord" in _refusal(lambda: Caltech101(tmp_path, ["Faces"])[0])


@pytest.mark.data
def test_real_boxes_lie_inside_their_pictures(caltech):
    dataset = Caltech101(caltech, CLASSES)
    assert set(dataset.labels) == set(CLASSES)
    for index in np.linspace(0, len(dataset) - 1, 20).astype(int):
        sample = dataset[index]
        rows, columns, channels = sample.image.shape
        box = sample.targets[0].box
        assert channels == 3
        assert 0 <= box.top < box.bottom <= rows
        assert 0 <= box.left < box.right <= columns
        assert 0.05 < box.area / (rows * columns) < 1


def test_a_class_without_annotations_opens_without_boxes(root):
    """The official BACKGROUND_Google is one."""
    pictures = root / "101_ObjectCategories" / "BACKGROUND_Google"
    pictures.mkdir()
    Image.new("L", (30, 20)).save(pictures / "image_0001.jpg")
    (sample,) = Caltech101(root, ["BACKGROUND_Google"])
    assert [(target.label, target.box, target.mask) for target in sample.targets] == [("BACKGROUND_Google", None, None)]


def test_an_annotation_that_would_take_much_memory_is_refused(tmp_path):
    """Zeros that take no room in a file, and gigabytes in memory."""
    bomb, box = np.zeros(200_000), np.array([[3, 12, 5, 24]])
    _add(tmp_path, "Faces", 1)
    path = tmp_path / "Annotations" / "Faces_2" / "annotation_0001.mat"
    for content, told in (
        ({"box_coord": box, "obj_contour": bomb.reshape(2, -1)}, "100,000 numbers"),
        ({"box_coord": bomb}, "100,000 numbers"),
        ({"box_coord": np.random.default_rng(0).random(20_000)}, "131,072 bytes"),
    ):
        scipy.io.savemat(path, content, do_compression=True)
        line = _refusal(lambda: Caltech101(tmp_path, ["Faces"])[0])
        assert f"annotation_0001.mat cannot be read as a MATLAB file: more than {told}" in line
