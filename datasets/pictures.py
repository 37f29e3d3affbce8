"""Read a picture file as an RGB array."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from spikeseg.errors import SpikeSegError
from spikeseg.files import require_regular

for _reader in ("Png", "Jpeg", "Bmp", "Tiff", "WebP", "Ppm", "Gif"):
    import_module(f"PIL.{_reader}ImagePlugin")  # where one of these is not there yet, Pillow imports all its 40 readers

FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP", "PPM", "GIF")
"""What is read, as Pillow calls it; PPM is PGM and PBM too. Its other readers are rarely used, and less well tried."""

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".pgm", ".ppm", ".pbm", ".gif")
"""Of files in these formats, in lower case."""

MOST_PIXELS = 50_000_000
"""Of a picture; reading that many takes about 0.6 GB."""

TOO_NARROW = 100
"""A picture with a side that much longer than the other is refused."""

_WITH_ALPHA = ("RGBA", "RGBa", "LA", "La", "PA")


def read_picture(path: str | Path) -> np.ndarray:
    """Read a picture: PNG, JPEG, BMP, TIFF, WebP, PGM, PPM or GIF, whatever its file is called.

    The orientation that a camera noted (EXIF) is applied, transparent pixels are laid over white, 16-bit grey keeps
    its full range, and of an animation the first frame is read.

    Returns
    -------
    numpy.ndarray
        Shape (H, W, 3), uint8, RGB.

    Raises
    ------
    SpikeSegError
        The file is missing, is not a picture, is truncated, has more than `MOST_PIXELS`, or is `TOO_NARROW`.
    """
    with _opened(path) as picture:
        ImageOps.exif_transpose(picture, in_place=True)
        return np.array(_rgb(picture))


def check_picture(path: str | Path) -> None:
    """Look at the beginning of a picture, not at its pixels, of which some may be damaged or missing all the same.

    Raises
    ------
    SpikeSegError
        The file is missing, is not a picture, has more than `MOST_PIXELS`, or is `TOO_NARROW`.
    """
    with _opened(path):
        pass


@contextmanager
def _opened(path: str | Path) -> Iterator[Image.Image]:
    """Give a picture of which the size is known, and no pixel yet. Raises what `read_picture` raises, also later."""
    try:
        require_regular(Path(path))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about unusual metadata, which a user cannot change
            with Image.open(path, formats=FORMATS) as picture:
                _check_size(path, *picture.size)
                yield picture
    except SpikeSegError:
        raise
    except FileNotFoundError as error:
        raise SpikeSegError(f"{path} is missing: there is no such picture") from error
    except Image.DecompressionBombError as error:
        raise SpikeSegError(f"{path} has more than {MOST_PIXELS:,} pixels: scale it down") from error
    except Exception as error:  # damaged bytes make decoders raise anything, SyntaxError included
        raise SpikeSegError(f"{path} cannot be read as a picture: {_reason(error)}") from error


def find_pictures(paths: Sequence[Path]) -> list[Path]:
    """Pictures, and all of those in directories and their folders, by name. Raises SpikeSegError where one has none."""
    found: list[Path] = []
    for path in paths:
        inside = [path]
        if path.is_dir():
            pictures = (one for one in path.rglob("*") if one.suffix.lower() in SUFFIXES and one.is_file())
            inside = sorted(one for one in pictures if not one.name.startswith("."))
            if not inside:
                raise SpikeSegError(f"no picture in {path}: they end in {', '.join(SUFFIXES)}")
        found += inside
    return found


def _check_size(path: str | Path, columns: int, rows: int) -> None:
    if columns * rows > MOST_PIXELS:
        raise SpikeSegError(f"{path} has {columns} x {rows} pixels, and {MOST_PIXELS:,} are the most: scale it down")
    if max(columns, rows) > TOO_NARROW * min(columns, rows):
        raise SpikeSegError(f"{path} has {columns} x {rows} pixels, too narrow to hold an object: crop it")


def _rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):  # Pillow's own conversion clips 16 bits at 255
        grey = np.asarray(picture).astype(float).clip(0, 65535) / 257
        return Image.fromarray(np.rint(grey).astype(np.uint8)).convert("RGB")
    if picture.mode == "F":
        raise ValueError("its pixels are floating-point numbers, save it with 8 or 16 bits")
    if picture.mode in _WITH_ALPHA or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _reason(error: Exception) -> str:
    if isinstance(error, Image.UnidentifiedImageError):
        return f"no known picture format: convert it to one of {', '.join(FORMATS)}"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split()) or type(error).__name__
