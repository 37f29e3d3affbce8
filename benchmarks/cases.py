"""One measurement, in a process of its own: `python -m benchmarks.cases '{"what": ...}'` prints it as JSON.

Times are processor times (user and system, child processes included), not wall-clock times: other work on the machine
hardly changes them. Of several repetitions the quickest one counts.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from spikeseg.spikes import Recorded, Spikes

from . import dense, dense_decoding, designs, workloads

WORKLOADS: dict[str, Callable[..., workloads.Workload]] = {
    "caltech": workloads.caltech,
    "saturated": workloads.saturated,
    "sweep": workloads.sweep,
}


def processor_seconds() -> float:
    """Processor time spent by this process and by those of its children that have ended, seconds."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def marginal(run: Callable[[Spikes], Any], stimuli: Spikes, repeat: int) -> float:
    """Processor seconds per stimulus without start-up: what all stimuli take more than the first one alone."""
    some, one = quickest(lambda: run(stimuli), repeat), quickest(lambda: run(stimuli.select([0])), repeat)
    return (some - one) / (stimuli.stimuli - 1)


def quickest(run: Callable[[], Any], repeat: int) -> float:
    """Processor seconds of the quickest of `repeat` runs."""
    seconds = []
    for _ in range(repeat):
        start = processor_seconds()
        run()
        seconds.append(processor_seconds() - start)
    return min(seconds)


@contextmanager
def connections(kind: str) -> Iterator[dict[str, float]]:
    """Let networks have ``procedural`` or ``explicit`` connections, and add up the seconds that building them takes."""
    from spikeseg.runners.inference import encoding
    from spikeseg.runners.training import learning

    built: dict[str, float] = {"build_s": 0.0}

    @contextmanager
    def opened(design: Any, device: str) -> Iterator[Any]:
        with open_measured(design, device, kind) as (simulator, seconds):
            built["build_s"] += seconds
            yield simulator

    before = encoding.open_simulator, learning.open_simulator
    encoding.open_simulator = learning.open_simulator = opened
    try:
        yield built
    finally:
        encoding.open_simulator, learning.open_simulator = before


@contextmanager
def open_measured(design: Any, device: str, kind: str) -> Iterator[tuple[Any, float]]:
    """A simulator whose time and memory are those of this process and its ended children; seconds of the building."""
    from spikeseg.runners.simulation import worker
    from spikeseg.runners.simulation.devices import PROGRAMS
    from spikeseg.runners.simulation.processes import end_idle
    from spikeseg.runners.simulation.simulator import open_simulator

    with tempfile.NamedTemporaryFile() as file:
        measured = designs.Measured(design, kind, Path(file.name))
        if device not in PROGRAMS:
            worker.configure()
            yield worker.open_runtime(measured, device), float(Path(file.name).read_text())
            return
        with open_simulator(measured, device) as simulator:
            end_idle()  # else what it took to compile would not be counted
            yield _Ending(simulator), float(Path(file.name).read_text() or 0)


class _Ending:
    """A compiled program that ends after each run, so that its time and memory are counted."""

    def __init__(self, simulator: Any):
        self._simulator = simulator
        self.steps, self.ticks = simulator.steps, simulator.ticks

    def run(self, stimuli: Spikes, state: Any) -> Any:
        """See `Simulator.run`."""
        try:
            return self._simulator.run(stimuli, state)
        finally:
            self._simulator.end_programs()


def encode(workload: workloads.Workload, kind: str, device: str, repeat: int) -> dict[str, float]:
    """Measure the whole encoder, from the first import to the spikes of all layers."""
    from spikeseg.runners.inference.encoding import open_encoder

    start = processor_seconds()
    with connections(kind) as built, open_encoder(workload.network.config, workload.size, device) as encoder:
        spikes = encoder.encode(workload.network, workload.inputs.select([0]))
        first = processor_seconds() - start
        spikes = encoder.encode(workload.network, workload.inputs)
        count = workload.inputs.stimuli
        seconds = marginal(lambda inputs: encoder.encode(workload.network, inputs), workload.inputs, repeat)
        events = synaptic_events(workload, spikes) / count
        return {
            **built,
            "first_s": first,
            "ms": 1e3 * seconds,
            "events": events,
            "spikes": sum(map(len, spikes.values())) / count,
            "spike_us": 1e6 * seconds * count / len(workload.inputs),
            "ns": 1e9 * seconds / events,
            "mb": peak_megabytes(device),
        }


def peak_megabytes(device: str) -> float:
    """Peak memory of the simulation in MiB: that of the compiled program, if there is one, else of this process."""
    who = resource.RUSAGE_CHILDREN if device == "cpp_standalone" else resource.RUSAGE_SELF
    return resource.getrusage(who).ru_maxrss / 1024


def synaptic_events(workload: workloads.Workload, spikes: dict[str, Spikes]) -> float:
    """Number of synaptic events in the three convolutions: each spike counts once for every target that it reaches."""
    config = workload.network.config
    padding = {"conv1": (config.conv1.padding,) * 2, "conv2": config.conv2.padding, "conv3": config.conv3.padding}
    total = 0.0
    for below, layer in (("input", "conv1"), ("pool1", "conv2"), ("pool2", "conv3")):
        kernel, shape = workload.network.kernels[layer], spikes[below].shape
        place = np.unravel_index(spikes[below].neuron, shape)
        reached = np.full(len(spikes[below]), len(kernel), float)
        for n, size, side, pad in zip(place[1:], shape[1:], kernel.shape[2:], padding[layer], strict=True):
            last = np.minimum(n + pad, size + 2 * pad - side)
            reached *= np.maximum(last - np.maximum(n + pad - side + 1, 0) + 1, 0)
        total += reached.sum()
    return total


