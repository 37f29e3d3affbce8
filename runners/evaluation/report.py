"""The report of a run: one HTML page with the results, what was learned, and stimuli to explore."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from spikeseg.errors import SpikeSegError
from spikeseg.files import read_json, replacing
from spikeseg.spikes import Recorded

from ...analysis.decoding.segmentation import segment_one
from ...analysis.report.contents import Reported, Shown, contents
from ...analysis.report.explorer import NEVER, pack_stimulus
from ...analysis.report.measured import check_measured
from ...analysis.report.page import render
from ...analysis.report.showcase import KINDS, OutcomeRow, choose, read_outcomes
from ...datasets.sample import Sample
from ...datasets.stimuli import samples, stimuli
from ..inference.encoding import open_encoder
from ..training.histories import convergence_curves
from .evaluation import SegmentedSample, outcome
from .selection import Selection


def read_metrics(results: Path) -> dict[str, Any] | None:
    """Read the ``metrics.json`` of `spikeseg evaluate`; None if there is none.

    Raises
    ------
    SpikeSegError
        The file is damaged, or is not about classes and boxes, as when objects were counted.
    """
    file = results / "metrics.json"
    if not file.exists():
        return None
    metrics = read_json(file)
    check_measured(metrics, file)
    return metrics


def measured_part(results: Path) -> str:
    """The part on which a run was measured, by `evaluate` or as a point of a sweep; test if on none or on several.

    Raises
    ------
    SpikeSegError
        See `read_metrics`.
    """
    metrics = read_metrics(results)
    if metrics is not None:
        return metrics["split"]
    parts = [file.stem.removeprefix("metrics-") for file in results.glob("metrics-*.json")]
    return parts[0] if len(parts) == 1 else "test"


def results_of(results: Path, part: str) -> Path:
    """Where the results of a part are: those of another part, which the run already has, stay as they are.

    Raises
    ------
    SpikeSegError
        See `read_metrics`.
    """
    metrics = read_metrics(results)
    return results if metrics is None or metrics["split"] == part else results / part


def write_report(
    selection: Selection,
    results: Path,
    out: Path,
    count: int,
    device: str,
    progress: Callable[[int], None] = lambda done: None,
) -> int:
    """Write the page of an evaluated run.

    Parameters
    ----------
    selection
        The network, and the part of the dataset on which it was evaluated.
    results
        Where the results are that `spikeseg evaluate` wrote.
    out
        The file to write.
    count
        Number of stimuli in the explorer. Those of the gallery are always among them, even if they are more.
    device
        Where Brian2 simulates.
    progress
        Receives the number of stimuli done.

    Returns
    -------
    int
        Number of stimuli on the page.

    Raises
    ------
    SpikeSegError
        There are no results; they belong to another network or other data; a stimulus has more steps than a page can
        show; the data cannot be read; or the file system refuses.
    """
    steps = selection.network.config.input.total_steps
    if steps > NEVER:
        raise SpikeSegError(f"{selection.run.path} has {steps} steps per stimulus: a page shows at most {NEVER}")
    metrics, outcomes = read_metrics(results), read_outcomes(results / "outcomes.csv")
    if metrics is None:
        raise SpikeSegError(f"{results} has no metrics.json: run `spikeseg evaluate` first")
    chosen = sorted(choose(outcomes, count).items(), key=lambda one: KINDS.index(one[1]))
    kinds = {outcomes[number]: kind for number, kind in chosen}
    found = _samples(selection, [row.name for row in kinds])
    if missing := [row.name for row in kinds if row.name not in found]:
        raise _mismatch(results, f"the data have no {missing[0]}")
    shown = []
    for one in _explored(selection, {row: found[row.name] for row in kinds}, kinds, device):
        if one.row != _row(one):
            raise _mismatch(results, f"{one.row.name} is answered differently")
        shown.append(one)
        progress(len(shown))
    network, run = selection.network, selection.run
    curves, analysis = convergence_curves(network, run), run.results / "analysis"
    page = render(contents(Reported(network, run.path, selection.source, metrics, curves, analysis), shown))
    with replacing(out) as temporary:
        temporary.write_text(page, encoding="utf-8", errors="backslashreplace")  # names that are not UTF-8
    return len(shown)


def _mismatch(results: Path, reason: str) -> SpikeSegError:
    """The error for results that this network does not give on these data."""
    return SpikeSegError(
        f"{results / 'outcomes.csv'} is not of this network on these data: {reason}; run `spikeseg evaluate` again"
    )


def _samples(selection: Selection, names: list[str]) -> dict[str, Sample]:
    """Samples by name; names that the dataset does not have are left out.

    The name of a buffer is that of its recording, an @, and its start.
    """
    dataset = selection.dataset
    number = {name: index for index, name in enumerate(dataset.names)}
    items = {name if name in number else name.rpartition("@")[0] for name in names}
    indices = sorted(number[item] for item in items if item in number)
    wanted = set(names)
    every = samples(dataset, indices, selection.network.config.input)
    return {sample.name: sample for sample in every if sample.name in wanted}


def _explored(
    selection: Selection, chosen: Mapping[OutcomeRow, Sample], kinds: Mapping[OutcomeRow, str], device: str
) -> Iterator[Shown]:
    """Encode and segment the chosen samples again, and yield what the page shows of each."""
    network = selection.network
    with open_encoder(network.config, selection.size, device) as encoder:
        inputs = stimuli([sample.view for sample in chosen.values()], network.config.input, selection.size)
        recorded = Recorded(encoder.encode(network, inputs))
    for (row, sample), steps in zip(chosen.items(), recorded, strict=True):
        segmentation = segment_one(network, steps)
        packed = pack_stimulus(network, steps, segmentation)
        yield Shown(kinds[row], row, sample, segmentation, packed)


def _row(shown: Shown) -> OutcomeRow:
    """The row that `spikeseg evaluate` would write for the answer found now."""
    answer = SegmentedSample(shown.sample, [shown.segmentation])
    found = outcome(answer, shown.sample.targets[0], shown.segmentation, confidence=None)
    return OutcomeRow(*(getattr(found, field) for field in OutcomeRow._fields))
