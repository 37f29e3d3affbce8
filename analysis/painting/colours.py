"""Colours of classes, features, lines and letters, the same in every picture; as text such as ``#0077bb``."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence

import numpy as np

INK, MUTED, FAINT = "#333333", "#8a8a8a", "#dedede"

LINES = ("#004488", "#bb5566", "#ddaa33")
"""Of anything that is not a class (Paul Tol's high-contrast scheme)."""

_CLASSES = ("#0077bb", "#ee3377", "#009988", "#ee7733", "#33bbee", "#cc3311")  # Paul Tol's vibrant scheme
_FEATURES = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377")  # Paul Tol's bright scheme
_TEN = (  # Petroff 2021, arXiv:2107.02270: ten colours that can be told apart whatever colours a person sees
    *("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6"),
    *("#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd"),
)


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of a colour, from 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def class_colours(classes: Sequence[str]) -> dict[str, str]:
    """Colour of each class, by its place among the configuration's `classes`: the same in every picture."""
    if len(classes) <= len(_CLASSES):
        return dict(zip(classes, _CLASSES, strict=False))
    shades = np.rint(255 * distinct(len(classes))).astype(int)
    return {name: "#{:02x}{:02x}{:02x}".format(*shade) for name, shade in zip(classes, shades, strict=True)}


def distinct(count: int) -> np.ndarray:
    """Colours of things in a row, RGB from 0 to 1, shape (count, 3).

    Up to ten can be told apart whatever colours a person sees. More lie around the circle of hues and take turns in
    lightness, so that neighbours differ.
    """
    for scheme in (_FEATURES, _TEN):
        if count <= len(scheme):
            return np.array([rgb(colour) for colour in scheme[:count]]).reshape(count, 3) / 255
    lightness = (0.36, 0.48, 0.6)
    return np.array([colorsys.hls_to_rgb(k / count, lightness[k % len(lightness)], 0.55) for k in range(count)])


def ink_on(colour: str) -> str:
    """Colour of a text on a ground: dark on light ones, white on all others, by luminance (WCAG 2.1)."""
    shares = np.array(rgb(colour)) / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    luminance = linear @ (0.2126, 0.7152, 0.0722)
    return INK if luminance > 0.35 else "#ffffff"
