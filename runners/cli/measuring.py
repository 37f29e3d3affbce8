"""Measure, print the tables and write the files: shared by `evaluate`, `report` and `demo`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ...analysis.decoding.presence import CONFIDENCE
from ..evaluation.counting import count_objects
from ..evaluation.evaluation import evaluate_selection
from ..evaluation.readouts import linear_readout, population_readouts
from ..evaluation.reporting import readouts, write_counting, write_evaluation
from ..evaluation.selection import Selection
from .console import console
from .progress import Bars
from .tables import count_table, counting_table, decisions_table, presence_table, readout_table, report_table


def evaluate_and_print(
    selection: Selection,
    part: str,
    directory: Path,
    device: str,
    jobs: int = 1,
    confidence: float = CONFIDENCE,
    absent: Sequence[str] = (),
    supervised: Sequence[str] = (),
    population: bool = False,
) -> None:
    """Measure classes, boxes and masks; write metrics.json, outcomes.csv and figures to `directory`.

    Raises
    ------
    SpikeSegError
        See `linear_readout`, `population_readouts`, `evaluate_selection` and `write_evaluation`.
    """
    with Bars(console) as bars:
        found, data = {}, selection.network.config.data
        both_parts = data.train * len(data.classes) + len(selection.indices)
        if supervised:
            bars.stage("readout", both_parts)
            found["supervised"] = linear_readout(selection, supervised, device, bars.advance, jobs)
        if population:
            bars.stage("population", both_parts)
            both = population_readouts(selection, device, bars.advance, jobs)
            found |= dict(zip(("population", "taught"), both, strict=True))
        bars.stage("evaluate", len(selection.indices))
        evaluation = evaluate_selection(selection, device, bars.advance, jobs, confidence, absent)
        evaluation = replace(evaluation, **found)
    console.print(report_table(evaluation.report, _title(selection, part)))
    if evaluation.decisions is not None:
        console.print(decisions_table(evaluation.decisions))
    if evaluation.presence:
        console.print(presence_table(evaluation.presence))
    for kind, readout in readouts(evaluation).items():
        console.print(readout_table(kind, readout))
    write_evaluation(evaluation, selection, part, directory, device)
    console.print(f"metrics.json, outcomes.csv and figures in {directory}", soft_wrap=True)


def count_and_print(selection: Selection, part: str, directory: Path, device: str, jobs: int = 1) -> None:
    """Count the objects of scenes; write metrics.json, objects.csv and a gallery to `directory`.

    Raises
    ------
    SpikeSegError
        See `count_objects` and `write_counting`.
    """
    with Bars(console) as bars:
        bars.stage("count", len(selection.indices))
        counting = count_objects(selection, device, bars.advance, jobs)
    console.print(_title(selection, part))
    console.print(count_table(counting.report))
    console.print(counting_table(counting.report))
    write_counting(counting, selection, part, directory, device)
    console.print(f"metrics.json, objects.csv and figures in {directory}", soft_wrap=True)


def print_invalid(selection: Selection) -> None:
    """Print how many events of recordings were left out or moved, if any."""
    found = [count for count in getattr(selection.dataset, "invalid_events", {}).values() if count]
    if found:
        told = f"events off the sensor or out of order, left out or put in their places: {sum(found):,}"
        console.print(f"{told}, in {len(found)} of the recordings", soft_wrap=True)


def _title(selection: Selection, part: str) -> str:
    return f"{selection.network.config.title} on {selection.source}, {part}"
