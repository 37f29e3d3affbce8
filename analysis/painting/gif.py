"""Animations frame by frame: Pillow's own way of writing them holds every frame in memory."""

from __future__ import annotations

import io
from types import TracebackType
from typing import BinaryIO

from PIL import Image

from spikeseg.errors import SpikeSegError

_TRAILER = b"\x3b"
_LONGEST = 655_350  # milliseconds: 16 bits of hundredths
_FIXED = 13  # bytes of a GIF before its table of colours


class Gif:
    """Writes frames, all of one size and with the same colours, to an open file; a context manager.

    Parameters
    ----------
    file
        Open for writing bytes.
    duration
        Milliseconds of a frame; formats know hundredths of a second.

    Raises
    ------
    SpikeSegError
        Frames are longer than the format can say.
    """

    def __init__(self, file: BinaryIO, duration: int):
        if duration > _LONGEST:
            raise SpikeSegError(
                f"frames of {duration / 1000:,.0f} s are too long for a .gif: {_LONGEST / 1000:.0f} s at most"
            )
        self._file, self._duration, self._empty = file, duration, True

    def __enter__(self) -> Gif:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._file.write(_TRAILER)

    def add(self, image: Image.Image) -> None:
        """Append a frame, mode ``P``."""
        packed = io.BytesIO()
        repeat = {"loop": 0} if self._empty else {}
        image.save(packed, "GIF", optimize=False, duration=self._duration, **repeat)
        data = packed.getvalue().removesuffix(_TRAILER)
        if not self._empty:  # colours and size are written
            data = data[_FIXED + 3 * (2 << (data[10] & 7)) :]
        self._file.write(data)
        self._empty = False