def dense_arrays(workload: workloads.Workload, library: str, repeat: int) -> dict[str, float]:
    """Measure the same network on dense arrays."""
    network = {"torch": dense.Torch, "numpy": dense.NumPy}[library](workload.network)
    stimuli = [dense.input_steps(workload, index) for index in range(workload.inputs.stimuli)]
    fired: list[int] = []

    def run() -> None:
        fired[:] = [network.run(stimulus) for stimulus in stimuli]

    seconds = quickest(run, repeat)
    return {
        "ms": 1e3 * seconds / len(stimuli),
        "spike_us": 1e6 * seconds / len(workload.inputs),
        "conv3": sum(fired) / len(stimuli),
        "mb": peak_megabytes(""),
    }


def whole(workload: workloads.Workload, kind: str, repeat: int) -> dict[str, float]:
    """Measure from input spikes to boxes: encode, decode and box, with ConvSynapses or on dense arrays in PyTorch.

    Of PyTorch also the fraction of stimuli whose box is that of ConvSynapses: it rounds to float32.
    """
    from spikeseg.analysis.decoding.segmentation import segment_each
    from spikeseg.runners.inference.encoding import open_encoder

    network, inputs = workload.network, workload.inputs
    with connections("procedural"), open_encoder(network.config, workload.size, "cpp_standalone") as encoder:

        def segment(some: Spikes) -> list[Any]:
            return list(segment_each(network, Recorded(encoder.encode(network, some))))

        expected = segment(inputs)
        if kind == "procedural":
            return {"ms": 1e3 * marginal(segment, inputs, repeat)}
    decoder = dense_decoding.Decoder(dense.Torch(network))
    stimuli = [dense.input_steps(workload, index) for index in range(inputs.stimuli)]
    boxes = [decoder.segment(stimulus).box for stimulus in stimuli]
    seconds = quickest(lambda: [decoder.segment(stimulus) for stimulus in stimuli], repeat)
    same = sum(box == other.box for box, other in zip(boxes, expected, strict=True))
    return {"ms": 1e3 * seconds / len(stimuli), "same": same / len(stimuli)}


def forward(workload: workloads.Workload, kind: str, repeat: int) -> dict[str, float]:
    """Measure Conv2's connection alone: the recorded spikes of Pool1 arrive at neurons that only add them up."""
    from spikeseg.models.geometry import Window
    from spikeseg.runners.inference.encoding import open_encoder

    with open_encoder(workload.network.config, workload.size, "cpp_standalone") as encoder:
        spikes = encoder.encode(workload.network, workload.inputs)
    pool1, conv2 = spikes["pool1"], workload.network.config.conv2
    window = Window.convolution(pool1.shape, conv2.maps, conv2.kernel, padding=conv2.padding)

    kernel = workload.network.kernels["conv2"].ravel()
    with open_measured(designs.Forward(window), "cpp_standalone", kind) as (simulator, _):
        many = pool1.select(np.repeat(np.arange(pool1.stimuli), 4))
        silent = Spikes.collect(pool1.shape, many.stimuli, [], [], [])
        seconds = quickest(lambda: simulator.run(many, {"w": kernel}), repeat)
        seconds -= quickest(lambda: simulator.run(silent, {"w": kernel}), repeat)
    inside = workloads.Workload(workload.network, workload.inputs)
    only = {name: Spikes.collect(s.shape, s.stimuli, [], [], []) for name, s in spikes.items()}
    events = 4 * synaptic_events(inside, {**only, "pool1": pool1})
    return {"ns": 1e9 * seconds / events, "events": events / many.stimuli}


def train(workload: workloads.Workload, layer: str, kind: str, repeat: int) -> dict[str, float]:
    """Measure how one layer learns from recorded spikes of the layer below, start of the program included."""
    from spikeseg.runners.inference.encoding import open_encoder
    from spikeseg.runners.training.learning import constants, initial, on_padded_grid, open_learner

    config = workload.network.config
    conv, below, first_step = {"conv2": (config.conv2, "pool1", 2), "conv3": (config.conv3, "pool2", 4)}[layer]
    with open_encoder(config, workload.size, "cpp_standalone") as encoder:
        spikes = encoder.encode(workload.network, workload.inputs)[below]
    shown = on_padded_grid(spikes, conv, first_step)
    rule = config.plasticity.of(layer)
    start = constants(conv, rule, 1e-3) | initial(conv, spikes.shape, rule.learning_rule, (0,)).state
    with (
        connections(kind) as built,
        open_learner(conv, spikes.shape, config.input.steps, 1e-3, "cpp_standalone", rule) as one,
    ):
        some, first = (
            quickest(lambda stimuli=stimuli: one.run(stimuli, start), repeat) for stimuli in (shown, shown.select([0]))
        )
    further = 1e3 * (some - first) / (shown.stimuli - 1)
    return {**built, "per_s": shown.stimuli / some, "further": further, "mb": peak_megabytes("cpp_standalone")}


MEASURES = {"encode": encode, "dense": dense_arrays, "forward": forward, "train": train, "whole": whole}


def main() -> None:
    """Measure the case that the argument describes."""
    case = json.loads(sys.argv[1])
    workload = WORKLOADS[case["workload"]](**case["of"])
    print(json.dumps(MEASURES[case["what"]](workload, **case["how"])))


if __name__ == "__main__":
    main()
