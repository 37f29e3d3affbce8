"""Variants of a selection: on a canvas, overlapping, several objects, other buffers, fixed thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import numpy as np

from spikeseg.errors import SpikeSegError

from ...datasets.camera.crossing import SIZE
from ...datasets.camera.orange_panda_sim import OrangePandaSim
from ...datasets.camera.ornament_groups_sim import OrnamentGroupsSim
from ...datasets.canvas import Canvas, SideBySide
from ...datasets.recordings import Noisy, Recordings
from ...datasets.rendered.orange_panda import OrangePanda
from ...datasets.rendered.ornament_groups import OrnamentGroups
from ...datasets.sample import Dataset
from ..inference.density import at_density, check_buffers, with_buffers, with_input
from .options import EvaluationOptions
from .selection import Selection

CANVAS = 1.5  # sides of the canvas, relative to the network's input
CANVAS_SEED = 0
SMALLEST_SCALE = 0.25  # time and memory of a zoom grow with 1 / scale squared
OVERLAP_SEED = 1_000_000  # far from the seeds that people train with
GROUP_SEEDS = {"validation": 2_000_000, "test": 3_000_000, "train": 4_000_000, "all": 5_000_000}


def apply_options(selection: Selection, part: str, options: EvaluationOptions) -> Selection:
    """Apply the options of an evaluation to a selection; see the functions below.

    Parameters
    ----------
    selection
        A plain selection, see `select`.
    part
        The selected part of the split.
    options
        The options.

    Raises
    ------
    SpikeSegError
        Options cannot be combined; or see the functions below.
    """
    _check(options)
    if options.canvas:
        selection = on_canvas(selection, options.scales, options.clutter)
    if options.objects is not None:
        selection = multi_object_scenes(selection, part, options.objects, options.mixed, options.overlap)
    elif options.overlap is not None:
        selection = overlapping(selection, options.overlap)
    if options.buffer_ms is not None:
        buffering = {"duration_ms": options.buffer_ms, "events": None}
        selection = replace(selection, network=with_buffers(selection.network, "--buffer", buffering))
    if options.fit is not None:
        selection = replace(selection, network=with_buffers(selection.network, "--fit", {"fit": options.fit}))
    if options.noise_hz:
        selection = noisy(selection, options.noise_hz)
    return with_fixed_thresholds(selection) if options.fixed_thresholds else selection


def _check(options: EvaluationOptions) -> None:
    """Raise SpikeSegError for options that cannot be combined."""
    if not options.canvas and (options.clutter or options.scales != (1, 1)):
        raise SpikeSegError("--scales and --clutter need --canvas")
    if options.canvas and (options.overlap is not None or options.objects is not None):
        other = "--overlap" if options.objects is None else "--objects"
        raise SpikeSegError(f"{other} and --canvas are two different tests: give one of them")
    if options.mixed and options.objects is None:
        raise SpikeSegError("--mixed needs --objects")


def on_canvas(selection: Selection, scales: tuple[float, float], clutter: bool) -> Selection:
    """The same pictures, each at a random place and scale on a larger canvas.

    Objects are then smaller or larger than the network has learned them. So each picture is presented at several zooms
    that undo the scales; neighbouring zooms differ by a factor of at most 1.25.

    Parameters
    ----------
    selection
        Pictures.
    scales
        Smallest and largest scale of a pasted picture.
    clutter
        Add clutter to the canvas.

    Raises
    ------
    SpikeSegError
        The selection has recordings; or the scales are no range, are below `SMALLEST_SCALE`, or do not fit the canvas.
    """
    if selection.network.config.input.dog is None:
        raise SpikeSegError(f"{selection.run.path} learned from recordings: only pictures can be pasted on a canvas")
    base = selection.size
    size = round(base[0] * CANVAS), round(base[1] * CANVAS)
    smallest, largest = scales
    if 0 < smallest < SMALLEST_SCALE:
        raise SpikeSegError(f"a scale of {smallest:g} is too small to be zoomed: give {SMALLEST_SCALE:g} or more")
    dataset = Canvas(cast(Dataset, selection.dataset), size, base, scales, clutter, CANVAS_SEED)
    count = 1 + int(np.ceil(np.log(largest / smallest) / np.log(1.25) - 1e-9))
    zooms = tuple(np.geomspace(1 / largest, 1 / smallest, count).tolist())
    source = f"{selection.source}, pasted on a canvas of {size[0]} x {size[1]} at scales {smallest:g} to {largest:g}"
    source += ", cluttered" if clutter else ""
    return replace(selection, dataset=dataset, source=source, size=size, zooms=zooms, pasted=True)


def noisy(selection: Selection, noise_hz: float) -> Selection:
    """The same recordings with background events, so many per pixel and second.

    Raises
    ------
    SpikeSegError
        The network learned from pictures.
    """
    check_buffers(selection.network, "--noise-hz")
    dataset = Noisy(cast(Recordings, selection.dataset), noise_hz)
    source = f"{selection.source}, with {noise_hz:g} background events per pixel and second"
    return replace(selection, dataset=dataset, source=source)


def with_fixed_thresholds(selection: Selection) -> Selection:
    """The same network with thresholds that do not adapt to the number of events (paper, IV.B)."""
    return replace(selection, network=with_input(selection.network, {"threshold_variation": 0.0}))


def overlapping(selection: Selection, overlap: float) -> Selection:
    """Replace the selected pictures by as many rendered ones with two overlapping objects.

    Parameters
    ----------
    selection
        Rendered pictures or recordings.
    overlap
        Fraction of the smaller object by which the two overlap.

    Raises
    ------
    SpikeSegError
        The network did not learn from rendered data.
    """
    data = selection.network.config.data
    if not data.rendered:
        raise SpikeSegError(f"only rendered data can have overlapping objects, not {data.dataset}")
    count = len(selection.indices)
    if data.dataset == "orange-panda":
        dataset = OrangePanda(count, OVERLAP_SEED, selection.size, "both", overlap, data.classes)
    else:
        dataset = OrangePandaSim(count, OVERLAP_SEED, scene="both", overlap=overlap, classes=data.classes)
    source = f"{selection.source}, two objects overlapping by {overlap:.0%}"
    return replace(selection, dataset=dataset, indices=np.arange(count), source=source)


def multi_object_scenes(selection: Selection, part: str, objects: int, mixed: bool, overlap: float | None) -> Selection:
    """Scenes of several objects, for counting.

    There are as many rendered scenes as selected pictures; every further object makes them half as wide again. Those
    that a simulated camera films share its sensor instead, and each buffer is a scene. Photographs are pasted side by
    side, each in one scene only, until too few are left for another scene.

    Parameters
    ----------
    selection
        Pictures, or recordings of a simulated camera before rendered scenes.
    part
        Part of the split: each part has rendered scenes of its own.
    objects
        Objects per scene. With 1, the test is whether a single object is counted once.
    mixed
        Objects of a scene are of different classes; if False, they are all of one class.
    overlap
        Two rendered objects overlap by this fraction of the smaller one; None for objects side by side.

    Raises
    ------
    SpikeSegError
        The selection has other recordings, there are too few classes or pictures, or an argument is out of range.
    """
    data = selection.network.config.data
    if mixed and len(data.classes) < 2:
        raise SpikeSegError(f"objects of different classes need 2 classes, not only {', '.join(data.classes)}")
    what = f"{objects} objects of {'different classes' if mixed else 'one class'}" if objects > 1 else "1 object"
    how = "side by side" if overlap is None else f"overlapping by {overlap:.0%}"
    source = f"{selection.source}, {what}, {how}"
    if data.dataset in ("orange-panda", "orange-panda-sim"):
        rows, columns = selection.size
        filmed = data.dataset == "orange-panda-sim"
        size = SIZE if filmed else (rows, columns * (1 + objects) // 2)
        pictures = OrnamentGroups(
            len(selection.indices), GROUP_SEEDS[part], size, objects, not mixed, overlap, data.classes
        )
        if filmed:
            indices = np.arange(len(pictures))
            return replace(selection, dataset=OrnamentGroupsSim(pictures), indices=indices, source=source)
        dataset = pictures
    elif overlap is not None:
        raise SpikeSegError(f"--overlap with --objects is for rendered ornaments only, not for {data.dataset}")
    else:
        pictures = cast(Dataset, selection.dataset)
        groups = _groups(pictures.labels, selection.indices, data.classes, objects, mixed)
        dataset = SideBySide(pictures, groups, selection.size)
    network = at_density(selection.network, dataset.size)
    indices = np.arange(len(dataset))
    return replace(selection, network=network, dataset=dataset, indices=indices, source=source, size=dataset.size)


def _groups(
    labels: Sequence[str], indices: np.ndarray, classes: Sequence[str], objects: int, mixed: bool
) -> list[list[int]]:
    """Groups of indices of pictures to paste together, drawn at random; no picture is used twice. Classes alternate."""
    rng = np.random.default_rng(CANVAS_SEED)
    left = {label: rng.permutation([i for i in indices.tolist() if labels[i] == label]).tolist() for label in classes}
    groups: list[list[int]] = []
    while True:
        wanted = [classes[(len(groups) + number * mixed) % len(classes)] for number in range(objects)]
        if any(wanted.count(label) > len(left[label]) for label in wanted):
            break
        groups.append([left[label].pop() for label in wanted])
    if not groups:
        raise SpikeSegError(f"too few pictures for groups of {objects}: choose another --split")
    return groups
