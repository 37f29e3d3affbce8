"""Integrate-and-fire neurons that fire at most once per stimulus (docs/model.md, rules 1 to 3).

Kirkland et al. 2020, sections IV.B and IV.C: integrate-and-fire, without leak; LEAK and LEAKY_FORWARD are for layers
with a `tau_ms`. The formulas are those of Kheradpisheh et al. 2018, section 2.2. A potential of minus infinity marks a
neuron that has fired or was silenced by a competitor: no input brings it back before the next stimulus.
"""

RESET = "v = -inf"
"""A neuron that has fired fires no more; Kheradpisheh et al. 2018 have V = 0 and forbid a second spike.

Updates: v, the potential
When: resets, for every neuron that fires
"""

NEW_STIMULUS = "v = 0"
"""All neurons begin a stimulus at rest, below their thresholds, which are above 0.

Updates: v, the potential
When: start, in the first step of a stimulus
"""

SILENCE = "v_post = -inf"
"""A neuron that fires silences its competitors for the rest of the stimulus (rules 6 and 7).

Updates: v_post, the potential of each competitor
When: synapses, once for every pair of a neuron that fires and a competitor
"""

LAYER = """
feature : integer (constant)
changed : boolean (shared)
"""
"""What every layer's neurons have besides.

feature    index of the neuron's map
changed    whether a neuron of the layer may have reached its threshold; else none is looked at (models/layer.py)
"""

CONV = """
v : 1
theta : 1 (linked)
"""
"""A neuron of a convolutional layer.

v        V, the potential
theta    V_thr, the threshold of its map (adaptation.py)
"""

CONV_THRESHOLD = "v >= theta"
"""Kheradpisheh et al. 2018, section 2.2, equation 2.

    S_i(t) = 1   if V_i(t) >= V_thr

Reads: v, V_i; theta, V_thr
When: thresholds
"""

CONV_FORWARD = "v_post += w"
"""Kheradpisheh et al. 2018, section 2.2, equation 1.

    V_i(t) = V_i(t - 1) + sum_j W_ji S_j(t - 1)

Each input j that fires adds its summand. It does so after the thresholds of that step, so the sum is compared with the
threshold one step later.

Reads: w, W_ji, the weight from input j to neuron i
Updates: v_post, V_i
When: synapses, once for every input that fires and every neuron that sees it
"""

LEAK = "last : second"
"""A neuron of a convolutional layer that leaks has this besides.

last    when an input arrived for the last time; the potential is the one of then
"""

LEAKY_FORWARD = """
v_post = whole(v_post * remains(t - last_post) * grid) / grid + w
last_post = t
"""
"""CONV_FORWARD for a neuron that leaks, with a time constant tau (Gerstner et al. 2014, section 1.3.1).

    V_i(t) = V_i(t') exp(-(t - t') / tau) + sum_j W_ji S_j(t)

t' is when an input arrived before. Nothing is done in between: a potential that only falls cannot reach a threshold, so
thresholds are compared with the potential of the last arrival. What is left of it is rounded down to a multiple of
1 / grid, as weights are, so that sums of inputs stay exact in whatever order they come.

`remains` is a table of exp(-(t - t') / tau) by steps (models/decay.py); `whole` gives the largest whole number that is
not larger, and `grid` is 2 to the power of 38 (models/neurons.py).

Reads: w, W_ji; v_post, V_i; last_post, t'; t; remains; whole; grid
Updates: v_post, V_i; last_post
When: synapses, once for every input that fires and every neuron that sees it
"""

SILENT = "silent : boolean"
"""A neuron of a model that is named (neuron_models/) has this besides. Its ``theta`` is what its file compares v with.

silent    whether it has fired, or was silenced, in this stimulus
"""

AWAKE = "awake = not silent : boolean"
"""Such a neuron competes, and fires, only while it is awake.

Reads: silent
Updates: awake
When: with every comparison of v and theta
"""

AWAKEN = "silent = False"
"""Such neurons begin a stimulus with all they have at 0, and then as their file says.

Updates: silent
When: start, in the first step of a stimulus
"""

FALL_SILENT = "silent = True"
"""Such a neuron that has fired fires no more; RESET for it, since its potential need not stay at minus infinity.

Updates: silent
When: resets, for every neuron that fires
"""

SILENCE_COMPETITOR = "silent_post = True"
"""SILENCE for such neurons.

Updates: silent_post
When: synapses, once for every pair of a neuron that fires and a competitor
"""

RESTLESS = "changed = True"
"""Such neurons may reach their threshold without an input, if they begin there, or something in them decays or happens.

Updates: changed, see LAYER
When: start, in the first step of a stimulus; and synapses, first, in every step, if anything decays or happens in it
"""

MOVING = """
moving = int(v < theta and awake)
staying = 1 - moving
"""
"""What happens in every step happens to neurons below their threshold; one that waits to fire keeps its potential.

Reads: v; theta; awake; moving
Updates: moving, whether something happens to the neuron in this step; staying, the opposite
When: synapses, after RESTLESS and after all decay
"""

POOL = "v : 1"
"""A neuron of a pooling layer.

v    number of spikes in its window so far
"""

POOL_THRESHOLD = "v > 0.5"
"""The first spike in the window is passed on (Kheradpisheh et al. 2018, section 2.3).

Reads: v, the number of spikes
When: thresholds
"""

POOL_FORWARD = "v_post += 1"
"""An input in the window fires.

Updates: v_post, the number of spikes
When: synapses, once for every input that fires and every window that it is in
"""

KERNEL = "w : 1"
"""What a connection between two layers stores.

w    weight, one for each (map, map below, row, column) of the kernel; all places of a map share it
"""
