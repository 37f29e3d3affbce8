#!/usr/bin/env bash
# What: one input of 1 meets a threshold of 1. NEST 3.10.0, Nengo 4.1.0 and SpikingJelly 2.0.0 fire; snnTorch 1.0.0,
# Norse 1.1.0 and NEURON 9.0.2 do not. Ten inputs of 0.1 turn nearly all of it round: in 32 bits (PyTorch) they make
# 1.0000001 and all three libraries fire, in 64 bits 0.9999999999999999 and NEST, Nengo and NEURON do not.
# Why it matters: counting neurons with equal or quantised weights (one spike per n inputs, converted networks, chips
# with integers) meet their threshold exactly all the time. A model that is moved fires one input later, or never.
# Versions: neuron 9.0.2, nest-simulator 3.10.0, nengo 4.1.0, snntorch 1.0.0, spikingjelly 2.0.0, norse 1.1.0,
# torch 2.13.0, numpy 2.3.5.
# Source of the guess: the models' equations in the documentation, mostly written as V >= threshold; nothing there
# says that libraries differ. In Brian2 the comparison is in the user's own threshold string.
. "$(dirname "$0")/observe.sh"
observe neuron==9.0.2 nest-simulator==3.10.0 nengo==4.1.0 snntorch==1.0.0 spikingjelly==2.0.0 norse==1.1.0 \
    torch==2.13.0 numpy==2.3.5 <<'PY' 2>/dev/null | grep -E '^([a-zA-Z0-9-]+==|[a-zA-Z]+: spikes|  )'
import nengo
import nest
import numpy as np
import torch
from neuron import h
from norse.torch.functional.iaf import IAFFeedForwardState, iaf_feed_forward_step
from observe import check
from snntorch import Leaky
from spikingjelly.activation_based.neuron import IFNode

nest.set_verbosity("M_ERROR")


def in_nest(inputs):
    nest.ResetKernel()
    nest.resolution = 1.0
    lossless = {"tau_m": 1e30, "C_m": 1.0, "E_L": 0.0, "V_m": 0.0, "V_reset": 0.0, "V_th": 1.0, "t_ref": 1.0}
    neuron, recorder = nest.Create("iaf_psc_delta", params=lossless), nest.Create("spike_recorder")
    source = nest.Create("spike_generator", params={"spike_times": np.arange(len(inputs)) + 1.0})
    nest.Connect(source, neuron, syn_spec={"weight": inputs[0], "delay": 1.0})
    nest.Connect(neuron, recorder)
    nest.Simulate(30.0)
    return recorder.n_events


def in_nengo(inputs):
    neuron, voltage, output, spikes = nengo.SpikingRectifiedLinear(), np.zeros(1), np.zeros(1), 0
    for value in inputs:
        neuron.step(1.0, np.array([value]), output, voltage=voltage)
        spikes += int(output[0])
    return spikes


def in_spikingjelly(inputs):
    neuron = IFNode(v_threshold=1.0)
    return sum(int(neuron(torch.tensor([value]))) for value in inputs)


def in_snntorch(inputs):
    neuron, spikes = Leaky(beta=1.0, threshold=1.0), 0
    potential = neuron.init_leaky()
    for value in inputs:
        spike, potential = neuron(torch.tensor([value]), potential)
        spikes += int(spike)
    return spikes


def in_norse(inputs):
    state, spikes = IAFFeedForwardState(torch.zeros(1)), 0
    for value in inputs:
        spike, state = iaf_feed_forward_step(torch.tensor([value]), state)
        spikes += int(spike)
    return spikes


def in_neuron(inputs):
    cell, times = h.IntFire1(), h.Vector()
    cell.tau, cell.refrac = 1e30, 0.5
    source, listener = h.NetCon(None, cell), h.NetCon(cell, None)
    source.weight[0] = inputs[0]
    listener.record(times)
    h.finitialize(0)
    for number in range(len(inputs)):
        source.event(number + 1.0)
    h.tstop = 30
    h.continuerun(30)
    return len(times)


h.load_file("stdrun.hoc")
for name, fire, one, ten in (
    ("NEST", in_nest, 1, 0),
    ("Nengo", in_nengo, 1, 0),
    ("SpikingJelly", in_spikingjelly, 1, 1),
    ("snnTorch", in_snntorch, 0, 1),
    ("Norse", in_norse, 0, 1),
    ("NEURON", in_neuron, 0, 0),
):
    check(f"{name}: spikes for one input of 1, threshold 1", guess=1, seen=fire([1.0]), recorded=one)
    check(f"{name}: spikes for ten inputs of 0.1, threshold 1", guess=1, seen=fire([0.1] * 10), recorded=ten)
PY
