"""How a layer learns: STDP with shared weights, and homeostasis of thresholds (docs/model.md, rules 5 and 6).

STDP is the learning rule, LEARNER_NEW_STIMULUS sets its rates, FEATURE_RISE and FEATURE_FALL are homeostasis. Who wins,
and so who learns, is in competition.py. A new variable is declared in LEARNER (of a neuron), AFFERENT (of an input) or
FEATURE (of a map); `state` in models/learner.py has the variables to which a run gives values.
"""

STDP = "w = clip(w + (a_plus_post * fired_pre - a_minus_post * (1 - fired_pre)) * (w * (1 - w)), 0, 1)"
"""Simplified STDP: Kheradpisheh et al. 2018, section 2.4, equation 3, with a- as a positive number.

    delta w_ij = +a+ w_ij (1 - w_ij)   if t_j <= t_i
                 -a- w_ij (1 - w_ij)   if t_j > t_i

i is the winner, j one of its inputs, t when they fire. An input that never fires counts as later, as does one in the
padding. A spike takes a step to arrive, so t_j <= t_i says here that the spike of j had arrived when i fired. The
weight belongs to a map, so one winner teaches all places of its map.

Reads: w, the weight w_ij, 0 to 1; fired_pre, 1 if j has fired, else 0; a_plus_post, a+; a_minus_post, a-
Updates: w
When: synapses, when a neuron wins, for every input that it sees; before the inputs of this step arrive
"""

LEARNER = """
v : 1
drive : 1
neuron : integer (constant)
theta : 1 (linked)
holder : integer (linked)
wins : integer (linked)
winners : integer (shared)
a_plus : 1 (shared)
a_minus_ratio : 1 (shared)
a_minus : 1 (shared)
a_plus_max : 1 (shared)
doubling : integer (shared)
presented : integer (shared)
"""
"""A neuron of the layer that learns.

v                potential
drive            potential over threshold, by which candidates are compared
neuron           its index in the layer
theta            threshold of its map (FEATURE)
holder, wins     of the layer's gate: who may fire, and the winners so far (LAYER_GATE in competition.py)
winners          the most winners of a stimulus
a_plus           a+, rate of growth
a_minus          a-, rate of shrinking
a_minus_ratio    a- / a+
a_plus_max       what a+ grows to
doubling         a+ doubles every so many stimuli
presented        stimuli so far, the present one included
"""

LEARNER_NEW_STIMULUS = """
a_plus = clip(a_plus * (1 + int(presented > 0 and presented % doubling == 0)), 0, a_plus_max)
a_minus = a_minus_ratio * a_plus
presented = presented + 1
changed = True
v = 0
"""
"""All neurons begin a stimulus at rest, and learning speeds up (Mozafari et al. 2019; the rate and the limit are ours).

    a+ = min(2 a+, a+_max)   after every `doubling` stimuli
    a- = a_minus_ratio a+

Reads: presented; doubling; a_plus; a_plus_max; a_minus_ratio
Updates: a_plus; a_minus; presented; v; changed, see LAYER in neurons.py
When: start, in the first step of a stimulus
"""

AFFERENT = "fired : 1"
"""The twin of an input neuron, which remembers what STDP has to know.

fired    1 if the input has fired in this stimulus, else 0
"""

AFFERENT_SPIKE = "fired_post = 1"
"""An input fires.

Updates: fired_post
When: synapses, after STDP: an input of this step has not contributed to this step's winner
"""

AFFERENT_NEW_STIMULUS = "fired = 0"
"""Nothing has fired yet.

Updates: fired
When: start, in the first step of a stimulus
"""

FEATURE = """
theta : 1
rise : 1 (shared)
fall : 1 (shared)
silent_fall : 1 (shared)
wins : integer (linked)
"""
"""A neuron that holds the threshold of a map. Homeostasis is ours: no map may take every stimulus, none may starve.

theta          the map's threshold
rise           fraction by which a winning map's threshold rises
fall           fraction by which every threshold falls with each win: rise / number of maps
silent_fall    fraction by which every threshold falls after a stimulus without a winner
wins           winners of the stimulus (LAYER_GATE in competition.py)
"""

FEATURE_NEW_STIMULUS = "theta = theta * (1 - silent_fall * int(wins == 0))"
"""After a stimulus without a winner all thresholds fall.

Reads: theta; silent_fall; wins, of the stimulus before
Updates: theta
When: start, in the first step of a stimulus, before GATE_NEW_STIMULUS
"""

FEATURE_RISE = "theta_post = theta_post * (1 + rise_post)"
"""A map wins: its threshold rises.

Reads: theta_post; rise_post
Updates: theta_post
When: synapses, when a neuron wins, for its own map
"""

FEATURE_FALL = "theta_post = theta_post * (1 - fall_post)"
"""A map wins: all thresholds fall, its own as well.

Reads: theta_post; fall_post
Updates: theta_post
When: synapses, when a neuron wins, for every map, after FEATURE_RISE
"""

GATE_NEW_STIMULUS = "wins = 0"
"""Nobody has won yet.

Updates: wins
When: start, in the first step of a stimulus, after FEATURE_NEW_STIMULUS
"""
