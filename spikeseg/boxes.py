"""Boxes and masks of objects, and how much two of them overlap."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Box(NamedTuple):
    """Axis-aligned box in pixels: rows from `top` up to, but without, `bottom`; columns likewise from `left`."""

    top: float
    left: float
    bottom: float
    right: float

    def scaled(self, rows: float, columns: float) -> Box:
        """The box after resizing the picture by these factors."""
        return Box(self.top * rows, self.left * columns, self.bottom * rows, self.right * columns)

    def shifted(self, rows: float, columns: float) -> Box:
        """The box moved by this many rows and columns."""
        return Box(self.top + rows, self.left + columns, self.bottom + rows, self.right + columns)

    @property
    def area(self) -> float:
        """Area in pixels, 0 for an empty box."""
        return max(0.0, self.bottom - self.top) * max(0.0, self.right - self.left)


def mask_box(mask: np.ndarray) -> Box | None:
    """Smallest box around the pixels of a mask, (H, W) bool; None for an empty mask."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    return Box(float(rows[0]), float(columns[0]), float(rows[-1] + 1), float(columns[-1] + 1))


def resized(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize a mask, (H, W) bool, to `size` (rows, columns) by nearest neighbours."""
    rows, columns = (np.arange(n) * m // n for n, m in zip(size, mask.shape, strict=True))
    return mask.take(rows, axis=0).take(columns, axis=1)


def box_iou(first, second) -> np.ndarray:
    """IoU (intersection over union) of boxes; empty boxes have an IoU of 0.

    Parameters
    ----------
    first, second
        ``top, left, bottom, right`` of each box, (..., 4) float; the other axes are broadcast.

    Returns
    -------
    (...) float.
    """
    first, second = np.asarray(first, float), np.asarray(second, float)
    low = np.maximum(first[..., :2], second[..., :2])
    high = np.minimum(first[..., 2:], second[..., 2:])
    common = _area(low, high)
    union = _area(first[..., :2], first[..., 2:]) + _area(second[..., :2], second[..., 2:]) - common
    return np.divide(common, union, out=np.zeros_like(union), where=union > 0)[()]


def mask_iou(first: np.ndarray, second: np.ndarray) -> float:
    """IoU of two masks of the same shape; 0 if both are empty."""
    union = np.count_nonzero(first | second)
    return np.count_nonzero(first & second) / union if union else 0.0


def _area(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return np.prod(np.maximum(high - low, 0), axis=-1)


def box_columns(kind: str = "") -> list[str]:
    """Names of the four columns of a box in a table, such as ``true_top_px``; `kind` is their prefix, as ``true_``."""
    return [f"{kind}{edge}_px" for edge in Box._fields]


def box_cells(box: Box | None) -> list[float | str]:
    """The four cells of a box in a table; empty cells for None."""
    return [""] * len(Box._fields) if box is None else list(box)
