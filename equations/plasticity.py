"""What all learning rules share: their rates, and homeostasis of thresholds (docs/model.md, rules 5 and 6).

The rules themselves are files in rules/, as a user's own would be. LEARNER_NEW_STIMULUS sets their rates, FEATURE_RISE
and FEATURE_FALL are homeostasis. Who wins, and so who learns, is in competition.py.
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

AFFERENT = "arrived : boolean"
"""The twin of an input neuron, which remembers what the rule has to know; this only where weights change as it fires.

arrived    whether the input fires in this step
"""

AFFERENT_ARRIVAL = "arrived_post = True"
"""An input fires.

Updates: arrived_post
When: synapses, when an input fires
"""

AFFERENT_ARRIVES = "arrived"
"""Which inputs change the weights to all neurons that see them.

Reads: arrived
When: synapses, after AFFERENT_ARRIVAL
"""

AFFERENT_ARRIVED = "arrived = False"
"""It has fired.

Updates: arrived
When: synapses, after the weights have changed
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

REWARDED = """
reward : 1
stands_for : integer (constant)
"""
"""What FEATURE has besides where the rule is supervised, for a map that stands for a class (Mozafari et al. 2018).

reward        1 if the stimulus is of the map's class, else 0
stands_for    the map's class, from before learning begins
"""

TEACHER = "label : integer"
"""A neuron for each stimulus of a run, which fires once, as its stimulus begins.

label    the class of the stimulus
"""

TEACH = "reward_post = int(label_pre == stands_for_post)"
"""A supervised rule is told which maps are right.

Reads: label_pre, the class of the stimulus; stands_for_post, that of the map
Updates: reward_post
When: synapses, in the first step of a stimulus, for every map
"""
