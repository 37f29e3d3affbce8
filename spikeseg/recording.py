"""Spikes on disk: one ``.npz`` per encoded set, and a JSON beside it that says what the numbers mean."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from .errors import SpikeSegError
from .files import read_json, replacing, write_json
from .spikes import Shape, Spikes

SCHEMA = 1


def save_recording(path: Path, spikes: dict[str, Spikes], description: dict[str, Any]) -> None:
    """Write the spikes of every layer to `path` (.npz), then what they mean to the same name with .json.

    Per layer: ``<layer>_stimulus`` (int32), ``<layer>_step`` (int16), ``<layer>_neuron`` (int32), sorted by
    stimulus, step and neuron. `description` holds at least ``dt_ms``, ``steps``, ``names``.

    Raises
    ------
    SpikeSegError
        The file system refused.
    """
    arrays: dict[str, np.ndarray] = {}
    for layer, recorded in spikes.items():
        arrays[f"{layer}_stimulus"] = recorded.stimulus.astype(np.int32)
        arrays[f"{layer}_step"] = recorded.step.astype(np.int16)
        arrays[f"{layer}_neuron"] = recorded.neuron.astype(np.int32)
    with replacing(path) as temporary:
        np.savez_compressed(temporary, **arrays)  # pyright: ignore
    some = next(iter(spikes.values()))
    header = {
        "schema": SCHEMA,
        "layers": {layer: list(recorded.shape) for layer, recorded in spikes.items()},
        "stimuli": some.stimuli,
        "units": {"dt_ms": "millisecond", "step": "multiples of dt after the stimulus' onset"},
        "neuron": "(feature * rows + row) * columns + column, of the layer's [features, rows, columns]",
    }
    write_json(path.with_suffix(".json"), header | description)


def load_recording(path: Path) -> tuple[dict[str, Spikes], dict[str, Any]]:
    """Read what `save_recording` wrote.

    Raises
    ------
    SpikeSegError
        Missing, damaged, out of range, or of another schema.
    """
    path = Path(path)
    header = read_json(path.with_suffix(".json"))
    if not isinstance(header, dict) or header.get("schema") != SCHEMA:
        raise SpikeSegError(f"{path.with_suffix('.json')} does not describe a recording of schema {SCHEMA}")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        spikes = {
            layer: Spikes(
                Shape(*shape),
                header["stimuli"],
                *(arrays[f"{layer}_{part}"].astype(np.int32) for part in ("stimulus", "step", "neuron")),
            )
            for layer, shape in header["layers"].items()
        }
    except FileNotFoundError as error:
        raise SpikeSegError(f"{path} is missing") from error
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise SpikeSegError(f"{path} is damaged or not a recording: {error}") from error
    for layer, recorded in spikes.items():
        _check(path, layer, recorded)
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
