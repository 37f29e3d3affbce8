"""Spikes on disk: one ``.npz`` per encoded set, and a JSON file beside it that explains the numbers."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, Field, field_validator

from .checking import checked
from .errors import SpikeSegError
from .files import Expected, read_arrays, read_json, write_arrays, write_json
from .spikes import LARGEST_LAYER, Shape, Spikes

SCHEMA = 1


def description_file(path: Path) -> Path:
    """The JSON file beside a recording. Raises SpikeSegError if the recording's name does not end in .npz."""
    if path.suffix != ".npz":
        raise SpikeSegError(f"{path} cannot be a recording: its name must end in .npz")
    return path.with_suffix(".json")


def save_recording(path: Path, spikes: dict[str, Spikes], description: dict[str, Any]) -> None:
    """Write the spikes of every layer to `path` (.npz), then their description to the same name with .json.

    Per layer the archive has ``<layer>_stimulus`` (int32), ``<layer>_step`` (int16) and ``<layer>_neuron`` (int32),
    sorted by stimulus, step and neuron. Both files have the same ``recording``, a hash of the spikes: if a process dies
    between writing the two, a reader sees that they do not belong together.

    Parameters
    ----------
    path
        The file to write.
    spikes
        Spikes by layer.
    description
        At least ``dt_ms`` (milliseconds), ``steps`` and ``names``.

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
    """Hash of the spikes, by which the two files of a recording are known to belong together."""
    content = hashlib.sha256()
    for array in arrays.values():
        content.update(array.tobytes())
    return content.hexdigest()[:16]


def load_recording(path: Path) -> tuple[dict[str, Spikes], dict[str, Any]]:
    """Read a recording that `save_recording` wrote.

    Returns
    -------
    Spikes by layer, and the description.

    Raises
    ------
    SpikeSegError
        A file is missing or damaged, has another schema, or a spike is outside its stimuli, steps or neurons.
    """
    path = Path(path)
    beside = description_file(path)
    content = read_json(beside)
    if content.get("schema") != SCHEMA:
        raise SpikeSegError(f"{beside} does not describe a recording of schema {SCHEMA}")
    header = checked(_Description, content, f"{path} is not what {beside.name} describes")
    arrays = read_arrays(path, _expected(header))
    if str(arrays["recording"]) != header.recording:
        raise SpikeSegError(f"{path} and {beside.name} belong to different recordings: encode again")
    spikes = {}
    for layer, shape in header.layers.items():
        columns = (arrays[f"{layer}_{part}"].astype(np.int32) for part in COLUMNS)
        spikes[layer] = Spikes(Shape(*shape), header.stimuli, *columns)
        _check(path, layer, spikes[layer])
    return spikes, content


COLUMNS = ("stimulus", "step", "neuron")
MOST_STIMULI = 10**7
LONGEST_NAME = 64  # of a layer, and of the hash of the spikes
Side = Annotated[int, Field(strict=True, gt=0, le=LARGEST_LAYER)]


class _Description(BaseModel):
    """What has to be known of a recording to read it; its description says more."""

    recording: Annotated[str, Field(max_length=LONGEST_NAME)]
    stimuli: Annotated[int, Field(strict=True, ge=0, le=MOST_STIMULI)]
    layers: dict[Annotated[str, Field(max_length=LONGEST_NAME)], tuple[Side, Side, Side]]

    @field_validator("layers")
    @classmethod
    def _not_too_large(cls, layers: dict[str, tuple[int, int, int]]) -> dict[str, tuple[int, int, int]]:
        for layer, shape in layers.items():
            if Shape(*shape).size > LARGEST_LAYER:
                raise ValueError(f"{layer} has {Shape(*shape).size:,} neurons, {LARGEST_LAYER:,} are the most")
        if not layers:
            raise ValueError("there are none")
        return layers


def _expected(header: _Description) -> dict[str, Expected]:
    """The columns of each layer: a neuron spikes at most once per stimulus."""
    expected = {"recording": Expected("U", (), LONGEST_NAME)}
    for layer, shape in header.layers.items():
        most = header.stimuli * Shape(*shape).size
        expected |= {f"{layer}_{part}": Expected("iu", (None,), most) for part in COLUMNS}
    return expected


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
