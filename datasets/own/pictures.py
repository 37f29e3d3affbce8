"""Pictures of your own: ``DATA/<class>/<file>``, of any size, in any common format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from spikeseg.boxes import Box, mask_box
from spikeseg.errors import SpikeSegError

from ..pictures import SUFFIXES, read_picture
from ..sample import Sample, Target
from .annotations import clipped, read_boxes
from .files import MASKS, own_files

_WHITE = 128  # grey levels from here on belong to the object


class OwnPictures:
    """Pictures with one object each, sorted by name; all are found, none is loaded, at the start.

    Parameters
    ----------
    root
        Holds a folder of pictures per class. It may hold boxes (see `read_boxes`), and masks:
        ``masks/<class>/<file's name>.png``, as large as the picture, white where the object is. A picture without
        a box has that of its mask.
    classes
        Which classes to take, by the names of their folders.

    Attributes
    ----------
    names, labels
        ``<class>/<file>`` and ``<class>`` of every picture.

    Raises
    ------
    SpikeSegError
        No such directory or class, a class without a picture, a file that is none, or boxes that do not fit.
    """

    names: Sequence[str]
    labels: Sequence[str]

    def __init__(self, root: str | Path, classes: Sequence[str]) -> None:
        self._root = Path(root)
        self._pictures = own_files(self._root, classes, SUFFIXES, "picture")
        self.names = tuple(self._pictures)
        self.labels = tuple(name.split("/")[0] for name in self.names)
        self._boxes = read_boxes(self._root, self.names, classes)
        self._masks = self._find_masks(classes) if (self._root / MASKS).is_dir() else {}

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Sample:
        """Load a picture with its box and its mask, where it has them.

        Raises
        ------
        SpikeSegError
            The picture or its mask is unreadable, or they do not belong together.
        """
        name, label = self.names[index], self.labels[index]
        image = read_picture(self._pictures[name])
        size = image.shape[:2]
        mask = read_mask(self._masks[name], size) if name in self._masks else None
        box = self._box(name, size, mask)
        return Sample(name, image, (Target(label, box, mask),))

    def __iter__(self) -> Iterator[Sample]:
        return (self[index] for index in range(len(self)))

    def _box(self, name: str, size: tuple[int, int], mask: np.ndarray | None) -> Box | None:
        if name in self._boxes:
            return clipped(self._boxes[name], size, str(self._pictures[name]))
        return None if mask is None else mask_box(mask)

    def _find_masks(self, classes: Sequence[str]) -> dict[str, Path]:
        """Mask by the name of its picture; a mask belongs to one picture."""
        by_mask: dict[Path, str] = {}
        for name, picture in self._pictures.items():
            mask = self._root / MASKS / name.split("/")[0] / f"{picture.stem}.png"
            if mask in by_mask:
                raise SpikeSegError(f"{mask} is the mask of {by_mask[mask]} and of {name}: rename one of the pictures")
            by_mask[mask] = name
        for label in classes:
            for path in sorted((self._root / MASKS / label).glob("*")):
                if path not in by_mask and not path.name.startswith("."):
                    raise SpikeSegError(
                        f"{path} belongs to no picture: call it like one of {label}, with .png at its end"
                    )
        return {name: mask for mask, name in by_mask.items() if mask.exists()}


def read_mask(path: Path, size: tuple[int, int]) -> np.ndarray:
    """A mask, (rows, columns) bool. Raises SpikeSegError where it is unreadable, empty, or not of `size`."""
    grey = read_picture(path).max(axis=2)
    if grey.shape != size:
        rows, columns = grey.shape
        raise SpikeSegError(f"{path} has {columns} x {rows} pixels, its picture {size[1]} x {size[0]}: make them alike")
    mask = grey >= _WHITE
    if not mask.any():
        raise SpikeSegError(f"{path} is black: paint the object white, or remove the mask")
    return mask
