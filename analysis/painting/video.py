"""Frames into a video file, in bounded memory: GIF with Pillow, MP4 with PyAV."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

from PIL import Image

from spikeseg.errors import SpikeSegError
from spikeseg.files import replacing

from .gif import Gif


@contextmanager
def open_video(path: Path, frame_ms: int) -> Iterator[Callable[[Image.Image], None]]:
    """Give a function that appends a frame, of mode ``P``, all of one size and palette; the suffix says the format.

    The file takes its name when it is complete.

    Raises
    ------
    SpikeSegError
        Another suffix than .gif and .mp4, PyAV is not installed, or the file system refused.
    """
    if path.suffix.lower() not in (".gif", ".mp4"):
        raise SpikeSegError(f"cannot write a video to {path}: give it the suffix .gif or .mp4")
    with replacing(path) as temporary:
        if path.suffix.lower() == ".gif":
            with temporary.open("wb") as file, Gif(file, frame_ms) as film:
                yield film.add
        else:
            with _mp4(temporary, frame_ms) as add:
                yield add


@contextmanager
def _mp4(path: Path, frame_ms: int) -> Iterator[Callable[[Image.Image], None]]:
    try:
        import av
    except ImportError as error:
        raise SpikeSegError('an .mp4 needs PyAV: pip install "spikeseg[video]", or write a .gif') from error
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(1000, frame_ms))
        stream.pix_fmt = "yuv420p"

        def add(image: Image.Image) -> None:
            even = Image.new("RGB", (image.width + image.width % 2, image.height + image.height % 2), "white")
            even.paste(image.convert("RGB"))
            if not container.streams.video[0].codec_context.is_open:
                stream.width, stream.height = even.size
            container.mux(stream.encode(av.VideoFrame.from_image(even)))

        yield add
        container.mux(stream.encode())
