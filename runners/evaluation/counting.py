"""Count objects: scenes of several, each told apart and compared with what is there."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.table import Table

from spikeseg.boxes import Box
from spikeseg.files import replacing, write_json
from spikeseg.provenance import provenance

from ...analysis.figures.overlays import gallery
from ...analysis.figures.style import save
from ...analysis.measures.counting import CountReport, Scene, assign, count_report
from ...datasets.stimuli import samples
from ..inference.segmenting import BATCH, open_segmenter
from .evaluation import EXAMPLES, Answer
from .selection import Selection, evenly_spaced


@dataclass(frozen=True)
class Counting:
    """What was measured: a report, the scenes that it is about, and some of them to be looked at."""

    report: CountReport
    scenes: list[Scene]
    examples: list[Answer]


def count_objects(
    selection: Selection, device: str, progress: Callable[[int], None] = lambda done: None, jobs: int = 1
) -> Counting:
    """Tell the objects of every selected scene apart; see `selection.grouped`.

    `progress` is told the number of scenes done; `jobs` simulations run at a time.

    Raises
    ------
    SpikeSegError
        A picture or annotation cannot be read, or the simulation fails.
    """
    keep = set(evenly_spaced(range(len(selection.indices)), EXAMPLES))
    scenes: list[Scene] = []
    examples: list[Answer] = []
    shown = samples(selection.dataset, selection.indices, selection.network.config.input)
    with open_segmenter(selection.network, [selection.size], device, jobs) as segmenter:
        while batch := list(islice(shown, BATCH)):
            found = segmenter.instances([sample.view for sample in batch])
            for sample, instances in zip(batch, found, strict=True):
                segmentations = [instance.segmentation for instance in instances]
                if len(scenes) in keep:
                    examples.append(Answer(sample, segmentations))
                scenes.append(assign(sample.name, sample.targets, segmentations))
                progress(len(scenes))
    return Counting(count_report(scenes), scenes, examples)


def present_counts(
    counting: Counting, selection: Selection, part: str, directory: Path, device: str, console: Console
) -> None:
    """Print the tables; write metrics.json, objects.csv and pictures to `directory`."""
    network = selection.network
    console.print(f"{network.config.name} on {selection.source}, {part}")
    console.print(_count_table(counting.report))
    console.print(_report_table(counting.report))
    items = [(a.sample.image, a.segmentations, a.sample.targets, a.sample.name) for a in counting.examples]
    save(gallery(items, network.config.data.classes, columns=3, numbered=True), directory / "figures" / "gallery.png")
    write_objects(directory / "objects.csv", counting.scenes)
    context = {
        "input": network.config.input.model_dump(mode="json"),
        "name": network.config.name,
        "seed": network.config.seed,
        "data": selection.source,
        "split": part,
        "decoder_mode": network.config.decoder.mode,
        "training": network.provenance,
        "evaluation": provenance(None, device),
    }
    write_json(directory / "metrics.json", asdict(counting.report) | context)
    console.print(f"metrics.json, objects.csv and figures in {directory}", soft_wrap=True)


def write_objects(path: Path, scenes: Sequence[Scene]) -> None:
    """One CSV row per object, boxes in the picture's pixels. Raises SpikeSegError where the file system refuses."""
    edges = [f"{kind}_{edge}_px" for kind in ("true", "predicted") for edge in Box._fields]
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["scene", "objects", "instances", "true_label", "predicted_label", "iou", "pixel_iou", *edges])
        for scene in scenes:
            for row in scene.matches:
                boxes = [edge for box in (row.box, row.predicted_box) for edge in box or [""] * 4]
                counts = len(scene.matches), scene.instances
                writer.writerow([row.scene, *counts, row.label, row.predicted_label, row.iou, row.pixel_iou, *boxes])


def _count_table(report: CountReport) -> Table:
    """Scenes by the number of their objects and by the number of instances found."""
    table = Table(title="scenes with so many objects, and found in them", title_justify="left")
    table.add_column("objects", justify="right")
    for instances in next(iter(report.counts.values())):
        table.add_column(instances, justify="right")
    for objects, row in report.counts.items():
        table.add_row(objects, *map(str, row.values()))
    return table


def _report_table(report: CountReport) -> Table:
    table = Table(show_header=False)
    for name, value, percent in (
        ("scenes with the right count", report.count_accuracy, True),
        ("scenes with the right count, and every object found with its class", report.all_right, True),
        ("objects found: IoU of boxes at least 0.5", report.found, True),
        ("class right, of objects with an instance", report.label_accuracy, True),
        ("IoU of boxes, missed objects counting as 0", report.miou, False),
        ("IoU of boxes, of objects with an instance", report.miou_assigned, False),
        ("IoU of pixels, missed objects counting as 0", report.pixel_iou, False),
    ):
        if value is not None:
            table.add_row(name, f"{100 * value:.1f} %" if percent else f"{value:.3f}")
    return table
