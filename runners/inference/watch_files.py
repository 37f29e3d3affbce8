"""Write what is decided in continuous time, or of tracked objects: a row per decision at once, a film, a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image

from spikeseg.boxes import box_cells, box_columns
from spikeseg.errors import SpikeSegError
from spikeseg.files import write_json

from ...analysis.painting.event_film import SHORTEST
from ...analysis.painting.stream_frames import Shown, answer_frame, tracks_frame
from ...analysis.painting.video import open_video
from ...datasets.events.formats import EventStream
from .stream_writing import growing_table, write_each
from .watching import RUN_MS, Sighting, Stretch

TABLE, SUMMARY = "decisions.csv", "decisions.json"
COLUMNS = ("t_us", "track", "label", "presence", "margin", "row_px", "column_px", *box_columns(), "mask_pixels")


def _columns(tracks: bool) -> tuple[str, ...]:
    return COLUMNS if tracks else tuple(column for column in COLUMNS if column != "track")


def _row(sighting: Sighting, tracks: bool) -> tuple[Any, ...]:
    """The values of the columns; presence and margin are empty without readouts, and of tracked objects."""
    answer, margins = sighting.segmentation, sighting.segmentation.decision.margins
    return (
        sighting.t,
        *((sighting.track or "",) if tracks else ()),
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


def tracks_shown(stretch: Stretch) -> Image.Image:
    """Draw a stretch with the objects of its last decisions that have a number."""
    last = max((one.t for one in stretch.sightings), default=0)
    shown = [
        Shown(one.mask, one.box, one.track - 1, f"{one.track} {one.segmentation.label}")
        for one in stretch.sightings
        if one.t == last and one.track is not None
    ]
    return tracks_frame(stretch.buffer, shown)


@dataclass
class TrackSummary:
    """Summary of a track: its decisions by class, and when, in microseconds, the first and the last of them came."""

    first_us: int
    last_us: int
    labels: Counter[str] = field(default_factory=Counter)

    def to_dict(self) -> dict[str, Any]:
        """Its entry in decisions.json."""
        label = self.labels.most_common(1)[0][0]
        return {"label": label, "first_us": self.first_us, "last_us": self.last_us, "labels": dict(self.labels)}


@dataclass
class WatchSummary:
    """Summary of a stream so far, in constant memory but for the number of tracks.

    Attributes
    ----------
    events
        Number of events.
    first_us, last_us
        Beginning of the first run and end of the last one in microseconds, on the clock of the recording.
    labels
        Number of decisions by class.
    tracks
        Tracked objects by number; None where objects are not tracked.
    wall_s
        Wall time in seconds, including the time spent waiting for events.
    """

    events: int = 0
    first_us: int | None = None
    last_us: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    tracks: dict[int, TrackSummary] | None = None
    wall_s: float = 0.0

    def add(self, stretch: Stretch) -> None:
        """Add a stretch to the summary."""
        if self.first_us is None:
            self.first_us = stretch.buffer.start
        self.last_us = stretch.buffer.start + stretch.buffer.duration
        self.events += len(stretch.buffer.events)
        self.labels.update(sighting.segmentation.label for sighting in stretch.sightings)
        for one in stretch.sightings:
            if self.tracks is not None and one.track is not None:
                track = self.tracks.setdefault(one.track, TrackSummary(one.t, one.t))
                track.last_us = one.t
                track.labels[one.segmentation.label] += 1

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
            **({} if self.tracks is None else {"tracks": {n: one.to_dict() for n, one in self.tracks.items()}}),
        }


class Watched(Protocol):
    """A `Watch`, or a `TrackedStream`."""

    def see(self, packets: Iterable[np.ndarray]) -> Iterator[Stretch]:
        """Yield what is seen of the events."""
        ...


def record_watch(
    opening: AbstractContextManager[Watched],
    classes: Sequence[str],
    events: EventStream,
    out: Path,
    frame_ms: float = RUN_MS,
    tracks: bool = False,
    video: Path | None = None,
    progress: Callable[[WatchSummary], None] = lambda summary: None,
) -> tuple[WatchSummary, BaseException | None]:
    """Watch a stream of events and write what is decided.

    Parameters
    ----------
    opening
        Of what looks at it: `open_watch` or `open_tracks`.
    classes
        Of the network.
    events
        The stream.
    out
        Directory of decisions.csv and decisions.json.
    frame_ms
        Duration of a stretch, and of its frame of the film, in milliseconds.
    tracks
        Whether objects are tracked.
    video
        A .gif or .mp4 file to draw all stretches into; None for no video.
    progress
        Receives the summary after every stretch.

    Returns
    -------
    The summary, and what ended the stream early, if anything did: Ctrl-C, or the error of a damaged recording.

    Raises
    ------
    SpikeSegError
        The stream ended before its first event; or see `open_watch`, `open_tracks` and `open_video`.
    """
    summary = WatchSummary(tracks={} if tracks else None)
    writers: list[Callable[[Stretch], None]] = []
    with ExitStack() as stack:
        if video is not None:
            draw = stack.enter_context(open_video(video, max(round(frame_ms), SHORTEST)))
            frame = tracks_shown if tracks else Film(classes).frame
            writers.append(lambda stretch: draw(frame(stretch)))
        watch = stack.enter_context(opening)
        add = stack.enter_context(growing_table(out / TABLE, _columns(tracks)))
        writers += [lambda stretch: add(_row(one, tracks) for one in stretch.sightings), summary.add]
        (out / SUMMARY).unlink(missing_ok=True)
        stopped = write_each(watch.see(events), writers, summary, progress)
        if summary.first_us is None:
            raise stopped or SpikeSegError(f"{events.name} holds no events")
    write_json(out / SUMMARY, summary.to_dict())
    return summary, stopped
