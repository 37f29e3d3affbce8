"""Spikes as a Neo block in a NIX file: a segment per stimulus, a spike train per neuron."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
from neo import Block, Segment, SpikeTrain
from neo.io import NixIO
from quantities import kHz, ms

from spikeseg.excerpt import Excerpt

from .disk_space import require_free_space

TRAIN_BYTES = 32_000  # bytes in the file per spike train: in NIX every annotation is an HDF5 dataset of its own
TRAIN_SECONDS = 0.02  # time to write a spike train, measured on one core
SPARE_BYTES = 1 << 26  # more than what HDF5 may still hold in its caches


def size_warning(excerpt: Excerpt) -> str | None:
    """A line about time and size, for an export that will take more than 12 minutes; otherwise None."""
    trains = sum(
        len(excerpt.stimuli) * spikes.shape.size if excerpt.silent else len(spikes)
        for spikes in excerpt.spikes.values()
    )
    hours, gigabytes = trains * TRAIN_SECONDS / 3600, trains * TRAIN_BYTES / 1e9
    if hours < 0.2:
        return None
    return (
        f"NIX is slow: {trains:,} spike trains take about {hours:,.1f} hours and {gigabytes:,.1f} GB; "
        "use --layer and --stimuli to export fewer, or another format, which takes seconds"
    )


class _Streamed(Block):
    """A block whose segments are created when they are written, so that only one is in memory at a time."""

    def __init__(self, stream: Iterator[Segment], **attributes):
        super().__init__(**attributes)
        self._stream = stream

    @property
    def segments(self) -> Iterator[Segment]:
        return self._stream


def write(excerpt: Excerpt, path: Path, progress: Callable[[int], None]) -> None:
    """Write all spikes, stimulus by stimulus.

    Raises
    ------
    OSError
        The disk has no space for the next stimulus.
    """
    about = {name: value for name, value in excerpt.about.items() if isinstance(value, str | int | float)}

    def checked_segments() -> Iterator[Segment]:
        done = 0
        for segment in segments(excerpt):
            require_free_space(path, SPARE_BYTES + len(segment.spiketrains) * TRAIN_BYTES)
            yield segment
            done += sum(map(len, segment.spiketrains))
            progress(done)

    require_free_space(path, SPARE_BYTES)
    with NixIO(str(path), "ow") as file:
        file.write_block(_Streamed(checked_segments(), name=excerpt.name, rec_datetime=excerpt.started, **about))


def segments(excerpt: Excerpt) -> Iterator[Segment]:
    """Yield a segment per stimulus, with all its spike trains; time 0 ms is the onset of the stimulus.

    The date of a segment is when its stimulus began in simulated time, counted from the beginning of the recording.
    """
    for number, stimulus in enumerate(excerpt.stimuli.tolist()):
        began = excerpt.started + timedelta(milliseconds=stimulus * excerpt.steps * excerpt.dt_ms)
        segment = Segment(
            name=excerpt.names[number], rec_datetime=began, label=excerpt.labels[number], stimulus=stimulus
        )
        for layer in excerpt.spikes:
            segment.spiketrains.extend(_trains(excerpt, layer, number))
        yield segment


def _trains(excerpt: Excerpt, layer: str, number: int) -> list[SpikeTrain]:
    """The spike trains of one stimulus, one per neuron of a layer."""
    spikes = excerpt.spikes[layer]
    step, neuron = spikes.of(number)
    trains = excerpt.trains(layer, neuron)
    places = np.transpose(np.unravel_index(trains.neuron, spikes.shape)).tolist()
    times = np.split(excerpt.t_stimulus_ms(step[trains.order]), trains.stops)[:-1]
    end, rate = (excerpt.steps + excerpt.shift) * excerpt.dt_ms, kHz / excerpt.dt_ms
    spike_trains = []
    for (feature, row, col), t in zip(places, times, strict=True):
        train = SpikeTrain(t, end, units=ms, sampling_rate=rate, layer=layer, feature=feature, row=row, col=col)
        train.annotate(sampling_rate=rate)  # NixIO drops the attribute, but reads it back from the annotations
        spike_trains.append(train)
    return spike_trains
