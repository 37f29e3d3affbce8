"""Measure identities: ``python -m benchmarks.tracking find NETWORK DIRECTORY``, then ``measure DIRECTORY``.

``find`` simulates recordings in which three ornaments cross (`datasets/camera/crossing.py`), and writes for each what
the network finds and where the objects truly are; recordings that are there are kept. ``measure`` links what was found,
by the tracker of `spikeseg stream --tracks` and by others that know less. Identity switches are those of CLEAR MOT
(Bernardin and Stiefelhagen 2008), IDF1 that of Ristani et al. 2016, both as py-motmetrics has them: boxes match from an
IoU of 0.5 on. An object counts while at least a quarter of it is seen.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spikeseg.analysis.decoding.tracking import Detection, Tracker
from spikeseg.boxes import Box, box_iou
from spikeseg.datasets.camera.crossing import STILL, Crossing
from spikeseg.files import read_json, write_json
from spikeseg.models.network import TrainedNetwork
from spikeseg.runners.inference.tracking import open_tracks
from spikeseg.runners.inference.watching import Sighting, Stretch, open_watch
from spikeseg.runners.training.directory import load_network

from .table import markdown

if TYPE_CHECKING:
    from motmetrics import MOTAccumulator

BUFFER_MS = 30
SEEN = 0.25  # of an object, from which on it has to be found
MATCH = 0.5  # IoU of boxes
MOSTLY = 0.5  # of the times at which an object is seen, from which on it counts as tracked


class Frame(NamedTuple):
    """A time in microseconds, what is there (number, class, box), and what was found at that time."""

    t: int
    there: list[tuple[int, str, Box]]
    found: list[Detection]


Linker = Callable[[Frame], list[int | None]]
"""Gives what was found in a frame its identities, frame after frame; None where it is not sure of one."""


def tracker() -> Linker:
    """The tracker of the package."""
    own = Tracker()
    return lambda frame: own.track(frame.t, frame.found)


def nearest() -> Linker:
    """Each box belongs to the object whose last box was the nearest, within the size of a box: no motion, no class."""
    last: dict[int, Box] = {}

    def link(frame: Frame) -> list[int | None]:
        centres = {number: _centre(box) for number, box in last.items()}
        far = {
            (place, number): float(np.hypot(*(_centre(one.box) - centre)))
            for place, one in enumerate(frame.found)
            for number, centre in centres.items()
        }
        linked: dict[int, int] = {}
        for place, number in sorted(far, key=lambda pair: far[pair]):
            free = place not in linked and number not in linked.values()
            if free and far[place, number] <= frame.found[place].box.area ** 0.5:
                linked[place] = number
        for place, one in enumerate(frame.found):
            last[linked.setdefault(place, len(last) + 1)] = one.box
        return [linked[place] for place in range(len(frame.found))]

    return link


def true_class() -> Linker:
    """An oracle names the class of each box; boxes of a class are told apart by their order from left to right."""

    def link(frame: Frame) -> list[int | None]:
        classes: list[str] = []
        for one in frame.found:
            overlaps = [(float(box_iou(one.box, box)), label) for _, label, box in frame.there]
            overlap, label = max(overlaps, default=(0.0, ""))
            classes.append(label if overlap > 0 else one.label)
        order = sorted(range(len(classes)), key=lambda place: frame.found[place].box.left)
        names = sorted(set(classes))
        numbers: list[int | None] = [None] * len(classes)
        for place in order:
            before = sum(classes[other] == classes[place] for other in order[: order.index(place)])
            numbers[place] = 100 * names.index(classes[place]) + before + 1
        return numbers

    return link


LINKERS: dict[str, Callable[[], Linker]] = {
    "tracker": tracker,
    "nearest box, no motion": nearest,
    "true class given, from left to right": true_class,
}
HEADER = (
    "",
    "tracks without a switch",
    "and tracked at least half of the time",
    "switches per track",
    "IDF1",
    "MOTA",
    "recall",
    "precision",
)


def measured(directory: Path) -> list[list[str]]:
    """A row of figures for each way of linking what was found in the recordings of a directory."""
    recordings = [frames(path) for path in sorted(directory.glob("*.json"), key=lambda path: int(path.stem))]
    return [[name, *_figures([accumulated(one, make()) for one in recordings])] for name, make in LINKERS.items()]


def frames(path: Path) -> list[Frame]:
    """Read a file that `find_all` wrote."""
    return [
        Frame(
            one["t"],
            [(number, label, Box(*box)) for number, label, box in one["there"]],
            [Detection(label, Box(*box), motion and tuple(motion)) for label, box, motion in one["found"]],
        )
        for one in read_json(path)["frames"]
    ]


def accumulated(recording: Sequence[Frame], link: Linker) -> MOTAccumulator:
    """Compare the identities of a recording with the true ones."""
    import motmetrics

    found = motmetrics.MOTAccumulator()
    for frame in recording:
        sure = [(n, one.box) for n, one in zip(link(frame), frame.found, strict=True) if n is not None]
        true = np.reshape([box for _, _, box in frame.there], (-1, 1, 4))
        overlap = box_iou(true, np.reshape([box for _, box in sure], (1, -1, 4)))
        far = np.where(overlap >= MATCH, 1 - overlap, np.nan)
        found.update([n for n, _, _ in frame.there], [n for n, _ in sure], far, frameid=frame.t)
    return found


def switches(found: MOTAccumulator) -> dict[int, tuple[int, float]]:
    """Of each true object: identity switches, and the fraction of its times at which it was found."""
    kinds = found.mot_events.groupby(["OId", "Type"]).size().unstack(fill_value=0)
    counted = kinds.reindex(columns=["MATCH", "SWITCH", "MISS"], fill_value=0)
    return {
        int(number): (int(row.SWITCH), float((row.MATCH + row.SWITCH) / row.sum()))
        for number, row in counted.iterrows()
        if row.sum()
    }


def _figures(recordings: Sequence[MOTAccumulator]) -> list[str]:
    import motmetrics

    tracks = [one for found in recordings for one in switches(found).values()]
    kept = [count == 0 for count, _ in tracks]
    followed = [count == 0 and share >= MOSTLY for count, share in tracks]
    names = ["idf1", "mota", "recall", "precision"]
    overall = motmetrics.metrics.create().compute_many(list(recordings), metrics=names, generate_overall=True)
    return [
        f"{np.mean(kept):.1%}",
        f"{np.mean(followed):.1%} of {len(tracks)}",
        f"{np.mean([count for count, _ in tracks]):.2f}",
        *(f"{overall.loc['OVERALL', name]:.1%}" for name in names),
    ]


def _centre(box: Box) -> np.ndarray:
    return np.array([box.top + box.bottom, box.left + box.right]) / 2


def find(network: TrainedNetwork, crossing: Crossing, continuous: bool) -> Iterator[dict]:
    """What the network finds in a recording, and where the objects are in the middle of the 30 ms that it looks at."""
    recording = crossing.recording()
    if continuous:
        opened = open_watch(network, recording.size, 100, recording.name, tracks=True)
    else:
        opened = open_tracks(network, recording.size, BUFFER_MS, BUFFER_MS, recording.name)
    with opened as stream:
        stretches = stream.see([recording.events])
        for t, found in _looks(stretches) if continuous else _buffers(stretches):
            there = [one for one in crossing.objects(t - 500 * BUFFER_MS) if one.box and one.visible >= SEEN]
            yield {
                "t": t,
                "there": [(one.number, one.label, _rounded(one.box)) for one in there],
                "found": [(one.segmentation.label, _rounded(one.box), one.velocity) for one in found],
            }


def _buffers(stretches: Iterable[Stretch]) -> Iterator[tuple[int, Sequence[Sighting]]]:
    for stretch in stretches:
        yield stretch.buffer.start + stretch.buffer.duration, stretch.sightings


def _looks(stretches: Iterable[Stretch]) -> Iterator[tuple[int, Sequence[Sighting]]]:
    """The decisions of each time, and nothing every 30 ms where none comes for longer."""
    last = 0
    for stretch in stretches:
        for t, found in groupby(stretch.sightings, key=lambda one: one.t):
            yield from ((empty, ()) for empty in range(last + 1000 * BUFFER_MS, t - 500 * BUFFER_MS, 1000 * BUFFER_MS))
            yield t, list(found)
            last = t


def _rounded(box: Box | None) -> list[float]:
    return [round(float(edge), 1) for edge in box or ()]


def find_all(network: str, directory: Path, seeds: range, hand: bool, continuous: bool) -> None:
    """Write what is found in the recordings of some seeds, a file for each; those that are there are kept."""
    trained = load_network(network)[0]
    for seed in seeds:
        path = directory / f"{seed}.json"
        if not path.exists():
            crossing = Crossing(seed, hand=None if hand else STILL)
            write_json(path, {"frames": list(find(trained, crossing, continuous))})
            print(path, flush=True)


def main() -> None:
    """Run the command that the arguments give."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, dest="command")
    finds = commands.add_parser("find")
    finds.add_argument("network")
    finds.add_argument("directory", type=Path)
    finds.add_argument(
        "--seeds", type=int, nargs=2, default=(0, 50), help="of the recordings: the first, and one after the last"
    )
    finds.add_argument("--hand", action="store_true", help="the camera is held in the hand; else it stands still")
    finds.add_argument("--continuous", action="store_true", help="in continuous time instead of buffers of 30 ms")
    measure = commands.add_parser("measure")
    measure.add_argument("directory", type=Path)
    chosen = parser.parse_args()
    if chosen.command == "find":
        find_all(chosen.network, chosen.directory, range(*chosen.seeds), chosen.hand, chosen.continuous)
    else:
        print(markdown(HEADER, measured(chosen.directory)))


if __name__ == "__main__":
    main()
