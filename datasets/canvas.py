"""Pictures pasted on a larger canvas: one at a random place and scale, or several side by side.

Where objects are centred and all of one size, a constant box is hard to beat. On a canvas it fails, and a network has
to localise. Pictures of several objects test whether a network counts them.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from spikeseg.errors import SpikeSegError

from .sample import Dataset, Sample, Target

GAP = 20
"""Columns of canvas between pictures side by side: more than twice the seam, so that none touches the next."""

_SEAM = 8  # pixels around a pasted picture over which its outermost pixels fade into the canvas
_SHAPE_AREA = 1000  # canvas pixels per shape of clutter
_SHAPE_RADIUS = (5.0, 35.0)  # pixels
_CONTRAST = 60.0  # grey levels that a shape is lighter or darker than the canvas, at most
_SOFTNESS = 0.7  # pixels, sigma of the blur that gives drawn shapes the edges of a photograph


class Canvas(Dataset):
    """A dataset's pictures, each pasted at a random place and scale on a canvas of its own.

    Item i depends on `seed` and on its picture's name, not on the order in which items are read.

    Parameters
    ----------
    dataset
        The pictures to paste.
    size, base, scale_range, clutter
        See `on_canvas`.
    seed
        The same seed gives the same canvases.

    Raises
    ------
    SpikeSegError
        The largest picture does not fit the canvas, or `scale_range` is not two positive numbers, the smaller first.
    """

    def __init__(
        self,
        dataset: Dataset,
        size: tuple[int, int],
        base: tuple[int, int],
        scale_range: tuple[float, float],
        clutter: bool,
        seed: int,
    ) -> None:
        _check(size, base, scale_range)
        self.names, self.labels = dataset.names, dataset.labels
        self._dataset, self._seed = dataset, seed
        self._placing = (size, base, scale_range, clutter)

    def __getitem__(self, index: int) -> Sample:
        """Load and place a picture. Raises what the dataset raises."""
        sample = self._dataset[index]
        rng = np.random.default_rng([self._seed, zlib.crc32(sample.name.encode())])
        return on_canvas(sample, *self._placing, rng)


class SideBySide(Dataset):
    """Groups of a dataset's pictures: each group is pasted into one picture, from left to right with gaps.

    Parameters
    ----------
    dataset
        The pictures to paste.
    groups
        For each group, the indices of its pictures in `dataset`; all groups have the same length.
    base
        Rows and columns of each picture on the canvas: the size in which the network sees it when it is alone.

    Attributes
    ----------
    size
        Rows and columns of the canvas.
    """

    def __init__(self, dataset: Dataset, groups: Sequence[Sequence[int]], base: tuple[int, int]) -> None:
        self._dataset, self._groups, self._base = dataset, groups, base
        self.names = [" + ".join(dataset.names[index] for index in group) for group in groups]
        self.labels = [dataset.labels[group[0]] for group in groups]
        count = len(groups[0])
        self.size = base[0], count * base[1] + (count - 1) * GAP

    def __getitem__(self, index: int) -> Sample:
        """Load and paste the pictures of a group. Raises what the dataset raises."""
        samples = [self._dataset[member] for member in self._groups[index]]
        rows, columns = self._base
        pictures = [
            np.asarray(Image.fromarray(sample.image).convert("RGB").resize((columns, rows), Image.Resampling.BILINEAR))
            for sample in samples
        ]
        border = np.concatenate([_border(picture) for picture in pictures])
        canvas = np.broadcast_to(border.mean(axis=0), (*self.size, 3))
        targets: list[Target] = []
        for number, (sample, picture) in enumerate(zip(samples, pictures, strict=True)):
            place = 0, number * (columns + GAP)
            canvas = _paste(picture, canvas, place)
            old = sample.image.shape[:2]
            targets += [_moved(target, old, self._base, place, self.size) for target in sample.targets]
        return Sample(self.names[index], np.asarray(canvas), tuple(targets))


def on_canvas(
    sample: Sample,
    size: tuple[int, int],
    base: tuple[int, int],
    scale_range: tuple[float, float],
    clutter: bool,
    rng: np.random.Generator,
) -> Sample:
    """Paste the whole picture of a sample at a random place and scale on a canvas; boxes and masks move with it.

    Parameters
    ----------
    sample
        Picture, boxes and masks of any size.
    size
        Rows and columns of the canvas.
    base
        Rows and columns of the picture at scale 1: the size in which the network sees it when it is alone.
    scale_range
        Smallest and largest factor on `base`, between which the scale is drawn uniformly.
    clutter
        Whether random lines, ellipses and polygons fill the canvas around the picture. Without them the canvas has
        one colour, the mean of the picture's border.
    rng
        Draws scale and place first, then the clutter: so a picture lies at the same place with and without clutter.

    Raises
    ------
    SpikeSegError
        The largest picture does not fit the canvas, or `scale_range` is not two positive numbers, the smaller first.
    """
    _check(size, base, scale_range)
    scale = rng.uniform(*scale_range)
    inner = max(1, round(base[0] * scale)), max(1, round(base[1] * scale))
    place = (int(rng.integers(size[0] - inner[0] + 1)), int(rng.integers(size[1] - inner[1] + 1)))
    picture = np.asarray(Image.fromarray(sample.image).resize((inner[1], inner[0]), Image.Resampling.BILINEAR))
    border = _border(picture)
    ground = np.broadcast_to(border.mean(axis=0), (*size, *picture.shape[2:]))
    if clutter:
        ground = _like(clutter_picture(size, border.mean(), rng), picture)
    targets = tuple(_moved(target, sample.image.shape[:2], inner, place, size) for target in sample.targets)
    return Sample(sample.name, _paste(picture, ground, place), targets)


def _check(size: tuple[int, int], base: tuple[int, int], scale_range: tuple[float, float]) -> None:
    low, high = scale_range
    if not 0 < low <= high < np.inf:
        raise SpikeSegError(f"scales from {low:g} to {high:g} are no range: give two positive numbers, smaller first")
    if any(round(length * high) > room for length, room in zip(base, size, strict=True)):
        raise SpikeSegError(
            f"a picture of {base[0]} x {base[1]} at scale {high:g} does not fit a canvas of {size[0]} x {size[1]}: "
            "enlarge the canvas or lower the scale"
        )


def _border(picture: np.ndarray) -> np.ndarray:
    """The outermost pixels, shape (n,) or (n, 3)."""
    return np.concatenate([picture[0], picture[-1], picture[1:-1, 0], picture[1:-1, -1]])


def _paste(picture: np.ndarray, ground: np.ndarray, place: tuple[int, int]) -> np.ndarray:
    """Put a picture on a background of the canvas's size, uint8.

    No pixel of the picture changes. Around it, its outermost pixels are repeated and fade into the background, so that
    a difference of Gaussians finds an edge neither at its border nor where the fading ends.
    """
    rows, columns = (
        np.arange(room) - start for room, start in zip(ground.shape[:2], place, strict=True)
    )  # of the canvas, counted from the first row and column of the picture
    nearest = rows.clip(0, picture.shape[0] - 1), columns.clip(0, picture.shape[1] - 1)
    distance = np.hypot(np.abs(rows - nearest[0])[:, None], np.abs(columns - nearest[1]))
    fade = (distance / (_SEAM + 1)).clip(0, 1)
    fade = _like(fade * fade * (3 - 2 * fade), picture)  # a curve without kinks
    return np.rint(picture[np.ix_(*nearest)] * (1 - fade) + ground * fade).astype(np.uint8)


def _like(plane: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """Give a plane (H, W) an axis for colours, (H, W, 1), if the picture has one."""
    return plane.reshape(*plane.shape, *(1,) * (picture.ndim - 2))


def clutter_picture(size: tuple[int, int], grey: float, rng: np.random.Generator) -> np.ndarray:
    """Draw random lines, ellipses and polygons on a uniform `grey` (0 to 255); shape `size`, float64."""
    canvas = Image.new("L", (size[1], size[0]), round(grey))
    draw = ImageDraw.Draw(canvas)
    middle = np.clip(grey, _CONTRAST, 255 - _CONTRAST)  # so that shapes stand out from white and black, too
    for _ in range(size[0] * size[1] // _SHAPE_AREA):
        level = round(rng.uniform(middle - _CONTRAST, middle + _CONTRAST))
        center, radius = rng.uniform((0, 0), size[::-1]), rng.uniform(*_SHAPE_RADIUS, size=2)
        width = int(rng.integers(1, 5))
        angles = np.sort(rng.uniform(0, 2 * np.pi, size=rng.integers(3, 7)))
        corners = list(map(tuple, center + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)))
        extent = [*(center - radius), *(center + radius)]
        match rng.choice(["line", "ring", "disc", "polygon"]):
            case "line":
                draw.line(corners[:2], fill=level, width=width)
            case "ring":
                draw.ellipse(extent, outline=level, width=width)
            case "disc":
                draw.ellipse(extent, fill=level)
            case _:
                draw.polygon(corners, fill=level)
    return np.asarray(canvas.filter(ImageFilter.GaussianBlur(_SOFTNESS)), dtype=float)


def _moved(
    target: Target,
    old: tuple[int, int],
    new: tuple[int, int],
    place: tuple[int, int],
    size: tuple[int, int],
) -> Target:
    """A target of a picture of size `old` after resizing it to `new` and pasting it at `place`."""
    box, mask = target.box, None
    if box is not None:
        box = box.scaled(new[0] / old[0], new[1] / old[1]).shifted(*place)
    if target.mask is not None:
        mask = np.zeros(size, dtype=bool)
        resized = Image.fromarray(target.mask).resize((new[1], new[0]), Image.Resampling.NEAREST)
        mask[place[0] : place[0] + new[0], place[1] : place[1] + new[1]] = resized
    return Target(target.label, box, mask)
