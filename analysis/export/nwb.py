"""Spikes in the format Neurodata Without Borders: a trial per stimulus, a unit per neuron, one axis of time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import numpy as np
from hdmf.backends.hdf5.h5_utils import H5DataIO
from hdmf.common.table import VectorData, VectorIndex
from hdmf.data_utils import AbstractDataChunkIterator, DataChunk
from pynwb import NWBHDF5IO, NWBFile
from pynwb.misc import Units

from spikeseg.excerpt import Excerpt

from .disk_space import require_free_space

PIECE = 1 << 17  # rows in memory at a time
CHUNK = 1 << 14  # rows compressed together

SPIKE_BYTES, UNIT_BYTES, OTHER_BYTES = 8, 100, 1 << 24  # upper bounds of what each takes in the file


def write(excerpt: Excerpt, path: Path, progress: Callable[[int], None]) -> None:
    """Write all spikes, neuron by neuron; stimuli keep the times that they have in the whole recording.

    Raises
    ------
    OSError
        The disk has no space for them.
    """
    about = {name: value for name, value in excerpt.about.items() if name not in ("names", "labels")}
    file = NWBFile(
        session_description=f"Spikes of a simulated network, SpikeSEG, layers {', '.join(excerpt.spikes)}",
        identifier=str(uuid4()),
        session_start_time=excerpt.started,
        experiment_description="Stimuli follow one another without a gap: t = (stimulus * steps + step) * dt",
        notes=json.dumps(about),
    )
    _add_trials(file, excerpt)
    file.units = _units(excerpt, progress)
    require_free_space(path, SPIKE_BYTES * excerpt.total + UNIT_BYTES * len(file.units) + OTHER_BYTES)
    with NWBHDF5IO(path=path, mode="w") as io:
        io.write(container=file)


def _intervals(excerpt: Excerpt) -> np.ndarray:
    """Onset and end of each stimulus in seconds, shape (n, 2)."""
    return (np.add.outer(excerpt.stimuli, (0, 1)) * excerpt.steps + excerpt.shift) * excerpt.dt_ms / 1000


def _add_trials(file: NWBFile, excerpt: Excerpt) -> None:
    file.add_trial_column(name="stimulus_name", description="name of the stimulus")
    file.add_trial_column(name="label", description="class of the stimulus")
    stimuli = zip(excerpt.stimuli.tolist(), excerpt.names, excerpt.labels, _intervals(excerpt).tolist(), strict=True)
    for stimulus, name, label, (start, stop) in stimuli:
        file.add_trial(start_time=start, stop_time=stop, stimulus_name=name, label=label, id=stimulus)


def _units(excerpt: Excerpt, progress: Callable[[int], None]) -> Units:
    """The table of neurons; their spike times and intervals are computed when they are written."""
    counts, places, stops, done = [], [], [], 0
    for layer, spikes in excerpt.spikes.items():
        trains = excerpt.trains(layer, spikes.neuron)
        counts.append(len(trains.neuron))
        places.append(np.array(np.unravel_index(trains.neuron, spikes.shape), np.int32))
        stops.append(trains.stops + done)
        done += len(spikes)
    layers = np.repeat(list(excerpt.spikes), counts)
    feature, row, col = np.concatenate(places, axis=1)
    times = _column("spike_times", "time of each spike (s)", _Pieces((excerpt.total,), _times(excerpt, progress)))
    times_index = VectorIndex(name="spike_times_index", data=np.concatenate(stops), target=times)
    observed = _observed(excerpt)
    pieces = _Pieces((len(layers) * len(observed), 2), _repeated(observed, len(layers)))
    intervals = _column("obs_intervals", "when stimuli were shown (s)", pieces)
    index = np.arange(1, len(layers) + 1) * len(observed)
    intervals_index = VectorIndex(name="obs_intervals_index", data=index, target=intervals)
    return Units(
        name="units",
        description="Neurons of the network, each at one place (row, col) of one feature map of one layer",
        resolution=excerpt.dt_ms / 1000,
        columns=[
            VectorData(name="layer", description="layer of the network, from input to output", data=layers),
            _column("feature", "feature map of the layer, from 0", feature),
            _column("row", "row of the feature map, from 0 at the top", row),
            _column("col", "column of the feature map, from 0 at the left", col),
            times_index,
            times,
            intervals_index,
            intervals,
        ],
        colnames=["layer", "feature", "row", "col", "spike_times", "obs_intervals"],
    )


def _column(name: str, description: str, data: np.ndarray | _Pieces) -> VectorData:
    return VectorData(name=name, description=description, data=H5DataIO(data=data, compression="gzip"))


def _times(excerpt: Excerpt, progress: Callable[[int], None]) -> Iterator[np.ndarray]:
    """Times of all spikes in seconds, layer by layer and neuron by neuron."""
    done = 0
    for layer, spikes in excerpt.spikes.items():
        order = excerpt.trains(layer, spikes.neuron).order
        for start in range(0, len(order), PIECE):
            piece = order[start : start + PIECE]
            done += len(piece)
            yield excerpt.t_ms(spikes.stimulus[piece], spikes.step[piece]) / 1000
            progress(done)


def _observed(excerpt: Excerpt) -> np.ndarray:
    """Onset and end of each uninterrupted series of stimuli, in seconds, shape (n, 2)."""
    gaps = np.diff(excerpt.stimuli) > 1
    first, last = np.append(True, gaps), np.append(gaps, True)
    return np.column_stack((_intervals(excerpt)[first, 0], _intervals(excerpt)[last, 1]))


def _repeated(rows: np.ndarray, times: int) -> Iterator[np.ndarray]:
    """Yield `rows` as often as `times` says, several copies at once."""
    at_once = max(1, PIECE // len(rows))
    for start in range(0, times, at_once):
        yield np.tile(rows, (min(at_once, times - start), 1))


class _Pieces(AbstractDataChunkIterator):
    """An array of floats that is computed while it is written, piece by piece along its first axis."""

    def __init__(self, shape: tuple[int, ...], pieces: Iterator[np.ndarray]):
        self._shape, self._pieces, self._done = shape, pieces, 0

    def __iter__(self) -> _Pieces:
        return self

    def __next__(self) -> DataChunk:
        piece = next(self._pieces)
        start, self._done = self._done, self._done + len(piece)
        return DataChunk(data=piece, selection=(slice(start, self._done), *map(slice, self._shape[1:])))

    def recommended_chunk_shape(self) -> tuple[int, ...]:
        return (min(CHUNK, self.maxshape[0]), *self._shape[1:])

    def recommended_data_shape(self) -> tuple[int, ...]:
        return self._shape

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(np.float64)

    @property
    def maxshape(self) -> tuple[int, ...]:
        return (max(1, self._shape[0]), *self._shape[1:])  # HDF5 allows no chunks in an array of length 0
