#!/usr/bin/env bash
# What: in Brian2 2.9.0 `floor` and `ceil` of a variable give 32-bit integers on the numpy target: of 3e9 they give
# -2147483648, as of every number from 2**31 on, with no more than NumPy's warning of an invalid value. On the cython
# target they give 3e9.
# Why it matters: rounding a potential to a grid, floor(v * 2**38) / 2**38, is how a model gets the same bits on every
# device; on numpy, where models are tried first, it makes other spikes instead.
# Versions: brian2 2.9.0, numpy 2.3.5, cython 3.1.6.
# Source of the guess: Brian2's list of default functions, which says of `floor` no more than its name does, and its
# promise that targets differ in speed alone.
. "$(dirname "$0")/observe.sh"
observe brian2==2.9.0 numpy==2.3.5 cython==3.1.6 'setuptools<81' <<'PY'
import warnings

from brian2 import NeuronGroup, defaultclock, ms, prefs, run, start_scope
from observe import check

warnings.simplefilter("ignore", RuntimeWarning)  # NumPy's, of the invalid value


def rounded(target, function):
    prefs.codegen.target = target
    start_scope()
    group = NeuronGroup(3, "x : 1\ny : 1")
    group.x = [2.5, 2e9 + 0.5, 3e9 + 0.5]
    group.run_regularly(f"y = {function}(x)", dt=defaultclock.dt)
    run(0.1 * ms)
    return group.y[:].tolist()


for function, right in (("floor", [2.0, 2e9, 3e9]), ("ceil", [3.0, 2e9 + 1, 3e9 + 1])):
    check(f"{function} on cython", guess=right, seen=rounded("cython", function), recorded=right)
    check(
        f"{function} on numpy",
        guess=right,
        seen=rounded("numpy", function),
        recorded=[*right[:2], -2147483648.0],
    )
PY
