"""How numbers are written, on the terminal and on a page."""

from __future__ import annotations


def percent(fraction: float) -> str:
    """Write a fraction in per cent with one decimal: ``98.7 %``."""
    return f"{100 * fraction:.1f} %"


def overlap(iou: float | None) -> str:
    """Write an IoU with three decimals; an empty text for None."""
    return "" if iou is None else f"{iou:.3f}"
