"""Write what is decided about a stream in continuous time: a row per decision at once, a film, a summary at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from spikeseg.boxes import box_cells, box_columns
from spikeseg.errors import SpikeSegError
from spikeseg.files import write_json

from ...analysis.decoding.presence import CONFIDENCE
from ...analysis.painting.stream_frames import answer_frame
from ...analysis.painting.video import open_video
from ...datasets.events.formats import EventStream
from ...models.network import TrainedNetwork
from .stream_writing import growing_table, write_each
from .watching import RUN_MS, Sighting, Stretch, open_watch

TABLE, SUMMARY = "decisions.csv", "decisions.json"
COLUMNS = ("t_us", "label", "presence", "margin", "row_px", "column_px", *box_columns(), "mask_pixels")


def _row(sighting: Sighting) -> tuple[Any, ...]:
    """The values of `COLUMNS`; presence and margin are empty in a network without readouts."""
    answer, margins = sighting.segmentation, sighting.segmentation.decision.margins
    return (
        sighting.t,
        answer.label,
        "" if answer.presence is None else f"{answer.presence:.4g}",
        "" if margins is None else f"{margins[answer.map]:.4g}",
        *(f"{pixel:g}" for pixel in sighting.place),
        *(f"{edge:g}" if isinstance(edge, float) else edge for edge in box_cells(sighting.box)),
        np.count_nonzero(sighting.mask),
    )


class Film:
    """Draws each stretch with the last decision, as long as that is not older than a stretch.

    Parameters
    ----------
    classes
        All classes of the configuration.
    """

    def __init__(self, classes: Sequence[str]):
        self._classes, self._last = classes, None

    def frame(self, stretch: Stretch) -> Image.Image:
        """Draw the next stretch."""
        buffer = stretch.buffer
        self._last = stretch.sightings[-1] if stretch.sightings else self._last
        if self._last is None or buffer.start - self._last.t > buffer.duration:
            return answer_frame(buffer, np.zeros(buffer.size, bool), None, "", self._classes)
        return answer_frame(buffer, self._last.mask, self._last.box, self._last.segmentation.label, self._classes)


@dataclass
class WatchSummary:
    """Summary of a stream so far, in constant memory.

    Attributes
    ----------
    events
        Number of events.
    first_us, last_us
        Beginning of the first run and end of the last one in microseconds, on the clock of the recording.
    labels
        Number of decisions by class.
    wall_s
        Wall time in seconds, including the time spent waiting for events.
    """

    events: int = 0
    first_us: int | None = None
    last_us: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    wall_s: float = 0.0

    def add(self, stretch: Stretch) -> None:
        """Add a stretch to the summary."""
        if self.first_us is None:
            self.first_us = stretch.buffer.start
        self.last_us = stretch.buffer.start + stretch.buffer.duration
        self.events += len(stretch.buffer.events)
        self.labels.update(sighting.segmentation.label for sighting in stretch.sightings)

    @property
    def decisions(self) -> int:
        """Number of decisions."""
        return self.labels.total()

    @property
    def seconds(self) -> float:
        """Duration of the stream on the clock of the recording, in seconds."""
        return 0.0 if self.first_us is None else (self.last_us - self.first_us) / 1e6

    @property
    def real_time_factor(self) -> float:
        """Real-time factor: seconds of events per second of wall time; 0 if no wall time was measured yet."""
        return self.seconds / self.wall_s if self.wall_s else 0.0

    def to_dict(self) -> dict[str, Any]:
        """The content of decisions.json."""
        return {
            "decisions": self.decisions,
            "labels": dict(self.labels),
            "events": self.events,
            "events_time_s": self.seconds,
            "wall_time_s": self.wall_s,
        }


def record_watch(
    network: TrainedNetwork,
    events: EventStream,
    dt_us: int,
    out: Path,
    device: str,
    video: Path | None = None,
    confidence: float = CONFIDENCE,
    progress: Callable[[WatchSummary], None] = lambda summary: None,
) -> tuple[WatchSummary, BaseException | None]:
    """Watch a stream of events in continuous time and write what is decided.

    Parameters
    ----------
    network
        A network that learned from recordings.
    events
        The stream.
    dt_us
        Duration of a step in microseconds.
    out
        Directory of decisions.csv and decisions.json.
    device
        Where Brian2 simulates.
    video
        A .gif or .mp4 file to draw all runs into; None for no video.
    confidence
        Presence from which on an object counts as there.
    progress
        Receives the summary after every run of the simulator.

    Returns
    -------
    The summary, and what ended the stream early, if anything did: Ctrl-C, or the error of a damaged recording.

    Raises
    ------
    SpikeSegError
        The stream ended before its first event; or see `open_watch` and `open_video`.
    """
    summary = WatchSummary()
    writers: list[Callable[[Stretch], None]] = []
    with ExitStack() as stack:
        if video is not None:
            draw, film = stack.enter_context(open_video(video, round(RUN_MS))), Film(network.config.data.classes)
            writers.append(lambda stretch: draw(film.frame(stretch)))
        watch = stack.enter_context(open_watch(network, events.sensor(), dt_us, events.name, device, confidence))
        add = stack.enter_context(growing_table(out / TABLE, COLUMNS))
        writers += [lambda stretch: add(map(_row, stretch.sightings)), summary.add]
        (out / SUMMARY).unlink(missing_ok=True)
        stopped = write_each(watch.see(events), writers, summary, progress)
        if summary.first_us is None:
            raise stopped or SpikeSegError(f"{events.name} holds no events")
    write_json(out / SUMMARY, summary.to_dict())
    return summary, stopped
