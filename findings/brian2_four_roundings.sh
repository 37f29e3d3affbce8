#!/usr/bin/env bash
# What: Brian2 2.9.0 takes a time between two steps (0.1 ms) to the grid in four ways. A SpikeGeneratorGroup takes the
# step before (0.09 ms is step 0), a delay the nearest one (half a step goes up), a refractory period the one before,
# and `run` the one after.
# Why it matters: microsecond events and conduction delays from data do not lie on the grid. The same 0.09 ms is no
# step as a spike time and one step as a delay, so lags of a delay-tuned network move by up to one step.
# Versions: brian2 2.9.0, numpy 2.3.5.
# Source of the guess: Brian2's documentation of `timestep`, one function that turns times into steps, and NEST, which
# rounds delays to the nearest step and refuses spike times off the grid.
. "$(dirname "$0")/observe.sh"
observe brian2==2.9.0 numpy==2.3.5 <<'PY'
from brian2 import (
    NeuronGroup, SpikeGeneratorGroup, SpikeMonitor, StateMonitor, Synapses, defaultclock, ms, prefs, run, start_scope,
)
from observe import check

prefs.codegen.target = "numpy"
defaultclock.dt = 0.1 * ms
times = [0.04, 0.05, 0.06, 0.09]


def steps(time):
    return round(float(time / defaultclock.dt))


def generated(time):
    start_scope()
    source = SpikeGeneratorGroup(1, [0], [time] * ms)
    monitor = SpikeMonitor(source)
    run(1 * ms)
    return steps(monitor.t[0])


def delayed(time):
    start_scope()
    source = SpikeGeneratorGroup(1, [0], [1] * ms)
    target = NeuronGroup(1, "v : 1", threshold="v > 0.5", reset="v = 0")
    synapses = Synapses(source, target, on_pre="v_post += 1", delay=time * ms)
    synapses.connect()
    monitor = SpikeMonitor(target)
    run(3 * ms)
    return steps(monitor.t[0] - 1 * ms) - 1  # without a delay the target fires one step later


def refractory(time):
    start_scope()
    group = NeuronGroup(1, "v = 1 : 1", threshold="v > 0", refractory=(0.2 + time) * ms)
    monitor = SpikeMonitor(group)
    run(2 * ms)
    return steps(monitor.t[1] - monitor.t[0]) - 2


def length(time):
    start_scope()
    group = NeuronGroup(1, "v : 1")
    monitor = StateMonitor(group, "v", record=0)
    run((1 + time) * ms)
    return len(monitor.t) - 10


nearest = [0, 1, 1, 1]
for name, measure, recorded in (
    ("spike time", generated, [0, 0, 0, 0]),
    ("delay", delayed, nearest),
    ("refractory period, past 2 steps", refractory, [0, 0, 0, 0]),
    ("length of a run, past 10 steps", length, [1, 1, 1, 1]),
):
    check(f"{name}: steps for {times} ms", guess=nearest, seen=[measure(time) for time in times], recorded=recorded)
PY
