"""PNG files that we pack ourselves are read by others."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from spikeseg.analysis.painting.png import write_png


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (37, 53)])
@pytest.mark.parametrize("kind", ["noise", "flat", "slope"])
def test_pillow_reads_the_pixels_that_were_written(tmp_path, size, kind):
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    if kind != "noise":
        pixels[:] = 200 if kind == "flat" else np.arange(size[0], dtype=np.uint16)[:, None, None] * 7 % 256
    write_png(tmp_path / "written.png", Image.fromarray(pixels))
    with Image.open(tmp_path / "written.png") as read:
        read.verify()
    with Image.open(tmp_path / "written.png") as read:
        assert read.mode == "RGB"
        np.testing.assert_array_equal(np.asarray(read), pixels)
