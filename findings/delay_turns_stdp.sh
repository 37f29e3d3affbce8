#!/usr/bin/env bash
# What: a synapse with STDP and `delay` of 5 ms; the source fires, the target 2.5 ms later. In NEST 3.10.0 the weight
# grows, in Brian2 2.9.0 it shrinks. In NEST all of `delay` lies in the dendrite: the target's spike comes to the
# synapse late. In Brian2 `delay` lies in the axon: the source's spike comes late. For spikes of one step the weight
# grows in NEST, where no delay is shorter than a step; in Brian2 it shrinks with a delay, and grows without one, as
# the source's statement goes first.
# Why it matters: the same numbers give the opposite change for every pair that is closer than the delay. With delays of
# some milliseconds, as in cortical models, these are the pairs that count most.
# Versions: brian2 2.9.0, nest-simulator 3.10.0, numpy 2.3.5.
# Source of the guess: both call it the delay of the synapse, and the rule's formula (all pairs, exponential windows) is
# the same. Known: issues 1604 and 1939 of nest/nest-simulator. Brian2 can do as NEST does with `delay={"post": ...}`,
# which then delays nothing but the rule.
. "$(dirname "$0")/observe.sh"
observe brian2==2.9.0 nest-simulator==3.10.0 numpy==2.3.5 <<'PY' | grep -E '^(brian2|Brian2|nest-sim|NEST|numpy|  )'
import nest
from brian2 import SpikeGeneratorGroup, Synapses, defaultclock, ms, prefs, run, start_scope
from observe import check

prefs.codegen.target = "numpy"
defaultclock.dt = 0.1 * ms
nest.set_verbosity("M_ERROR")
ADDITIVE = {"mu_plus": 0.0, "mu_minus": 0.0, "alpha": 1.0, "lambda": 0.01, "Wmax": 100.0, "weight": 50.0}
MODEL = "w : 1\n" + "\n".join(f"d{name}/dt = -{name} / (20*ms) : 1 (event-driven)" for name in ("before", "after"))


def sign(change):
    return "+" if change > 0 else "-" if change < 0 else "0"


def in_nest(delay, later):
    nest.ResetKernel()
    nest.resolution = 0.1
    pre, post = nest.Create("parrot_neuron", 2)
    for neuron, times in ((pre, [50.0, 2000.0]), (post, [50.0 + later])):  # the weight is brought up to date at 2000
        nest.Connect(nest.Create("spike_generator", params={"spike_times": times}), neuron)
    # A parrot repeats what comes to receptor 0, and ignores receptor 1.
    nest.Connect(
        pre, post, syn_spec={"synapse_model": "stdp_synapse", "delay": delay, "receptor_type": 1, **ADDITIVE}
    )
    nest.Simulate(2010.0)
    return sign(nest.GetConnections(pre, post).weight - 50.0)


def in_brian2(delay, later):
    start_scope()
    pre = SpikeGeneratorGroup(1, [0], [50] * ms)
    post = SpikeGeneratorGroup(1, [0], [50 + later] * ms)
    synapses = Synapses(
        pre, post, MODEL, on_pre="before += 1; w -= after", on_post="after += 1; w += before", delay=delay * ms
    )
    synapses.connect()
    run(90 * ms)
    return sign(float(synapses.w[0]))


for delay, guess, nest_has, brian2_has in (
    (0.1, "--0++", "--+++", "---++"),
    (5.0, "--0++", "-++++", "----+"),
):
    for name, measure, recorded in (("NEST", in_nest, nest_has), ("Brian2", in_brian2, brian2_has)):
        seen = "".join(measure(delay, later) for later in (-7.5, -2.5, 0.0, 2.5, 7.5))
        what = f"{name}, delay {delay} ms: weight, if the target fires -7.5, -2.5, 0, 2.5, 7.5 ms after its source"
        check(what, guess=guess, seen=seen, recorded=recorded)
what = "Brian2, no delay: weight, for spikes of one step"
check(what, guess="0", seen=in_brian2(0, 0.0), recorded="+")
PY
