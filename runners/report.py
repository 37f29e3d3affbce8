"""The report of a run: one HTML page with the results, what was learned, and stimuli to explore."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from spikeseg.errors import SpikeSegError
from spikeseg.files import read_json, replacing
from spikeseg.spikes import Recorded

from ..analysis.explorer import pack_stimulus
from ..analysis.page import render
from ..analysis.segmentation import segment_one
from ..datasets.sample import Sample
from ..datasets.stimuli import samples, stimuli
from .directory import load_network
from .encoding import open_encoder
from .evaluation import Answer, outcome
from .report_contents import Shown, contents
from .selection import Selection
from .showcase import KINDS, Row, choose, read_outcomes


def evaluated_part(run: str | Path) -> str | None:
    """The part of the dataset that a run was evaluated on; None where it has not been.

    Raises
    ------
    SpikeSegError
        There is no such run.
    """
    _, directory = load_network(run)
    metrics = directory.results / "metrics.json"
    return str(read_json(metrics).get("split")) if metrics.exists() else None


def write_report(
    selection: Selection, results: Path, out: Path, count: int, device: str, progress: Callable[[int], None]
) -> int:
    """Write the page of an evaluated run.

    Parameters
    ----------
    selection
        The part of the dataset that was evaluated.
    results
        Directory of ``metrics.json`` and ``outcomes.csv``.
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
        The results are not of this network and these data, data cannot be read, or the file system refuses.
    """
    metrics, outcomes = read_json(results / "metrics.json"), read_outcomes(results / "outcomes.csv")
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
    page = render(contents(selection, metrics, shown))
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
    answer = Answer(shown.sample, [shown.segmentation])
    found = outcome(answer, shown.sample.targets[0], shown.segmentation, must_spike=False)
    return Row(*(getattr(found, field) for field in Row._fields))
