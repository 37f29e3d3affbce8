"""Spikes on disk: one ``.npz`` per encoded set, and a JSON beside it that says what the numbers mean."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from .errors import SpikeSegError
from .files import read_arrays, read_json, write_arrays, write_json
from .spikes import Shape, Spikes

SCHEMA = 1


def description_file(path: Path) -> Path:
    """The JSON beside a recording. Raises SpikeSegError where the recording's name does not end in .npz."""
    if path.suffix != ".npz":
        raise SpikeSegError(f"{path} cannot be a recording: its name must end in .npz")
    return path.with_suffix(".json")


def save_recording(path: Path, spikes: dict[str, Spikes], description: dict[str, Any]) -> None:
    """Write the spikes of every layer to `path` (.npz), then what they mean to the same name with .json.

    Per layer: ``<layer>_stimulus`` (int32), ``<layer>_step`` (int16), ``<layer>_neuron`` (int32), sorted by
    stimulus, step and neuron. `description` holds at least ``dt_ms``, ``steps``, ``names``. Both files have a
    ``recording``, by which is seen that they belong together, should a process die between the two.

    Raises
    ------
    SpikeSegError
        `path` is not an .npz, or the file system refused.
    """
    beside = description_file(path)
    arrays: dict[str, np.ndarray] = {}
    for layer, recorded in spikes.items():
        arrays[f"{layer}_stimulus"] = recorded.stimulus.astype(np.int32)
        arrays[f"{layer}_step"] = recorded.step.astype(np.int16)
        arrays[f"{layer}_neuron"] = recorded.neuron.astype(np.int32)
    some = next(iter(spikes.values()))
    header = {
        "schema": SCHEMA,
        "layers": {layer: list(recorded.shape) for layer, recorded in spikes.items()},
        "stimuli": some.stimuli,
        "units": {"dt_ms": "millisecond", "step": "multiples of dt after the stimulus' onset"},
        "neuron": "(feature * rows + row) * columns + column, of the layer's [features, rows, columns]",
    }
    name = _name(arrays)
    write_arrays(path, arrays | {"recording": np.array(name)})
    write_json(beside, header | description | {"recording": name})


def _name(arrays: dict[str, np.ndarray]) -> str:
    """What both files of a recording have, and those of no other."""
    content = hashlib.sha256()
    for array in arrays.values():
        content.update(array.tobytes())
    return content.hexdigest()[:16]


def load_recording(path: Path) -> tuple[dict[str, Spikes], dict[str, Any]]:
    """Read what `save_recording` wrote.

    Raises
    ------
    SpikeSegError
        Missing, damaged, out of range, or of another schema.
    """
    path = Path(path)
    beside = description_file(path)
    header = read_json(beside)
    if header.get("schema") != SCHEMA:
        raise SpikeSegError(f"{beside} does not describe a recording of schema {SCHEMA}")
    arrays = read_arrays(path)
    if str(arrays.get("recording")) != str(header.get("recording")):
        raise SpikeSegError(f"{path} and {beside.name} are of different recordings: encode again")
    try:
        spikes = {
            layer: Spikes(
                Shape(*shape),
                header["stimuli"],
                *(arrays[f"{layer}_{part}"].astype(np.int32) for part in ("stimulus", "step", "neuron")),
            )
            for layer, shape in header["layers"].items()
        }
        for layer, recorded in spikes.items():
            _check(path, layer, recorded)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise SpikeSegError(f"{path} is not what {beside.name} describes: {error!r}") from error
    return spikes, header


def _check(path: Path, layer: str, spikes: Spikes) -> None:
    if not len(spikes.stimulus) == len(spikes.step) == len(spikes.neuron):
        raise SpikeSegError(f"{path}: columns of {layer} differ in length")
    if len(spikes) and not (
        0 <= spikes.stimulus.min() <= spikes.stimulus.max() < spikes.stimuli
        and 0 <= spikes.neuron.min() <= spikes.neuron.max() < spikes.shape.size
        and spikes.step.min() >= 0
    ):
        raise SpikeSegError(f"{path}: {layer} has spikes outside its stimuli, steps or neurons")
    if np.any(np.diff(spikes.stimulus) < 0):
        raise SpikeSegError(f"{path}: spikes of {layer} are not sorted by stimulus")
