"""Segment picture files: write masks and an overlay of each picture, and a table of all boxes."""

from __future__ import annotations

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

from ...analysis.decoding.segmentation import Segmentation
from ...analysis.figures.overlays import overlay
from ...analysis.figures.style import save
from ...datasets.pictures import read_picture
from ...datasets.sample import Sample
from ...models.network import TrainedNetwork
from .density import at_density
from .segmenting import covering_size, open_segmenter


def segment_files(
    network: TrainedNetwork,
    paths: Sequence[Path],
    directory: Path,
    every_class: bool,
    device: str,
    instances: bool = False,
) -> Iterator[list[dict[str, Any]]]:
    """Segment picture files; masks and overlays are written to `directory`.

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

    Yields
    ------
    For each picture, once its files are written, a row per object for `write_boxes`.

    Raises
    ------
    SpikeSegError
        A picture cannot be read, two have the same name, the simulation fails, or the file system refuses.
    """
    stems = [path.stem for path in paths]
    for path in paths:
        if stems.count(path.stem) > 1:
            raise SpikeSegError(f"two pictures are called {path.stem}: their masks would overwrite each other")
    images = [read_picture(path) for path in paths]  # all are read first: an unreadable one stops before any output
    classes = network.config.data.classes
    if instances:
        sizes = [_covering(network, path, image) for path, image in zip(paths, images, strict=True)]
        answers = _by_instance(network, images, sizes, device)
    else:
        answers = _by_class(network, images, classes if every_class else None, device)
    for path, image, found in zip(paths, images, answers, strict=True):
        yield write_segmentation(directory, Sample(str(path), image, ()), found, classes, instances)


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
    network: TrainedNetwork, images: Sequence[np.ndarray], classes: Sequence[str] | None, device: str
) -> Iterator[list[Segmentation]]:
    with open_segmenter(network, [network.config.input.size], device) as segmenter:
        yield from segmenter.segment(images, classes)


def _covering(network: TrainedNetwork, path: Path, image: np.ndarray) -> tuple[int, int]:
    try:
        return covering_size(network.config, (image.shape[0], image.shape[1]))
    except SpikeSegError as error:
        raise SpikeSegError(f"{path}: {error}") from error


def _by_instance(
    network: TrainedNetwork, images: Sequence[np.ndarray], sizes: Sequence[tuple[int, int]], device: str
) -> Iterator[list[Segmentation]]:
    """Yield the instances of each picture. Pictures keep their proportions."""
    for size, group in groupby(zip(sizes, images, strict=True), key=lambda pair: pair[0]):
        with open_segmenter(at_density(network, size), [size], device) as segmenter:
            for found in segmenter.instances([image for _, image in group]):
                yield [instance.segmentation for instance in found]


def write_segmentation(
    directory: Path,
    sample: Sample,
    segmentations: Sequence[Segmentation],
    classes: Sequence[str],
    numbered: bool = False,
) -> list[dict[str, Any]]:
    """Write a mask (PNG) per object and an overlay.

    Parameters
    ----------
    directory
        Directory of the files.
    sample
        The picture.
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
    stem = Path(sample.name).stem
    rows, columns = sample.image.shape[:2]
    described = []
    for number, segmentation in enumerate(segmentations, start=1):
        mask = resized(segmentation.mask, (rows, columns))
        name = f"{number}_{segmentation.label}" if numbered else segmentation.label
        file = directory / f"{stem}_{name}_mask.png"
        with replacing(file) as temporary:
            Image.fromarray(mask.astype(np.uint8) * 255).save(temporary)
        box = segmentation.box
        presented = segmentation.mask.shape
        if box is not None:
            box = box.scaled(rows / presented[0], columns / presented[1])
        row = _description(sample.name, segmentation, box, file.name)
        described.append(row | {"instance": number if numbered else None})
    drawn = overlay(sample.image, segmentations, classes, title=Path(sample.name).name, numbered=numbered)
    save(drawn, directory / f"{stem}_overlay.png")
    return described


def _description(name: str, segmentation: Segmentation, box: Box | None, mask: str) -> dict[str, Any]:
    first = segmentation.decision.first_spike
    return {
        "image": name,
        "label": segmentation.label,
        "score": float(segmentation.decision.scores[segmentation.map]),
        "box_px": None if box is None else {edge: round(value, 1) for edge, value in box._asdict().items()},
        "first_spike_step": None if first is None else first[1],
        "mask": mask,
    }


def write_boxes(directory: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write boxes.json and boxes.csv, a row per object. Raises SpikeSegError if the file system refuses."""
    write_json(directory / "boxes.json", rows)
    first, rest = ("image", "label", "score"), ("first_spike_step", "mask", "instance")
    cells = (
        [
            *(row[key] for key in first),
            *box_cells(row["box_px"] and Box(**row["box_px"])),
            *(row[key] for key in rest),
        ]
        for row in rows
    )
    write_table(directory / "boxes.csv", [*first, *box_columns(), *rest], cells)
