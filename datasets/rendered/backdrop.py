"""A cluttered desk, out of focus: what the ornaments stand in front of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter


@dataclass(frozen=True)
class Backdrop:
    """A desk and what lies on it.

    Attributes
    ----------
    seed
        Seed of everything random about the desk.
    horizon
        The desk's far edge, as a fraction of the picture's height from the top.
    """

    seed: int
    horizon: float = 0.35


@lru_cache(maxsize=16)
def paint(backdrop: Backdrop, size: tuple[int, int]) -> np.ndarray:
    """Draw a backdrop of `size` (rows, columns).

    Returns
    -------
    numpy.ndarray
        (rows, columns, 3) float32 from 0 to 1, read-only.
    """
    desk = _Desk(np.random.default_rng(backdrop.seed), size, backdrop.horizon)
    desk.far_things()
    desk.blur(0.014, 0.020)
    desk.near_things()
    desk.blur(0.010, 0.014)
    image = np.asarray(desk.picture, dtype=np.float32) / 255
    image.flags.writeable = False
    return image


class _Desk:
    """Draws things; lengths are in units of the picture's height."""

    def __init__(self, rng: np.random.Generator, size: tuple[int, int], horizon: float):
        self.rng, self.unit = rng, size[0]
        self.width, self.horizon = size[1] / size[0], horizon
        self.picture = Image.new("RGB", (size[1], size[0]), self._tone())
        self.draw = ImageDraw.Draw(self.picture)

    def far_things(self) -> None:
        """Blurred shapes on the wall, the desk top, and books, mugs and pens at its far edge."""
        for _ in range(self.rng.integers(2, 5)):
            x, y, r = self.rng.uniform((0, 0, 0.08), (self.width, self.horizon + 0.05, 0.22))
            self.draw.ellipse(self._box(x - r, y - r, x + r, y + r), fill=self._tone())
        self.draw.rectangle(self._box(0, self.horizon, self.width, 1), fill=self._tone())
        things = self._books, self._mug, self._pot, self._gap
        x = self.rng.uniform(-0.1, 0.3)
        while x < self.width:
            draw = things[self.rng.choice(len(things), p=(0.35, 0.2, 0.2, 0.25))]
            x += draw(x, self.horizon + self.rng.uniform(0.02, 0.10))

    def near_things(self) -> None:
        """Sheets, pens and perhaps a mug on the desk."""
        for _ in range(self.rng.integers(1, 4)):
            self._sheet()
        for _ in range(self.rng.integers(1, 4)):
            self._pen()
        if self.rng.random() < 0.4:
            self._mug(self.rng.uniform(0, self.width), self.rng.uniform(self.horizon + 0.15, 1.1))

    def blur(self, least: float, most: float) -> None:
        """Blur what was drawn so far, by a standard deviation between `least` and `most`."""
        self.picture = self.picture.filter(ImageFilter.GaussianBlur(self.unit * self.rng.uniform(least, most)))
        self.draw = ImageDraw.Draw(self.picture)

    def _tone(self) -> tuple[int, int, int]:
        """A greyish colour of medium brightness."""
        rgb = 255 * np.clip(self.rng.uniform(0.36, 0.66) + self.rng.normal(0, 0.045, 3), 0, 1)
        red, green, blue = rgb.astype(int).tolist()
        return red, green, blue

    def _px(self, *lengths: float) -> list[float]:
        return [float(self.unit * length) for length in lengths]

    def _box(self, left: float, top: float, right: float, bottom: float) -> list[float]:
        return self._px(left, top, right, max(top, bottom))

    def _stroke(self, thickness: float) -> int:
        return max(1, round(self.unit * thickness))

    def _gap(self, left: float, floor: float) -> float:
        return self.rng.uniform(0.1, 0.35)

    def _books(self, left: float, floor: float) -> float:
        x = left
        for _ in range(self.rng.integers(2, 6)):
            thickness, height = self.rng.uniform((0.03, 0.18), (0.08, 0.38))
            self.draw.rectangle(self._box(x, floor - height, x + thickness, floor), fill=self._tone())
            label = floor - height * self.rng.uniform(0.5, 0.9)
            self.draw.rectangle(self._box(x, label, x + thickness, label + 0.03), fill=self._tone())
            x += thickness
        return x - left + 0.03

    def _mug(self, left: float, floor: float) -> float:
        width = self.rng.uniform(0.13, 0.2)
        height, right, tone = width * self.rng.uniform(1.0, 1.3), left + width, self._tone()
        handle = self._box(right - 0.25 * width, floor - 0.8 * height, right + 0.35 * width, floor - 0.2 * height)
        self.draw.ellipse(handle, outline=tone, width=self._stroke(0.14 * width))
        self.draw.rectangle(self._box(left, floor - height, right, floor), fill=tone)
        rim = self._box(left, floor - 1.1 * height, right, floor - 0.9 * height)
        self.draw.ellipse(rim, fill=self._tone())
        return 1.5 * width

    def _pot(self, left: float, floor: float) -> float:
        """A pot of pens."""
        width = self.rng.uniform(0.1, 0.14)
        for _ in range(self.rng.integers(3, 6)):
            foot, top = left + self.rng.uniform(0.02, width), left + self.rng.uniform(-0.04, width + 0.04)
            line = self._px(foot, floor - 0.1, top, floor - self.rng.uniform(0.24, 0.36))
            self.draw.line(line, fill=self._tone(), width=self._stroke(0.02))
        self.draw.rectangle(self._box(left, floor - 0.16, left + width, floor), fill=self._tone())
        return width + 0.06

    def _pen(self) -> None:
        x, y, angle, length = self.rng.uniform((0, self.horizon + 0.1, -0.6, 0.25), (self.width, 1, 0.6, 0.5))
        line = self._px(x, y, x + length * np.cos(angle), y + length * np.sin(angle))
        self.draw.line(line, fill=self._tone(), width=self._stroke(0.025))

    def _sheet(self) -> None:
        x, y, width, height, skew = self.rng.uniform(
            (-0.2, self.horizon + 0.02, 0.3, 0.15, -0.2), (self.width, 0.95, 0.7, 0.5, 0.2)
        )
        right, foot = x + width, y + height
        self.draw.polygon(self._px(x, y, right, y, right + skew, foot, x + skew, foot), fill=self._tone())
