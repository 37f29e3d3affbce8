"""Watch a stream of events in continuous time: decisions as Conv3 spikes come (docs/model.md, rule 17)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from spikeseg.boxes import Box
from spikeseg.errors import SpikeSegError

from ...analysis.decoding.continuous import Memory, Watcher
from ...analysis.decoding.motion import velocity
from ...analysis.decoding.presence import CONFIDENCE
from ...analysis.decoding.segmentation import Segmentation, cell_centre
from ...analysis.decoding.tracking import Detection, Tracker
from ...configs.geometry import layer_shapes
from ...configs.schema import Config
from ...datasets.buffers import Placement
from ...datasets.events.arrivals import Arrivals
from ...datasets.events.events import EVENT, Buffer
from ...datasets.events.windows import Windows
from ...models.designs import Timing
from ...models.network import CONV_LAYERS, LAYERS, TrainedNetwork
from .continuous import ContinuousEncoder, open_continuous
from .streaming import batches, placed

RUN_MS = 50.0
"""Of events, in one run of the simulator: a decision of a live stream is known once its run is over."""

RUNS = 4
"""That are made one where so many wait: fewer and longer runs cost less."""

LOOK_MS = 1.0
"""From one look at the readouts to the next one, at least."""

REST_MS = 1000.0
"""Without an event for so long, a stream begins anew: all that neurons remember has faded long before."""


@dataclass(frozen=True)
class Sighting:
    """A decision.

    Attributes
    ----------
    t
        When, in microseconds on the clock of the recording.
    segmentation
        The answer; its mask and boxes are in pixels of the input layer.
    place
        Row and column of the centre of what the decoded Conv3 neuron sees, in pixels of the sensor.
    box, mask
        In pixels of the sensor; the mask is (rows, columns) bool, the box None for an empty mask.
    track
        Number of the object, from 1 on; None where objects are not tracked, or it is not sure of yet.
    velocity
        Where objects are tracked: how it moves, down and to the right in pixels per second; None if it is not known.
    """

    t: int
    segmentation: Segmentation
    place: tuple[float, float]
    box: Box | None
    mask: np.ndarray
    track: int | None = None
    velocity: tuple[float, float] | None = None

    @classmethod
    def of(
        cls, t: int, answer: Segmentation, network: TrainedNetwork, placement: Placement, sensor: tuple[int, int]
    ) -> Sighting:
        """An answer in pixels of a sensor of `sensor` (rows, columns), which lies on the input as `placement` says."""
        row, column = cell_centre(network.config, np.array(answer.place))
        top, left, _, _ = placement.to_sensor(Box(row, column, row, column))
        box = None if answer.box is None else placement.to_sensor(answer.box)
        return cls(t, answer, (top, left), box, placement.mask_to_sensor(answer.mask, sensor))


@dataclass(frozen=True)
class Stretch:
    """What one run of the simulator, or one buffer, showed: the events, and what was decided in that time."""

    buffer: Buffer
    sightings: tuple[Sighting, ...]


def tracked(tracker: Tracker, sightings: Iterable[Sighting], events: np.ndarray, duration_us: int) -> list[Sighting]:
    """Number sightings, sorted by time, by the object that they are of. Those without a box are left out.

    Each was found in the events of so many microseconds before it.
    """
    numbered: list[Sighting] = []
    for t, same in groupby(sightings, key=lambda one: one.t):
        moving = [replace(one, velocity=velocity(events, t - duration_us, duration_us, one.mask)) for one in same]
        found = [(one, Detection(one.segmentation.label, one.box, one.velocity)) for one in moving if one.box]
        tracks = tracker.track(t, [detection for _, detection in found])
        numbered += [replace(one, track=track) for (one, _), track in zip(found, tracks, strict=True)]
    return numbered


def timing_of(config: Config, dt_us: int) -> Timing:
    """Times of the continuous encoder: that of a buffer for all of them; a layer with a `tau_ms` keeps its own.

    Parameters
    ----------
    config
        Of a network that learned from recordings.
    dt_us
        Duration of a step in microseconds.
    """
    assert config.input.buffer is not None, "recordings need a buffer"
    buffer = config.input.buffer.duration_ms or 30.0
    taus = {name: getattr(config, name).tau_ms or buffer for name in CONV_LAYERS}
    return Timing(taus, dict.fromkeys(("input", *LAYERS), buffer), buffer, dt_us)


@contextmanager
def open_watch(
    network: TrainedNetwork,
    size: tuple[int, int],
    dt_us: int,
    name: str,
    device: str = "cpp_standalone",
    confidence: float = CONFIDENCE,
    tracks: bool = False,
) -> Iterator[Watch]:
    """Open a watch: a context manager.

    Parameters
    ----------
    network
        A network that learned from recordings.
    size
        Rows and columns of the sensor.
    dt_us
        Duration of a step in microseconds.
    name
        Name of the recording, used in errors.
    device
        Where Brian2 simulates.
    confidence
        Presence from which on an object counts as there.
    tracks
        Look for all objects, also several of a class (`segment_instances`), once per refractory time of Conv3, and
        number them (`Tracker`); `confidence` has no say then.

    Raises
    ------
    SpikeSegError
        The network learned from pictures; the sensor does not fit its input; a step is longer than a run; or see
        `open_continuous`.
    """
    placement, denoise = placed(network, size)
    timing = timing_of(network.config, dt_us)
    if not 0 < dt_us <= 1000 * LOOK_MS:
        raise SpikeSegError(f"--dt of {dt_us} us: give 1us to {LOOK_MS:g}ms")
    run_us = round(timing.steps(RUN_MS)) * dt_us
    windows = Windows(size, run_us, run_us, denoise, name, all_of_it=True)
    hold = timing.refractory_steps("conv3")
    memory = Memory(
        window=round(timing.steps(timing.window_ms)),
        hold=hold,
        between=hold if tracks else round(timing.steps(LOOK_MS)),
    )
    inputs = network.config.input.size
    with open_continuous(network, inputs, timing, device) as encoder:
        watcher = Watcher(network, layer_shapes(network.config, inputs), memory, confidence, instances=tracks)
        tracker = Tracker() if tracks else None
        yield Watch(network, encoder, watcher, placement, windows, timing, name, tracker)


class Watch:
    """Decides about a stream of events; see `open_watch`. It can watch one stream."""

    def __init__(
        self,
        network: TrainedNetwork,
        encoder: ContinuousEncoder,
        watcher: Watcher,
        placement: Placement,
        windows: Windows,
        timing: Timing,
        name: str,
        tracker: Tracker | None,
    ):
        self._network, self._encoder, self._watcher, self._tracker = network, encoder, watcher, tracker
        self._placement, self._windows, self._timing, self._name = placement, windows, timing, name
        self._steps = round(timing.steps(RUN_MS))
        config = network.config.input
        self._arrivals = Arrivals(config.shape.size, timing.refractory_steps("input"))
        self._origin = 0
        self._before = np.empty(0, EVENT)  # events that the next decisions may have been found in

    def see(self, packets: Iterable[np.ndarray]) -> Iterator[Stretch]:
        """Yield what was seen, run by run of the simulator; between events nothing or little is.

        Parameters
        ----------
        packets
            Events sorted by time, in packets. They are read in a thread of their own.

        Raises
        ------
        SpikeSegError
            The recording is damaged (what came before is answered first), or the simulation fails.
        """
        size = None
        for waiting in batches(packets, self._windows, RUNS):
            run: list[Buffer] = []
            for buffer in waiting:
                if run and buffer.start > run[-1].start + run[-1].duration:
                    yield from self._run(run)
                    run = []
                if not run:
                    yield from self._catch_up(buffer)
                run.append(buffer)
                size = buffer.size
            yield from self._run(run)
        if size is not None:  # what is still under way
            yield from self._run([self._quiet(size, 0)])

    def _catch_up(self, buffer: Buffer) -> Iterator[Stretch]:
        """Pass the time up to a buffer, at once where it is long."""
        if self._encoder.step == 0:
            self._origin = buffer.start
        begin = (buffer.start - self._origin) // self._timing.dt_us
        if begin - self._encoder.step > self._timing.steps(REST_MS):
            self._encoder.rest(begin)
        pause = (begin - self._encoder.step) // self._steps
        for number in range(0, pause, RUNS):
            yield from self._run([self._quiet(buffer.size, later) for later in range(min(RUNS, pause - number))])

    def _quiet(self, size: tuple[int, int], later: int) -> Buffer:
        """A buffer without events, so many runs later than now."""
        start, duration = self._time(self._encoder.step + later * self._steps), self._steps * self._timing.dt_us
        return Buffer(np.empty(0, EVENT), size, start, duration, self._name)

    def _run(self, buffers: list[Buffer]) -> Iterator[Stretch]:
        """Simulate buffers that follow each other, from now on."""
        begin = self._encoder.step
        events = np.concatenate([buffer.events for buffer in buffers])
        neuron, inside = self._placement.neurons(events)
        new, events, neuron = events, events[inside], neuron[inside]
        if self._network.config.input.polarity == "split":
            rows, columns = self._placement.size
            neuron = neuron + np.where(events["p"] > 0, 0, rows * columns)
        step, neuron = self._arrivals.spikes((events["t"] - self._origin) // self._timing.dt_us, neuron)
        spikes = self._encoder.encode(len(buffers) * self._steps, step - begin, neuron)
        steps = range(begin, begin + len(buffers) * self._steps)
        decided, sensor = self._watcher.watch(spikes, steps), buffers[0].size
        found = [Sighting.of(self._time(now), one, self._network, self._placement, sensor) for now, one in decided]
        if self._tracker is not None:
            window, seen = round(1000 * self._timing.window_ms), np.concatenate([self._before, new])
            found = tracked(self._tracker, found, seen, window)
            self._before = seen[np.searchsorted(seen["t"], buffers[-1].start + buffers[-1].duration - window) :]
        for buffer in buffers:
            end = buffer.start + buffer.duration
            yield Stretch(buffer, tuple(one for one in found if buffer.start <= one.t < end))

    def _time(self, step: int) -> int:
        return self._origin + step * self._timing.dt_us
