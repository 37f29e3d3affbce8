#!/usr/bin/env bash
# What: with dt = 0.1 ms, a neuron that integrates a constant input and fires every 8 steps fires every 28 steps with a
# refractory period of 2 ms (20 steps) in NEST 3.10.0, and every 27 in Brian2 2.9.0. In Brian2 a period of n steps holds
# the potential for n - 1 steps, so one of a single step does nothing at all.
# Why it matters: rates of a model that is moved differ by one step per spike: with the 69 steps that integration
# takes in a common textbook neuron, 2 ms give 89 steps between spikes or 90. Of a fast neuron it is several per cent.
# Versions: brian2 2.9.0, nest-simulator 3.10.0, numpy 2.3.5.
# Source of the guess: Brian2's documentation of refractoriness: `refractory=2*ms` with `(unless refractory)` clamps the
# variable "for 2ms after a spike". In steps: a spike belongs to the start of its step, after that step's integration,
# and the step that starts 2 ms later integrates again.
. "$(dirname "$0")/observe.sh"
observe brian2==2.9.0 nest-simulator==3.10.0 numpy==2.3.5 <<'PY' | grep -E '^(brian2|Brian2|nest-sim|NEST|numpy|  )'
import nest
import numpy as np
from brian2 import NeuronGroup, SpikeMonitor, defaultclock, ms, prefs, run, start_scope
from observe import check

prefs.codegen.target = "numpy"
defaultclock.dt = 0.1 * ms
nest.set_verbosity("M_ERROR")
refractory = [0, 1, 2, 20]  # steps


def between(times):
    """The one number of steps between spikes, and never another one."""
    (steps,) = set(np.diff(np.round(np.asarray(times) / 0.1).astype(int)).tolist())
    return steps


def in_brian2(steps):
    start_scope()
    model = "dv/dt = 1 / (0.75*ms) : 1 (unless refractory)"  # 7.5 steps to the threshold
    group = NeuronGroup(
        1, model, threshold="v > 1", reset="v = 0", refractory=steps * defaultclock.dt, method="euler"
    )
    monitor = SpikeMonitor(group)
    run(50 * ms)
    return between(monitor.t / ms)


def in_nest(steps):
    nest.ResetKernel()
    nest.resolution = 0.1
    passive = {"tau_m": 1e9, "C_m": 1.0, "E_L": 0.0, "V_m": 0.0, "V_reset": 0.0, "V_th": 1.0}
    neuron = nest.Create("iaf_psc_delta", params={**passive, "I_e": 1 / 0.75, "t_ref": steps * 0.1})
    recorder = nest.Create("spike_recorder")
    nest.Connect(neuron, recorder)
    nest.Simulate(50.0)
    return between(recorder.events["times"])


guess = [8 + steps for steps in refractory]
what = f"steps between spikes with refractory periods of {refractory} steps"
check(f"NEST: {what}", guess=guess, seen=[in_nest(steps) for steps in refractory], recorded=guess)
check(f"Brian2: {what}", guess=guess, seen=[in_brian2(steps) for steps in refractory], recorded=[8, 8, 9, 27])
PY
