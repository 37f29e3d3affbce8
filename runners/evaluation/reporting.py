"""Write the results of an evaluation to a directory: the report, a row per object, and figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from spikeseg.boxes import box_cells, box_columns
from spikeseg.files import write_json, write_table
from spikeseg.provenance import provenance
from spikeseg.spikes import Recorded

from ...analysis.decoding.segmentation import segment_one
from ...analysis.figures.answers import confusion_matrix
from ...analysis.figures.presence import presence_curves
from ...analysis.figures.results import scores
from ...analysis.figures.stimulus import latent_sheet, raster
from ...analysis.figures.style import save
from ...analysis.measures.counting import CountedScene
from ...analysis.measures.formatting import READOUTS
from ...analysis.measures.metrics import Outcome
from ...analysis.painting.gallery import write_gallery
from ...datasets.stimuli import stimuli
from ..inference.encoding import open_encoder
from .counting import Counting
from .evaluation import Evaluation, SegmentedSample
from .readouts import Readout
from .selection import Selection

BOXES = [*box_columns("true_"), *box_columns("predicted_")]


def write_evaluation(evaluation: Evaluation, selection: Selection, part: str, directory: Path, device: str) -> None:
    """Write metrics.json, outcomes.csv and figures, see `draw_evaluation`.

    Parameters
    ----------
    evaluation, selection
        What was measured, and on what.
    part
        Part of the split.
    directory
        Directory of the results.
    device
        Where Brian2 simulates.

    Raises
    ------
    SpikeSegError
        The file system refuses, or the simulation of the example fails.
    """
    draw_evaluation(evaluation, selection, directory / "figures", device)
    write_outcomes(directory / "outcomes.csv", evaluation.outcomes)
    write_metrics(directory / "metrics.json", evaluation, selection, part, device)


def draw_evaluation(evaluation: Evaluation, selection: Selection, directory: Path, device: str) -> None:
    """Draw a gallery, scores, confusions, curves of presence, and of one stimulus the latent sheet and the raster."""
    network, config = selection.network, selection.network.config
    write_gallery(directory / "gallery.png", _gallery_items(evaluation.examples), config.data.classes)
    save(scores(evaluation.report), directory / "scores.png")
    save(confusion_matrix(evaluation.report.confusion, config.data.classes), directory / "confusion.png")
    for kind, readout in readouts(evaluation).items():
        title = f"Confusion, {kind}: {' and '.join(readout.layers)}"
        drawn = confusion_matrix(readout.by_all.confusion, config.data.classes, title)
        save(drawn, directory / f"confusion-{kind}.png")
    if evaluation.presence:
        save(presence_curves(evaluation.presence), directory / "presence.png")
    with open_encoder(config, selection.size, device) as encoder:
        inputs = stimuli([evaluation.examples[0].sample.view], config.input, selection.size)
        spikes = encoder.encode(network, inputs)
    segmentation = segment_one(network, Recorded(spikes)[0])
    save(latent_sheet(network, spikes, 0, segmentation), directory / "latent-to-pixel.png")
    save(raster(network, spikes, 0), directory / "raster.png")


def readouts(evaluation: Evaluation) -> dict[str, Readout]:
    """The readouts that were asked for, by their names in metrics.json."""
    found = {name: getattr(evaluation, name) for name in READOUTS}
    return {kind: readout for kind, readout in found.items() if readout is not None}


def write_counting(counting: Counting, selection: Selection, part: str, directory: Path, device: str) -> None:
    """Write metrics.json, objects.csv and a gallery. Raises SpikeSegError if the file system refuses."""
    classes = selection.network.config.data.classes
    gallery = directory / "figures" / "gallery.png"
    write_gallery(gallery, _gallery_items(counting.examples), classes, columns=3, numbered=True)
    write_objects(directory / "objects.csv", counting.scenes)
    write_json(directory / "metrics.json", asdict(counting.report) | _context(selection, part, device))


def _gallery_items(examples: Sequence[SegmentedSample]) -> list[tuple]:
    return [(one.sample.image, one.segmentations, one.sample.targets, one.sample.name) for one in examples]


def write_metrics(path: Path, evaluation: Evaluation, selection: Selection, part: str, device: str) -> None:
    """Write the report as JSON, with what it was measured on. Raises SpikeSegError if the file system refuses."""
    measured = {
        "all_found": evaluation.all_found,
        "decisions": None if evaluation.decisions is None else asdict(evaluation.decisions),
        "presence": evaluation.presence and {label: asdict(told) for label, told in evaluation.presence.items()},
    }
    measured |= {kind: asdict(readout) for kind, readout in readouts(evaluation).items()}
    write_json(path, evaluation.report.to_dict() | measured | _context(selection, part, device))


def _context(selection: Selection, part: str, device: str) -> dict[str, Any]:
    """Which network was measured, on which data, and how."""
    config = selection.network.config
    return {
        "input": config.input.model_dump(mode="json"),
        "name": config.title,
        "seed": config.seed,
        "data": selection.source,
        "split": part,
        "decoder_mode": config.decoder.mode,
        "training": selection.network.provenance,
        "evaluation": provenance(None, device),
    }


def write_outcomes(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Write a CSV row per outcome, boxes in pixels of the picture. Raises SpikeSegError if the file system refuses."""
    rows = (
        [one.name, one.true_label, one.predicted_label, *box_cells(one.true_box), *box_cells(one.predicted_box)]
        for one in outcomes
    )
    write_table(path, ["name", "true_label", "predicted_label", *BOXES], rows)


def write_objects(path: Path, scenes: Sequence[CountedScene]) -> None:
    """Write a CSV row per object, boxes in pixels of the picture. Raises SpikeSegError if the file system refuses."""
    names = ["scene", "objects", "instances", "true_label", "predicted_label", "iou", "pixel_iou"]
    rows = (
        [
            *(one.scene, len(scene.matches), scene.instances, one.label, one.predicted_label, one.iou, one.pixel_iou),
            *(*box_cells(one.box), *box_cells(one.predicted_box)),
        ]
        for scene in scenes
        for one in scene.matches
    )
    write_table(path, [*names, *BOXES], rows)
