"""Pictures of one's own: any common format and size, with boxes and masks where there are some."""

from __future__ import annotations

import os

import numpy as np
import pytest
from PIL import Image

from helpers.own import BOXES, CLASSES, write_pictures
from spikeseg.boxes import Box
from spikeseg.datasets.own.pictures import OwnPictures
from spikeseg.datasets.pictures import SUFFIXES
from spikeseg.errors import SpikeSegError


def told(root, classes=CLASSES) -> str:
    """What is wrong with pictures, the first time that it is seen."""
    with pytest.raises(SpikeSegError) as caught:
        list(OwnPictures(root, classes))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("suffix", [*SUFFIXES, ".PNG"])
def test_every_format_is_read(tmp_path, suffix):
    dataset = OwnPictures(write_pictures(tmp_path, 2, suffix), CLASSES)
    assert dataset.names == tuple(f"{label}/{number}{suffix}" for label in CLASSES for number in range(2))
    assert dataset.labels == ("bar", "bar", "disc", "disc")
    for sample in dataset:
        assert sample.image.shape == (64, 80, 3)
        assert sample.targets[0].box is None
        top, left, *_ = BOXES[sample.targets[0].label]
        assert sample.image[top + 10, left + 10].max() < sample.image[0, 0].min()


def test_sizes_may_differ(tmp_path):
    write_pictures(tmp_path, 1)
    Image.new("RGB", (13, 700)).save(tmp_path / "bar" / "long.jpg")
    assert {sample.image.shape[:2] for sample in OwnPictures(tmp_path, CLASSES)} == {(64, 80), (700, 13)}


def test_boxes_are_cut_at_the_edge_of_their_picture(tmp_path):
    write_pictures(tmp_path, 1)
    (tmp_path / "boxes.csv").write_text("name,label,left,top,right,bottom\nbar/0.png,bar,-3,10,90,20\n")
    first, second = OwnPictures(tmp_path, CLASSES)
    assert (first.targets[0].box, second.targets[0].box) == (Box(10, 0, 20, 80), None)
    (tmp_path / "boxes.csv").write_text("name,label,left,top,right,bottom\nbar/0.png,bar,90,10,99,20\n")
    assert "bar/0.png has 80 x 64 pixels, and its box lies outside of them: top 10, left 90" in told(tmp_path)


def test_a_mask_gives_pixels_and_a_box(tmp_path):
    write_pictures(tmp_path, 1, ".jpg")
    mask = np.zeros((64, 80), np.uint8)
    mask[5:9, 20:60] = 255
    (tmp_path / "masks" / "disc").mkdir(parents=True)
    Image.fromarray(mask).save(tmp_path / "masks" / "disc" / "0.png")
    first, second = OwnPictures(tmp_path, CLASSES)
    assert first.targets[0].mask is None
    np.testing.assert_array_equal(second.targets[0].mask, mask > 0)
    assert second.targets[0].box == Box(5, 20, 9, 60)


class TestMasks:
    @pytest.fixture
    def masked(self, tmp_path):
        """What is told of pictures with a mask of this name and content."""
        write_pictures(tmp_path, 1)

        def run(name: str, mask: np.ndarray) -> str:
            path = tmp_path / "masks" / name
            path.parent.mkdir(parents=True)
            Image.fromarray(mask).save(path)
            return told(tmp_path)

        return run

    def test_one_of_another_size_is_refused(self, masked):
        line = masked("bar/0.png", np.full((8, 9), 255, np.uint8))
        assert "masks/bar/0.png has 9 x 8 pixels, its picture 80 x 64" in line

    def test_a_black_one_is_refused(self, masked):
        assert "masks/bar/0.png is black" in masked("bar/0.png", np.zeros((64, 80), np.uint8))

    def test_one_without_a_picture_is_refused(self, masked):
        assert "masks/bar/1.png belongs to no picture" in masked("bar/1.png", np.zeros((64, 80), np.uint8))


def test_what_lies_in_the_folder_of_a_class_is_a_picture(tmp_path):
    write_pictures(tmp_path, 1)
    for name in (".hidden", "Thumbs.db"):
        (tmp_path / "bar" / name).write_text("")
    assert len(OwnPictures(tmp_path, CLASSES)) == 2
    (tmp_path / "bar" / "photo.heic").write_text("")
    assert "bar/photo.heic is no picture that can be read: take it out of the folder, or convert it" in told(tmp_path)
    (tmp_path / "bar" / "photo.heic").unlink()
    (tmp_path / "bar" / "more").mkdir()
    assert "bar/more is a folder" in told(tmp_path)


def test_a_file_that_is_no_picture_is_named(tmp_path):
    write_pictures(tmp_path, 1)
    (tmp_path / "bar" / "0.png").write_text("%!PS-Adobe-3.0 EPSF-3.0")
    assert "bar/0.png cannot be read as a picture: no known picture format" in told(tmp_path)


def test_folders_that_are_not_there_or_empty_are_named(tmp_path):
    assert "nowhere is not a directory" in told(tmp_path / "nowhere")
    write_pictures(tmp_path, 1)
    assert "has no class cup; it has bar, disc" in told(tmp_path, ("bar", "cup"))
    assert "a class cannot be called masks" in told(tmp_path, ("bar", "masks"))
    (tmp_path / "bar" / "0.png").rename(tmp_path / "bar" / ".0.png")
    assert "class bar is empty: no picture" in told(tmp_path)


def test_a_pipe_or_a_device_among_the_data_is_named_and_not_read(tmp_path):
    write_pictures(tmp_path, 1)
    os.mkfifo(tmp_path / "bar" / "pipe.png")
    assert "bar/pipe.png is no file but a device, a pipe or a socket" in told(tmp_path)
    (tmp_path / "bar" / "pipe.png").unlink()
    (tmp_path / "disc" / "zero.png").symlink_to("/dev/zero")
    assert "disc/zero.png is no file but a device, a pipe or a socket" in told(tmp_path)
    (tmp_path / "disc" / "zero.png").unlink()
    for name in ("boxes.csv", "coco.json"):
        (tmp_path / name).symlink_to("/dev/zero")
        assert f"{name} is no file but a device, a pipe or a socket" in told(tmp_path)
        (tmp_path / name).unlink()
