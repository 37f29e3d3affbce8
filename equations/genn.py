"""The same encoder for GeNN, which has neither linked variables nor custom events (docs/devices.md).

Thresholds are copied to the neurons when a stimulus begins (docs/model.md, rule 4). The competition at a place (rule 7)
is one summed variable: of the maps that reach their threshold in a step the best one has rank 1 in the next step, and
fires then. So each competition takes a step more, which is taken off again when spikes are read. Formulas and sources
are those of adaptation.py and competition.py.
"""

STIMULUS = "scale : 1 (constant)"
"""A presentation.

scale    factor on all thresholds
"""

FEATURE = "resting : 1 (constant)"
"""A map.

resting    its threshold before adaptation
"""

CONV = """
v : 1
theta : 1
stimulus : integer
"""
"""A neuron of a convolutional layer.

v           potential
theta       its threshold in this stimulus
stimulus    number of the next presentation
"""

CONV_NEW_STIMULUS = """
changed = True
v = 0
theta = resting * scale
stimulus = stimulus + 1
"""
"""All neurons begin a stimulus at rest, with adapted thresholds.

Reads: resting, of the neuron's map; scale, of the presentation; stimulus
Updates: v; theta; stimulus; changed, see LAYER in neurons.py
When: start, in the first step of a stimulus
"""

PLACE_CONV = f"{CONV}rank : 1"
"""A neuron of a convolutional layer whose maps compete; CONV, and

rank    its rank among the candidates at its place, from 1
"""

PLACE_RANK = (
    "rank_post = 2 * int(v_pre == -inf) + int(v_pre >= theta_pre) * int(v_post >= theta_post)"
    " * (int(v_pre > v_post) + int(v_pre == v_post) * int(feature_pre <= feature_post)) : 1 (summed)"
)
"""The number of candidates at a place that are not behind this one, itself included.

Not behind are those with a larger potential and, of those with an equal one, the lower maps. A neuron that has fired,
at minus infinity, keeps all ranks at its place above 1: that is how it silences the others.

Reads: v_pre; theta_pre; feature_pre, the map; v_post; theta_post; feature_post
Updates: rank_post, as the sum over all maps at the place
When: every step, after its thresholds; the thresholds of the next step see it
"""

PLACE_THRESHOLD = "rank == 1"
"""Of the candidates at a place one fires.

Reads: rank
When: thresholds
"""
