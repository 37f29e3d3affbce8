"""Whatever a user brings is RGB, the right way up, or refused in one line."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from spikeseg.datasets.pictures import check_picture, read_picture
from spikeseg.errors import SpikeSegError


@pytest.fixture
def noise() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)


def _saved(tmp_path, picture: Image.Image, name: str = "picture.png", **options):
    path = tmp_path / name
    picture.save(path, **options)
    return path


def _refusal(path) -> str:
    with pytest.raises(SpikeSegError) as caught:
        read_picture(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


def test_rgb_is_kept_to_the_bit_and_may_be_written_to(tmp_path, noise):
    image = read_picture(_saved(tmp_path, Image.fromarray(noise)))
    np.testing.assert_array_equal(image, noise)
    assert image.dtype == np.uint8
    image[0, 0] = 0


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr"])
def test_every_mode_becomes_rgb_as_pillow_shows_it(tmp_path, noise, mode):
    picture = Image.fromarray(noise).convert(mode)
    path = _saved(tmp_path, picture, "picture.tif")
    np.testing.assert_array_equal(read_picture(path), np.asarray(picture.convert("RGB")))


def test_grey_levels_pass_unchanged_through_all_three_channels(tmp_path):
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    image = read_picture(_saved(tmp_path, Image.fromarray(grey)))
    np.testing.assert_array_equal(image, np.repeat(grey[:, :, None], 3, axis=2))
    np.testing.assert_array_equal(np.asarray(Image.fromarray(image).convert("L")), grey)


def test_16_bit_grey_keeps_its_full_range(tmp_path):
    grey = np.array([[0, 257, 128 * 257, 65535]], dtype=np.uint16)
    for name in ("picture.png", "picture.tif"):
        image = read_picture(_saved(tmp_path, Image.fromarray(grey), name))
        assert image[0, :, 0].tolist() == [0, 1, 128, 255]


def test_transparent_pixels_are_white_whatever_colour_hides_there(tmp_path):
    pixels = np.zeros((2, 2, 4), dtype=np.uint8)
    pixels[0, 0] = (200, 10, 20, 255)
    pixels[0, 1] = (0, 0, 0, 128)
    image = read_picture(_saved(tmp_path, Image.fromarray(pixels)))
    assert image[0, 0].tolist() == [200, 10, 20]
    assert image[0, 1].tolist() == [127, 127, 127]
    assert (image[1] == 255).all()


def test_a_palette_with_a_transparent_colour_lies_on_white(tmp_path):
    picture = Image.new("P", (2, 1))
    picture.putpalette([10, 20, 30, 40, 50, 60])
    picture.putpixel((1, 0), 1)
    image = read_picture(_saved(tmp_path, picture, transparency=0))
    assert image[0].tolist() == [[255, 255, 255], [40, 50, 60]]


def test_the_cameras_orientation_is_applied(tmp_path, noise):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise to see it upright
    path = _saved(tmp_path, Image.fromarray(noise), exif=exif)
    np.testing.assert_array_equal(read_picture(path), np.rot90(noise, -1))


def test_the_first_frame_of_an_animation_is_taken(tmp_path):
    frames = [Image.new("L", (8, 8), level) for level in (10, 200)]
    path = _saved(tmp_path, frames[0], "picture.gif", save_all=True, append_images=frames[1:])
    assert (read_picture(path) == 10).all()


def test_a_missing_picture_is_said_to_be_missing(tmp_path):
    assert "missing" in _refusal(tmp_path / "nowhere.jpg")


def test_a_directory_and_a_text_are_no_pictures(tmp_path):
    assert "directory" in _refusal(tmp_path)
    text = tmp_path / "notes.jpg"
    text.write_text("not a picture")
    assert "no known picture format" in _refusal(text)
    text.write_bytes(b"")
    assert "no known picture format" in _refusal(text)


@pytest.mark.parametrize("name", ["picture.jpg", "picture.png", "picture.tif", "picture.bmp"])
def test_a_truncated_picture_is_refused(tmp_path, noise, name):
    path = _saved(tmp_path, Image.fromarray(noise), name)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "cannot be read" in _refusal(path)


def test_no_damage_to_a_file_escapes_as_another_error(tmp_path, noise):
    rng = np.random.default_rng(1)
    refused = 0
    for name in ("picture.jpg", "picture.png", "picture.gif", "picture.tif", "picture.webp"):
        whole = np.frombuffer(_saved(tmp_path, Image.fromarray(noise), name).read_bytes(), np.uint8)
        for _ in range(20):
            damaged = whole.copy()
            damaged[rng.integers(0, min(len(whole), 400), 8)] = rng.integers(0, 256, 8)
            (tmp_path / name).write_bytes(damaged.tobytes())
            try:
                assert read_picture(tmp_path / name).ndim == 3
            except SpikeSegError:
                refused += 1
    assert refused > 10


@pytest.mark.parametrize("side", [8000, 10_000, 40_000])  # Pillow warns of the second and refuses the third
def test_an_absurdly_large_picture_is_refused_by_its_header(tmp_path, side):
    path = _saved(tmp_path, Image.new("L", (8, 8)))
    content = bytearray(path.read_bytes())
    content[16:24] = struct.pack(">II", side, side)  # a PNG's width and height, with their checksum
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    path.write_bytes(content)
    assert "50,000,000" in _refusal(path)


def test_floating_point_pixels_have_no_range_to_go_by(tmp_path):
    picture = Image.fromarray(np.zeros((4, 4), dtype=np.float32))
    assert "floating-point" in _refusal(_saved(tmp_path, picture, "picture.tif"))


@pytest.mark.parametrize("size", [(1, 30_000), (30_000, 1)])
def test_a_picture_that_is_a_line_is_refused(tmp_path, size):
    assert "too narrow" in _refusal(_saved(tmp_path, Image.new("1", size)))


def test_a_picture_of_one_bit_is_refused_by_its_header_like_any_other(tmp_path):
    path = _saved(tmp_path, Image.new("1", (9000, 9000)))
    assert path.stat().st_size < 20_000
    assert "9000 x 9000 pixels" in _refusal(path)


def test_a_pipe_or_device_is_no_picture(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "device.png").symlink_to("/dev/zero")
    for name in ("pipe.png", "device.png"):
        assert "no file but a device, a pipe or a socket" in _refusal(tmp_path / name)


def test_what_would_start_another_program_is_no_picture(tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n")
    assert "no known picture format" in _refusal(path)


def test_the_readers_of_other_formats_are_not_imported(tmp_path):
    path = _saved(tmp_path, Image.new("L", (4, 4)))
    code = "import sys; from spikeseg.datasets.pictures import read_picture; read_picture(sys.argv[1])"
    code += "; sys.exit('PIL.PdfImagePlugin' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code, path]).returncode == 0


def test_the_beginning_of_a_damaged_picture_is_that_of_a_picture(tmp_path):
    path = _saved(tmp_path, Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)))
    path.write_bytes(path.read_bytes()[:1000])
    check_picture(path)
    with pytest.raises(SpikeSegError, match="cannot be read as a picture"):
        read_picture(path)
