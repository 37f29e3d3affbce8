"""What a stream looks like: how soon its buffers were decided, and each buffer with its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from PIL import Image, ImageDraw

from spikeseg.boxes import Box

from ...datasets.events.events import Buffer
from . import events
from .style import FAINT, INK, LINES, MUTED, PER_CENT, WIDTH, class_colours, style

_GREYS = ("#ffffff", "#666666", "#b0b0b0", INK)  # no event, ON, OFF, text: colour is for classes


@style()
def latencies(buffers_by_ms: Mapping[int, int], buffers: int, duration_ms: float) -> Figure:
    """Show how many of all buffers were decided by when.

    Parameters
    ----------
    buffers_by_ms
        Buffers per millisecond of the events' time until the first Conv3 spike.
    buffers
        All of them, those without a spike included.
    duration_ms
        Of a buffer.
    """
    figure = Figure((0.65 * WIDTH, 2.8), layout="constrained")
    axes = figure.subplots()
    times = sorted(buffers_by_ms)
    shares = np.cumsum([buffers_by_ms[ms] for ms in times]) / max(buffers, 1)
    axes.step([0, *times, duration_ms], [0, *shares, shares[-1] if len(shares) else 0], where="post", color=LINES[0])
    axes.axhline(0.5, color=MUTED, linewidth=0.6, linestyle=":")
    axes.set(xlabel="events' time since the buffer began (ms)", ylabel="share of the buffers", ylim=(0, 1.02))
    axes.yaxis.set_major_formatter(PER_CENT)
    axes.set(title=f"Decided: buffers with a Conv3 spike, of {buffers:,}", xlim=(0, duration_ms))
    axes.grid(axis="y", color=FAINT, linewidth=0.5)
    return figure


def frame(buffer: Buffer, mask: np.ndarray, box: Box | None, label: str, classes: Sequence[str]) -> Image.Image:
    """A buffer's events with its answer: the mask's events in the class's colour, the box, a line of text below.

    Parameters
    ----------
    buffer
        Drawn as `events.frame` draws events.
    mask, box
        In pixels of the sensor, mask (rows, columns) bool.
    label
        The class; nothing but the events is drawn where it is empty, for nothing was decided.
    classes
        All classes of the configuration: they have the same colours in every frame.

    Returns
    -------
    A picture of mode ``P``; all frames of a stream have the same palette.
    """
    plain = events.frame(buffer.events, buffer.size, f"{buffer.start / 1e6:.3f} s  {label}")
    colours = class_colours(classes)
    palette = list(_GREYS) + [shade for label in classes for shade in (colours[label], _tint(colours[label]))]
    pixels = np.array(plain)
    scale = events.zoom(buffer.size)
    if label:
        full = len(_GREYS) + 2 * list(classes).index(label)
        shown = mask[:: scale.denominator, :: scale.denominator]
        shown = shown.repeat(scale.numerator, axis=0).repeat(scale.numerator, axis=1)
        part = pixels[: shown.shape[0], : shown.shape[1]]
        part[shown] = np.where(part[shown] == events.NONE, full + 1, full)
    image = Image.fromarray(pixels).convert("P")
    image.putpalette([int(colour[i : i + 2], 16) for colour in palette for i in (1, 3, 5)])
    if label and box is not None:
        top, left, bottom, right = (round(float(scale) * edge) for edge in box)
        ImageDraw.Draw(image).rectangle((left, top, max(right - 1, left), max(bottom - 1, top)), outline=full, width=2)
    return image


def _tint(colour: str) -> str:
    """Half-way to white."""
    return "#" + "".join(f"{(int(colour[i : i + 2], 16) + 255) // 2:02x}" for i in (1, 3, 5))
