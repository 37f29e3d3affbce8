"""Boxes of your own pictures and recordings, from a table, COCO JSON or Pascal VOC XML: one object to a file.

A file that has no box has none; rows of other classes than those that are asked for do not count. Boxes are half open,
in pixels from 0; each format's own way to count is read as that format has it.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

from spikeseg.boxes import Box
from spikeseg.errors import SpikeSegError
from spikeseg.files import read_json, require_regular

from .files import VOC

TABLE, COCO = "boxes.csv", "coco.json"
_EDGES = ("top", "left", "bottom", "right")


class Row(NamedTuple):
    """One box of an annotation file.

    Attributes
    ----------
    where
        The file and the place in it, for messages.
    name
        Of the picture or recording, as the file has it.
    label
        Its class; None where the file does not say.
    box
        In pixels.
    """

    where: str
    name: str
    label: str | None
    box: Box


def read_boxes(root: Path, names: Sequence[str], classes: Sequence[str]) -> dict[str, Box]:
    """The box of each file that has one.

    Parameters
    ----------
    root
        Holds ``boxes.csv``, or ``coco.json``, or ``voc/<class>/<file's name>.xml``, or none of them.
    names
        Of the dataset, ``<class>/<file>``.
    classes
        Boxes of others are left out.

    Raises
    ------
    SpikeSegError
        Several of these, one that is damaged, a box that is none, of a file that is not there, of another class than
        its file, or a second one for a file.
    """
    sources = {TABLE: _table, COCO: _coco, VOC: _voc}
    there = [name for name in sources if (root / name).exists()]
    if len(there) > 1:
        raise SpikeSegError(f"{root} has boxes in {' and '.join(there)}: keep one of them")
    boxes: dict[str, Box] = {}
    by_file = _by_file(names)
    for row in sources[there[0]](root / there[0]) if there else ():
        if row.label is not None and row.label not in classes:
            continue
        name = _name(row, names, by_file)
        label = name.split("/")[0]
        if row.label not in (None, label):
            raise SpikeSegError(f"{row.where}: a box of class {row.label}, but {name} is in the folder of {label}")
        if name in boxes:
            raise SpikeSegError(f"{row.where}: a second box for {name}: give one, each picture is to hold one object")
        _check(row)
        boxes[name] = row.box
    return boxes


def clipped(box: Box, size: tuple[int, int], name: str) -> Box:
    """A box inside a picture of `size` (rows, columns). Raises SpikeSegError where none of it is."""
    rows, columns = size
    inside = Box(max(box.top, 0.0), max(box.left, 0.0), min(box.bottom, rows), min(box.right, columns))
    if not inside.area:
        edges = ", ".join(f"{edge} {value:g}" for edge, value in box._asdict().items())
        raise SpikeSegError(f"{name} has {columns} x {rows} pixels, and its box lies outside of them: {edges}")
    return inside


def _by_file(names: Sequence[str]) -> dict[str, str | None]:
    """Name by the file's name alone; None where several classes have a file of that name."""
    found: dict[str, str | None] = {}
    for name in names:
        file = name.split("/")[1]
        found[file] = None if file in found else name
    return found


def _name(row: Row, names: Sequence[str], by_file: dict[str, str | None]) -> str:
    """The dataset's name of what a row is about: given with its class, with other folders before it, or alone."""
    parts = row.name.replace("\\", "/").split("/")
    known = "/".join([row.label or "", parts[-1]]) if len(parts) == 1 else "/".join(parts[-2:])
    if known in by_file.values() or known in names:
        return known
    alone = by_file.get(parts[-1])
    if len(parts) == 1 and alone is not None:
        return alone
    if len(parts) == 1 and parts[-1] in by_file:
        raise SpikeSegError(f"{row.where}: several classes have a file {row.name}: give it as CLASS/{row.name}")
    raise SpikeSegError(f"{row.where}: a box for {row.name}, which is not there: give the file as CLASS/NAME")


def _check(row: Row) -> None:
    if not all(map(math.isfinite, row.box)) or not row.box.area:
        edges = ", ".join(f"{edge} {value:g}" for edge, value in row.box._asdict().items())
        raise SpikeSegError(f"{row.where}: no box: {edges}")


def _table(path: Path) -> Iterator[Row]:
    """A CSV file with the columns ``name, label, left, top, right, bottom``, or those that `spikeseg segment` writes.

    Which are ``image``, ``label``, ``top_px`` and so on; ``label`` may be absent, and so may the box of a row.
    """
    try:
        require_regular(path)
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            columns = rows.fieldnames or ()
            name = next((column for column in ("name", "image") if column in columns), None)
            edges = next((e for e in (_EDGES, [f"{e}_px" for e in _EDGES]) if set(e) <= set(columns)), None)
            if name is None or edges is None:
                raise SpikeSegError(
                    f"{path} has the columns {', '.join(columns) or 'none'}: it needs name, left, top, right, bottom, "
                    "and may have label"
                )
            for row in rows:
                cells = [(row[edge] or "").strip() for edge in edges]
                if any(cells):
                    where = f"{path}, line {rows.line_num}"
                    label = (row.get("label") or "").strip() or None
                    yield Row(where, (row[name] or "").strip(), label, Box(*(_number(cell, where) for cell in cells)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SpikeSegError(f"{path} cannot be read as a table: {error}") from error


def _coco(path: Path) -> Iterator[Row]:
    """COCO's ``images``, ``annotations`` and ``categories``; ``bbox`` is left, top, width, height, in pixels from 0."""
    content = read_json(path)
    try:
        files = {one["id"]: str(one["file_name"]) for one in content["images"]}
        labels = {one["id"]: str(one["name"]) for one in content["categories"]}
        for number, one in enumerate(content["annotations"]):
            where = f"{path}, annotations[{number}]"
            left, top, width, height = (_number(value, where) for value in one["bbox"])
            box = Box(top, left, top + height, left + width)
            yield Row(where, files[one["image_id"]], labels[one["category_id"]], box)
    except (KeyError, TypeError, ValueError) as error:
        raise SpikeSegError(
            f"{path} is not COCO: it needs images (id, file_name), categories (id, name) and annotations (image_id, "
            f"category_id, bbox); {type(error).__name__}: {error}"
        ) from error


def _voc(folder: Path) -> Iterator[Row]:
    """Pascal VOC's ``<class>/<file's name>.xml``; pixels count from 1, and ``xmax`` and ``ymax`` are in the box."""
    for path in sorted(folder.glob("*/*.xml")):
        try:
            require_regular(path)
            content = ElementTree.parse(path).getroot()
        except (OSError, ElementTree.ParseError) as error:
            raise SpikeSegError(f"{path} cannot be read as XML: {error}") from error
        file = content.findtext("filename")
        if not file:
            raise SpikeSegError(f"{path} has no filename: say there which picture it is about")
        for one in content.iter("object"):
            left, top, right, bottom = (
                _number(one.findtext(f"bndbox/{edge}"), str(path)) for edge in ("xmin", "ymin", "xmax", "ymax")
            )
            yield Row(
                str(path), f"{path.parent.name}/{file}", one.findtext("name"), Box(top - 1, left - 1, bottom, right)
            )


def _number(value: Any, where: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise SpikeSegError(f"{where}: {value!r} is no number of pixels") from error
