"""All tables that are printed on the terminal; they fit into 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Column, Table

from ...analysis.measures.formatting import (
    ACCURACY,
    MIOU,
    READOUTS,
    STRICT,
    STRICT_MIOU,
    overlap,
    percent,
    result_lines,
)

if TYPE_CHECKING:
    from spikeseg.cache import Kept

    from ...analysis.decoding.decisions import DecisionSummary
    from ...analysis.measures.counting import CountReport
    from ...analysis.measures.event_comparison import EventSummary
    from ...analysis.measures.metrics import Report
    from ...analysis.measures.presence import ClassPresence
    from ...configs.reference import Key
    from ...datasets.camera.ornament_tour import Stop
    from ...datasets.events.formats import EventStream
    from ...datasets.events.statistics import Statistics
    from ...datasets.own.survey import Survey
    from ..evaluation.readouts import Readout
    from ..inference.stream_files import Summary
    from ..inference.watch_files import WatchSummary


def report_table(report: Report, title: str) -> Table:
    """Accuracy and mIoU, per class and overall, with the baselines below."""
    caption = f"strict: {STRICT}; constant boxes are given the true class"
    table = Table(title=title, caption=caption, title_justify="left", caption_justify="left")
    table.add_column("")
    for heading in ("n", ACCURACY, MIOU, STRICT_MIOU):
        table.add_column(heading, justify="right")
    styles = {"total": "bold", "baselines": "dim"}
    for section, lines in result_lines(report.to_dict()).items():
        for line in lines:
            count = "" if line.n is None else f"{line.n:,}"
            cells = percent(line.accuracy), overlap(line.miou), overlap(line.miou_strict)
            table.add_row(line.name, count, *cells, style=styles.get(section))
        table.add_section()
    return table


def decisions_table(decisions: DecisionSummary) -> Table:
    """For recordings: accuracy over all buffers of each recording, and latency of the decisions."""
    table = Table(show_header=False)
    first, median = decisions.first_spike_accuracy, decisions.median_ms
    for name, value in (
        (
            f"accuracy over the buffers of each of {decisions.recordings} recordings",
            percent(decisions.recording_accuracy),
        ),
        ("accuracy of the first Conv3 spike", "" if first is None else percent(first)),
        ("latency of the first Conv3 spike, median", "never" if median is None else f"{median:.1f} ms"),
        ("buffers without a Conv3 spike", percent(decisions.undecided)),
    ):
        table.add_row(name, value)
    return table


def presence_table(presence: Mapping[str, ClassPresence]) -> Table:
    """Whether objects are said to be there where they are, and where they are not."""
    caption = '"always" and "never" have an informedness of 0 and an area of 0.5'
    table = Table(title="is it there?", caption=caption, title_justify="left", caption_justify="left")
    table.add_column("")
    for heading in ("recall", "false alarms", "informedness", "area under the curve"):
        table.add_column(heading, justify="right")
    for label, told in presence.items():
        measured = percent(told.recall), percent(told.false_alarm_rate), f"{told.informedness:.3f}", f"{told.area:.3f}"
        table.add_row(label, *measured, style="bold")
        for name, rate in told.false_alarms.items():
            table.add_row(f"  {name}", "", percent(rate), "", "", style="dim")
    return table


def readout_table(kind: str, readout: Readout) -> Table:
    """Accuracy of a readout, and of what it answers without the recording in question."""
    title = f"{READOUTS[kind].format(' and '.join(readout.layers))}; {readout.train:,} labels"
    caption = "training: answers without the picture or recording itself, by which what is free was chosen"
    table = Table(title=title, caption=caption, title_justify="left", caption_justify="left")
    table.add_column("")
    for heading in ("n", ACCURACY, "training"):
        table.add_column(heading, justify="right")
    of_recordings = readout.recordings
    rows = {"per buffer" if of_recordings else "per picture": readout.stimuli, "by recording": of_recordings}
    for name, answers in rows.items():
        if answers is not None:
            table.add_row(name, f"{answers.n:,}", percent(answers.accuracy), percent(answers.left_out))
    return table


def count_table(report: CountReport) -> Table:
    """Number of scenes by the number of their objects and by the number of instances found."""
    table = Table(title="scenes by number of objects and of instances found", title_justify="left")
    table.add_column("objects", justify="right")
    for instances in next(iter(report.counts.values())):
        table.add_column(instances, justify="right")
    for objects, row in report.counts.items():
        table.add_row(objects, *map(str, row.values()))
    return table


def counting_table(report: CountReport) -> Table:
    """How well objects were counted and found."""
    table = Table(show_header=False)
    for name, value, as_percent in (
        ("scenes with the right count", report.count_accuracy, True),
        ("scenes with the right count, and every object found with its class", report.all_right, True),
        ("objects found: IoU of boxes at least 0.5", report.found, True),
        ("class right, of objects with an instance", report.label_accuracy, True),
        ("IoU of boxes, missed objects counting as 0", report.miou, False),
        ("IoU of boxes, of objects with an instance", report.miou_assigned, False),
        ("IoU of pixels, missed objects counting as 0", report.pixel_iou, False),
    ):
        if value is not None:
            table.add_row(name, percent(value) if as_percent else overlap(value))
    return table


def stream_progress(summary: Summary) -> str:
    """One line about the progress of a stream."""
    return f"{summary.buffers} buffers, {summary.seconds:.2f} s of events, {_real_time(summary)}"


def stream_table(summary: Summary, name: str) -> Table:
    """Summary of a stream."""
    table = Table(title=name, title_justify="left", show_header=False)
    rows: list[tuple[str, Any]] = [
        ("buffers, decided", f"{summary.buffers}, {summary.decided}"),
        *((f"  as {label or 'nothing'}", str(count)) for label, count in summary.labels.most_common()),
        ("latency of decisions, median", _ms(summary.latency(0.5))),
        ("  quartiles of all buffers", f"{_ms(summary.latency(0.25))}, {_ms(summary.latency(0.75))}"),
        ("events", f"{summary.events:,} in {summary.seconds:.2f} s"),
        ("wall time", f"{summary.wall_s:.2f} s, {_real_time(summary)}"),
    ]
    for row in rows:
        table.add_row(*row)
    return table


def watch_progress(summary: WatchSummary) -> str:
    """One line about the progress of a stream in continuous time."""
    return f"{summary.decisions} decisions, {summary.seconds:.2f} s of events, {_real_time(summary)}"


def watch_table(summary: WatchSummary, name: str) -> Table:
    """Summary of a stream in continuous time."""
    table = Table(title=name, title_justify="left", show_header=False)
    table.add_row("decisions", f"{summary.decisions:,}")
    for label, count in summary.labels.most_common():
        table.add_row(f"  as {label}", f"{count:,}")
    for number, track in (summary.tracks or {}).items():
        told, decided = track.to_dict(), track.labels.total()
        table.add_row(
            f"track {number}, {told['label']}",
            f"{decided:,} from {track.first_us / 1e6:.2f} to {track.last_us / 1e6:.2f} s",
        )
    table.add_row("events", f"{summary.events:,} in {summary.seconds:.2f} s")
    table.add_row("wall time", f"{summary.wall_s:.2f} s, {_real_time(summary)}")
    return table


def _real_time(summary: Summary | WatchSummary) -> str:
    return f"real-time factor {summary.real_time_factor:.2f}"


def _ms(value: int | None) -> str:
    return "never" if value is None else f"{value} ms"


def configurations_table(summaries: Mapping[str, str]) -> Table:
    """Bundled configurations, or learning rules, with a line about each."""
    table = Table("name", "what it is")
    table.columns[0].no_wrap = True
    for name, summary in summaries.items():
        table.add_row(name, summary)
    return table


def keys_table(keys: Iterable[Key]) -> Table:
    """Keys of a configuration, with their meanings and allowed values."""
    table = Table("key", "meaning", show_lines=True)
    table.columns[0].no_wrap = True
    for key in keys:
        table.add_row(key.key, f"{key.meaning}\n{_value(key)}")
    return table


def _value(key: Key) -> str:
    """Allowed values of a key, such as ``number: > 0; in ms; default 1.0``."""
    default = key.default if key.default == "required" else f"default {key.default}"
    parts = (f"{key.type}: {key.allowed}" if key.allowed else key.type, key.unit and f"in {key.unit}", default)
    return "; ".join(filter(None, parts))


def devices_table(problems: Mapping[str, Sequence[str]]) -> Table:
    """Devices that work, and why the others do not."""
    table = Table("device", "works", "why not")
    for device, found in problems.items():
        table.add_row(device, "no" if found else "yes", "\n".join(found))
    return table


def cache_table(content: Mapping[str, Kept]) -> Table:
    """Kinds of things in the cache, how many there are, and how large."""
    table = Table("kind", Column("number", justify="right"), Column("MB", justify="right"))
    for kind, kept in content.items():
        table.add_row(kind, f"{len(kept.paths):,}", f"{kept.size / 1e6:,.1f}")
    return table


def recording_table(stream: EventStream, statistics: Statistics) -> Table:
    """Format, sensor, times and rates of a recording."""
    from ...datasets.events.statistics import BIN

    events, duration = statistics.events, statistics.duration
    size = stream.size or statistics.extent
    table = Table(show_header=False)
    table.add_row("format", stream.format)
    source = "" if stream.size else "\nas far as its events reach: the file does not say"
    table.add_row("sensor", f"{size[1]} x {size[0]} pixels{source}")
    table.add_row("events", f"{events:,}")
    if events:
        table.add_row("first, last", f"{statistics.first:,} us, {statistics.last:,} us")
        table.add_row("duration", f"{duration / 1e6:.6f} s")
        table.add_row("mean rate", _rate(events, duration) if duration else "none: all of them at once")
        table.add_row("peak rate", f"{_rate(statistics.peak, BIN)} in {BIN / 1000:g} ms")
        table.add_row("polarity", f"{statistics.on / events:.1%} ON, {1 - statistics.on / events:.1%} OFF")
        share, pixels, most = statistics.busiest(size)
        table.add_row("per pixel", f"{events / (size[0] * size[1]):.2f} events, {most:,} at most")
        table.add_row("hot pixels", f"the busiest 1 % of pixels ({pixels:,}) give {share:.1%} of the events")
    for told in stream.left_out:
        table.add_row("invalid, hot", told)
    if stream.truncated:
        table.add_row("cut off", cut_off(stream))
    return table


def streams_table(found: Mapping[str, tuple[EventStream, Statistics]], told: Mapping[str, str]) -> Table:
    """The streams of events of one file: what each calls itself, and how many events it has."""
    table = Table("stream", "", "sensor", "events", "duration")
    for name, (stream, statistics) in found.items():
        size = stream.size or statistics.extent
        duration = f"{statistics.duration / 1e6:.6f} s" if statistics.events else ""
        table.add_row(name, told[name], f"{size[1]} x {size[0]}", f"{statistics.events:,}", duration)
    return table


def tour_table(stops: Sequence[Stop]) -> Table:
    """What a simulated recording shows when."""
    table = Table("from", "to", "what is there")
    for stop in stops:
        table.add_row(f"{stop.start / 1e6:g} s", f"{stop.end / 1e6:g} s", ", ".join(stop.classes) or "nothing")
    return table


def cut_off(stream: EventStream) -> str:
    """A line about where a file is incomplete."""
    return f"the file ends with {stream.truncated}; all events before that are there"


def _rate(events: int, duration: int) -> str:
    """An event rate as text; `duration` in microseconds."""
    rate = 1e6 * events / duration
    return f"{rate / 1e6:.2f} million/s" if rate >= 1e6 else f"{rate:,.0f}/s"


def comparison_table(summaries: dict[str, EventSummary]) -> Table:
    """Two sets of recordings side by side."""
    from ...analysis.measures.event_comparison import rate_correlation, rows

    correlation = rate_correlation(*summaries.values())
    caption = f"correlation of the rates over time: {correlation:.2f}"
    table = Table(caption=caption, caption_justify="left")
    table.add_column("")
    for name in summaries:
        table.add_column(name, justify="right", overflow="fold")
    columns = [rows(summary) for summary in summaries.values()]
    for label in columns[0]:
        table.add_row(label, *(_number(column[label]) for column in columns))
    return table


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def survey_table(survey: Survey) -> Table:
    """What data of your own look like."""
    table = Table(show_header=False)
    for label, count in survey.counts.items():
        table.add_row(label, str(count))
    table.add_section()
    for what, value in survey.described().items():
        table.add_row(what, value)
    return table
