"""One measurement, in a process of its own: `python -m benchmarks.cases '{"what": ...}'` prints it as JSON.

Times are processor times (user and system, child processes included), not wall-clock times: other work on the machine
hardly changes them. Of several repetitions the quickest one counts.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from spikeseg.spikes import Spikes

from . import dense, workloads

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
    from spikeseg.models import encoder, learner, targets

    built: dict[str, float] = {"build_s": 0.0}
    before = targets.PROCEDURAL, encoder.build_encoder, learner.build_learner

    def timed(build: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any) -> Any:
            start = time.process_time()
            model = build(*arguments)
            built["build_s"] += time.process_time() - start
            return model

        return run

    encoder.build_encoder, learner.build_learner = timed(before[1]), timed(before[2])
    if kind == "explicit":
        targets.PROCEDURAL = ()
    try:
        yield built
    finally:
        targets.PROCEDURAL, encoder.build_encoder, learner.build_learner = before


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
    return {"ms": 1e3 * seconds / len(stimuli), "conv3": sum(fired) / len(stimuli), "mb": peak_megabytes("")}


def forward(workload: workloads.Workload, kind: str, repeat: int) -> dict[str, float]:
    """Measure Conv2's connection alone: the recorded spikes of Pool1 arrive at neurons that only add them up."""
    from brian2 import Clock, Network, NeuronGroup, SpikeGeneratorGroup, second

    from spikeseg.models.conv_synapses import ConvSynapses
    from spikeseg.models.geometry import Window
    from spikeseg.models.model import Model
    from spikeseg.runners.inference.encoding import open_encoder
    from spikeseg.runners.simulation.simulator import open_simulator

    with open_encoder(workload.network.config, workload.size, "cpp_standalone") as encoder:
        spikes = encoder.encode(workload.network, workload.inputs)
    pool1, conv2 = spikes["pool1"], workload.network.config.conv2
    window = Window.convolution(pool1.shape, conv2.maps, conv2.kernel, padding=conv2.padding)

    def build() -> Model:
        clock = Clock(1e-3 * second)
        source = SpikeGeneratorGroup(window.source.size, [0], [0] * second, clock=clock, name="input")
        target = NeuronGroup(window.target.size, "v : 1", clock=clock)
        synapses = ConvSynapses(source, target, window, "w : 1", on_pre="v_post += w", name="forward")
        state = {"w": (synapses, "w")}
        return Model(Network(source, target, synapses), source, {}, {}, state, steps=20, ticks=1, dt=1e-3)

    kernel = workload.network.kernels["conv2"].ravel()
    with connections(kind), open_simulator(build, "cpp_standalone", repr(("forward", kind, window))) as simulator:
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
    start = constants(conv) | initial(conv, spikes.shape, (0,)).state
    with (
        connections(kind) as built,
        open_learner(conv, spikes.shape, config.input.steps, 1e-3, "cpp_standalone") as one,
    ):
        some, first = (
            quickest(lambda stimuli=stimuli: one.run(stimuli, start), repeat) for stimuli in (shown, shown.select([0]))
        )
    further = 1e3 * (some - first) / (shown.stimuli - 1)
    return {**built, "per_s": shown.stimuli / some, "further": further, "mb": peak_megabytes("cpp_standalone")}


MEASURES = {"encode": encode, "dense": dense_arrays, "forward": forward, "train": train}


def main() -> None:
    """Measure the case that the argument describes."""
    case = json.loads(sys.argv[1])
    workload = WORKLOADS[case["workload"]](**case["of"])
    print(json.dumps(MEASURES[case["what"]](workload, **case["how"])))


if __name__ == "__main__":
    main()
