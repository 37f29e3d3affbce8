#!/usr/bin/env bash
# What: Elephant 1.2.1 has no answer for sparse trains in two functions: `spike_contrast` of two trains with one spike
# each, and `instantaneous_rate` with its default kernel for one or two spikes, end in errors of numpy and Python that
# name no cause. Two identical trains of two spikes give the contrast 1.
# Why it matters: networks that code by the first spike have one spike per neuron and image, by design. A loop over
# neurons stops at the first of them.
# Versions: elephant 1.2.1, neo 0.14.6, numpy 2.3.5.
# Source of the guess: the docstring of spike_contrast gives synchrony between 0 and 1, and the one of
# instantaneous_rate promises a ValueError where no kernel width can be found; what comes is a ValueError from inside
# numpy. Known: pull request 626 of NeuralEnsemble/elephant discusses trains with one spike.
. "$(dirname "$0")/observe.sh"
observe elephant==1.2.1 neo==0.14.6 numpy==2.3.5 <<'PY'
import neo
import quantities as pq
from elephant.spike_train_synchrony import spike_contrast
from elephant.statistics import instantaneous_rate
from observe import check

NO_BINS = "ValueError: min() arg is an empty sequence"


def train(*seconds):
    return neo.SpikeTrain(list(seconds), units="s", t_stop=1.0)


def outcome(function, *arguments):
    try:
        return function(*arguments)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def contrast(*seconds):
    return outcome(spike_contrast, [train(*seconds), train(*seconds)])


check("contrast of two identical trains, 2 spikes", guess=1.0, seen=contrast(0.3, 0.5), recorded=1.0)
check("the same, 1 spike", guess="1.0 or a named error", seen=contrast(0.5), recorded=NO_BINS)
seen = outcome(instantaneous_rate, train(0.4, 0.5), 10 * pq.ms)
recorded = "ValueError: zero-size array to reduction operation minimum which has no identity"
check("rate, 2 spikes", guess="a rate, or an error that says too few spikes", seen=seen, recorded=recorded)
PY
