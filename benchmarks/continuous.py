"""Measure the continuous encoder: ``python -m benchmarks.continuous saccades RUN``, or ``stream RUN RECORDING``.

``saccades`` looks at recordings of n-caltech-sim, each of which holds three saccades. A saccade begins in the first
millisecond with more than twice the events of the camera at rest, as far as this measure knows; the network knows
nothing of it. What counts is the first decision after that. ``spikes RUN`` counts the spikes of each layer in such
recordings, in continuous time and in buffers. ``stream`` repeats a recording at a given rate of events.
Times of the processor are those of this process and of the programs that it runs, user and system.
"""

from __future__ import annotations

import argparse
import resource
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np

from spikeseg.boxes import box_iou
from spikeseg.datasets.events.arrivals import Arrivals
from spikeseg.datasets.events.events import Recording
from spikeseg.datasets.events.formats import read_events
from spikeseg.datasets.recordings import Recordings, Take
from spikeseg.datasets.sample import View
from spikeseg.datasets.stimuli import samples, stimuli
from spikeseg.models.network import LAYERS, TrainedNetwork
from spikeseg.runners.evaluation.selection import Selection, select
from spikeseg.runners.inference.continuous import open_continuous
from spikeseg.runners.inference.encoding import open_encoder
from spikeseg.runners.inference.streaming import placed
from spikeseg.runners.inference.watching import Sighting, open_watch, timing_of
from spikeseg.runners.training.directory import load_network

REST_MS = 10  # at the beginning of a recording, in which the camera has not moved far enough for an event
BEGINNINGS_MS = 5, 95, 213, 300  # a saccade begins between these two
LONGEST_MS = 1e9  # stands for never


class Saccade(NamedTuple):
    """The first decision of a saccade: whether it is right, how long it took, and the overlap of its box."""

    right: bool
    after_ms: float
    overlap: float


