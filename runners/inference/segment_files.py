"""Segment picture files: write masks, silhouettes and an overlay of each picture, and a table of all boxes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from spikeseg.boxes import Box, box_cells, box_columns, resized
from spikeseg.errors import SpikeSegError
from spikeseg.files import replacing, write_json, write_table
from spikeseg.names import check_file_name, output_file

from ...analysis.decoding.presence import CONFIDENCE
from ...analysis.decoding.segmentation import Segmentation
from ...analysis.painting.overlay import paint_overlay
from ...datasets.pictures import read_picture
from ...datasets.sample import Sample
from ...models.network import TrainedNetwork
from .density import at_density
from .segmenting import BATCH, covering_size, open_segmenter, response, response_over_threshold


def segment_files(
    network: TrainedNetwork,
    paths: Sequence[Path],
    directory: Path,
    every_class: bool,
    device: str,
    instances: bool = False,
    confidence: float = CONFIDENCE,
) -> Iterator[list[dict[str, Any]]]:
    """Segment picture files; masks, silhouettes and overlays are written to `directory`.

    Parameters
    ----------
    network
        A trained network whose maps have names.
    paths
        The pictures.
    directory
        Directory of masks and overlays.
    every_class
        Segment every class instead of the winning class only.
    device
        Where Brian2 simulates.
    instances
        Segment every object, also several of one class; `every_class` is then ignored.
    confidence
        Presence from which on an object counts as there; see `Segmentation.is_present`.

    Yields
    ------
    For each picture, once its files are written, a row per object for `write_boxes`. A picture in which nothing is
    there has a row without label, box and mask, with the presence of what is most likely.

    Raises
    ------
    SpikeSegError
        The network learned from recordings, a picture cannot be read, one is given twice, the simulation fails, or the
        file system refuses.
    """
    if network.config.input.dog is None:
        raise SpikeSegError("this network learned from recordings, and segments no pictures: use spikeseg stream")
    names = output_names(paths)
    sizes = [read_picture(path).shape[:2] for path in paths]  # all are read first: a bad one stops before any output
    classes = network.config.data.classes
    if instances:
        answers = _by_instance(network, paths, sizes, device)
    else:
        answers = _by_class(network, paths, classes if every_class else None, device, confidence)
    for path, name, (image, found) in zip(paths, names, answers, strict=True):
        sample = Sample(str(path), image, ())
        there = [one for one in found if one.is_present(confidence)]
        rows = write_segmentation(directory, sample, name, there, classes, instances)
        yield rows or [_nothing(sample.name, found)]


def output_names(paths: Sequence[Path]) -> list[str]:
    """What the files about each picture begin with: its name, after as many of its folders as tell it from others.

    Raises
    ------
    SpikeSegError
        A picture is given twice, or has a name that cannot be part of another one.
    """
    for path in paths:
        check_file_name(path.name)
    (path, times), *_ = Counter(path.resolve() for path in paths).most_common(1)
    if times > 1:
        raise SpikeSegError(f"{path} is given twice: leave one of them out")
    names = [path.stem for path in paths]
    for depth in range(2, 2 + max(len(path.parts) for path in paths)):
        taken = Counter(names)
        if max(taken.values()) == 1:
            break
        tails = ["_".join(part.strip("/.") for part in path.with_suffix("").parts[-depth:]) for path in paths]
        names = [tail if taken[name] > 1 else name for name, tail in zip(names, tails, strict=True)]
    taken = Counter(names)  # what is still alike differs in its suffix, or in where underscores are
    return [f"{name}_{number}" if taken[name] > 1 else name for number, name in enumerate(names, start=1)]


@contextmanager
def boxes_table(directory: Path) -> Iterator[list[dict[str, Any]]]:
    """Collect rows; write them on exit, also after an error.

    Yields
    ------
    A list, to which a row per object is added; see `write_boxes`.

    Raises
    ------
    SpikeSegError
        The file system refuses.
    """
    rows: list[dict[str, Any]] = []
    try:
        yield rows
    except BaseException:
        if rows:
            write_boxes(directory, rows)
        raise
    write_boxes(directory, rows)


def _by_class(
    network: TrainedNetwork, paths: Sequence[Path], classes: Sequence[str] | None, device: str, confidence: float
) -> Iterator[tuple[np.ndarray, list[Segmentation]]]:
    with open_segmenter(network, [network.config.input.size], device, confidence=confidence) as segmenter:
        for images in _read(paths):
            yield from zip(images, segmenter.segment(images, classes), strict=True)


def _read(paths: Sequence[Path]) -> Iterator[list[np.ndarray]]:
    """Pictures, no more of them at a time than are segmented at once."""
    for start in range(0, len(paths), BATCH):
        yield [read_picture(path) for path in paths[start : start + BATCH]]


def _covering(network: TrainedNetwork, path: Path, size: tuple[int, int]) -> tuple[int, int]:
    try:
        return covering_size(network.config, size)
    except SpikeSegError as error:
        raise SpikeSegError(f"{path}: {error}") from error


def _by_instance(
    network: TrainedNetwork, paths: Sequence[Path], sizes: Sequence[tuple[int, int]], device: str
) -> Iterator[tuple[np.ndarray, list[Segmentation]]]:
    """Yield each picture and its instances. Pictures keep their proportions."""
    covering = [_covering(network, path, size) for path, size in zip(paths, sizes, strict=True)]
    for size, group in groupby(zip(covering, paths, strict=True), key=lambda pair: pair[0]):
        with open_segmenter(at_density(network, size), [size], device) as segmenter:
            for images in _read([path for _, path in group]):
                for image, found in zip(images, segmenter.instances(images), strict=True):
                    yield image, [instance.segmentation for instance in found]


def write_segmentation(
    directory: Path,
    sample: Sample,
    stem: str,
    segmentations: Sequence[Segmentation],
    classes: Sequence[str],
    numbered: bool = False,
) -> list[dict[str, Any]]:
    """Write mask and silhouette (PNG) of each object, and an overlay.

    Parameters
    ----------
    directory
        Directory of the files.
    sample
        The picture.
    stem
        What the names of the files begin with.
    segmentations
        Its objects.
    classes
        All classes, which determine the colours.
    numbered
        There may be several objects of a class: add a number from 1 to their names.

    Returns
    -------
    A row per object for `write_boxes`.
    """
    rows, columns = sample.image.shape[:2]
    described = []
    for number, segmentation in enumerate(segmentations, start=1):
        name = f"{number}_{segmentation.label}" if numbered else segmentation.label
        files = {}
        for kind, pixels in (("mask", segmentation.mask), ("silhouette", segmentation.silhouette)):
            file = output_file(directory, f"{stem}_{name}_{kind}.png")
            with replacing(file) as temporary:
                Image.fromarray(resized(pixels, (rows, columns)).astype(np.uint8) * 255).save(temporary)
            files[kind] = file.name
        box = segmentation.box
        presented = segmentation.mask.shape
        if box is not None:
            box = box.scaled(rows / presented[0], columns / presented[1])
        row = _description(sample.name, segmentation, box) | files
        described.append(row | {"instance": number if numbered else None})
    painted = paint_overlay(sample.image, segmentations, classes, Path(sample.name).name, numbered)
    with replacing(output_file(directory, f"{stem}_overlay.png")) as temporary:
        painted.save(temporary, compress_level=1)
    return described


def _nothing(name: str, found: Sequence[Segmentation]) -> dict[str, Any]:
    """The row of a picture in which none of the found objects is there."""
    empty = {"image": name, "label": "", "score": None, "presence": None, "box_px": None}
    best = max(found, key=response, default=None)
    if best is not None:
        empty |= {"score": response_over_threshold(best), "presence": best.presence}
    return empty | {"first_spike_step": None, "mask": "", "silhouette": "", "instance": None}


def _description(name: str, segmentation: Segmentation, box: Box | None) -> dict[str, Any]:
    first = segmentation.decision.first_spike
    return {
        "image": name,
        "label": segmentation.label,
        "score": response_over_threshold(segmentation),
        "presence": segmentation.presence,
        "box_px": None if box is None else {edge: round(value, 1) for edge, value in box._asdict().items()},
        "first_spike_step": None if first is None else first[1],
    }


def write_boxes(directory: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write boxes.json and boxes.csv, a row per object. Raises SpikeSegError if the file system refuses."""
    write_json(directory / "boxes.json", rows)
    first, rest = ("image", "label", "score", "presence"), ("first_spike_step", "mask", "silhouette", "instance")
    cells = (
        [
            *(row[key] for key in first),
            *box_cells(row["box_px"] and Box(**row["box_px"])),
            *(row[key] for key in rest),
        ]
        for row in rows
    )
    write_table(directory / "boxes.csv", [*first, *box_columns(), *rest], cells)
