"""Select layers and stimuli of a recording, and turn indices into places and times."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from .checking import checked
from .errors import SpikeSegError
from .names import text_fault
from .recording import description_file, load_recording
from .spikes import MOST_STEPS, SILENT, Spikes


class Rows(NamedTuple):
    """Spikes of one stimulus, one entry each, shape (n,): sorted by layer, then by time.

    If silent neurons are included, each has one entry with the step `SILENT` at the end of its layer.
    """

    layer: np.ndarray
    """Index of the layer in the excerpt."""
    feature: np.ndarray
    row: np.ndarray
    col: np.ndarray
    step: np.ndarray
    """Steps since the onset of the stimulus."""


class Trains(NamedTuple):
    """Spikes grouped by neuron."""

    neuron: np.ndarray
    """Flat index of each neuron, ascending, shape (n,)."""
    order: np.ndarray
    """Indices that sort the spikes by neuron, shape (spikes,). The spikes of one neuron keep their order."""
    stops: np.ndarray
    """Where the spikes of each neuron end in the sorted list, shape (n,); they begin where the neuron before ends."""


@dataclass(frozen=True)
class Excerpt:
    """Some layers and stimuli of a recording.

    Attributes
    ----------
    name
        Name of the recording.
    spikes
        Spikes by layer. The chosen stimuli are numbered from 0.
    stimuli
        Index of each chosen stimulus in the recording, ascending, shape (n,).
    names, labels
        Name and class of each chosen stimulus.
    dt_ms, steps
        Duration of a step in milliseconds, and number of steps of a stimulus.
    started
        When the recording began, with time zone.
    silent
        Include silent neurons.
    about
        The recording's description, see `recording.load_recording`.
    shift
        Steps by which all times are later; the numbers of steps stay as they are.
    """

    name: str
    spikes: Mapping[str, Spikes]
    stimuli: np.ndarray
    names: Sequence[str]
    labels: Sequence[str]
    dt_ms: float
    steps: int
    started: datetime
    silent: bool
    about: Mapping[str, Any]
    shift: int = 0

    @property
    def total(self) -> int:
        """Number of spikes of all layers."""
        return sum(len(spikes) for spikes in self.spikes.values())

    def t_ms(self, stimulus: np.ndarray, step: np.ndarray) -> np.ndarray:
        """Time of each spike in milliseconds since the recording began; its stimuli follow one another without a gap.

        Parameters
        ----------
        stimulus, step
            Stimulus and step of each spike, shape (n,); stimuli are numbered as in `spikes`.
        """
        return (self.stimuli[stimulus] * self.steps + step + self.shift) * self.dt_ms

    def t_stimulus_ms(self, step: np.ndarray) -> np.ndarray:
        """Time of each spike in milliseconds since the onset of its stimulus; `step` has shape (n,)."""
        return (step + self.shift) * self.dt_ms

    def rows(self, number: int) -> Rows:
        """All spikes of the stimulus with this number in `spikes`."""
        parts = []
        for layer, spikes in enumerate(self.spikes.values()):
            step, neuron = spikes.of(number)
            if self.silent:
                quiet = np.setdiff1d(np.arange(spikes.shape.size), neuron)
                step = np.append(step, np.full(len(quiet), SILENT))
                neuron = np.append(neuron, quiet)
            place = np.unravel_index(neuron, spikes.shape)
            parts.append(np.array([np.full(len(step), layer), *place, step]))
        return Rows(*np.concatenate(parts, axis=1))

    def trains(self, layer: str, neuron: np.ndarray) -> Trains:
        """Group spikes of a layer by neuron; `neuron` is the flat index of the neuron of each spike, (spikes,) int."""
        order = np.argsort(neuron, kind="stable")
        included = np.arange(self.spikes[layer].shape.size) if self.silent else np.unique(neuron)
        return Trains(included, order, np.searchsorted(neuron[order], included, side="right"))


def _time(text: Any) -> datetime:
    if not isinstance(text, str):
        raise ValueError(f"{text!r:.40} is no time")
    return datetime.fromisoformat(text)


def _shown(text: str) -> str:
    if fault := text_fault(text):
        raise ValueError(f"{text!a}: {fault}")
    return text


_Shown = Annotated[str, AfterValidator(_shown)]


class _Told(BaseModel):
    """What a recording's description says for an excerpt."""

    names: list[_Shown]
    labels: list[_Shown]
    steps: Annotated[int, Field(strict=True, gt=0, le=MOST_STEPS)]
    dt_ms: Annotated[float, Field(strict=True, ge=1e-6, le=1e6, allow_inf_nan=False)]  # as of a configuration
    started: Annotated[datetime, BeforeValidator(_time)]


def take_excerpt(
    path: Path, layers: Sequence[str] = (), stimuli: Sequence[str] = (), silent: bool = False, shift: int = 0
) -> Excerpt:
    """Read part of a recording.

    Parameters
    ----------
    path
        The recording, as written by `spikeseg encode`.
    layers
        Names of layers; all layers if empty.
    stimuli
        Names, numbers from 0, or ranges such as ``0:10`` for 0 to 9; all stimuli if empty.
    silent
        Include silent neurons.
    shift
        Steps by which all times are later, for programs that take no spike at 0 ms.

    Raises
    ------
    SpikeSegError
        The recording cannot be read, or has no such layer or stimulus.
    """
    spikes, about = load_recording(path)
    for layer in layers:
        if layer not in spikes:
            raise SpikeSegError(f"{path} has no layer {layer!r}: it has {', '.join(spikes)}")
    spikes = {layer: recorded for layer, recorded in spikes.items() if not layers or layer in layers}
    told = checked(_Told, about, f"{description_file(path)} lacks what an export needs")
    names, labels, steps, started = told.names, told.labels, told.steps, told.started
    count = about["stimuli"]
    if not len(names) == len(labels) == count:
        found = f"{len(names)} names and {len(labels)} labels for {count} stimuli"
        raise SpikeSegError(f"{description_file(path)} has {found}")
    if started.tzinfo is None:
        raise SpikeSegError(f"{description_file(path)}: started has no time zone: {started.isoformat()}")
    for layer, recorded in spikes.items():
        if recorded.step.max(initial=0) >= steps:
            raise SpikeSegError(f"{path}: {layer} has spikes after the last of {steps} steps")
    chosen = np.arange(count)
    if stimuli:
        chosen = np.unique(np.concatenate([_numbers(path, names, asked) for asked in stimuli]))
        spikes = {layer: recorded.select(chosen) for layer, recorded in spikes.items()}
    names, labels = ([of[number] for number in chosen] for of in (names, labels))
    return Excerpt(path.stem, spikes, chosen, names, labels, told.dt_ms, steps, started, silent, about, shift)


def _numbers(path: Path, names: Sequence[str], asked: str) -> np.ndarray:
    """Indices of the stimuli that a name, a number or a range selects."""
    named = np.flatnonzero([name == asked for name in names])
    if len(named):
        return named
    if not (match := re.fullmatch(r"(\d*)(:?)(\d*)", asked)) or asked in ("", ":"):
        raise SpikeSegError(f"{path} has no stimulus {asked!r}: give a name, a number, or a range such as 0:10")
    first, colon, last = match.groups()
    start = int(first or 0)
    stop = int(last or len(names)) if colon else start + 1
    if not start < stop <= len(names):
        raise SpikeSegError(f"{path} has no stimuli {asked}: they are numbered from 0 to {len(names) - 1}")
    return np.arange(start, stop)
