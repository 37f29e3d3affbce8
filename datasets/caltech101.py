"""Caltech-101 (Li, Andreeto, Ranzato, Perona; doi 10.22002/D1.20086) in its official layout."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from spikeseg.boxes import Box
from spikeseg.errors import SpikeSegError
from spikeseg.files import require_regular

from .folders import files_by_class
from .pictures import read_picture
from .sample import Dataset, Sample, Target

IMAGES, ANNOTATIONS = "101_ObjectCategories", "Annotations"

# Classes whose folder in `Annotations` has another name.
_ANNOTATION_FOLDERS = {
    "Faces": "Faces_2",
    "Faces_easy": "Faces_3",
    "Motorbikes": "Motorbikes_16",
    "airplanes": "Airplanes_Side_2",
}


_VARIABLES = ("box_coord", "obj_contour")  # others in an annotation are not read
_MOST_NUMBERS = 100_000
_LARGEST_ANNOTATION = 1 << 17  # bytes, which no compression makes more than 0.2 GB; the official ones have below 5,000


class Caltech101(Dataset):
    """Caltech-101's pictures, each with one annotated object, sorted by name.

    Opening the dataset looks for all files. A file is read only when its item is asked for.

    Parameters
    ----------
    root
        Directory that holds ``101_ObjectCategories`` and ``Annotations``, or a folder ``caltech-101`` that holds them.
        A class without a folder of annotations has no boxes, as the official ``BACKGROUND_Google``.
    classes
        Classes to load, by the names of their folders in ``101_ObjectCategories``.

    Attributes
    ----------
    names, labels
        ``<class>/image_NNNN.jpg`` and ``<class>`` of every picture.

    Raises
    ------
    SpikeSegError
        There is no such directory or class, the layout is another one, a class has no picture, or a picture has no
        annotation in a class that has some.
    """

    def __init__(self, root: str | Path, classes: Sequence[str]) -> None:
        self._root = find_root(Path(root))
        self._pictures = files_by_class(self._root / IMAGES, classes, "image_*.jpg")
        self.names = tuple(self._pictures)
        self.labels = tuple(name.split("/")[0] for name in self.names)
        self._annotated = {label for label in classes if _annotations(self._root, label).is_dir()}
        for name, label in zip(self.names, self.labels, strict=True):
            if label in self._annotated and not _annotation(self._root, name).is_file():
                raise SpikeSegError(f"{name} has no annotation: {_annotation(self._root, name)} is missing")

    def __getitem__(self, index: int) -> Sample:
        """Load a picture with its box and, where the annotation has a contour, its mask.

        Raises
        ------
        SpikeSegError
            The picture or its annotation is unreadable, or they do not belong together.
        """
        name, label = self.names[index], self.labels[index]
        image = read_picture(self._pictures[name])
        if label not in self._annotated:
            return Sample(name, image, (Target(label, None),))
        box, mask = _read_annotation(_annotation(self._root, name), image.shape[:2])
        return Sample(name, image, (Target(label, box, mask),))


def find_root(directory: Path) -> Path:
    """Find the directory that holds both official folders: `directory`, or ``caltech-101`` in it.

    Raises
    ------
    SpikeSegError
        Neither holds them.
    """
    if not directory.is_dir():
        raise SpikeSegError(f"{directory} is not a directory: Caltech-101 should be there")
    for root in (directory, directory / "caltech-101"):
        if (root / IMAGES).is_dir() and (root / ANNOTATIONS).is_dir():
            return root
    raise SpikeSegError(
        f"{directory} is not Caltech-101: expected the folders {IMAGES} and {ANNOTATIONS} in it or in its "
        "folder caltech-101"
    )


def _annotation(root: Path, name: str) -> Path:
    label, file = name.split("/")
    number = file.removeprefix("image_").removesuffix(".jpg")
    return _annotations(root, label) / f"annotation_{number}.mat"


def _annotations(root: Path, label: str) -> Path:
    return root / ANNOTATIONS / _ANNOTATION_FOLDERS.get(label, label)


def _read_annotation(path: Path, size: tuple[int, int]) -> tuple[Box, np.ndarray | None]:
    """Box, and mask of shape `size` where there is a contour.

    MATLAB counts pixels from 1: ``box_coord`` is [[y1, y2, x1, x2]], inclusive, and ``obj_contour``, (2, N), holds
    x and y relative to (x1, y1), as the authors' ``show_annotation.m`` draws them.
    """
    content = _read_mat(path)
    coordinates = _numbers(content.get("box_coord", ()))
    if coordinates.size != 4 or not np.isfinite(coordinates).all():
        raise SpikeSegError(f"{path} has no box_coord of four numbers: fetch the annotation again")
    y1, y2, x1, x2 = coordinates.ravel().tolist()
    box = Box(max(y1 - 1, 0.0), max(x1 - 1, 0.0), min(y2, float(size[0])), min(x2, float(size[1])))
    if box.bottom <= box.top or box.right <= box.left:
        raise SpikeSegError(
            f"{path} does not fit its picture of {size[0]} x {size[1]} pixels: "
            f"rows {y1:g} to {y2:g}, columns {x1:g} to {x2:g}"
        )
    if "obj_contour" not in content:
        return box, None
    contour = _numbers(content["obj_contour"])
    if contour.ndim != 2 or contour.shape[0] != 2 or contour.shape[1] < 3 or not np.isfinite(contour).all():
        raise SpikeSegError(f"{path} has an obj_contour that is not 2 x N numbers: fetch the annotation again")
    return box, filled(contour[0] + x1 - 1, contour[1] + y1 - 1, size)


def _read_mat(path: Path) -> dict:
    import scipy.io  # slow to import, and most pictures are no Caltech-101's

    try:
        require_regular(path)
        if path.stat().st_size > _LARGEST_ANNOTATION:
            raise ValueError(f"more than {_LARGEST_ANNOTATION:,} bytes")
        content = io.BytesIO(path.read_bytes())
        claimed = {name: math.prod(shape) for name, shape, _ in scipy.io.whosmat(content)}
        if any(claimed.get(name, 0) > _MOST_NUMBERS for name in _VARIABLES):
            raise ValueError(f"more than {_MOST_NUMBERS:,} numbers")
        return scipy.io.loadmat(content, variable_names=_VARIABLES)
    except Exception as error:  # SciPy's reader raises whatever damaged bytes lead it to
        reason = " ".join(str(error).split()) or type(error).__name__
        raise SpikeSegError(f"{path} cannot be read as a MATLAB file: {reason}") from error


def _numbers(array) -> np.ndarray:
    """Convert an array to float64; the result is empty if it holds something other than numbers (cells, text)."""
    array = np.asarray(array)
    return array.astype(float) if array.dtype.kind in "iuf" else np.empty(0)


def filled(x: np.ndarray, y: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Fill a polygon.

    Parameters
    ----------
    x, y
        Columns and rows of its corners, in pixels from 0, shape (n,) each; they are rounded.
    size
        Rows and columns of the picture.

    Returns
    -------
    numpy.ndarray
        Shape `size`, bool: the pixels inside the polygon or on its outline.
    """
    canvas = Image.new("1", (size[1], size[0]))
    corners = zip(np.rint(x).astype(int).tolist(), np.rint(y).astype(int).tolist(), strict=True)
    ImageDraw.Draw(canvas).polygon(list(corners), fill=1)
    return np.array(canvas)
