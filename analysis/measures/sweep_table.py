"""The results of a sweep as one table: a row per point, a column per key that varies and per measurement."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spikeseg.errors import SpikeSegError
from spikeseg.files import replacing, write_table

SweepRow = dict[str, Any]

SCORES = ("accuracy", "miou", "miou_class_mean", "miou_strict", "miou_strict_class_mean")
LEARNED = ("convergence", "presented")  # mean w (1 - w) at the end of learning, and number of stimuli until then
LAYERS = ("conv2", "conv3")
LARGEST = 1e15  # of any of them; JSON has numbers that are none of a computer's


def row(
    point: str, varied: Mapping[str, Any], metrics: Mapping[str, Any] | None, failure: str | None = None
) -> SweepRow:
    """The row of a point: the values that vary, then the measurements.

    Parameters
    ----------
    point
        Hash of the point.
    varied
        The values that vary, by dotted key.
    metrics
        Content of the point's metrics file; None for a point that failed, whose measurements are None.
    failure
        Why the point failed, if it did.

    Raises
    ------
    SpikeSegError
        A measurement is missing in `metrics`.
    """
    names = [*SCORES, *(f"{layer}_{name}" for layer in LAYERS for name in LEARNED)]
    measured: list[Any] = [None] * len(names)
    if metrics is not None:
        try:
            learned = metrics["training"]["layers"]
            measured = [metrics[name] for name in SCORES]
            measured += [learned[layer][name] for layer in LAYERS for name in LEARNED]
        except (KeyError, TypeError) as error:
            raise SpikeSegError(f"the metrics of {point} lack {error}") from error
        for name, value in zip(names, measured, strict=True):
            check_score(value, f"{name} of {point}")
    values = {key: json.dumps(value) if isinstance(value, list) else value for key, value in varied.items()}
    return {"point": point, **values, **dict(zip(names, measured, strict=True)), "failure": failure}


def check_score(value: Any, what: str) -> None:
    """Raise SpikeSegError if a measurement is neither a number nor None, which is what cannot be measured."""
    if value is not None and (
        isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < LARGEST
    ):
        raise SpikeSegError(f"{what} is {value!r:.40}, no number")


def write_csv(path: Path, rows: Sequence[SweepRow]) -> None:
    """Write the table as CSV. Raises SpikeSegError if the file system refuses."""
    columns = list(rows[0])
    write_table(path, columns, ([row[name] for name in columns] for row in rows))


def write_parquet(path: Path, rows: Sequence[SweepRow]) -> None:
    """Write the table as Parquet, whose columns have types.

    Raises
    ------
    ImportError
        pyarrow is not installed.
    SpikeSegError
        The file system refuses.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with replacing(path) as temporary:
        pq.write_table(pa.table({name: _column([row[name] for row in rows]) for name in rows[0]}), temporary)


def _column(values: list[Any]) -> list[Any]:
    """Values of one type: all of them become text if one of them is text."""
    return [None if v is None else str(v) for v in values] if any(isinstance(v, str) for v in values) else values
