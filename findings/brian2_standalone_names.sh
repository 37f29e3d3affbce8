#!/usr/bin/env bash
# What: in Brian2 2.9.0 a TimedArray may have any name that is an identifier and runs on numpy and cython; as a C++
# standalone program it does not compile if the C++ standard library has something of that name, such as `decay` or
# `rank`: the generated code says "using namespace std", and g++ finds the name ambiguous.
# Why it matters: `decay`, `rank`, `ratio` are what one calls a table of a leak or a plasticity model. A model that was
# tried on cython ends on a cluster, as a C++ program, in an error about a file that nobody wrote.
# Versions: brian2 2.9.0, numpy 2.3.5, cython 3.1.6; g++.
# Source of the guess: Brian2 checks names of variables against its own reserved words and those of C++ and says so; its
# documentation of TimedArray asks for nothing but a valid name.
. "$(dirname "$0")/observe.sh"
observe brian2==2.9.0 numpy==2.3.5 cython==3.1.6 'setuptools<81' <<'PY'
import multiprocessing
import os
import tempfile

from observe import check

NAMES = ["decay", "rank", "leak", "gain"]


def runs(name, device):
    """Whether a model that calls a TimedArray of that name runs; in a process of its own, as a device is for all."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(attempt, (name, device))


def attempt(name, device):
    from brian2 import NeuronGroup, TimedArray, ms, prefs, run, set_device

    out = os.open(os.devnull, os.O_WRONLY)
    os.dup2(out, 1), os.dup2(out, 2)
    if device == "cpp_standalone":
        set_device("cpp_standalone", directory=tempfile.mkdtemp())
    else:
        prefs.codegen.target = device
    table = TimedArray([1.0, 0.5, 0.25], 1 * ms, name=name)
    group = NeuronGroup(2, "v : 1", namespace={name: table})
    group.run_regularly(f"v = {name}(t)", dt=1 * ms)
    try:
        run(2 * ms)
    except Exception:
        return "no"
    return "runs"


if __name__ == "__main__":
    for device, recorded in (("cython", ["runs"] * 4), ("cpp_standalone", ["no", "no", "runs", "runs"])):
        found = [runs(name, device) for name in NAMES]
        check(f"{device}: {', '.join(NAMES)}", guess=["runs"] * 4, seen=found, recorded=recorded)
PY
