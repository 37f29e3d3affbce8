"""Count objects: segment every object of each scene, and compare with the annotations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from ...analysis.measures.counting import CountedScene, CountReport, assign, count_report
from ...analysis.report.examples import evenly_spaced
from ...datasets.stimuli import samples
from ..inference.segmenting import BATCH, open_segmenter
from .evaluation import EXAMPLES, SegmentedSample
from .selection import Selection


@dataclass(frozen=True)
class Counting:
    """What was measured: the report, all scenes, and some of them as examples for the gallery."""

    report: CountReport
    scenes: list[CountedScene]
    examples: list[SegmentedSample]


def count_objects(
    selection: Selection,
    device: str = "cpp_standalone",
    progress: Callable[[int], None] = lambda done: None,
    jobs: int = 1,
) -> Counting:
    """Segment every object of the selected scenes, also several of one class, and compare with the annotations.

    Parameters
    ----------
    selection
        Scenes of several objects, see `multi_object_scenes`.
    device
        Where Brian2 simulates.
    progress
        Receives the number of pictures or recordings done.
    jobs
        Number of simulations at a time.

    Raises
    ------
    SpikeSegError
        A picture or annotation cannot be read, or the simulation fails.
    """
    keep = set(evenly_spaced(range(len(selection.indices)), EXAMPLES))
    scenes: list[CountedScene] = []
    examples: list[SegmentedSample] = []
    done: set[str] = set()
    shown = samples(selection.dataset, selection.indices, selection.network.config.input)
    with open_segmenter(selection.network, [selection.size], device, jobs) as segmenter:
        while batch := list(islice(shown, BATCH)):
            found = segmenter.instances([sample.view for sample in batch])
            for sample, instances in zip(batch, found, strict=True):
                segmentations = [instance.segmentation for instance in instances]
                if len(scenes) in keep:
                    examples.append(SegmentedSample(sample, segmentations))
                scenes.append(assign(sample.name, sample.targets, segmentations))
                done.add(sample.name if sample.buffer is None else sample.buffer.recording)
                progress(len(done))
    return Counting(count_report(scenes), scenes, examples)
