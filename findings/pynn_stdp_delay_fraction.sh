#!/usr/bin/env bash
# What: a script of PyNN 0.13.0 with STDP cannot be run on NEST and on Brian2 unchanged. `dendritic_delay_fraction` says
# where the delay lies. On NEST it has to be 1, its default; on Brian2 it has to be 0, and the default is refused.
# Why it matters: what is left to do, another fraction for each simulator, is another model: pairs that are closer than
# the delay change the weight in the opposite direction (delay_turns_stdp).
# Versions: PyNN 0.13.0, nest-simulator 3.10.0, brian2 2.9.0, numpy 2.3.5.
# Source of the guess: PyNN's documentation: the same script runs on each of its simulators.
. "$(dirname "$0")/observe.sh"
observe pynn==0.13.0 nest-simulator==3.10.0 brian2==2.9.0 numpy==2.3.5 <<'PY' | grep -E '^(pynn|PyNN|nest-sim|numpy|brian2|STDP|  )'
import importlib
import json
import subprocess
import sys

from observe import check


def outcome(name, **fraction):
    simulator = importlib.import_module(f"pyNN.{name}")
    simulator.setup(timestep=0.1, min_delay=0.1)
    timing = simulator.SpikePairRule(tau_plus=20.0, tau_minus=20.0, A_plus=0.01, A_minus=0.01)
    weights = simulator.AdditiveWeightDependence(w_min=0.0, w_max=1.0)
    pre = simulator.Population(1, simulator.SpikeSourceArray(spike_times=[10.0]))
    post = simulator.Population(1, simulator.IF_curr_exp())
    try:
        stdp = simulator.STDPMechanism(
            timing_dependence=timing, weight_dependence=weights, weight=0.5, delay=1.0, **fraction
        )
        simulator.Projection(pre, post, simulator.AllToAllConnector(), synapse_type=stdp)
    except ValueError:
        return "refused"
    return "accepted"


if len(sys.argv) > 1:  # each simulator in a process of its own
    fractions = [{}, {"dendritic_delay_fraction": 1.0}, {"dendritic_delay_fraction": 0.0}]
    print(json.dumps([outcome(sys.argv[1], **fraction) for fraction in fractions]))
else:
    for name, recorded in (("nest", ["accepted", "accepted", "refused"]), ("brian2", ["refused", "refused", "accepted"])):
        told = subprocess.run([sys.executable, "-W", "ignore", __file__, name], capture_output=True, text=True).stdout
        seen = json.loads(told.splitlines()[-1])
        check(f"STDP in pyNN.{name}, fraction by default, 1, 0", guess=["accepted"] * 3, seen=seen, recorded=recorded)
PY
