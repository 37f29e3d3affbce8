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
from ...analysis.report.page import render
from ...analysis.report.showcase import KINDS, Row, choose, read_outcomes
from ...datasets.sample import Sample
from ...datasets.stimuli import samples, stimuli
from ..inference.encoding import open_encoder
from ..training.histories import convergence_curves
from .evaluation import SegmentedSample, outcome
from .selection import Selection

MEASURED = (
    *("n", "n_boxes", "accuracy", "miou", "miou_class_mean", "miou_strict", "miou_strict_class_mean"),
    *("per_class", "confusion", "baselines", "data", "split", "decoder_mode", "evaluation"),
)
"""What a page needs of ``metrics.json``."""


def read_metrics(results: Path) -> dict[str, Any] | None:
    """What `spikeseg evaluate` measured; None where it has not.

    Raises
    ------
    SpikeSegError
        ``metrics.json`` is damaged, or of something else than single objects.
    """
    file = results / "metrics.json"
    if not file.exists():
        return None
    metrics = read_json(file)
    if missing := [key for key in MEASURED if key not in metrics]:
        raise SpikeSegError(f"{file} does not say {missing[0]}: run `spikeseg evaluate` again")
    return metrics


def write_report(
    selection: Selection, out: Path, count: int, device: str, progress: Callable[[int], None] = lambda done: None
) -> int:
    """Write the page of an evaluated run.

    Parameters
    ----------
    selection
        The part of the dataset that was evaluated.
    out
        The page.
    count
        Stimuli in the explorer; those of the gallery are among them, and always shown.
    progress
        Is told the number of stimuli done.

    Returns
    -------
    int
        How many stimuli it shows.

    Raises
    ------
    SpikeSegError
        There are no results, or not of this network and these data; a stimulus takes more steps than a page can show;
        data cannot be read; the file system refuses.
    """
    results, steps = selection.run.results, selection.network.config.input.total_steps
    if steps > NEVER:
        raise SpikeSegError(f"{selection.run.path} takes {steps} steps for a stimulus: a page shows at most {NEVER}")
    metrics, outcomes = read_metrics(results), read_outcomes(results / "outcomes.csv")
    if metrics is None:
        raise SpikeSegError(f"{results} has no metrics.json: run `spikeseg evaluate` first")
    chosen = sorted(choose(outcomes, count).items(), key=lambda one: KINDS.index(one[1]))
    kinds = {outcomes[number]: kind for number, kind in chosen}
    found = _samples(selection, [row.name for row in kinds])
    if missing := [row.name for row in kinds if row.name not in found]:
        raise _foreign(results, f"it has no {missing[0]}")
    shown = []
    for one in _explored(selection, {row: found[row.name] for row in kinds}, kinds, device):
        if one.row != _row(one):
            raise _foreign(results, f"{one.row.name} is answered differently")
        shown.append(one)
        progress(len(shown))
    network, run = selection.network, selection.run
    curves, analysis = convergence_curves(network, run), run.results / "analysis"
    page = render(contents(Reported(network, run.path, selection.source, metrics, curves, analysis), shown))
    with replacing(out) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return len(shown)


def _foreign(results: Path, reason: str) -> SpikeSegError:
    return SpikeSegError(
        f"{results / 'outcomes.csv'} is not of this network on these data: {reason}; run `spikeseg evaluate` again"
    )


def _samples(selection: Selection, names: list[str]) -> dict[str, Sample]:
    """Samples by name, as far as the dataset has them; a buffer's begins with its recording's, up to an @."""
    dataset = selection.dataset
    number = {name: index for index, name in enumerate(dataset.names)}
    items = {name if name in number else name.rpartition("@")[0] for name in names}
    indices = sorted(number[item] for item in items if item in number)
    wanted = set(names)
    every = samples(dataset, indices, selection.network.config.input)
    return {sample.name: sample for sample in every if sample.name in wanted}


def _explored(
    selection: Selection, chosen: Mapping[Row, Sample], kinds: Mapping[Row, str], device: str
) -> Iterator[Shown]:
    network = selection.network
    with open_encoder(network.config, selection.size, device) as encoder:
        inputs = stimuli([sample.view for sample in chosen.values()], network.config.input, selection.size)
        recorded = Recorded(encoder.encode(network, inputs))
    for (row, sample), steps in zip(chosen.items(), recorded, strict=True):
        segmentation = segment_one(network, steps)
        packed = pack_stimulus(network, steps, segmentation)
        yield Shown(kinds[row], row, sample, segmentation, packed)


def _row(shown: Shown) -> Row:
    """What `spikeseg evaluate` stores of the answer that was found now."""
    answer = SegmentedSample(shown.sample, [shown.segmentation])
    found = outcome(answer, shown.sample.targets[0], shown.segmentation, must_spike=False)
    return Row(*(getattr(found, field) for field in Row._fields))
