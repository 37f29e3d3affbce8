"""A stream recorded: a row per buffer as it comes, a video, and a summary at the end."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
from PIL import Image

from spikeseg.boxes import box_cells, box_columns
from spikeseg.errors import SpikeSegError
from spikeseg.files import write_json

from ...analysis.figures.event_film import SHORTEST
from ...analysis.figures.streams import frame, latencies
from ...analysis.figures.style import save
from ...analysis.figures.video import open_video
from ...datasets.events.formats import EventStream
from ...models.network import TrainedNetwork
from .streaming import Moment, open_stream

SUMMARY, PICTURE = "latency.json", "latency.png"
COLUMNS = (
    "start_us",
    "end_us",
    "events",
    "label",
    "score",
    "first_label",
    "decided_us",
    "latency_ms",
    *box_columns(),
    "mask_pixels",
)


@contextmanager
def table(path: Path) -> Iterator[Callable[[Moment], None]]:
    """Give a function that appends a row of `COLUMNS`; whoever reads the CSV file meanwhile sees whole rows.

    Raises
    ------
    SpikeSegError
        The file system refused.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)

            def add(moment: Moment) -> None:
                writer.writerow(_row(moment))
                file.flush()

            yield add
    except OSError as error:
        raise SpikeSegError(f"cannot write {path}: {error.strerror or error}") from error


def _row(moment: Moment) -> tuple[Any, ...]:
    """The values of `COLUMNS`; times on the clock of the recording, empty where nothing was decided."""
    buffer, said, first = moment.buffer, moment.segmentation, moment.verdict
    decided = "" if first.first_ms is None else buffer.start + round(1000 * first.first_ms)
    return (
        buffer.start,
        buffer.start + buffer.duration,
        len(buffer.events),
        said.label,
        f"{said.decision.scores[said.map]:.4g}",
        first.first_label or "",
        decided,
        "" if first.first_ms is None else f"{first.first_ms:g}",
        *(f"{edge:g}" if isinstance(edge, float) else edge for edge in box_cells(moment.box)),
        np.count_nonzero(moment.mask),
    )


def drawn(moment: Moment, classes: Sequence[str]) -> Image.Image:
    """A frame of the video: the answer is drawn where Conv3 spiked."""
    label = moment.segmentation.label if moment.verdict.first_ms is not None else ""
    return frame(moment.buffer, moment.mask, moment.box, label, classes)


@dataclass
class Summary:
    """What a stream came to; adds up moments in constant memory.

    Attributes
    ----------
    buffers, events
        How many were seen; an event counts once, however many buffers it is in.
    first_us, last_us
        Where the first buffer began and the last one ended.
    labels
        Buffers per answer, of those that were decided.
    latencies
        Buffers per millisecond (rounded up) of the events' time until the first Conv3 spike; the others had none.
    wall_s
        Seconds that it took, waiting for events included.
    """

    buffers: int = 0
    events: int = 0
    first_us: int = 0
    last_us: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    latencies: Counter[int] = field(default_factory=Counter)
    wall_s: float = 0.0

    def add(self, moment: Moment) -> None:
        """Count a moment."""
        if not self.buffers:
            self.first_us = self.last_us = moment.buffer.start
        self.buffers += 1
        self.events += int((moment.buffer.events["t"] >= self.last_us).sum())  # buffers may overlap
        self.last_us = moment.buffer.start + moment.buffer.duration
        if moment.verdict.first_ms is not None:
            self.labels[moment.segmentation.label] += 1
            self.latencies[math.ceil(moment.verdict.first_ms)] += 1

    @property
    def decided(self) -> int:
        """Buffers with a Conv3 spike."""
        return self.latencies.total()

    def latency(self, share: float) -> int | None:
        """Milliseconds by which this share of all buffers was decided; None where fewer ever were."""
        reached = 0
        for ms in sorted(self.latencies):
            reached += self.latencies[ms]
            if reached >= share * self.buffers:
                return ms
        return None

    @property
    def seconds(self) -> float:
        """Time on the clock of the events, in seconds."""
        return (self.last_us - self.first_us) / 1e6

    @property
    def real_time_factor(self) -> float:
        """Seconds of events per second of wall time; 0 before any was measured."""
        return self.seconds / self.wall_s if self.wall_s else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Fit for JSON."""
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
    """Remove the summary of an earlier stream, which says nothing about the new one."""
    for name in (SUMMARY, PICTURE):
        (directory / name).unlink(missing_ok=True)


def write_summary(directory: Path, summary: Summary, duration_ms: float) -> None:
    """latency.json, and latency.png for people. Raises SpikeSegError where the file system refuses."""
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
    progress: Callable[[Summary], None] = lambda summary: None,
) -> tuple[Summary, BaseException | None]:
    """Segment a stream of events buffer by buffer and write what is seen.

    Parameters
    ----------
    duration_ms, step_ms
        Of a buffer, and from one to the next.
    out
        Directory of stream.csv, latency.json and latency.png.
    video
        A .gif or .mp4 of all buffers; none by default.
    progress
        Called after every buffer.

    Returns
    -------
    The summary, and what ended the stream early: Ctrl-C, or an error from where on the recording is damaged.

    Raises
    ------
    SpikeSegError
        No buffer was seen, or what `open_stream` and `open_video` raise.
    """
    summary, stopped = Summary(), None
    keep: list[Callable[[Moment], None]] = []
    with ExitStack() as stack:
        if video is not None:
            draw = stack.enter_context(open_video(video, max(round(step_ms), SHORTEST)))
            keep.append(lambda moment: draw(drawn(moment, network.config.data.classes)))
        stream = stack.enter_context(open_stream(network, events.sensor(), duration_ms, step_ms, events.name, device))
        keep += [stack.enter_context(table(out / "stream.csv")), summary.add]
        forget_summary(out)
        begun = monotonic()
        try:
            for moment in stream.see(events):
                for remember in keep:
                    remember(moment)
                summary.wall_s = monotonic() - begun
                progress(summary)
        except (KeyboardInterrupt, SpikeSegError) as error:
            stopped = error
        if not summary.buffers:
            raise stopped or SpikeSegError(f"{events.name} holds no events")
    write_summary(out, summary, duration_ms)
    return summary, stopped
