"""How results read, on the terminal and on a page."""

from __future__ import annotations


def percent(fraction: float) -> str:
    """A fraction as per cent with one decimal: ``98.7 %``."""
    return f"{100 * fraction:.1f} %"


def overlap(iou: float | None) -> str:
    """An IoU with three decimals; nothing where there is none."""
    return "" if iou is None else f"{iou:.3f}"
