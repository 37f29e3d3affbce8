"""What people look at: tables on the terminal, figures and files in a directory."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from spikeseg.spikes import Recorded

from ...analysis.decoding.decisions import Decisions
from ...analysis.decoding.segmentation import segment_one
from ...analysis.figures.overlays import gallery
from ...analysis.figures.results import scores
from ...analysis.figures.stimulus import latent_sheet, raster
from ...analysis.figures.style import save
from ...analysis.measures.metrics import Baselines, Report
from ...datasets.stimuli import stimuli
from ..inference.encoding import open_encoder
from .evaluation import Evaluation, write_metrics, write_outcomes
from .selection import Selection


def report_table(report: Report, title: str) -> Table:
    """Accuracy and mIoU, per class and overall, with the baselines below; fits 80 columns."""
    caption = "strict: a wrong class counts as IoU 0; constant boxes are given the true class"
    table = Table(title=title, caption=caption, title_justify="left", caption_justify="left")
    table.add_column("")
    for heading in ("n", "accuracy", "mIoU", "strict mIoU"):
        table.add_column(heading, justify="right")
    for label, row in report.per_class.items():
        table.add_row(label, str(row.n), _percent(row.accuracy), _iou(row.miou), _iou(row.miou_strict))
    table.add_section()
    overall = str(report.n), _percent(report.accuracy), _iou(report.miou), _iou(report.miou_strict)
    table.add_row("all", *overall, style="bold")
    if report.n_boxes:
        means = _iou(report.miou_class_mean), _iou(report.miou_strict_class_mean)
        table.add_row("mean of classes", "", "", *means, style="bold")
    table.add_section()
    _add_baselines(table, report.baselines)
    if report.pixel_iou:
        table.add_section()
        for label, value in report.pixel_iou.items():
            table.add_row(f"pixel IoU of {label}", "", "", _iou(value))
    return table


def _add_baselines(table: Table, baselines: Baselines) -> None:
    table.add_row("baseline: majority class", "", _percent(baselines.majority_class_accuracy), style="dim")
    for name, overlap in (
        ("baseline: box of all events", baselines.event_box),
        ("baseline: constant box per class", baselines.constant_box),
        ("the same, fitted to these images", baselines.constant_box_oracle),
    ):
        if overlap is not None and overlap.miou is not None:
            table.add_row(name, "", "", _iou(overlap.miou), style="dim")
            table.add_row("  mean of classes", "", "", _iou(overlap.miou_class_mean), style="dim")


def decisions_table(decisions: Decisions) -> Table:
    """What recordings add: the answer over all buffers of each, and how soon a buffer is decided."""
    table = Table(show_header=False)
    first, median = decisions.first_spike_accuracy, decisions.median_ms
    for name, value in (
        (
            f"accuracy over the buffers of each of {decisions.recordings} recordings",
            _percent(decisions.recording_accuracy),
        ),
        ("accuracy of the first Conv3 spike", "" if first is None else _percent(first)),
        ("events' time to the first Conv3 spike, median", "never" if median is None else f"{median:.1f} ms"),
        ("buffers without a Conv3 spike", _percent(decisions.undecided)),
    ):
        table.add_row(name, value)
    return table


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _iou(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def present(
    evaluation: Evaluation, selection: Selection, part: str, directory: Path, device: str, console: Console
) -> None:
    """Print the table; write metrics.json, outcomes.csv and pictures to `directory`."""
    network = selection.network
    console.print(report_table(evaluation.report, f"{network.config.name} on {selection.source}, {part}"))
    if evaluation.decisions is not None:
        console.print(decisions_table(evaluation.decisions))
    draw_evaluation(evaluation, selection, directory / "figures", device)
    write_outcomes(directory / "outcomes.csv", evaluation.outcomes)
    write_metrics(directory / "metrics.json", evaluation, selection, part, device)
    console.print(f"metrics.json, outcomes.csv and figures in {directory}", soft_wrap=True)


def draw_evaluation(evaluation: Evaluation, selection: Selection, directory: Path, device: str) -> None:
    """A gallery, the scores beside the baselines, and one stimulus seen through: latent sheet and raster."""
    items = [(a.sample.image, a.segmentations, a.sample.targets, a.sample.name) for a in evaluation.examples]
    classes = selection.network.config.data.classes
    save(gallery(items, classes), directory / "gallery.png")
    save(scores(evaluation.report), directory / "scores.png")
    example = evaluation.examples[0]
    config = selection.network.config
    with open_encoder(config, selection.size, device) as encoder:
        inputs = stimuli([example.sample.view], config.input, selection.size)
        spikes = encoder.encode(selection.network, inputs)
    segmentation = segment_one(selection.network, Recorded(spikes)[0])
    save(latent_sheet(selection.network, spikes, 0, segmentation), directory / "latent-to-pixel.png")
    save(raster(selection.network, spikes, 0), directory / "raster.png")
