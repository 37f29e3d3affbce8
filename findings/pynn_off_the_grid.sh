#!/usr/bin/env bash
# What: PyNN 0.13.0 on NEST 3.10.0 computes spikes between steps by default. A neuron that is driven by one spike at
# 1.03 ms, with steps of 0.1 ms, fires 10 times in 8 ms, first at 1.441899 ms; with `spike_precision="on_grid"` the input
# comes at 1.1 ms, and the neuron fires 9 times, first at 1.6 ms. The option stays for later calls of `setup`.
# Why it matters: the default of NEST itself, and of Brian2, is on the grid. A comparison of simulators through PyNN
# compares precise spikes of one with rounded ones of the other, unless this option is given.
# Versions: PyNN 0.13.0, nest-simulator 3.10.0, numpy 2.3.5.
# Source of the guess: `timestep=0.1` is documented as the step of the simulation, and other backends round to it.
. "$(dirname "$0")/observe.sh"
observe pynn==0.13.0 nest-simulator==3.10.0 numpy==2.3.5 <<'PY' | grep -E '^(pynn|PyNN|nest-sim|numpy|spikes|  )'
import pyNN.nest as simulator
from observe import check


def spikes(**options):
    simulator.setup(timestep=0.1, min_delay=0.1, **options)
    source = simulator.Population(1, simulator.SpikeSourceArray(spike_times=[1.03]))
    target = simulator.Population(1, simulator.IF_curr_exp())
    synapse = simulator.StaticSynapse(weight=50.0, delay=0.1)
    simulator.Projection(source, target, simulator.AllToAllConnector(), synapse)
    target.record("spikes")
    simulator.run(8.0)
    times = target.get_data().segments[0].spiketrains[0].magnitude.round(6).tolist()
    simulator.end()
    return len(times), times[0]


on_grid, off_grid = (9, 1.6), (10, 1.441899)
check("spikes by default: number, first", guess=on_grid, seen=spikes(), recorded=off_grid)
check("spikes with on_grid: number, first", guess=on_grid, seen=spikes(spike_precision="on_grid"), recorded=on_grid)
check("spikes by default, after that: number, first", guess=off_grid, seen=spikes(), recorded=on_grid)
PY
