#!/usr/bin/env bash
# What: with PyNN 0.13.0 on NEST 3.10.0 an input spike at 0 ms never happens, without a message; one at 0.1 ms (the
# first step) is refused with "spike time cannot be set to 0"; one at 0.2 ms works. PyNN moves input spikes one
# smallest delay earlier, since a relay neuron inside adds it again.
# Why it matters: event streams that were set to start at zero lose their first spike, and the error for the second
# step names a time that nobody set.
# Versions: PyNN 0.13.0, nest-simulator 3.10.0, numpy 2.3.5.
# Source of the guess: PyNN's documentation of SpikeSourceArray: a source that emits spikes at the given times; NEST
# itself refuses 0 and takes 0.1. Known: issue 503 of NeuralEnsemble/PyNN (the error at the first step).
. "$(dirname "$0")/observe.sh"
observe pynn==0.13.0 nest-simulator==3.10.0 numpy==2.3.5 <<'PY' | grep -E '^(pynn|PyNN|nest-sim|numpy|input|  )'
import pyNN.nest as simulator
from observe import check


def recorded_spikes(times):
    simulator.setup(timestep=0.1, min_delay=0.1)
    source = simulator.Population(1, simulator.SpikeSourceArray(spike_times=times))
    source.record("spikes")
    simulator.run(5.0)
    spikes = source.get_data().segments[0].spiketrains[0].magnitude.round(6).tolist()
    simulator.end()
    return spikes


def outcome(times):
    try:
        return recorded_spikes(times)
    except Exception as error:
        return str(error).rsplit(": ", 1)[-1]


check("input at 0.2, 1 ms: recorded", guess=[0.2, 1.0], seen=outcome([0.2, 1.0]), recorded=[0.2, 1.0])
check("input at 0, 1 ms: recorded", guess="[0.0, 1.0], or an error", seen=outcome([0.0, 1.0]), recorded=[1.0])
recorded = "spike time cannot be set to 0."
check("input at 0.1, 1 ms: recorded", guess=[0.1, 1.0], seen=outcome([0.1, 1.0]), recorded=recorded)
PY
