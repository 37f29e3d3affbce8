"""Integrate-and-fire neurons with binary activations (Kirkland et al. 2020, section III; DESIGN contract 1-4).

A neuron adds up the weights of the spikes that reach it and fires at most once per stimulus. Having fired, or having
been silenced by a competitor, its potential is minus infinity until the next stimulus: no input can bring it back.
"""

RESET = "v = -inf"

NEW_STIMULUS = """
changed = True
v = 0
"""

SILENCE = "v_post = -inf"

# Of every layer: the map that a neuron belongs to, and whether a threshold may have been reached (models/layer.py).
LAYER = """
feature : integer (constant)
changed : boolean (shared)
"""

CONV = """
v : 1
theta : 1 (linked)
"""

CONV_THRESHOLD = "v >= theta"

CONV_FORWARD = "v_post += w"

POOL = "v : 1"

POOL_THRESHOLD = "v > 0.5"

POOL_FORWARD = "v_post += 1"

KERNEL = "w : 1"
