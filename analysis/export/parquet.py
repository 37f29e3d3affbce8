"""Spikes as an Apache Parquet table: the columns of the CSV file, typed and compressed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from spikeseg.excerpt import Excerpt, Rows
from spikeseg.spikes import SILENT

GROUP = 1 << 17  # rows per group, at least; a group has whole stimuli, so that a reader can skip to one

TEXT = pa.dictionary(pa.int32(), pa.string())
MS = {"unit": "ms"}


def write(excerpt: Excerpt, path: Path, progress: Callable[[int], None]) -> None:
    """Write all spikes, some stimuli at a time; the step and the times of a silent neuron are null."""
    schema = _schema(excerpt)
    done = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as file:
        for group in _groups(excerpt, schema):
            file.write_table(group)
            done += len(group) - group["step"].null_count
            progress(done)


def _schema(excerpt: Excerpt) -> pa.Schema:
    fields = [
        pa.field("stimulus", pa.int32()),
        *(pa.field(name, TEXT) for name in ("name", "label", "layer")),
        *(pa.field(name, pa.int16()) for name in ("feature", "row", "col", "step")),
        *(pa.field(name, pa.float64(), metadata=MS) for name in ("t_stimulus_ms", "t_ms")),
    ]
    about = {name: value for name, value in excerpt.about.items() if name not in ("names", "labels")}
    return pa.schema(fields, metadata={"spikeseg": json.dumps(about)})


def _groups(excerpt: Excerpt, schema: pa.Schema) -> Iterator[pa.Table]:
    waiting: list[Rows] = []
    for number in range(len(excerpt.stimuli)):
        waiting.append(excerpt.rows(number))
        if number + 1 == len(excerpt.stimuli) or sum(len(rows.step) for rows in waiting) >= GROUP:
            yield _table(excerpt, number + 1 - len(waiting), waiting, schema)
            waiting.clear()


def _table(excerpt: Excerpt, first: int, parts: Sequence[Rows], schema: pa.Schema) -> pa.Table:
    """Rows of consecutive stimuli as a table; `first` is the index of the first one in the excerpt."""
    number = np.repeat(np.arange(first, first + len(parts)), [len(rows.step) for rows in parts])
    rows = Rows(*map(np.concatenate, zip(*parts, strict=True)))
    classes, class_of = np.unique(excerpt.labels, return_inverse=True)
    silent = rows.step == SILENT
    columns = [
        pa.array(excerpt.stimuli[number], pa.int32()),
        _text(number, excerpt.names),
        _text(class_of[number], classes),
        _text(rows.layer, list(excerpt.spikes)),
        *(pa.array(column, pa.int16()) for column in (rows.feature, rows.row, rows.col)),
        pa.array(rows.step, pa.int16(), mask=silent),
        pa.array(excerpt.t_stimulus_ms(rows.step), mask=silent),
        pa.array(excerpt.t_ms(number, rows.step), mask=silent),
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _text(indices: np.ndarray, values: Sequence[str] | np.ndarray) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(indices, pa.int32()), pa.array(values, pa.string()))