def beginnings(events: np.ndarray) -> list[int]:
    """When the saccades of a recording begin, in milliseconds."""
    counts = np.bincount(events["t"] // 1000, minlength=BEGINNINGS_MS[-1])
    loud = counts >= 2 * counts[:REST_MS].mean() + 3
    return [first + int(np.argmax(loud[first:end])) for first, end in pairwise(BEGINNINGS_MS)]


def look(selection: Selection, take: Take, dt_us: int) -> tuple[list[Saccade], int, int]:
    """The saccades of a recording; how many decisions there were in all, and how many of them were right."""
    network, recording = selection.network, take.recording
    with open_watch(network, recording.size, dt_us, recording.name) as watch:
        sightings = [one for stretch in watch.see([recording.events]) for one in stretch.sightings]
    label = take.targets(0)[0].label
    edges = [*beginnings(recording.events), BEGINNINGS_MS[-1]]
    saccades = []
    for begin, end in pairwise(edges):
        own = [one for one in sightings if 1000 * begin <= one.t < 1000 * end]
        saccades.append(_saccade(take, own[0], label, begin) if own else Saccade(False, LONGEST_MS, 0.0))
    right = sum(one.segmentation.label == label for one in sightings)
    return saccades, len(sightings), right


def _saccade(take: Take, first: Sighting, label: str, begin: int) -> Saccade:
    box = take.targets(first.t)[0].box
    overlap = 0.0 if first.box is None or box is None else float(box_iou(first.box, box))
    return Saccade(first.segmentation.label == label, first.t / 1000 - begin, overlap)


def measure_saccades(run: str, data: str | None, part: str, dt_us: int, every: int) -> list[Saccade]:
    """Look at every so many recordings of a part, print what was found, and return it."""
    selection = select(run, data, part)
    before, saccades, decisions, right = processor(), [], 0, 0
    chosen = selection.indices[::every]
    for index in chosen:
        found, *counts = look(selection, selection.dataset[int(index)], dt_us)  # pyright: ignore[reportArgumentType]
        saccades += found
        decisions, right = decisions + counts[0], right + counts[1]
    after = np.array([one.after_ms for one in saccades])
    print(
        f"{run}, {part}, steps of {dt_us} us: {len(saccades)} saccades of {len(chosen)} recordings\n"
        f"  right {np.mean([one.right for one in saccades]):.2%}, without a decision {(after == LONGEST_MS).sum()}\n"
        f"  ms to the decision, median {np.median(after):.1f}; of the three saccades "
        f"{', '.join(f'{np.median(after[number::3]):.1f}' for number in range(3))}\n"
        f"  box mIoU of these decisions {np.mean([one.overlap for one in saccades]):.3f}\n"
        f"  decisions in all {decisions}, right {right / max(decisions, 1):.2%}\n"
        f"  processor, s per s of events {(processor() - before) / (0.3 * len(chosen)):.2f}",
        flush=True,
    )
    return saccades


def measure_spikes(run: str, data: str | None, part: str, every: int) -> None:
    """Print how many spikes each layer has in a second of events, in continuous time and in buffers."""
    selection = select(run, data, part)
    chosen = selection.indices[::every]
    recordings = [cast(Recordings, selection.dataset)[int(index)].recording for index in chosen]
    seconds = sum(1e-6 * recording.duration for recording in recordings)
    buffered = (one.view for one in samples(selection.dataset, chosen, selection.network.config.input))
    for name, spikes in (
        ("in continuous time", continuous_spikes(selection.network, recordings)),
        ("in buffers", buffered_spikes(selection.network, buffered)),
    ):
        told = ", ".join(f"{layer} {count / seconds:,.0f}" for layer, count in spikes.items())
        print(f"{run}, {part}, {len(chosen)} recordings, spikes per second {name}: {told}", flush=True)


def continuous_spikes(network: TrainedNetwork, recordings: Iterable[Recording]) -> Counter[str]:
    """The spikes of each layer in continuous time, in steps of 0.1 ms, over all recordings."""
    inputs, timing, found = network.config.input, timing_of(network.config, 100), Counter[str]()
    with open_continuous(network, inputs.size, timing, "cpp_standalone") as encoder:
        for recording in recordings:
            events = recording.events
            neuron, inside = placed(network, recording.size)[0].neurons(events)
            step = (events["t"][inside] - events["t"][0]) // timing.dt_us
            arrivals = Arrivals(inputs.shape.size, timing.refractory_steps("input"))
            encoder.rest(0)
            spikes = encoder.encode(int(step[-1]) + len(LAYERS) + 1, *arrivals.spikes(step, neuron[inside]))
            found.update({layer: len(steps) for layer, (steps, _) in spikes.items()})
    return found


def buffered_spikes(network: TrainedNetwork, views: Iterable[View]) -> Counter[str]:
    """The spikes of each layer in buffers."""
    inputs = network.config.input
    with open_encoder(network.config, inputs.size, "cpp_standalone") as encoder:
        spikes = encoder.encode(network, stimuli(views, inputs, inputs.size))
    return Counter({layer: len(found.neuron) for layer, found in spikes.items()})


def measure_stream(run: str, recording: Path, seconds: float, rate: float) -> None:
    """Repeat a recording, and print memory as the stream goes on, and processor time once all programs have ended."""
    network = load_network(run)[0]
    found = read_events(recording)
    events = found.events.copy()
    events["t"] = (events["t"] - events["t"][0]) * (len(events) / rate * 1e6 / found.duration)

    def packets() -> Iterator[np.ndarray]:
        span, start = int(events["t"][-1]) + 1, 0
        while start < 1e6 * seconds:
            later = events.copy()
            later["t"] += start
            yield from np.array_split(later, 1 + span // 20_000)
            start += span

    before, done, shown = processor(), 0.0, 0.0
    with open_watch(network, found.size, 100, str(recording)) as watch:
        for stretch in watch.see(packets()):
            done = (stretch.buffer.start + stretch.buffer.duration) / 1e6
            if done >= shown + seconds / 10:
                shown = done
                print(f"{done:.0f} s of events: {memory():.0f} MB", flush=True)
    print(f"processor, s per s of events {(processor() - before) / done:.2f}", flush=True)


def processor() -> float:
    """Seconds of the processor so far."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def memory() -> float:
    """Megabytes of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def main() -> None:
    """Run the command that the arguments give."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, dest="command")
    saccades, spikes = commands.add_parser("saccades"), commands.add_parser("spikes")
    for command in (saccades, spikes):
        command.add_argument("run")
        command.add_argument("--data", help="where it is another than in training")
        command.add_argument("--split", default="test")
        command.add_argument("--every", type=int, default=1, help="look at every so many recordings")
    saccades.add_argument("--dt-us", type=int, nargs="+", default=[100], help="of several, decisions are compared")
    stream = commands.add_parser("stream")
    stream.add_argument("run")
    stream.add_argument("recording", type=Path)
    stream.add_argument("--seconds", type=float, default=20)
    stream.add_argument("--rate", type=float, default=400_000, help="events per second")
    chosen = parser.parse_args()
    if chosen.command == "stream":
        measure_stream(chosen.run, chosen.recording, chosen.seconds, chosen.rate)
        return
    if chosen.command == "spikes":
        measure_spikes(chosen.run, chosen.data, chosen.split, chosen.every)
        return
    first, *others = [measure_saccades(chosen.run, chosen.data, chosen.split, dt, chosen.every) for dt in chosen.dt_us]
    for dt, other in zip(chosen.dt_us[1:], others, strict=True):
        changed = [
            (one.right, one.after_ms == LONGEST_MS) != (two.right, two.after_ms == LONGEST_MS)
            for one, two in zip(first, other, strict=True)
        ]
        print(f"steps of {dt} us decide otherwise in {np.mean(changed):.2%}")


if __name__ == "__main__":
    main()
