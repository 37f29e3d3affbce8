#!/usr/bin/env bash
# What: snnTorch 1.0.0's Leaky with reset by subtraction and `reset_delay=False` stays silent above its threshold. After
# one input of 2.5 (threshold 1, no leak) it fires once and then holds 1.5 for good: the next step subtracts a threshold
# before the comparison, and gives it back after it. After 4.5 it fires three times and holds 1.5. With
# `reset_delay=True`, the default, it fires twice and four times and keeps 0.5.
# Why it matters: reset by subtraction is there to lose nothing, spikes = input / threshold, and networks converted from
# rate-based ones rest on that. Here the last spike of every burst is missing until more input comes.
# Versions: snntorch 1.0.0, torch 2.13.0, numpy 2.3.5.
# Source of the guess: the documentation of Leaky: a neuron whose membrane potential exceeds the threshold fires, and
# "subtract" takes the threshold off; `reset_delay` is about when. Related: issue 364 and pull request 426 of
# jeshraghian/snntorch.
. "$(dirname "$0")/observe.sh"
observe snntorch==1.0.0 torch==2.13.0 numpy==2.3.5 <<'PY'
import torch
from observe import check
from snntorch import Leaky


def outcome(first, reset_delay):
    neuron = Leaky(beta=1.0, threshold=1.0, reset_mechanism="subtract", reset_delay=reset_delay)
    potential, spikes = neuron.init_leaky(), 0
    for value in (first, 0.0, 0.0, 0.0, 0.0, 0.0):
        spike, potential = neuron(torch.tensor([value]), potential)
        spikes += int(spike)
    return spikes, round(float(potential), 6)


for first, guess, recorded in ((1.5, (1, 0.5), (1, 0.5)), (2.5, (2, 0.5), (1, 1.5)), (4.5, (4, 0.5), (3, 1.5))):
    for reset_delay, known in ((True, guess), (False, recorded)):
        what = f"input {first}, then 0; reset_delay={reset_delay}: spikes, and the potential that is left"
        check(what, guess=guess, seen=outcome(first, reset_delay), recorded=known)
PY
