"""Write the answers to a stream: a row per buffer at once, a video, and a summary at the end."""

from __future__ import annotations

import math
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
from ...analysis.painting.event_film import SHORTEST
from ...analysis.painting.stream_frames import answer_frame
from ...analysis.painting.video import open_video
from ...datasets.events.formats import EventStream
from ...models.network import TrainedNetwork
from .segmenting import response_over_threshold
from .stream_writing import growing_table, write_each
from .streaming import Moment, open_stream

SUMMARY, PICTURE = "latency.json", "latency.png"
COLUMNS = (
    "start_us",
    "end_us",
    "events",
    "label",
    "score",
    "presence",
    "first_label",
    "decided_us",
    "latency_ms",
    *box_columns(),
    "mask_pixels",
)


def _row(moment: Moment) -> tuple[Any, ...]:
    """The values of `COLUMNS`. Times are on the clock of the recording; they are empty if nothing was decided."""
    buffer, answer, decision = moment.buffer, moment.segmentation, moment.decision
    decided = "" if decision.first_ms is None else buffer.start + round(1000 * decision.first_ms)
    return (
        buffer.start,
        buffer.start + buffer.duration,
        len(buffer.events),
        answer.label if moment.present else "",
        f"{response_over_threshold(answer):.4g}",
        "" if answer.presence is None else f"{answer.presence:.4g}",
        decision.first_label or "",
        decided,
        "" if decision.first_ms is None else f"{decision.first_ms:g}",
        *(f"{edge:g}" if isinstance(edge, float) else edge for edge in box_cells(moment.box)),
        np.count_nonzero(moment.mask),
    )


def drawn(moment: Moment, classes: Sequence[str]) -> Image.Image:
    """Draw a frame of the video, with an answer only where something is there."""
    if not moment.present:
        return answer_frame(moment.buffer, np.zeros_like(moment.mask), None, "", classes)
    return answer_frame(moment.buffer, moment.mask, moment.box, moment.segmentation.label, classes)


@dataclass
class Summary:
    """Summary of a stream so far, in constant memory.

    Attributes
    ----------
    buffers, events
        Number of buffers and of events. An event in several overlapping buffers counts once.
    first_us, last_us
        Start of the first buffer and end of the last one in microseconds, on the clock of the recording.
    labels
        Number of buffers by answer; "" is nothing.
    latencies
        Number of decided buffers by the latency of the first Conv3 spike in milliseconds, rounded up.
    wall_s
        Wall time in seconds, including the time spent waiting for events.
    """

    buffers: int = 0
    events: int = 0
    first_us: int = 0
    last_us: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    latencies: Counter[int] = field(default_factory=Counter)
    wall_s: float = 0.0

    def add(self, moment: Moment) -> None:
        """Add a moment to the summary."""
        if not self.buffers:
            self.first_us = self.last_us = moment.buffer.start
        self.buffers += 1
        self.events += int((moment.buffer.events["t"] >= self.last_us).sum())  # buffers may overlap
        self.last_us = moment.buffer.start + moment.buffer.duration
        self.labels[moment.segmentation.label if moment.present else ""] += 1
        if moment.decision.first_ms is not None:
            self.latencies[math.ceil(moment.decision.first_ms)] += 1

    @property
    def decided(self) -> int:
        """Buffers with a Conv3 spike."""
        return self.latencies.total()

    def latency(self, share: float) -> int | None:
        """Latency in milliseconds within which this fraction of all buffers was decided; None if fewer ever were."""
        reached = 0
        for ms in sorted(self.latencies):
            reached += self.latencies[ms]
            if reached >= share * self.buffers:
                return ms
        return None

    @property
    def seconds(self) -> float:
        """Duration of the stream on the clock of the recording, in seconds."""
        return (self.last_us - self.first_us) / 1e6

    @property
    def real_time_factor(self) -> float:
        """Real-time factor: seconds of events per second of wall time; 0 if no wall time was measured yet."""
        return self.seconds / self.wall_s if self.wall_s else 0.0

    def to_dict(self) -> dict[str, Any]:
        """The content of latency.json."""
        return {
            "buffers": self.buffers,
            "decided": self.decided,
            "events": self.events,
            "events_time_s": self.seconds,
            "wall_time_s": self.wall_s,
            "labels": dict(self.labels),
            "latency_ms": {f"{share:.0%}": self.latency(share) for share in (0.25, 0.5, 0.75)},
            "buffers_by_latency_ms": dict(sorted(self.latencies.items())),
        }


def forget_summary(directory: Path) -> None:
    """Remove the summary of an earlier stream from the directory."""
    for name in (SUMMARY, PICTURE):
        (directory / name).unlink(missing_ok=True)


def write_summary(directory: Path, summary: Summary, duration_ms: float) -> None:
    """Write latency.json, and its figure latency.png. Raises SpikeSegError if the file system refuses."""
    # Slow to import, and a live stream is answered before.
    from ...analysis.figures.streams import latencies
    from ...analysis.figures.style import save

    write_json(directory / SUMMARY, summary.to_dict())
    save(latencies(summary.latencies, summary.buffers, duration_ms), directory / PICTURE)


def record_stream(
    network: TrainedNetwork,
    events: EventStream,
    duration_ms: float,
    step_ms: float,
    out: Path,
    device: str,
    video: Path | None = None,
    confidence: float = CONFIDENCE,
    progress: Callable[[Summary], None] = lambda summary: None,
) -> tuple[Summary, BaseException | None]:
    """Segment a stream of events buffer by buffer and write the answers.

    Parameters
    ----------
    network
        A network that learned from recordings.
    events
        The stream.
    duration_ms, step_ms
        Duration of a buffer, and time from the start of one buffer to the start of the next, in milliseconds.
    out
        Directory of stream.csv, latency.json and latency.png.
    device
        Where Brian2 simulates.
    video
        A .gif or .mp4 file to draw all buffers into; None for no video.
    confidence
        Presence from which on an object counts as there.
    progress
        Receives the summary after every buffer.

    Returns
    -------
    The summary, and what ended the stream early, if anything did: Ctrl-C, or the error of a damaged recording.

    Raises
    ------
    SpikeSegError
        The stream ended before the first buffer; or see `open_stream` and `open_video`.
    """
    summary = Summary()
    writers: list[Callable[[Moment], None]] = []
    with ExitStack() as stack:
        if video is not None:
            draw = stack.enter_context(open_video(video, max(round(step_ms), SHORTEST)))
            writers.append(lambda moment: draw(drawn(moment, network.config.data.classes)))
        stream = stack.enter_context(
            open_stream(network, events.sensor(), duration_ms, step_ms, events.name, device, confidence)
        )
        add = stack.enter_context(growing_table(out / "stream.csv", COLUMNS))
        writers += [lambda moment: add([_row(moment)]), summary.add]
        forget_summary(out)
        stopped = write_each(stream.see(events), writers, summary, progress)
        if not summary.buffers:
            raise stopped or SpikeSegError(f"{events.name} holds no events")
    write_summary(out, summary, duration_ms)
    return summary, stopped
