"""Segment picture files: write masks, silhouettes and an overlay of each picture, and a table of all boxes."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from spikeseg.boxes import Box, box_cells, box_columns, resized
from spikeseg.errors import SpikeSegError
from spikeseg.files import replacing, write_json, write_table
from spikeseg.names import check_file_name, output_file

from ...analysis.decoding.presence import CONFIDENCE
from ...analysis.decoding.segmentation import Segmentation
from ...analysis.painting.overlay import paint_overlay, shrunk
from ...datasets.pictures import check_picture, read_picture
from ...models.network import TrainedNetwork
from .density import at_density
from .segmenting import covering_size, open_segmenter, response, response_over_threshold

QUALITY = 92
"""Of an overlay as JPEG: a twelfth of the time of a PNG, and a fifth of its size."""


class Picture(NamedTuple):
    """What is kept of a picture from when it is read until its files are written.

    Attributes
    ----------
    path
        Its file.
    size
        Rows and columns.
    image
        The picture, no larger than in its overlay.
    """

    path: Path
    size: tuple[int, int]
    image: np.ndarray


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
        file system refuses. What is no picture stops before anything is written; one that is damaged further on, when
        its turn comes.
    """
    if network.config.input.dog is None:
        raise SpikeSegError("this network learned from recordings, and segments no pictures: use spikeseg stream")
    names = output_names(paths)
    for path in paths:
        check_picture(path)
    classes = network.config.data.classes
    if instances:
        answers = _by_instance(network, paths, device)
    else:
        answers = _by_class(network, paths, classes if every_class else None, device, confidence)
    for name, (picture, found) in zip(names, answers, strict=True):
        there = [one for one in found if one.is_present(confidence)]
        rows = write_segmentation(directory, picture, name, there, classes, instances)
        yield rows or [_nothing(str(picture.path), found)]


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
) -> Iterator[tuple[Picture, list[Segmentation]]]:
    """Yield each picture and its answers."""
    kept: deque[Picture] = deque()
    with open_segmenter(network, [network.config.input.size], device, confidence=confidence) as segmenter:
        for found in segmenter.segment(map(partial(_read, kept), paths), classes):
            yield kept.popleft(), found


def _read(kept: deque[Picture], path: Path) -> np.ndarray:
    """Read a picture that is to be segmented; what its files need of it goes to `kept`."""
    image = read_picture(path)
    kept.append(Picture(path, image.shape[:2], shrunk(image)))
    return image


def _by_instance(
    network: TrainedNetwork, paths: Iterable[Path], device: str
) -> Iterator[tuple[Picture, list[Segmentation]]]:
    """Yield each picture and its instances. Pictures keep their proportions."""
    kept: deque[Picture] = deque()
    for size, images in groupby(map(partial(_read, kept), paths), lambda image: _covering(network, kept[-1])):
        with open_segmenter(at_density(network, size), [size], device) as segmenter:
            for found in segmenter.instances(images):
                yield kept.popleft(), [instance.segmentation for instance in found]


def _covering(network: TrainedNetwork, picture: Picture) -> tuple[int, int]:
    try:
        return covering_size(network.config, picture.size)
    except SpikeSegError as error:
        raise SpikeSegError(f"{picture.path}: {error}") from error


def write_segmentation(
    directory: Path,
    picture: Picture,
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
    picture
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
    rows, columns = picture.size
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
        row = _description(str(picture.path), segmentation, box) | files
        described.append(row | {"instance": number if numbered else None})
    painted = paint_overlay(picture.image, segmentations, classes, picture.path.name, numbered)
    with replacing(output_file(directory, f"{stem}_overlay.jpg")) as temporary:
        packed = BytesIO()  # Pillow's own writing of a JPEG does not notice a disk that is full
        painted.save(packed, "JPEG", quality=QUALITY, subsampling=0)
        temporary.write_bytes(packed.getvalue())
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
